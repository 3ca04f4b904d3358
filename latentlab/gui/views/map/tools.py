"""What the left button does on the map: a table of tools of which one is in hand.

Places are the map's. A tool is told `press`, then `drag` any number of times, then `release`; or `press` and `click`
where nothing was dragged. What it draws lies over the points. Another tool is one more class in `Tools.table`.
"""

from typing import Literal

import numpy as np
from PySide6.QtCore import QObject, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF, QTransform

from latentlab.explore.regions import Places, Rows
from latentlab.gui.session import Session
from latentlab.gui.views.map.hover import PICK_RADIUS, Hover
from latentlab.gui.views.map.points import Points
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.map_marks import XY

How = Literal["set", "add", "remove"]
INSIDE = 36  # opacity of what is being drawn around points, of 255
COUNTED = 200_000  # points up to which what lies inside is counted while it is drawn
NONE = np.empty(0, np.int64)


class Tool:
    """One of the table. name: as `session.tool` has it; key and words: for its button; cursor: the mouse's."""

    name: str
    key: str
    words: str
    tip: str
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, tools: "Tools") -> None:
        self.tools = tools

    def press(self, x: float, y: float, shift: bool) -> None: ...

    def drag(self, x: float, y: float, shift: bool) -> None: ...

    def click(self, x: float, y: float, shift: bool) -> None: ...

    def release(self, x: float, y: float, shift: bool) -> None: ...

    def cancel(self) -> bool:
        """Gives up what is under way; False where nothing was."""
        return False

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None: ...

    def icon(self) -> QPainterPath:
        """Its sign as a line in a square of 16 x 16."""
        raise NotImplementedError


class Decode(Tool):
    """A drag moves through latent space; so does a click on empty space. A click on a point selects it."""

    name, key, words = "decode", "D", "Decode"
    tip = "Drag or click: the place under the cursor is decoded; a click on a point selects it; Shift snaps to samples"
    cursor = Qt.CursorShape.ArrowCursor

    def press(self, x: float, y: float, shift: bool) -> None:
        if self.tools.hover.nearest(x, y) is None or shift:
            self.tools.move(x, y, shift)

    def drag(self, x: float, y: float, shift: bool) -> None:
        self.tools.move(x, y, shift)

    def click(self, x: float, y: float, shift: bool) -> None:
        row = self.tools.hover.nearest(x, y)
        if row is not None and not shift:
            self.tools.point_chosen.emit(row)

    def icon(self) -> QPainterPath:
        path = QPainterPath()
        path.addEllipse(QPointF(8, 8), 3.5, 3.5)
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            path.moveTo(8 + 3.5 * x, 8 + 3.5 * y)
            path.lineTo(8 + 7 * x, 8 + 7 * y)
        return path


class Selecting(Tool):
    """Gathers rows while it is dragged; a click takes the point that is there, or lets go of all."""

    def __init__(self, tools: "Tools") -> None:
        super().__init__(tools)
        self.line: list[XY] = []  # where the drag has been

    def press(self, x: float, y: float, shift: bool) -> None:
        self.tools.hover.forget()  # no card lies over what is being drawn
        self.line = [(x, y)]

    def drag(self, x: float, y: float, shift: bool) -> None:
        if self.line:
            self.extend(x, y)
            self.tools.count(self.rows)
            self.tools.canvas.update()

    def release(self, x: float, y: float, shift: bool) -> None:
        if self.line:
            self.extend(x, y)
            rows = self.rows()
            self.cancel()
            self.tools.pick(rows)

    def click(self, x: float, y: float, shift: bool) -> None:
        if self.line:
            self.cancel()
            row = self.tools.hover.nearest(x, y)
            self.tools.pick(NONE if row is None else np.array([row]))

    def cancel(self) -> bool:
        under_way, self.line = bool(self.line), []
        self.tools.count(None)
        self.tools.canvas.update()
        return under_way

    def extend(self, x: float, y: float) -> None:
        """The drag has come here."""
        self.line.append((x, y))

    def rows(self) -> Rows:
        """What has been gathered."""
        raise NotImplementedError

    def outline(self) -> QPainterPath:
        """What is drawn of it, on the map."""
        path = QPainterPath()
        path.addPolygon(QPolygonF([QPointF(*place) for place in self.line]))
        path.closeSubpath()
        return path

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        if len(self.line) > 1:
            colours = theme.current()
            colour = colours.bad if self.tools.how() == "remove" else colours.accent
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.qcolor(colour), 1.5))
            painter.setBrush(theme.qcolor(colour, INSIDE))
            painter.drawPath(view.map(self.outline()))


class Select(Selecting):
    """Takes the point that is clicked, or all that the drag passes close to."""

    name, key, words = "select", "V", "Select"
    tip = "Click a point, or drag over points, to select them; Shift adds, Ctrl takes away"
    cursor = Qt.CursorShape.PointingHandCursor

    def press(self, x: float, y: float, shift: bool) -> None:
        super().press(x, y, shift)
        self._passed: list[Rows] = []

    def extend(self, x: float, y: float) -> None:
        self._passed.append(self.tools.places().along(self.line[-1], (x, y), self._reach()))
        super().extend(x, y)

    def rows(self) -> Rows:
        return np.unique(np.concatenate(self._passed)) if self._passed else NONE

    def outline(self) -> QPainterPath:
        path = QPainterPath()
        path.addEllipse(QPointF(*self.line[-1]), self._reach(), self._reach())
        return path

    def _reach(self) -> float:
        return PICK_RADIUS * self.tools.canvas.pixel_size()

    def icon(self) -> QPainterPath:
        path = QPainterPath()
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in ((3, 1.5), (13, 8.2), (8.4, 9.2), (6.2, 13.6), (3, 1.5))]))
        path.moveTo(8.4, 9.2)
        path.lineTo(11.4, 14)
        return path


class Box(Selecting):
    """Takes what is in the box between where the drag began and where it is."""

    name, key, words = "box", "M", "Box"
    tip = "Drag a box around points to select them; Shift adds, Ctrl takes away"

    def extend(self, x: float, y: float) -> None:
        self.line[1:] = [(x, y)]

    def rows(self) -> Rows:
        return self.tools.places().in_box(self.line[0], self.line[-1])

    def outline(self) -> QPainterPath:
        (x0, y0), (x1, y1) = self.line[0], self.line[-1]
        path = QPainterPath()
        path.addRect(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))
        return path

    def icon(self) -> QPainterPath:
        path = QPainterPath()
        for turn in range(4):
            side = QTransform().translate(8, 8).rotate(90 * turn)
            for start, end in ((-6, -4), (-1.7, 1.7), (4, 6)):
                path.moveTo(side.map(QPointF(start, -6)))
                path.lineTo(side.map(QPointF(end, -6)))
        return path


class Lasso(Selecting):
    """Takes what is inside the line drawn by hand, which closes by itself."""

    name, key, words = "lasso", "L", "Lasso"
    tip = "Draw around points to select them; Shift adds, Ctrl takes away"

    def rows(self) -> Rows:
        return self.tools.places().in_polygon(np.array(self.line, np.float64))

    def icon(self) -> QPainterPath:
        path = QPainterPath()
        path.addEllipse(QPointF(8, 6), 6, 4)
        path.moveTo(4.4, 9.2)
        path.cubicTo(2.2, 10.4, 4.4, 12.2, 6, 11.4)
        path.cubicTo(7.2, 13, 6, 14.6, 4, 14.6)
        return path


class Tools(QObject):
    """The table, the tool in hand, and what all of them need: the surface, its points, and ways to say what was done.

    It is drawn as a layer of the map.
    """

    moved = Signal(float, float, bool)  # to this place; True: to the nearest sample
    point_chosen = Signal(int)  # row
    picked = Signal(object, str)  # rows, and 'set', 'add' or 'remove'
    counted = Signal(int)  # rows inside what is being drawn; -1: nothing is

    def __init__(
        self, session: Session, canvas: MapCanvas, points: Points, hover: Hover, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._points = session, points
        self.canvas, self.hover = canvas, hover
        self.table: dict[str, Tool] = {}
        self._places = Places(points.coords)
        for tool in (Decode(self), Select(self), Box(self), Lasso(self)):
            self.add(tool)
        canvas.over.append(self)
        canvas.pressed.connect(lambda *at: self.current.press(*at))
        canvas.dragged.connect(lambda *at: self.current.drag(*at))
        canvas.clicked.connect(lambda *at: self.current.click(*at))
        canvas.released.connect(lambda *at: self.current.release(*at))
        session.tool_changed.connect(self._on_tool)
        session.encoding_changed.connect(self._on_encoding)
        self._index: Rows | None = None  # of the images on the map
        self._held = self.current
        self._on_tool()

    def add(self, tool: Tool) -> None:
        self.table[tool.name] = tool

    @property
    def current(self) -> Tool:
        return self.table[self._session.tool]

    def _on_tool(self) -> None:
        self._held.cancel()
        self._held = self.current
        self.canvas.resting = self.current.cursor
        self.canvas.rest()

    def _on_encoding(self) -> None:
        """Of other images, what is being drawn means nothing; while these are trained on, it goes on."""
        index = None if self._session.encoding is None else self._session.encoding.index
        if index is None or self._index is None or not np.array_equal(index, self._index):
            self.cancel()
        self._index = index

    def cancel(self) -> bool:
        """Gives up what is being drawn; False where nothing is."""
        return self.current.cancel()

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        painter.save()
        self.current.draw(painter, view, size)
        painter.restore()

    # -- what the tools do

    def move(self, x: float, y: float, snap: bool) -> None:
        """The place in hand goes there."""
        if len(self._points):
            self.hover.leave()
            self.moved.emit(x, y, snap)

    def places(self) -> Places:
        """The points where they are drawn now."""
        if self._places.coords is not self._points.coords:
            self._places = Places(self._points.coords)
        return self._places

    def how(self) -> How:
        """By the keys that are held: Shift adds, Ctrl takes away."""
        held = self.canvas.modifiers
        if held & Qt.KeyboardModifier.ShiftModifier:
            return "add"
        return "remove" if held & Qt.KeyboardModifier.ControlModifier else "set"

    def pick(self, rows: Rows) -> None:
        self.picked.emit(self._shown(rows), self.how())

    def count(self, rows: object) -> None:
        """Says how many rows() are inside what is being drawn; None: nothing is drawn any more."""
        if callable(rows) and len(self._points) <= COUNTED:
            self.counted.emit(len(self._shown(rows())))
        else:
            self.counted.emit(-1)

    def _shown(self, rows: Rows) -> Rows:
        visible = self._session.visible
        return rows if visible is None or len(visible) != len(self._points) else rows[visible[rows]]
