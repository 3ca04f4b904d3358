"""What lies over the points of a map: rings, the cursor, the ends A and B with the line between them."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QTransform

from latentlab.gui.widgets import theme

XY = tuple[float, float]
LETTER_RADIUS = 8  # pixels
FAINT = 0.4  # opacity of the walk that the strip does not follow


@dataclass(eq=False)
class Rings:
    """Open circles at places (n, 2) of the map; sizes in pixels.

    colour: another than the usual one. strengths (n,) from 0 to 1: how plainly each is seen; None: all of them wholly.
    framed: a picture stands there, with a frame that says the same, and the circle would only hide it.
    """

    size: float
    width: float
    places: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 2), np.float32))
    colour: str | None = None
    strengths: NDArray[np.floating] | None = None
    framed: bool = False

    def draw(self, painter: QPainter, view: QTransform, colour: QColor) -> None:
        if self.framed:
            return
        pen = QPen(theme.qcolor(self.colour) if self.colour else colour, self.width)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        strengths = [1.0] * len(self.places) if self.strengths is None else self.strengths.tolist()
        for (x, y), strength in zip(self.places.tolist(), strengths, strict=False):
            seen = QColor(pen.color())
            seen.setAlphaF(strength)
            painter.setPen(QPen(seen, self.width))
            painter.drawEllipse(view.map(QPointF(x, y)), self.size / 2, self.size / 2)


class MapMarks:
    """All marks of one map. Whoever changes them asks the canvas to repaint."""

    def __init__(self) -> None:
        self.neighbours = Rings(9, 1.0)
        self.selected = Rings(14, 2.0)
        self.hovered = Rings(14, 1.5)
        self.cursor = Rings(10, 2.5)
        self.a: XY | None = None
        self.b: XY | None = None
        self.own: XY | None = None  # an image of the person's own
        self.walked = True  # from A to B; else the strip leads elsewhere, and both are faint
        self.joined = True  # by no way but the straight one

    def draw(self, painter: QPainter, view: QTransform) -> None:
        """view: from the map to pixels."""
        colours = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = theme.qcolor(colours.text)
        if self.joined and self.a is not None and self.b is not None:
            painter.setPen(QPen(text, 1, Qt.PenStyle.DashLine))
            painter.drawLine(view.map(QPointF(*self.a)), view.map(QPointF(*self.b)))
        self.neighbours.draw(painter, view, theme.qcolor(colours.muted))
        self.selected.draw(painter, view, theme.qcolor(colours.accent))
        self.hovered.draw(painter, view, text)
        self.cursor.draw(painter, view, text)
        if self.own is not None:
            _draw_diamond(painter, view.map(QPointF(*self.own)))
        painter.setOpacity(1.0 if self.walked else FAINT)
        for letter, place in self.letters(view).items():
            _draw_letter(painter, place, letter)
        painter.setOpacity(1.0)

    def letters(self, view: QTransform) -> dict[str, QPointF]:
        """Where A and B are drawn, in pixels: at their places; side by side where one would hide the other."""
        ends = {letter: view.map(QPointF(*end)) for letter, end in (("A", self.a), ("B", self.b)) if end is not None}
        if len(ends) == 2:
            a, b = ends["A"], ends["B"]
            if math.hypot(a.x() - b.x(), a.y() - b.y()) < LETTER_RADIUS:
                middle, aside = (a + b) / 2, QPointF(LETTER_RADIUS + 0.5, 0)
                return {"A": middle - aside, "B": middle + aside}
        return ends


def _draw_diamond(painter: QPainter, at: QPointF) -> None:
    colours = theme.current()
    painter.setPen(QPen(theme.qcolor(colours.text), 1.5))
    painter.setBrush(theme.qcolor(colours.accent))
    corners = ((0, -1), (1, 0), (0, 1), (-1, 0))
    painter.drawPolygon([at + QPointF(x, y) * LETTER_RADIUS for x, y in corners])


def _draw_letter(painter: QPainter, at: QPointF, letter: str) -> None:
    colours = theme.current()
    painter.setPen(QPen(theme.qcolor(colours.text), 1.5))
    painter.setBrush(theme.qcolor(colours.card))
    painter.drawEllipse(at, LETTER_RADIUS, LETTER_RADIUS)
    painter.setFont(theme.sans(theme.SMALL))
    side = 2.0 * LETTER_RADIUS
    painter.drawText(QRectF(at.x() - side / 2, at.y() - side / 2, side, side), Qt.AlignmentFlag.AlignCenter, letter)
