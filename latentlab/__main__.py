"""The only door: no arguments, or `gui`, opens the window; anything else is the command line.

Nothing heavy is imported before it is known to be needed, so that `--help` answers at once.
"""

import gc
import multiprocessing
import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from latentlab.cli.exits import guarded
from latentlab.cli.parser import parse


def main(argv: Sequence[str] | None = None) -> int:
    """Does what the arguments ask and returns the exit code: 0, 1 failed, 2 wrong request, 130 interrupted."""
    multiprocessing.freeze_support()
    share_cores()
    request = parse(sys.argv[1:] if argv is None else argv)
    if request.command == "gui":
        return guarded(lambda: _open_window(request))
    from latentlab.cli.commands import run

    return guarded(lambda: run(request))


def share_cores() -> None:
    """Lets torch's threads sleep while they wait for one another, where nobody decided otherwise.

    By default they spin, and beside any other work on the same cores (the window, a second training) each small step
    waits for a thread that is not running: with two trainings of digits on two cores, 5 epochs took 19 to 64 s
    spinning and 2 to 4 s sleeping. Takes effect where torch is not yet imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def main_gui() -> int:
    """The desktop entry's door: always the window, with whatever run it was given."""
    return main(["gui", *sys.argv[1:]])


def _open_window(request: Namespace) -> int:
    """Opens the window, after a look at what it needs. Raises ValueError with a sentence where that is missing."""
    from latentlab.cli import display

    if request.run is not None:
        _find_run(request)
    if request.screenshot is not None and not request.screenshot.absolute().parent.is_dir():
        raise ValueError(f"the folder of {request.screenshot} does not exist: make it, or choose another")
    if display.needed_platform(screenshot=request.screenshot is not None) == "offscreen":
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    gc.disable()  # while thousands of objects are imported that all stay; the window turns it on again: 0.4 s in all
    if sys.platform == "win32":
        import torch  # noqa: F401  before Qt: an msvcp140.dll that came first makes it fail (WinError 1114)

    from latentlab.gui import app

    return app.run(
        run=request.run,
        checkpoints=request.checkpoints,
        theme=request.theme,
        size=request.size,
        screenshot=request.screenshot,
        data_dir=request.data_dir,
    )


def _find_run(request: Namespace) -> None:
    """Raises ValueError where there is no such run, or where a command was misspelt."""
    from latentlab.cli.parser import similar_command
    from latentlab.runs.folder import open_run

    try:
        open_run(request.run, request.checkpoints)
    except ValueError as error:
        command = similar_command(request.run)
        raise ValueError(f"{error} (or is the command '{command}' meant?)" if command else str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
