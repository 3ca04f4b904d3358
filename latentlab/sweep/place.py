"""The sweep's folder, beside its runs: NAME/ with sweep.json, journal.jsonl, results.json, .csv, .png, and a lock.

It is no run, so no list of runs shows it; its runs are ordinary ones, NAME-beta0.1-seed0 and so on, beside it.
"""

from pathlib import Path
from typing import Any

from latentlab.runs.files import read_json, remove_leftovers, write_json
from latentlab.runs.lock import RunLock, RunLocked
from latentlab.runs.names import check_name, cleaned
from latentlab.sweep.grid import Plan

SCHEMA_VERSION = 2  # 1 did not say how its runs are called: see Plan.words_apart
PLAN_FILE = "sweep.json"


class SweepFolder:
    """A sweep that exists in the folder of runs `root`. Raises ValueError with one sentence, OSError."""

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.path = root, root / name
        if not (self.path / PLAN_FILE).is_file():
            raise ValueError(
                f"there is no sweep '{name}' in {root}; there are: {', '.join(sweep_names(root)) or 'none'}"
            )
        self.plan = _plan(self.path / PLAN_FILE)

    def lock(self) -> RunLock:
        """The sweep's lock, not yet taken."""
        remove_leftovers(self.path)
        return SweepLock(self.path / "lock")

    @property
    def journal(self) -> Path:
        return self.path / "journal.jsonl"


class SweepLock(RunLock):
    """One process trains a sweep at a time."""

    def acquire(self) -> None:
        try:
            super().acquire()
        except RunLocked:
            who = self.holder()
            by = f" (process {who[0]} on {who[1]})" if who is not None and who[0] else ""
            raise RunLocked(f"the sweep '{self.path.parent.name}' is being trained already{by}") from None


def sweep_names(root: Path) -> list[str]:
    """The names of the sweeps in this folder, sorted."""
    return sorted(file.parent.name for file in root.glob(f"*/{PLAN_FILE}")) if root.is_dir() else []


def create_sweep(root: Path, plan: Plan) -> SweepFolder:
    """The sweep of this plan: a new one, or the one that is there with the same plan.

    Raises ValueError where the name is taken by a run or by another sweep, OSError where nothing can be written.
    """
    check_name(plan.name)
    place = root / plan.name
    if (place / PLAN_FILE).is_file():
        if _plan(place / PLAN_FILE) != plan:
            raise ValueError(
                f"the sweep '{plan.name}' in {root} is over other values or of another recipe: choose another name, "
                f"or go on with it by --resume {plan.name}"
            )
        return SweepFolder(root, plan.name)
    if place.exists():
        raise ValueError(f"there is a run or a folder '{plan.name}' in {root} already: choose another name")
    place.mkdir(parents=True)
    write_json(place / PLAN_FILE, {"schema_version": SCHEMA_VERSION, **plan.to_dict()})
    return SweepFolder(root, plan.name)


def default_name(root: Path, stem: str, plan: Plan) -> str:
    """`stem`-1, or the first number whose sweep has this very plan or which is free: a command said again goes on."""
    stem = cleaned(stem)
    number = 1
    while (place := root / f"{stem}-{number}").exists():
        mine = Plan(place.name, plan.recipe, plan.axes)
        if (place / PLAN_FILE).is_file() and _plan(place / PLAN_FILE) == mine:
            break
        number += 1
    return place.name


def _plan(file: Path) -> Plan:
    values: Any = read_json(file)
    try:
        if values["schema_version"] > SCHEMA_VERSION:
            raise ValueError(f"{file} was written by a newer LatentLab: update this one to go on with the sweep")
        return Plan.from_dict(values)
    except (KeyError, TypeError):
        raise ValueError(f"{file} is damaged: it does not say what the sweep is over") from None
