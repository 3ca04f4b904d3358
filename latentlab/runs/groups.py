"""Named groups of a data set's images: a class, some of them by their dataset indices, or all that another has not.

A group says which images are meant, not where they lie: what was made of it can be made anew from other weights.
"""

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST_NAME = 80  # characters
LARGEST_FILE = 50_000_000  # bytes: no list of images is longer, and what is may be anything
LARGEST_INDEX = 2**53  # JSON's readers agree on whole numbers up to here
REST = "all others"


@dataclass(frozen=True)
class Group:
    """One of three: the images of class `label`; those with these dataset indices, ascending; or, where it is neither,
    all that the group it is compared with has not."""

    name: str
    label: int | None = None
    index: tuple[int, ...] | None = None

    @property
    def rest(self) -> bool:
        """Whether it is whatever the other group is not."""
        return self.label is None and self.index is None

    def members(self, index: NDArray[np.int64], labels: NDArray[np.int64] | None) -> NDArray[np.bool_]:
        """Which of the images with this index (N,) and labels (N,) it has: (N,). Not for the rest of another group.

        Raises ValueError for a class where there are none.
        """
        assert not self.rest, "what the rest is depends on the other group"
        if self.index is not None:
            return np.isin(index, np.array(self.index, np.int64))
        if labels is None:
            raise ValueError(f"the group '{self.name}' is a class, and these images have none")
        return np.asarray(labels == self.label)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        if self.label is not None:
            return {"name": self.name, "label": self.label}
        return {"name": self.name, "index": None if self.index is None else list(self.index)}


def of_indices(name: str, index: Iterable[int]) -> Group:
    """The images with these dataset indices, in any order. Raises ValueError for none, and for a bad name."""
    members = tuple(sorted({int(each) for each in index}))
    if not members:
        raise ValueError("a group needs at least one image")
    if members[0] < 0 or members[-1] > LARGEST_INDEX:
        raise ValueError("dataset indices are whole numbers from 0 on")
    return Group(checked_name(name), index=members)


def group_from(held: Any) -> Group:
    """Back from `Group.to_dict`. Raises ValueError with one sentence for anything else."""
    if not isinstance(held, dict):
        raise ValueError("a group is no group")
    name, label, index = checked_name(held.get("name")), held.get("label"), held.get("index")
    if label is not None:
        if not _is_index(label):
            raise ValueError(f"the group '{name}' has a class that is none")
        return Group(name, label=label)
    if index is None:
        return Group(name)
    if not isinstance(index, list) or not all(_is_index(each) for each in index):
        raise ValueError(f"the group '{name}' is no list of dataset indices")
    return of_indices(name, index)


def checked_name(name: Any) -> str:
    """The name, without blanks around it. Raises ValueError for what is none."""
    if not isinstance(name, str) or not name.strip():
        raise ValueError("a name needs at least one character")
    name = name.strip()
    if len(name) > LONGEST_NAME:
        raise ValueError(f"a name has at most {LONGEST_NAME} characters")
    if not name.isprintable():
        raise ValueError("a name is one line of characters that can be seen")
    return name


def free_name(name: str, taken: Iterable[str]) -> str:
    """The name, or with the first number from 2 on that is free."""
    used, number, found = set(taken), 2, name
    while found in used:
        ending = f" {number}"
        found, number = name[: LONGEST_NAME - len(ending)] + ending, number + 1
    return found


def read_group(file: Path, name: str | None = None) -> Group:
    """The group in a file: dataset indices as JSON (a list, or an object with "index") or as CSV (the column "index",
    or the first), as an exported selection has them. It is called as the file is, or `name`.

    Raises ValueError with one sentence for what is no list of indices, OSError where unreadable.
    """
    if file.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{file.name} is no group: it is larger than {LARGEST_FILE // 1_000_000} MB")
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{file.name} is no group: it is not text") from None
    index = _from_json(file, text) if text.lstrip()[:1] in ("[", "{") else _from_csv(file, text)
    if not index:
        raise ValueError(f"{file.name} names no images")
    return of_indices(name or _as_name(file.stem), index)


def _from_json(file: Path, text: str) -> list[int]:
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{file.name} is damaged: it is not complete JSON") from None
    index = held.get("index") if isinstance(held, dict) else held
    if not isinstance(index, list) or not all(_is_index(each) for each in index):
        raise ValueError(f"{file.name} is no group: a list of dataset indices is needed, whole numbers from 0 on")
    return index


def _from_csv(file: Path, text: str) -> list[int]:
    try:
        rows = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    except csv.Error:
        raise ValueError(f"{file.name} is no group: it is neither JSON nor CSV") from None
    column, names = 0, [cell.strip().lower() for cell in rows[0]] if rows else []
    if names and not _is_number(names[0]):
        rows = rows[1:]
        column = names.index("index") if "index" in names else 0
    cells = [row[column].strip() if column < len(row) else "" for row in rows]
    wrong = next((number for number, cell in enumerate(cells) if not _is_number(cell)), None)
    if wrong is not None:
        raise ValueError(f"{file.name}: '{cells[wrong][:20]}' is no dataset index, which is a whole number from 0 on")
    return [int(cell) for cell in cells]


def _as_name(stem: str) -> str:
    name = "".join(each for each in stem if each.isprintable()).strip()[:LONGEST_NAME]
    return name or "group"


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,16}", text) is not None


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_INDEX
