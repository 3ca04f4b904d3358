"""Directions in latent space that are kept with a run, and the named groups of images that they can be made of.

directions.json in the run's folder, and a file that was exported, hold the same:
{"schema_version": 1, "kind": "directions", "run": "digits-demo", "dataset": "sha256:...", "latent_dim": 10,
 "groups": [{"name": "with a loop", "index": [3, 17]}],
 "directions": [{"name": "4 → 9", "vector": [0.1, ...], "method": "means", "start": {"name": "4", "label": 4},
                 "end": {"name": "9", "label": 9}, "step": 1260, "run": "digits-demo", "accuracy": 0.97,
                 "counts": [181, 180]}]}
"""

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from latentlab.runs.files import read_json, write_json
from latentlab.runs.groups import LARGEST_FILE, Group, checked_name, free_name, group_from

FILE, SCHEMA_VERSION = "directions.json", 1
Method = Literal["means", "classifier"]


@dataclass(frozen=True, eq=False)
class Direction:
    """vector float32 (d,): what amount 1 adds to z, from the images of `start` towards those of `end`.

    step: of the weights that it was made from, of the run of this name. accuracy: of telling the two groups apart along
    it, held out and averaged over both groups (0.5 is chance), None where there were too few images; counts: of the
    images it was made of. start and end are None where they are of other images than the run's.
    """

    name: str
    vector: NDArray[np.float32]
    method: Method
    start: Group | None
    end: Group | None
    step: int
    run: str
    accuracy: float | None = None
    counts: tuple[int, int] = (0, 0)

    @property
    def again(self) -> bool:
        """Whether it can be made anew."""
        return self.start is not None and self.end is not None


@dataclass(frozen=True, eq=False)
class Directions:
    """All that are kept with a run, by their names, and the groups that were given one. dataset: the fingerprint."""

    run: str
    latent_dim: int
    dataset: str = ""
    groups: tuple[Group, ...] = ()
    directions: tuple[Direction, ...] = field(default=())

    def group(self, name: str) -> Group | None:
        return next((each for each in self.groups if each.name == name), None)

    def direction(self, name: str | None) -> Direction | None:
        return next((each for each in self.directions if each.name == name), None)

    def free_name(self, name: str) -> str:
        """The direction's name, or with a number where there is one of it."""
        return free_name(name, (each.name for each in self.directions))

    def with_group(self, group: Group) -> "Directions":
        """With this one too, under a name that is free."""
        name = free_name(group.name, (each.name for each in self.groups))
        return replace(self, groups=(*self.groups, replace(group, name=name)))

    def without_group(self, name: str) -> "Directions":
        """Directions that were made of it keep their images."""
        return replace(self, groups=tuple(each for each in self.groups if each.name != name))

    def rename_group(self, name: str, new: str) -> "Directions":
        """Raises ValueError where the new name is taken, or is none."""
        new = self._free(new, name, [each.name for each in self.groups])
        return replace(
            self, groups=tuple(replace(each, name=new) if each.name == name else each for each in self.groups)
        )

    def put(self, direction: Direction) -> "Directions":
        """With this one, in place of the one of its name."""
        assert direction.vector.shape == (self.latent_dim,), "looked at before"
        if self.direction(direction.name) is None:
            return replace(self, directions=(*self.directions, direction))
        kept = tuple(direction if each.name == direction.name else each for each in self.directions)
        return replace(self, directions=kept)

    def without(self, name: str) -> "Directions":
        return replace(self, directions=tuple(each for each in self.directions if each.name != name))

    def rename(self, name: str, new: str) -> "Directions":
        """Raises ValueError where the new name is taken, or is none."""
        new = self._free(new, name, [each.name for each in self.directions])
        renamed = tuple(replace(each, name=new) if each.name == name else each for each in self.directions)
        return replace(self, directions=renamed)

    def merged(self, other: "Directions") -> "Directions":
        """With those of a file too, under names that are free.

        Groups come too where they are of the same data; of other images, the directions alone. Raises ValueError with
        one sentence where it has another number of latent dimensions.
        """
        if other.latent_dim != self.latent_dim:
            raise ValueError(
                f"these directions are of {other.run}, with {other.latent_dim} latent dimensions, and {self.run} has "
                f"{self.latent_dim}: they lead nowhere there"
            )
        merged, same = self, bool(self.dataset) and self.dataset == other.dataset
        for group in other.groups if same else ():
            if self.group(group.name) != group:
                merged = merged.with_group(group)
        for direction in other.directions:
            told = direction if same else replace(direction, start=None, end=None)
            merged = merged.put(replace(told, name=merged.free_name(direction.name)))
        return merged

    def _free(self, new: str, old: str, taken: list[str]) -> str:
        new = checked_name(new)
        if new != old and new in taken:
            raise ValueError(f"there is a '{new}' already")
        return new


def load_directions(run: Path, name: str, latent_dim: int, dataset: str) -> Directions:
    """What is kept in the run's folder; none where nothing is. Raises ValueError with one sentence, OSError."""
    file = run / FILE
    if not file.is_file():
        return Directions(name, latent_dim, dataset)
    found = read_directions(file)
    if found.latent_dim != latent_dim:
        raise ValueError(f"{file} is of {found.latent_dim} latent dimensions, and the run has {latent_dim}")
    # a run that was renamed goes by its new name, and so does what was made of it
    own = tuple(replace(each, run=name) if each.run == found.run else each for each in found.directions)
    return replace(found, run=name, directions=own)


def save_directions(run: Path, kept: Directions) -> None:
    """Keep them in the run's folder, whole. Raises OSError."""
    write_directions(run / FILE, kept)


def write_directions(file: Path, kept: Directions) -> None:
    """Writes them whole or not at all. Raises OSError, and ValueError for numbers that are not finite."""
    write_json(file, to_dict(kept))


def to_dict(kept: Directions) -> dict[str, Any]:
    """As plain JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "directions",
        "run": kept.run,
        "dataset": kept.dataset,
        "latent_dim": kept.latent_dim,
        "groups": [group.to_dict() for group in kept.groups],
        "directions": [
            {
                "name": each.name,
                "vector": [float(value) for value in each.vector],
                "method": each.method,
                "start": None if each.start is None else each.start.to_dict(),
                "end": None if each.end is None else each.end.to_dict(),
                "step": each.step,
                "run": each.run,
                "accuracy": each.accuracy,
                "counts": list(each.counts),
            }
            for each in kept.directions
        ],
    }


def read_directions(file: Path) -> Directions:
    """Back from a file. Raises ValueError with one sentence for what holds no directions; OSError where unreadable."""
    if file.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{file.name} holds no directions: it is larger than {LARGEST_FILE // 1_000_000} MB")
    held = read_json(file)
    if not isinstance(held, dict) or held.get("kind") != "directions":
        raise ValueError(f"{file.name} holds no directions of LatentLab")
    version = held.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ValueError(f"{file.name} was written by a newer LatentLab: this one cannot read it")
    try:
        return _read(held)
    except ValueError as error:
        raise ValueError(f"{file.name} is damaged: {error}") from None


def _read(held: dict[str, Any]) -> Directions:
    run, dataset, latent_dim = held.get("run"), held.get("dataset"), held.get("latent_dim")
    groups, directions = held.get("groups"), held.get("directions")
    if not isinstance(run, str) or not isinstance(dataset, str):
        raise ValueError("it does not say what run it is of")
    if not _is_count(latent_dim) or not latent_dim:
        raise ValueError("it does not say how many latent dimensions there are")
    if not isinstance(groups, list) or not isinstance(directions, list):
        raise ValueError("it has no list of directions")
    found = Directions(run, latent_dim, dataset)
    for group in groups:
        found = found.with_group(group_from(group))
    for each in directions:
        direction = _direction(each, latent_dim)
        if found.direction(direction.name) is not None:
            raise ValueError(f"two directions are called '{direction.name}'")
        found = found.put(direction)
    return found


def _direction(held: Any, latent_dim: int) -> Direction:
    if not isinstance(held, dict):
        raise ValueError("a direction is none")
    name, run = checked_name(held.get("name")), held.get("run")
    start, end = held.get("start"), held.get("end")
    method: Any = held.get("method")
    step: Any = held.get("step")
    accuracy, counts = held.get("accuracy"), held.get("counts")
    if method not in get_args(Method):
        raise ValueError(f"'{name}' was made in an unknown way")
    if not isinstance(run, str) or not _is_count(step):
        raise ValueError(f"'{name}' does not say which weights it is of")
    if accuracy is not None and (not _is_real(accuracy) or not 0.0 <= accuracy <= 1.0):
        raise ValueError(f"the accuracy of '{name}' is no share")
    if not isinstance(counts, list) or len(counts) != 2 or not all(_is_count(each) for each in counts):
        raise ValueError(f"'{name}' does not say how many images it is of")
    return Direction(
        name,
        _vector(held.get("vector"), name, latent_dim),
        method,
        None if start is None else group_from(start),
        None if end is None else group_from(end),
        step,
        run,
        None if accuracy is None else float(accuracy),
        (counts[0], counts[1]),
    )


def _vector(held: Any, name: str, latent_dim: int) -> NDArray[np.float32]:
    if not isinstance(held, list) or len(held) != latent_dim or not all(_is_real(each) for each in held):
        raise ValueError(f"the vector of '{name}' is not {latent_dim} numbers")
    with np.errstate(over="ignore"):
        vector = np.array(held, np.float64).astype(np.float32)
    if not np.isfinite(vector).all():
        raise ValueError(f"the vector of '{name}' is not finite")
    return vector


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _is_real(value: Any) -> bool:
    """A number that JSON holds, and that a double does too."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e308 if isinstance(value, int) else math.isfinite(value)
