"""What lies over the points of a map: rings, the cursor, the ends A and B with the line between them."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from latentlab.gui.widgets import theme

XY = tuple[float, float]


class Rings(pg.ScatterPlotItem):
    """Open circles at places of the map, `size` pixels across."""

    def __init__(self, size: float, width: float) -> None:
        super().__init__(size=size, pxMode=True)
        self._width = width
        self.setZValue(10)

    def dress(self, colour: str) -> None:
        self.setPen(pg.mkPen(colour, width=self._width))
        self.setBrush(None)

    def show_at(self, places: NDArray[np.float32]) -> None:
        """places (n, 2); none hides them."""
        self.setData(pos=np.asarray(places, np.float64).reshape(-1, 2))


class Letter(pg.GraphicsObject):
    """A lettered disc that keeps its size: an end of the strip."""

    RADIUS = 8

    def __init__(self, letter: str) -> None:
        super().__init__()
        self._letter = letter
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setZValue(20)
        self.hide()

    def show_at(self, place: XY | None) -> None:
        self.setVisible(place is not None)
        if place is not None:
            self.setPos(QPointF(*place))

    def boundingRect(self) -> QRectF:
        reach = self.RADIUS + 2.0
        return QRectF(-reach, -reach, 2 * reach, 2 * reach)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        colours = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.qcolor(colours.text), 1.5))
        painter.setBrush(theme.qcolor(colours.card))
        painter.drawEllipse(QPointF(0, 0), self.RADIUS, self.RADIUS)
        font = QFont(theme.sans(theme.SMALL))
        painter.setFont(font)
        painter.drawText(self.boundingRect(), Qt.AlignmentFlag.AlignCenter, self._letter)


class MapMarks:
    """All marks of one map, added to its canvas at once."""

    def __init__(self) -> None:
        self.neighbours = Rings(9, 1.0)
        self.selected = Rings(14, 2.0)
        self.hovered = Rings(14, 1.5)
        self.cursor = Rings(10, 2.5)
        self.line = pg.PlotCurveItem()
        self.a, self.b = Letter("A"), Letter("B")
        self.line.setZValue(9)

    def items(self) -> list[pg.GraphicsObject]:
        return [self.line, self.neighbours, self.selected, self.hovered, self.cursor, self.a, self.b]

    def dress(self) -> None:
        colours = theme.current()
        self.neighbours.dress(colours.muted)
        self.selected.dress(colours.accent)
        self.hovered.dress(colours.text)
        self.cursor.dress(colours.text)
        self.line.setPen(pg.mkPen(colours.text, width=1, style=Qt.PenStyle.DashLine))
        self.a.update()
        self.b.update()

    def show_ends(self, a: XY | None, b: XY | None) -> None:
        self.a.show_at(a)
        self.b.show_at(b)
        ends = [a, b] if a is not None and b is not None else []
        self.line.setData([x for x, _ in ends], [y for _, y in ends])
