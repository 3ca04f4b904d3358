"""latentlab export: one picture, animation or table of a run, written to a file."""

from argparse import Namespace
from typing import Any

from latentlab.cli.exits import DONE
from latentlab.cli.opening import Steps, data_of, opened

CHOICES = ("start", "end", "frames", "fps", "method", "count", "label", "scale", "ping_pong", "projection", "seed")


def export(request: Namespace) -> int:
    """Writes the file, names it on stdout and returns the exit code. Raises ValueError for a wrong request."""
    from latentlab.export import exports

    exports.check(request.what, request.out)
    _, loaded = opened(request.run, request.checkpoints)
    dataset = None if request.what in exports.WITHOUT_DATA else data_of(loaded.config, request.data_dir)
    chosen: dict[str, Any] = {name: getattr(request, name) for name in CHOICES if getattr(request, name) is not None}
    with Steps() as steps:
        exports.export(
            loaded,
            dataset,
            request.what,
            request.out,
            exports.Options(**chosen),
            progress=lambda done, total: steps(f"exporting {request.what}", done, total),
        )
    print(request.out)
    return DONE
