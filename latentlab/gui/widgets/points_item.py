"""Many coloured points as one item of the scene."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

LAYERS = 8  # each draws an eighth of every colour, so that no colour lies on top of all the others


class PointsItem(pg.GraphicsObject):
    """Points in groups of one colour each. Moving them costs a copy of the coordinates, not a rebuild."""

    def __init__(self) -> None:
        super().__init__()
        self._coords = np.empty((0, 2), np.float64)
        self._rows: list[tuple[int, NDArray[np.int64]]] = []  # (group, its rows), in the order they are drawn
        self._polygons: list[QPolygonF] = []  # in pixels, for this view:
        self._view = QTransform()
        self._stale = True
        self._pens: list[QPen] = []
        self._outlines: list[QPen] = []
        self._bounds = QRectF()

    def set_groups(self, groups: NDArray[np.int64]) -> None:
        """groups (N,): which colour each point has. Coordinates follow with `set_coords`."""
        order = np.random.default_rng(0).permutation(len(groups))
        self._rows = []
        for layer in np.array_split(order, LAYERS):
            for group in np.unique(groups[layer]):
                self._rows.append((int(group), layer[groups[layer] == group]))
        self._polygons = [pg.functions.create_qpolygonf(len(rows)) for _, rows in self._rows]

    def set_colours(self, colours: list[QColor], diameter: float, outlines: list[QColor] | None = None) -> None:
        """A colour per group; diameter in pixels; an outline in another shade where given."""
        self._pens = [_round_pen(colour, diameter) for colour in colours]
        self._outlines = [_round_pen(colour, diameter + 1.0) for colour in outlines or []]
        self.update()

    def set_coords(self, coords: NDArray[np.float32]) -> None:
        """coords (N, 2), one per point of `set_groups`."""
        self._coords = coords.astype(np.float64)
        self._stale = True
        self.prepareGeometryChange()
        low, high = (coords.min(axis=0), coords.max(axis=0)) if len(coords) else (np.zeros(2), np.zeros(2))
        self._bounds = QRectF(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        self._map_to(painter.worldTransform())
        painter.save()
        # Qt draws a point as a very short line in the item's own units, a streak where the map spans less than 1:
        # so the points are handed over in pixels.
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for (group, _), polygon in zip(self._rows, self._polygons, strict=True):
            if group < len(self._outlines):
                painter.setPen(self._outlines[group])
                painter.drawPoints(polygon)
            painter.setPen(self._pens[group])
            painter.drawPoints(polygon)
        painter.restore()

    def _map_to(self, view: QTransform) -> None:
        if view == self._view and not self._stale:
            return
        x, y = self._coords.T
        pixels = np.stack([x * view.m11() + y * view.m21() + view.dx(), x * view.m12() + y * view.m22() + view.dy()], 1)
        for (_, rows), polygon in zip(self._rows, self._polygons, strict=True):
            pg.functions.ndarray_from_qpolygonf(polygon)[:] = pixels[rows]
        self._view, self._stale = QTransform(view), False


def _round_pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
