"""What most commands begin with: the folder of runs, and a configuration's data with progress on stderr."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from latentlab.config import RunConfig
from latentlab.images import Dataset
from latentlab.runs.folder import RunFolder, open_run
from latentlab.runs.places import default_checkpoints, default_data_dir

if TYPE_CHECKING:
    from latentlab.explore.loaded import Loaded

SLOW = 0.5  # seconds of work before a progress bar appears


def runs_root(chosen: Path | None) -> Path:
    """The folder of runs: --checkpoints, or the default."""
    return default_checkpoints() if chosen is None else folder(chosen, "--checkpoints")


def folder(path: Path, flag: str) -> Path:
    """A folder, or the place for one. Raises ValueError where something else stands there."""
    if path.exists() and not path.is_dir():
        raise ValueError(f"{flag} {path} is a file: name a folder")
    return path


def device_of(kind: str) -> Any:
    """The torch device of this kind. Raises ValueError for a kind that does not exist or is not here."""
    from latentlab.training.devices import choose_device

    known = RunConfig.parse({"training": {"device": kind}}).training
    return choose_device(known.device)


def opened(run: str, root: Path | None, device: Any = "cpu") -> "tuple[RunFolder, Loaded]":
    """The run and its newest good checkpoint; damaged newer ones are named on stderr. Raises ValueError."""
    from latentlab.explore.loaded import load

    found = open_run(run, runs_root(root))
    loaded = load(found, device=device)
    for note in loaded.notes:
        print(note, file=sys.stderr)
    return found, loaded


def data_of(config: RunConfig, data_dir: Path | None) -> Dataset:
    """The data set the configuration names; what there is to note about it (pictures skipped) is said on stderr.

    Raises ValueError with a sentence, OSError where reading fails.
    """
    from latentlab.data.sources import load

    with Steps() as steps:
        where = default_data_dir() if data_dir is None else folder(data_dir, "--data-dir")
        dataset = load(config.data, data_dir=where, seed=config.training.seed, progress=steps)
    for note in dataset.notes:
        print(note, file=sys.stderr)
    return dataset


class Steps:
    """A progress bar on stderr for work that says what it does, how much is done and how much there is (0: unknown)."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None

    def __enter__(self) -> "Steps":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._bar is None or self._bar.desc.removesuffix(": ") != what:
            self.__exit__()
            large = total > 100_000  # bytes, most likely
            self._bar = tqdm(
                desc=what, total=total or None, delay=SLOW, leave=False, unit_scale=large, unit="", file=sys.stderr
            )
        self._bar.update(done - self._bar.n)
