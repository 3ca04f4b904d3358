"""Nodes at even places of a map, the same however it is panned: what was computed at one of them can be kept."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.overlays.plane import Extent, Floats

Node = tuple[int, int]  # column, row


@dataclass(frozen=True)
class Look:
    """What is seen of a map: its part, and pixels of the screen per unit of the map."""

    extent: Extent
    scale: float


@dataclass(frozen=True)
class Lattice:
    """Nodes (i, j) at ((i + shift) step, (j + shift) step), step = 2^level: each level has half the step of the next.

    Those with first <= (i, j) < last are in sight.
    """

    level: int
    first: Node
    last: Node
    shift: float = 0.0

    @classmethod
    def over(cls, look: Look, pixels: float, most: int, shift: float = 0.0) -> "Lattice":
        """That covers what is seen, its nodes about `pixels` apart (by up to the root of 2) and at most `most`."""
        level = round(np.log2(pixels / look.scale))
        while True:
            made = cls._at(look.extent, level, shift)
            if made.count <= most:
                return made
            level += 1

    @classmethod
    def _at(cls, extent: Extent, level: int, shift: float) -> "Lattice":
        """A cell about a node reaches half a step: every place that is seen lies in some cell."""
        step = 2.0**level
        low = np.floor((np.array([extent.left, extent.bottom]) / step - shift) + 0.5).astype(int)
        high = np.ceil((np.array([extent.right, extent.top]) / step - shift) - 0.5).astype(int) + 1
        return cls(level, (int(low[0]), int(low[1])), (int(high[0]), int(high[1])), shift)

    def coarser(self) -> "Lattice":
        """The same part with twice the step; each of its nodes is one of this lattice's too, where shift is 0."""
        return self._at(self.extent, self.level + 1, self.shift)

    @property
    def step(self) -> float:
        return 2.0**self.level

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.last[1] - self.first[1], self.last[0] - self.first[0]

    @property
    def count(self) -> int:
        return self.shape[0] * self.shape[1]

    @property
    def extent(self) -> Extent:
        """Of the cells about the nodes."""
        rows, columns = self.shape
        left, bottom = ((at + self.shift - 0.5) * self.step for at in self.first)
        return Extent(left, bottom, columns * self.step, rows * self.step)

    def nodes(self) -> Iterator[Node]:
        """From the middle outwards: what is looked at comes first."""
        rows, columns = self.shape
        i, j = np.meshgrid(np.arange(columns), np.arange(rows))
        away = (i - (columns - 1) / 2) ** 2 + (j - (rows - 1) / 2) ** 2
        for flat in np.argsort(away, axis=None, kind="stable").tolist():
            yield self.first[0] + flat % columns, self.first[1] + flat // columns

    def places(self, nodes: list[Node]) -> Floats:
        """Where they lie on the map: (n, 2)."""
        return (np.array(nodes, np.float64).reshape(-1, 2) + self.shift) * self.step

    def cell(self, node: Node) -> tuple[int, int]:
        """Its row and column in an array of `shape`, row 0 at the bottom."""
        return node[1] - self.first[1], node[0] - self.first[0]


@dataclass(frozen=True, eq=False)
class Field:
    """values (R, C) at the middles of the extent's cells, row 0 at the bottom; not a number where nothing is known.

    low and top: what counts as a small and as a great value. stale: of other weights, or of another place, while the
    new ones are on their way. certainty (R, C), 0 to 1: how far a value can be relied on; None: all of them are exact.
    """

    extent: Extent
    values: NDArray[np.float32]
    low: float
    top: float
    complete: bool = True
    stale: bool = False
    certainty: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class Sheet:
    """Pictures in the extent's cells side by side; known (R, C): where there is one, row 0 at the bottom.

    image (R * H, C * W), row 0 at the top: 0xAARRGGBB, and 0 where there is no picture, as a screen takes it without
    another pass over all of it. held: how many latent dimensions the map does not show. stale: as for a field.
    """

    extent: Extent
    image: NDArray[np.uint32]
    known: NDArray[np.bool_]
    held: int = 0
    complete: bool = True
    stale: bool = False

    def picture(self, row: int, column: int) -> NDArray[np.uint8]:
        """The one in this cell, uint8 (3, H, W)."""
        rows, columns = self.known.shape
        height, width = self.image.shape[0] // rows, self.image.shape[1] // columns
        top, left = (rows - 1 - row) * height, column * width
        cell = self.image[top : top + height, left : left + width]
        return np.stack([(cell >> shift) & 0xFF for shift in (16, 8, 0)]).astype(np.uint8)
