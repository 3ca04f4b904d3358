"""What `latentlab directions` takes. argparse alone."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any


def add_directions(commands: Any, command: Callable[[Any, str, str, str], ArgumentParser]) -> None:
    """The command, made by `command` as all others are."""
    parser = command(
        commands,
        "directions",
        "list, make, export or import directions in a run's latent space",
        """\
  latentlab directions garments
  latentlab directions garments make --from Sneaker --to Bag
  latentlab directions garments make --from smiling.csv --method classifier --name smile
  latentlab directions garments export taken.json
  latentlab directions garments import taken.json""",
    )
    parser.add_argument("run", metavar="RUN", help="name or path of a run")
    parser.add_argument(
        "action", nargs="?", choices=("list", "make", "export", "import"), default="list", help="(default: list)"
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="of export and import: JSON")
    group = "a class, a group kept with the run, or a file of dataset indices (CSV or JSON)"
    parser.add_argument("--from", dest="start", metavar="GROUP", help=f"make: {group}; default: all others")
    parser.add_argument("--to", dest="end", metavar="GROUP", help="make: the other group; default: all others")
    parser.add_argument(
        "--method",
        choices=("means", "classifier"),
        default="means",
        help="make: the difference of means (default), or the normal of a linear classifier",
    )
    parser.add_argument("--name", metavar="NAME", help="make: what it is called (default: the groups' names)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="make: write it there, and keep nothing with the run")
    parser.add_argument("--json", action="store_true", help="list: print JSON")
