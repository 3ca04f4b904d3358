"""Many small pictures in one view: which of them have room, and how each is drawn, every pixel of it crisp."""

import math
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QPixmap

from latentlab.gui.widgets.picture import Pixels, pixmap, shrunk, whole_multiple

Rows = NDArray[np.int64]
Laid = tuple[int, int, int]  # a row, and its middle in pixels of the device

CHUNK = 512  # places looked at in one go
KEPT = 3000  # pixmaps: some screens full of them; 40 x 40 pixels are 6 kB
# How often all in view would cover it: up to the first, tiles come by themselves, and above the other they go.
FILL, STAYS = 5.0, 6.5
SAMPLE = 20_000  # points at random that are looked at first: they say how many are in view
ENOUGH = 4000  # where so many of the sample are in view, the others are not looked at
FARTHEST = 1e6  # pixels


class Tiling:
    """Lays tiles at the places of rows, of any two that would overlap only one. Panning changes none of those in view.

    Who goes first is chance, but always the same; and those that were laid last have their place before all others.
    """

    def __init__(self) -> None:
        self.laid: list[Laid] = []
        self._order = np.empty(0, np.int64)
        self._rank = self._order

    def lay(
        self,
        coords: NDArray[np.float32],
        may: NDArray[np.bool_],
        view: tuple[float, float, float, float],
        size: tuple[int, int],
        tile: tuple[int, int],
        room: float = math.inf,
    ) -> list[Laid]:
        """`laid`, anew: of coords (N, 2) those rows that may (N,) be laid, all that have room.

        view: the factors of x and y and what is then added, to pixels of the device, in which also the view's size and
        a tile's are. room: what all rows together cover, in these pixels; finite: none at all where those in view are
        too many for it.
        """
        if len(coords) != len(self._order):
            self._order = np.random.default_rng(0).permutation(len(coords))
            self._rank = np.argsort(self._order)
            self.laid = []
        rows, more = self._in_view(coords, view, size, tile)
        rows = rows[may[rows]]
        covered = len(rows) * more * tile[0] * tile[1] / max(min(size[0] * size[1], room), 1)
        if room < math.inf and covered > (STAYS if self.laid else FILL):
            self.laid = []
            return self.laid
        before = np.array([row for row, _, _ in self.laid], np.int64)
        before = before[may[before]]
        rows = np.concatenate([before, rows[~np.isin(rows, before)]])
        # rounded apart from what is added, so that panning brings no two closer by a pixel
        middle = np.floor(coords[rows].astype(np.float64) * view[:2]) + np.floor(view[2:])
        middle = np.clip(middle, -FARTHEST, FARTHEST).astype(np.int64)
        chosen = with_room(middle, tile, size)
        self.laid = list(zip(rows[chosen].tolist(), *middle[chosen].T.tolist(), strict=True)) if chosen else []
        return self.laid

    def _in_view(
        self,
        coords: NDArray[np.float32],
        view: tuple[float, float, float, float],
        size: tuple[int, int],
        tile: tuple[int, int],
    ) -> tuple[Rows, float]:
        """Rows in view in the order in which they go first, and how many there are for each one."""
        ends = [
            sorted(
                ((-tile[axis] - view[2 + axis]) / view[axis], (size[axis] + tile[axis] - view[2 + axis]) / view[axis])
            )
            for axis in (0, 1)
        ]

        def inside(some: NDArray[np.float32]) -> NDArray[np.bool_]:
            (left, right), (low, high) = ends
            x, y = some[:, 0], some[:, 1]
            return (x >= left) & (x < right) & (y >= low) & (y < high)

        if len(coords) > SAMPLE:
            sample = self._order[:SAMPLE]
            found = sample[inside(coords[sample])]
            if len(found) >= ENOUGH:
                return found, len(coords) / SAMPLE
        rows = np.flatnonzero(inside(coords))
        return rows[np.argsort(self._rank[rows])], 1.0


def with_room(places: NDArray[np.int64], tile: tuple[int, int], size: tuple[int, int]) -> list[int]:
    """Which tiles can be laid with their middle pixel at places (n, 2), and none over another: ascending.

    The first has its place, and each next one that none before it is in the way of. tile: width and height; size:
    those of the view, in the same pixels. A tile may hang over the edge, but its middle is within a tile of it.
    """
    (wide, high), (width, height) = tile, size
    blocked = np.zeros((height + 4 * high, width + 4 * wide), np.bool_)
    x, y = places[:, 0] + 2 * wide, places[:, 1] + 2 * high
    inside = (x >= wide) & (x < width + 3 * wide) & (y >= high) & (y < height + 3 * high)
    rows = np.flatnonzero(inside)
    chosen: list[int] = []
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        some = some[~blocked[y[some], x[some]]]
        for row, at_x, at_y in zip(some.tolist(), x[some].tolist(), y[some].tolist(), strict=True):
            if not blocked[at_y, at_x]:
                blocked[at_y - high + 1 : at_y + high, at_x - wide + 1 : at_x + wide] = True
                chosen.append(row)
    return chosen


def tile_size(shape: tuple[int, int], side: int) -> tuple[int, int]:
    """Width and height in which pictures of (H, W) pixels are shown in a square of `side`: whole multiples or parts."""
    scale = whole_multiple(shape, side, side)
    if scale >= 1:
        return int(shape[1] * scale), int(shape[0] * scale)
    part = round(1 / scale)
    return max(shape[1] // part, 1), max(shape[0] // part, 1)


class Pixmaps:
    """Those of the pictures that were drawn last, by the picture's kind and key, in squares of one side."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[str, int], QPixmap] = OrderedDict()
        self._side = 0

    def of_side(self, side: int) -> None:
        """From now on they fit into squares of this side, in pixels of the device."""
        if side != self._side:
            self._side = side
            self._made.clear()

    def get(self, kind: str, key: int) -> QPixmap | None:
        found = self._made.get((kind, key))
        if found is not None:
            self._made.move_to_end((kind, key))
        return found

    def put(self, kind: str, key: int, pixels: Pixels) -> QPixmap:
        """Of pixels uint8 (C, H, W)."""
        scale = whole_multiple(pixels.shape[1:], self._side, self._side)
        made = pixmap(pixels if scale >= 1 else shrunk(pixels, round(1 / scale)), max(int(scale), 1))
        self._made[kind, key] = made
        while len(self._made) > KEPT:
            self._made.popitem(last=False)
        return made

    def drop(self, kind: str, key: int) -> None:
        """The picture is another one now."""
        self._made.pop((kind, key), None)

    def clear(self) -> None:
        self._made.clear()
