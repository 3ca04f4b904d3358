"""Taking a run away: into the system's trash, from where it can be had back, or for good."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from latentlab.runs.files import remove_leftovers, temporary_beside
from latentlab.runs.folder import open_run, run_names
from latentlab.runs.lock import RunLock
from latentlab.runs.places import demo_run, is_run
from latentlab.runs.record import read_record


class NoTrash(OSError):
    """The run cannot be moved to a trash: there is none on that disk, or it may not be written. The run is whole."""


def to_trash(run: str, root: Path) -> Path:
    """Move the run with this name in `root`, or at this path, to the system's trash; returns where it was.

    Raises ValueError with one sentence where there is no such run, or it is not to be removed (see `_held`), and
    NoTrash with a sentence.
    """
    from send2trash import send2trash

    with _held(run, root) as place:
        try:
            send2trash(place)
        except OSError as error:
            raise NoTrash(f"{place.name} cannot be moved to the trash: {error.strerror or error}") from None
    return place


def for_good(run: str, root: Path) -> Path:
    """Delete the run and all in its folder; returns where it was. Raises ValueError as `to_trash`, OSError."""
    with _held(run, root) as place:
        remove_leftovers(place.parent)
        hidden = temporary_beside(place)  # so that what is left of one half-deleted is never taken for a run
        place.rename(hidden)
    shutil.rmtree(hidden)
    return place


@contextmanager
def _held(run: str, root: Path) -> Iterator[Path]:
    """The folder of the run with this name in `root`, or at this path; a damaged run is one too. Nobody can begin to
    train it meanwhile, but on Windows, which moves no folder in which a file is open.

    Raises ValueError with one sentence where there is none, where it is read-only or comes with LatentLab, and
    RunLocked where a process is training it.
    """
    place = root / run if run in run_names(root) else Path(os.path.expanduser(run))
    if not is_run(place):
        place = open_run(run, root).path  # which says what is nearest; or the demo
    demo = demo_run()
    if demo is not None and os.path.realpath(demo) == os.path.realpath(place):
        raise ValueError(f"{place.name} comes with LatentLab and is not to be removed")
    if place.is_symlink():
        raise ValueError(f"{place.name} is a link: delete the run where it lies, {os.path.realpath(place)}")
    if _read_only(place):
        raise ValueError(f"the run '{place.name}' is read-only and is not to be removed")
    with RunLock(place / "lock") as lock:
        if os.name == "nt":
            lock.release()
        yield Path(os.path.abspath(place))


def _read_only(place: Path) -> bool:
    try:
        return read_record(place).read_only
    except (ValueError, OSError):
        return False  # a damaged run is what a person may well want to be rid of
