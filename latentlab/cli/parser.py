"""What can be asked for on the command line. argparse alone, so that `--help` answers in a fraction of a second.

Values are only read here; what is allowed is decided once, by `latentlab.config`.
"""

import argparse
import difflib
import re
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from latentlab.cli.directions_flags import add_directions
from latentlab.cli.settings import add_flags

COMMANDS = ("gui", "train", "sweep", "evaluate", "export", "directions", "runs", "settings", "doctor")
EXPORTS = ("samples", "reconstructions", "interpolation", "traversal", "map", "latents", "curves")
EXPORT_FORMATS = ("png", "gif", "webp", "apng", "mp4", "folder", "csv", "npy", "svg")
SPLITS = ("test", "validation", "train")


class OneSentenceParser(ArgumentParser):
    """Says what is wrong in one sentence on stderr and ends with 2, without the whole usage before it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=RawDescriptionHelpFormatter, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see '{self.prog} --help')\n")


def parse(words: Sequence[str]) -> Namespace:
    """The request: `command` and its options. Words that begin with no command are the window's."""
    for_window = not words or (words[0] not in COMMANDS and words[0] not in ("-h", "--help", "--version"))
    return _parser().parse_args(["gui", *words] if for_window else list(words))


def similar_command(word: str) -> str | None:
    """The command that `word` may be a misspelling of."""
    return next(iter(difflib.get_close_matches(word, COMMANDS, 1)), None)


class Version(argparse.Action):
    """Prints the version; the metadata is read only when asked for."""

    def __call__(self, parser: ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import version

        print(f"latentlab {version('latentlab')}")
        parser.exit()


def _parser() -> ArgumentParser:
    parser = OneSentenceParser(
        prog="latentlab",
        description="Train variational autoencoders and walk through their latent space.",
        epilog="""examples:
  latentlab                                     the window, with the demo run open
  latentlab train --data digits --epochs 20     train without a window
  latentlab RUN                                 the window, with that run open
  latentlab COMMAND --help                      what a command takes, with examples""",
    )
    parser.add_argument("--version", action=Version, nargs=0, help="print the version and end")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=OneSentenceParser)
    _gui(commands)
    _train(commands)
    _sweep(commands)
    _evaluate(commands)
    _export(commands)
    add_directions(commands, _command)
    _runs(commands)
    _settings(commands)
    _doctor(commands)
    return parser


def _command(commands: Any, name: str, summary: str, examples: str) -> ArgumentParser:
    """A command with the options that all have."""
    command: ArgumentParser = commands.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:] + ".", epilog="examples:\n" + examples
    )
    command.add_argument(
        "--checkpoints",
        type=Path,
        metavar="DIR",
        help="the folder of runs (default: ./checkpoints where it holds one, else the platform's data folder)",
    )
    command.add_argument("--data-dir", type=Path, metavar="DIR", help="where data sets lie or are downloaded to")
    return command


def _gui(commands: Any) -> None:
    command = _command(
        commands,
        "gui",
        "open the window (the word gui may be left out)",
        """\
  latentlab
  latentlab digits-vae-1 --theme light
  latentlab digits-demo --screenshot window.png --size 1280x800""",
    )
    command.add_argument("run", nargs="?", metavar="RUN", help="the run to open: a name or a path (default: the demo)")
    command.add_argument(
        "--screenshot", type=_png, metavar="FILE.png", help="draw the window into a picture and end; needs no display"
    )
    command.add_argument("--size", type=_size, metavar="WxH", help="the window's size in pixels, such as 1280x800")
    command.add_argument("--theme", choices=("light", "dark"), help="(default: the system's)")


def _train(commands: Any) -> None:
    command = _command(
        commands,
        "train",
        "train a model without a window, or go on with a run",
        """\
  latentlab train --data digits
  latentlab train --data fashion-mnist --model beta-vae --beta 4 --latent-dim 10 --epochs 20
  latentlab train --data ~/pictures --likelihood gaussian --device cuda --json > events.jsonl
  latentlab train --preset conditional --limit 10000 --name numbers
  latentlab train --resume numbers --more 5""",
    )
    add_flags(command)
    recipe = _recipe(command)
    recipe.add_argument("--name", help="the run's name (default: free, such as digits-vae-1)")
    again = command.add_argument_group("going on")
    again.add_argument(
        "--resume",
        metavar="RUN",
        help="go on with this run: a name or a path; --epochs is its new total, --device may be another",
    )
    again.add_argument("--more", type=int, metavar="N", help="with --resume: N epochs more than it was set to")
    command.add_argument("--json", action="store_true", help="print every event as a line of JSON")


def _recipe(command: ArgumentParser) -> Any:
    """What a new run is made from beside the flags."""
    recipe = command.add_argument_group("recipes", "flags go over --config, which goes over --preset")
    recipe.add_argument(
        "--preset",
        metavar="NAME",
        help="a named recipe: digits, fashion, digits-20, faces-64, disentangled, disentangled-capacity, "
        "cyclical, conditional, picture, likelihood, contrast-0, contrast-10",
    )
    recipe.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="a .json or .yaml file with the sections data, model, objective and training; see 'latentlab settings'",
    )
    recipe.add_argument(
        "--from", dest="start_from", metavar="RUN", help="a new run that begins with this one's model and weights"
    )
    return recipe


def _sweep(commands: Any) -> None:
    command = _command(
        commands,
        "sweep",
        "train many runs of one recipe, several at a time, and compare them",
        """\
  latentlab sweep --data digits --over beta=0.5,1,2 --over seed=0,1
  latentlab sweep --preset fashion --over beta=0.1,0.5,1,2,4 --epochs 20 --processes 2 --name fashion-beta
  latentlab sweep --data digits --over network=mlp,conv --over model.norm=none,batch
  latentlab sweep --resume fashion-beta""",
    )
    grid = command.add_argument_group(
        "what is tried", "its runs keep no weights of past epochs, unless asked for by --set training.history=true"
    )
    grid.add_argument(
        "--over",
        action="append",
        metavar="FIELD=V,V",
        help="a flag's name without dashes, or SECTION.FIELD, and its values; repeated: every combination is a run",
    )
    grid.add_argument("--processes", type=_at_least_one, metavar="N", help="runs at a time (default: one per 2 cores)")
    add_flags(command)
    _recipe(command).add_argument(
        "--name", help="the sweep's name, which its runs' names begin with (default: such as digits-sweep-1)"
    )
    again = command.add_argument_group("going on", "the same command said again goes on too")
    again.add_argument("--resume", metavar="SWEEP", help="train what is missing of this sweep")
    command.add_argument("--json", action="store_true", help="print one JSON object instead of the table")


def _evaluate(commands: Any) -> None:
    command = _command(
        commands,
        "evaluate",
        "measure a run on images it was not trained on",
        """\
  latentlab evaluate digits-vae-1
  latentlab evaluate numbers --split validation --samples 500 --limit 1000 --json
  latentlab evaluate numbers --against fashion-mnist""",
    )
    command.add_argument("run", metavar="RUN", help="a name or a path")
    command.add_argument("--split", choices=SPLITS, default="test", help="which images (default: test)")
    command.add_argument(
        "--samples",
        type=_at_least_one,
        default=100,
        metavar="K",
        help="draws of z per image, which are the importance samples of the NLL (default: 100)",
    )
    command.add_argument(
        "--against", metavar="DATA", help="how well the scores tell these images, a name or folder, from those"
    )
    command.add_argument("--limit", type=_at_least_one, metavar="N", help="so many images, balanced over the classes")
    command.add_argument("--seed", type=_seed, default=0, metavar="N", help="of the noise and the choice (default: 0)")
    command.add_argument("--device", metavar="KIND", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    command.add_argument("--json", action="store_true", help="print one JSON object")


def _export(commands: Any) -> None:
    command = _command(
        commands,
        "export",
        "write pictures, animations and tables of a run",
        """\
  latentlab export digits-demo samples --out samples.png --count 64
  latentlab export digits-demo samples --prior mixture --out better.png
  latentlab export digits-demo interpolation --from 3 --to 40 --frames 60 --fps 30 --out morph.gif
  latentlab export digits-demo interpolation --path walk.json --format webp --fps 20 --scale 8 --ping-pong
  latentlab export digits-demo traversal --out traversal.png
  latentlab export digits-demo traversal --dim 3 --overshoot 0.2 --out dimension-3.gif
  latentlab export digits-demo map --out map.png
  latentlab export digits-demo latents --out latents.csv""",
    )
    command.add_argument("run", metavar="RUN", help="a name or a path")
    command.add_argument("what", choices=EXPORTS, metavar="WHAT", help=", ".join(EXPORTS))
    command.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="its suffix decides the format: .png, .gif, .webp, .apng, .mp4, none (a folder of pictures); map and "
        "latents: .csv or .npy, curves: .csv or .svg (default: RUN-WHAT, with the suffix of --format)",
    )
    command.add_argument("--format", choices=EXPORT_FORMATS, help="the format, where --out does not name it")
    command.add_argument("--from", dest="start", type=int, metavar="I", help="index of the first image")
    command.add_argument("--to", dest="end", type=int, metavar="J", help="index of the last image")
    command.add_argument(
        "--path", type=Path, metavar="FILE", help="of interpolation: along a path that was saved in the window"
    )
    command.add_argument("--frames", type=_at_least_one, metavar="N", help="pictures on the way")
    command.add_argument("--fps", type=float, metavar="F", help="frames per second of an animation (default: 20)")
    command.add_argument(
        "--method",
        choices=("linear", "spherical", "smooth", "geodesic"),
        help="of interpolation (default: linear, or the path's own)",
    )
    command.add_argument("--count", type=_at_least_one, metavar="N", help="samples or reconstructions")
    command.add_argument(
        "--prior",
        choices=("trained", "mixture"),
        help="of samples: the model's own, or a mixture of Gaussians fitted to the encodings (default: trained)",
    )
    command.add_argument("--components", type=_at_least_one, metavar="K", help="of the mixture (default: what fits)")
    command.add_argument("--label", metavar="CLASS", help="class to decode with, for a conditional model")
    command.add_argument("--scale", type=_at_least_one, metavar="N", help="pixels per pixel")
    command.add_argument("--ping-pong", action="store_true", help="there and back again")
    command.add_argument("--once", dest="loop", action="store_false", help="an animation that does not begin again")
    command.add_argument(
        "--overshoot", type=float, metavar="SHARE", help="go on beyond both ends, by this share of the way: 0.2"
    )
    command.add_argument("--dim", type=int, metavar="K", help="of traversal: latent dimension K alone")
    command.add_argument(
        "--projection", choices=("umap", "pca"), help="of the map (default: pca); of latents: adds coordinates"
    )
    command.add_argument("--seed", type=_seed, default=0, metavar="N", help="of samples and choices (default: 0)")


def _runs(commands: Any) -> None:
    command = _command(
        commands,
        "runs",
        "list the runs there are, or delete some",
        """\
  latentlab runs
  latentlab runs --json
  latentlab runs delete digits-vae-1
  latentlab runs delete digits-vae-1 digits-vae-2 --for-good""",
    )
    command.add_argument(
        "action", nargs="?", choices=("list", "delete"), default="list", help="list (default), or delete RUN ..."
    )
    command.add_argument("runs", nargs="*", metavar="RUN", help="with delete: names or paths, moved to the trash")
    command.add_argument("--for-good", action="store_true", help="with delete: not to the trash; nothing is asked")
    command.add_argument("--json", action="store_true", help="print the list as JSON")


def _settings(commands: Any) -> None:
    command = _command(
        commands,
        "settings",
        "list all settings of a training: for --set, --over and --config",
        """\
  latentlab settings
  latentlab settings schedule
  latentlab settings training.""",
    )
    command.add_argument("word", nargs="?", metavar="WORD", help="only those whose name has this in it")


def _doctor(commands: Any) -> None:
    command = _command(
        commands,
        "doctor",
        "look whether everything LatentLab needs is here",
        """\
  latentlab doctor
  latentlab doctor --json""",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")


def _at_least_one(text: str) -> int:
    if not re.fullmatch(r"\d+", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1 is needed, not '{text}'")
    return int(text)


def _seed(text: str) -> int:
    if not re.fullmatch(r"\d{1,10}", text) or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(f"a whole number from 0 to {2**31 - 1} is needed, not '{text}'")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{3,5})[xX](\d{3,5})", text)
    if not found:
        raise argparse.ArgumentTypeError(f"a size is written like 1280x800, not '{text}'")
    return int(found[1]), int(found[2])


def _png(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"a picture of the window is a .png file, not '{text}'")
    return path
