"""What can be undone and redone, without Qt: a bounded row of states, one of which is the present."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from latentlab.gui.records import Place

LIMIT = 100  # steps back
T = TypeVar("T")
View = tuple[float, float, float]  # the map's middle x, y, and pixels per unit


class UndoStack(Generic[T]):
    """States are immutable, and come back as the objects that they were. `limit`: so many steps back are kept."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._states: list[T] = []
        self._words: list[str] = []  # of each state but the first: what led to it
        self._at = -1

    @property
    def now(self) -> T | None:
        return self._states[self._at] if self._states else None

    @property
    def undoing(self) -> str:
        """What would be undone; empty where nothing can be."""
        return self._words[self._at - 1] if self._at > 0 else ""

    @property
    def redoing(self) -> str:
        """What would be done again; empty where nothing can be."""
        return self._words[self._at] if self._at + 1 < len(self._states) else ""

    def forget(self) -> None:
        self._states, self._words, self._at = [], [], -1

    def push(self, state: T, words: str) -> None:
        """A new present, which words led to. What had been undone can be redone no more."""
        del self._states[self._at + 1 :], self._words[max(self._at, 0) :]
        if self._states:
            self._words.append(words)
        self._states.append(state)
        surplus = len(self._states) - self._limit - 1
        if surplus > 0:
            del self._states[:surplus], self._words[:surplus]
        self._at = len(self._states) - 1

    def amend(self, state: T) -> None:
        """This in place of the present: a part of the same step, or nobody's doing. What was undone can be redone."""
        if self._states:
            self._states[self._at] = state
        else:
            self.push(state, "")

    def undo(self) -> T | None:
        """The state before, now the present; None where there is none."""
        if self._at <= 0:
            return None
        self._at -= 1
        return self.now

    def redo(self) -> T | None:
        """The state that was undone last, now the present; None where there is none."""
        if self._at + 1 >= len(self._states):
            return None
        self._at += 1
        return self.now


@dataclass(frozen=True, eq=False)
class Moment:
    """What a person can come back to. `group` and `visible` are bits, a row of the map each: a hundred of these are
    kept, of a million rows maybe. `index`: of the images in those rows. view: None while all points are fitted in.
    kind: of the layout that the view is of. version: of the map, which has moved on where it is another.
    """

    place: Place | None
    ends: tuple[Place | None, Place | None]
    condition: int | None
    selected: int | None
    group: bytes
    visible: bytes | None
    view: View | None
    kind: tuple[object, ...]
    index: NDArray[np.int64] | None
    version: int

    def differs(self, other: "Moment") -> str:
        """In words what was done between this moment and the other; empty where nothing was, by any person: what is
        bound to a sample moves with the weights."""
        moved = [self.key(mine) != other.key(its) for mine, its in zip(self.ends, other.ends, strict=True)]
        if any(moved):
            return f"change of {' and '.join(name for name, has in zip('AB', moved, strict=True) if has)}"
        if self._image(self.selected) != other._image(other.selected):
            return "selection of a sample" if other.selected is not None else "letting go of a sample"
        if self.visible != other.visible:
            return "hiding of points" if other.visible is not None else "showing of points"
        if self.group != other.group:
            return "selection of points" if other.group else "clearing of the selection"
        if self.key(self.place) != other.key(other.place):
            before, now = self.place, other.place
            left = before is not None and now is not None and before.z is now.z and now.position is None
            return "letting go of the place" if left else "move in latent space"
        if self.condition != other.condition:
            return "choice of the class"
        return "move of the map" if self.kind == other.kind and self.view != other.view else ""

    def key(self, place: Place | None) -> object:
        """The same for the same place, although its sample may have moved, and the map under it. One that was let go
        of has no position any more."""
        if place is None:
            return None
        image = self._image(place.sample)
        return place.position is None, place.z.tobytes() if image is None else image

    def _image(self, row: int | None) -> int | None:
        known = row is not None and self.index is not None and row < len(self.index)
        return int(self.index[row]) if known else None  # type: ignore[index]


def bits(rows: NDArray[np.int64], count: int) -> bytes:
    """Rows of so many as bits; nothing for none."""
    mask = np.zeros(count, np.bool_)
    mask[rows] = True
    return np.packbits(mask).tobytes() if len(rows) else b""


def mask_of(packed: bytes, count: int) -> NDArray[np.bool_]:
    """(count,): what `bits` was made of."""
    if not packed:
        return np.zeros(count, np.bool_)
    return np.unpackbits(np.frombuffer(packed, np.uint8), count=count).astype(np.bool_)
