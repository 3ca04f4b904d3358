"""Many coloured points as one item of the scene."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QPen


class PointsItem(pg.ScatterPlotItem):
    """Points in groups of one colour each, drawn in a fixed random order, so that no colour lies on all the others.

    Colours cost a rebuild; moving the points costs a copy of their coordinates. (Drawing the same points with
    QPainter.drawPoints took 50 times as long as from ScatterPlotItem's atlas of symbols.)
    """

    def __init__(self) -> None:
        super().__init__(pxMode=True, antialias=True)
        self._order = np.empty(0, np.int64)
        self._groups = np.empty(0, np.int64)

    def set_groups(self, groups: NDArray[np.int64]) -> None:
        """groups (N,): which colour each point has. Colours follow with `set_colours`, places with `set_coords`."""
        self._groups = groups
        if len(groups) != len(self._order):
            self._order = np.random.default_rng(0).permutation(len(groups))

    def set_colours(self, colours: list[QColor], diameter: float) -> None:
        """A colour per group; diameter in pixels."""
        drawn = self._groups[self._order]
        brushes = np.array([QBrush(colour) for colour in colours], object)
        places = np.zeros((len(drawn), 2)) if len(self.data) != len(drawn) else self._places()
        if not len(drawn):
            self.clear()
            return
        self.setData(pos=places, brush=brushes[drawn], pen=QPen(Qt.PenStyle.NoPen), size=diameter)

    def set_coords(self, coords: NDArray[np.float32]) -> None:
        """coords (N, 2), one per point of `set_groups`."""
        assert len(coords) == len(self.data) == len(self._order), "one place per point"
        self.data["x"], self.data["y"] = coords[self._order].T
        self.bounds = [None, None]
        self.prepareGeometryChange()
        self.informViewBoundsChanged()
        self.update()

    def _places(self) -> NDArray[np.float64]:
        return np.stack([self.data["x"], self.data["y"]], axis=1)


def nearest(coords: NDArray[np.float32], place: tuple[float, float], radius: float) -> int | None:
    """The row of coords (N, 2) that is nearest to `place`, if it is within `radius`."""
    if not len(coords):
        return None
    distance = np.hypot(coords[:, 0] - place[0], coords[:, 1] - place[1])
    row = int(np.argmin(distance))
    return row if distance[row] <= radius else None
