"""The run folder: create, open and update one, list those there are, find a free name for the next.

<name>/run.json  metrics.jsonl  checkpoints/step-.../  lock      and what can be computed again
"""

import difflib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from latentlab.config import explain
from latentlab.runs.checkpoints import CheckpointStore
from latentlab.runs.files import blaming, remove_leftovers, sync_folder, temporary_beside
from latentlab.runs.lock import RunLock
from latentlab.runs.metrics import MetricsFile
from latentlab.runs.names import check_name, cleaned
from latentlab.runs.places import DEMO, default_checkpoints, demo_run, is_run
from latentlab.runs.record import RunRecord, Status, read_record, write_record

ATTEMPTS = 100  # at a free number, while other processes take them
Shown = Status | Literal["interrupted", "unreadable"]


@dataclass(frozen=True)
class RunSummary:
    """One row of the list. best_neg_elbo is in nats per image: of validation, or of training where none was held out.

    "interrupted": run.json says that it trains, but no living process holds its lock. "unreadable": `note` says why.
    """

    name: str
    path: Path
    status: Shown
    data: str = ""
    kind: str = ""
    latent_dim: int = 0
    beta: float = 0.0
    epochs_done: int = 0
    epochs_total: int = 0
    step: int = 0
    best_neg_elbo: float | None = None
    created: str = ""
    read_only: bool = False
    note: str = ""


class RunFolder:
    """An existing run at `path`. `record` is run.json as it was when opened or last updated here.

    Raises ValueError with one sentence where this is no run, or a damaged or newer one.
    """

    def __init__(self, path: Path) -> None:
        if not is_run(path):
            raise ValueError(f"{path} is not a run folder: it has no run.json")
        self.path = Path(os.path.abspath(path))
        self.record = read_record(self.path)
        self.metrics = MetricsFile(self.path / "metrics.jsonl")
        self.checkpoints = CheckpointStore(self.path / "checkpoints")

    @property
    def name(self) -> str:
        """The folder's name, which a person may have changed since the run was created."""
        return self.path.name

    def update(self, **fields: Any) -> None:
        """Change these fields of the record and write run.json, whole. Raises OSError; ValueError when read-only."""
        self._refuse_read_only()
        try:
            record = RunRecord.model_validate(self.record.model_dump() | fields)
        except ValidationError as error:
            raise ValueError(f"run.json of '{self.name}': {explain(error)}") from None
        write_record(self.path, record)
        self.record = record

    def lock(self) -> RunLock:
        """The run's lock, not yet taken: `with run.lock():`. Raises ValueError when the run is read-only.

        Taking it reads run.json again: since this was opened, another process may have held the lock and written.
        """
        self._refuse_read_only()
        remove_leftovers(self.path)
        return RunLock(self.path / "lock", taken=self._read_again)

    def holder(self) -> tuple[int, str] | None:
        """PID and host of the process that writes this run now, or None."""
        return RunLock(self.path / "lock").holder()

    def _read_again(self) -> None:
        self.record = read_record(self.path)
        self._refuse_read_only()

    def _refuse_read_only(self) -> None:
        if self.record.read_only:
            raise ValueError(f"the run '{self.name}' is read-only: train a new run instead")


class NameTaken(ValueError):
    """There is a run of this name already."""


def create_numbered(root: Path, stem: str, record: RunRecord) -> RunFolder:
    """A new run folder by the first free name of `stem`, whatever name the record has. Raises ValueError, OSError.

    Where other processes make runs of this stem at the same time, each gets a number of its own.
    """
    for _ in range(ATTEMPTS):
        name = free_name(root, stem)
        try:
            return create_run(root, record.model_copy(update={"name": name}))
        except NameTaken:
            continue
    raise NameTaken(f"{ATTEMPTS} names in a row, up to '{name}', were taken by others in {root}: name the run yourself")


def create_run(root: Path, record: RunRecord) -> RunFolder:
    """A new run folder `root`/`record.name`. Raises ValueError for a bad name, NameTaken, OSError."""
    check_free(root, record.name)
    place = root / record.name
    temporary = temporary_beside(place)
    with blaming(place):
        root.mkdir(parents=True, exist_ok=True)
        remove_leftovers(root)
        try:
            temporary.mkdir()
            write_record(temporary, record)
            _claim(temporary, place)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        sync_folder(root)
    return RunFolder(place)


def check_free(root: Path, name: str) -> None:
    """Raises ValueError with one sentence where a run cannot be called so, NameTaken where there is one in `root`."""
    check_name(name)
    if os.path.lexists(root / name):
        raise NameTaken(f"there is a run '{name}' in {root} already: choose another name, or resume it")


def _claim(temporary: Path, place: Path) -> None:
    """Rename, which of two processes with one name only one can do. Raises NameTaken for the other."""
    try:
        temporary.rename(place)
    except OSError:
        check_free(place.parent, place.name)
        raise


def free_name(root: Path, stem: str) -> str:
    """`stem`-1, `stem`-2, ...: one more than the highest number in use. What a name cannot hold becomes a dash."""
    stem = cleaned(stem)
    used = re.compile(re.escape(stem) + r"-(\d{1,6})", re.IGNORECASE)
    names = os.listdir(root) if root.is_dir() else []
    numbers = [int(match[1]) for name in names if (match := used.fullmatch(name))]
    return f"{stem}-{max(numbers, default=0) + 1}"


def open_run(run: str | Path, root: Path | None = None) -> RunFolder:
    """The run with this name in `root` (else in the default place), or at this path; the demo answers to its name.

    Where a str is both, the name wins; where a Path is both, the path. Raises ValueError with one sentence: not there
    (with the nearest names), no run folder, damaged, newer.
    """
    text = str(run)
    if not text.strip() or "\0" in text:
        raise ValueError("name a run, or give the path of its folder")
    root = default_checkpoints() if root is None else root
    named, path = root / text, Path(os.path.expanduser(text))
    for place in (named, path) if isinstance(run, str) else (path, named):
        if is_run(place):
            return RunFolder(place)
    demo = demo_run()
    if text == DEMO and demo is not None:
        return RunFolder(demo)
    if os.path.isdir(path):
        return RunFolder(path)  # which says why it is none
    raise ValueError(_not_there(text, root))


def run_names(root: Path) -> list[str]:
    """The names of the runs in this folder, sorted; damaged ones are among them, those being created are not."""
    if not root.is_dir():
        return []
    return sorted(entry.name for entry in root.iterdir() if is_run(entry) and not entry.name.startswith("."))


def _not_there(text: str, root: Path) -> str:
    if Path(text).name != text:
        return f"there is no run folder at {text}"
    names = run_names(root)
    if not names:
        return f"there is no run '{text}', nor any other in {root}"
    nearest = difflib.get_close_matches(text, names, n=3, cutoff=0.4) or names[:3]
    return f"there is no run '{text}' in {root}; the nearest names are: {', '.join(nearest)}"


def list_runs(root: Path) -> list[RunSummary]:
    """All runs in `root`, the newest first, unreadable ones last; empty where there is no such folder."""
    rows = [summary(root / name) for name in run_names(root)]
    return sorted(rows, key=lambda row: row.created, reverse=True)


def summary(path: Path) -> RunSummary:
    """The row of one run. Never raises for a broken one: its row says so."""
    try:
        run = RunFolder(path)
        return _row(run)
    except (ValueError, OSError) as error:
        return RunSummary(path.name, path.absolute(), "unreadable", note=str(error))


def _row(run: RunFolder) -> RunSummary:
    record, progress = run.record, run.metrics.progress()
    total = record.config.training.epochs
    return RunSummary(
        name=run.name,
        path=run.path,
        status=_status(run),
        data=record.dataset.name,
        kind=record.config.model.kind,
        latent_dim=record.config.model.latent_dim,
        beta=record.changes[-1].beta if record.changes else record.config.objective.beta,
        epochs_done=total if record.status == "completed" else progress.epoch,
        epochs_total=total,
        step=progress.step,
        best_neg_elbo=progress.best_neg_elbo,
        created=record.created,
        read_only=record.read_only,
        note=record.message or record.note,
    )


def _status(run: RunFolder) -> Shown:
    status = run.record.status
    return "interrupted" if status in ("training", "paused") and run.holder() is None else status
