"""Which function answers which command; each is imported only when it is asked for."""

from argparse import Namespace


def run(request: Namespace) -> int:
    """The exit code of the command. Raises ValueError (wrong request) and OSError (failed) for `exits.guarded`."""
    match request.command:
        case "train":
            from latentlab.cli.train import train

            return train(request)
        case "sweep":
            from latentlab.cli.sweep import sweep

            return sweep(request)
        case "evaluate":
            from latentlab.cli.evaluate import evaluate

            return evaluate(request)
        case "export":
            from latentlab.cli.export import export

            return export(request)
        case "directions":
            from latentlab.cli.directions import directions

            return directions(request)
        case "runs":
            from latentlab.cli.runs import runs

            return runs(request)
        case "settings":
            from latentlab.cli.fields import settings

            return settings(request)
        case "doctor":
            from latentlab.cli.doctor import doctor

            return doctor(request)
    raise AssertionError(f"no command {request.command}")
