"""Which points of a map lie in a box, in a closed line drawn by hand, or along a stroke."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Rows = NDArray[np.int64]
Corner = tuple[float, float]


class Places:
    """Points (N, 2), asked again and again which of them lie where. All answers are rows, ascending.

    They are sorted by their height once, when first asked: 0.1 s for a million, and each answer is then a few slices.
    """

    def __init__(self, coords: Floats) -> None:
        self.coords = coords
        self._sorted: tuple[Rows, Floats, Floats] | None = None

    def in_box(self, one: Corner, other: Corner) -> Rows:
        """Between two opposite corners, edges included."""
        low, high = np.minimum(one, other), np.maximum(one, other)
        x, y = self.coords[:, 0], self.coords[:, 1]
        return np.flatnonzero((x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))

    def along(self, start: Corner, end: Corner, radius: float) -> Rows:
        """Within `radius` of the straight stroke from start to end."""
        reach = (radius, radius)
        rows = self.in_box(tuple(np.minimum(start, end) - reach), tuple(np.maximum(start, end) + reach))
        stroke = np.subtract(end, start)
        away = self.coords[rows] - np.asarray(start)
        share = np.clip(away @ stroke / max(float(stroke @ stroke), 1e-30), 0, 1)
        return rows[np.hypot(*(away - share[:, None] * stroke).T) <= radius]

    def in_polygon(self, corners: Floats) -> Rows:
        """Inside the closed line through corners (V, 2), by the even-odd rule where it crosses itself.

        A point is inside if a ray to its right crosses an odd number of edges (Shimrat 1962, as corrected by Hacker).
        An edge matters only to points between the heights of its ends, which lie side by side once they are sorted:
        that is a few crossings per point, however many corners there are.
        """
        if len(corners) < 3:
            return np.empty(0, np.int64)
        order, x, y = self._by_height()
        line = np.asarray(corners, np.float64)
        start, stop = np.searchsorted(y, line[:, 1].min()), np.searchsorted(y, line[:, 1].max(), "right")
        inside = np.zeros(len(self.coords), np.bool_)
        inside[order[start:stop][_odd(x[start:stop], y[start:stop], line)]] = True
        return np.flatnonzero(inside)

    def _by_height(self) -> tuple[Rows, Floats, Floats]:
        if self._sorted is None:
            order = np.argsort(self.coords[:, 1])
            x, y = np.ascontiguousarray(self.coords[order].T, np.float64)
            self._sorted = order, x, y
        return self._sorted


def _odd(x: Floats, y: Floats, line: Floats) -> NDArray[np.bool_]:
    """Whether each of the points at x and y (n,), sorted by y, is inside the closed line."""
    inside = np.zeros(len(x), np.bool_)
    ends = np.roll(line, -1, axis=0)
    low, high = np.minimum(line[:, 1], ends[:, 1]), np.maximum(line[:, 1], ends[:, 1])
    first, last = np.searchsorted(y, low), np.searchsorted(y, high)  # low <= y < high: a corner counts once
    for (x0, y0), (x1, y1), start, stop in zip(line, ends, first, last, strict=True):
        if start < stop:
            some = slice(start, stop)
            inside[some] ^= x[some] < x0 + (y[some] - y0) * ((x1 - x0) / (y1 - y0))
    return inside
