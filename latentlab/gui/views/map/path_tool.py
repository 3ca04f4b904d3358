"""A path on the map: drawn by hand or by its waypoints, and changed by dragging them."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from latentlab.explore.paths import simplify
from latentlab.gui.session import Session
from latentlab.gui.views.map.hover import Told
from latentlab.gui.views.map.tools import Tool, Tools
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.map_marks import FAINT, XY
from latentlab.gui.widgets.point_cloud import nearest

MOST = 12  # waypoints of a path drawn by hand
TOLERANCE = 4  # pixels by which it may be straightened
HANDLE, REACH = 8, 12  # pixels: the radius of a waypoint's number, and how near to it the mouse takes it
EXACT = ("pca", "axes")
HINT = "Draw a path, or click its waypoints: Enter ends it, Backspace takes one back, Esc gives up"


class PathTool(Tool):
    """A drag draws a path; clicks set its waypoints one by one; a drag on a waypoint's number moves it."""

    name, key, words = "path", "T", "Path"
    tip = "Draw a path for the strip, or click its waypoints and press Enter; drag a number to move it; Shift snaps"

    def __init__(self, paths: "Paths", tools: Tools) -> None:
        super().__init__(tools)
        self._paths = paths
        self._line: list[XY] = []  # where the drag has been
        self._held: int | None = None  # the waypoint that is dragged
        self.set: list[XY] = []  # waypoints clicked so far
        self.mouse: XY | None = None

    def press(self, x: float, y: float, shift: bool) -> None:
        self._held = None if self.set else self._paths.handle_at(x, y)
        self._line = [] if self._held is not None else [(x, y)]

    def drag(self, x: float, y: float, shift: bool) -> None:
        if self._held is not None:
            self._paths.moved.emit(self._held, *self._paths.snapped(x, y, shift))
        elif self._line:
            self._line.append((x, y))
        self.tools.move(x, y, shift and self._held is not None)

    def release(self, x: float, y: float, shift: bool) -> None:
        line, self._line, self._held = np.array([*self._line, (x, y)], np.float64), [], None
        if len(line) > 1:
            kept = line[simplify(line, TOLERANCE * self.tools.canvas.pixel_size(), MOST)]
            if self.set:
                self.set += [(float(x), float(y)) for x, y in kept]
            else:
                self._paths.drawn.emit(kept)
        self._paths.update()

    def click(self, x: float, y: float, shift: bool) -> None:
        self._line = []
        if self._held is None:
            self.set.append(self._paths.snapped(x, y, shift))
        self.tools.move(x, y, shift)
        self._paths.update()

    def finish(self) -> None:
        """What was clicked becomes the path, if it leads anywhere."""
        places = [place for at, place in enumerate(self.set) if not at or place != self.set[at - 1]]
        self.set = [] if len(places) > 1 else places
        if len(places) > 1:
            self._paths.drawn.emit(np.array(places, np.float64))
        self._paths.update()

    def take_back(self) -> bool:
        """The last waypoint that was clicked; False where none was."""
        had = bool(self.set)
        self.set = self.set[:-1]
        self._paths.update()
        return had

    @property
    def under_way(self) -> bool:
        return bool(self.set or self._line)

    def cancel(self) -> bool:
        under_way = self.under_way
        self.set, self._line, self._held = [], [], None
        self._paths.update()
        return under_way

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.set and not self._line and self._paths.places() is None:
            _draw_hint(painter, size)
            return
        line = self._line or [*self.set, *([self.mouse] if self.mouse and self.set else [])]
        if len(line) > 1:
            _draw_line(painter, view, np.array(line), dashed=not self._line)
        for number, place in enumerate(self.set, 1):
            _draw_handle(painter, view.map(QPointF(*place)), number)

    def icon(self) -> QPainterPath:
        path = QPainterPath()
        path.addEllipse(QPointF(3, 13), 1.8, 1.8)
        path.moveTo(4.6, 11.6)
        path.cubicTo(10, 8, 3, 5.5, 7.5, 4)
        path.quadTo(9.5, 3.4, 11.2, 3.1)
        path.addEllipse(QPointF(13, 3), 1.8, 1.8)
        return path


class Paths(QObject):
    """Puts the tool into the table, draws `session.route` over the points, and says what is done to it."""

    drawn = Signal(object)  # places of a new path's waypoints (W, 2)
    moved = Signal(int, float, float)  # this waypoint goes there
    shortened = Signal()  # the last waypoint goes

    def __init__(self, session: Session, tools: Tools, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._tools, self._canvas = session, tools, tools.canvas
        self.tool = PathTool(self, tools)
        tools.add(self.tool)
        tools.hover.over.append(self.told_at)
        self._canvas.over.append(self)
        self._canvas.double_clicked.connect(self._on_double_clicked)
        self._canvas.hovered.connect(self._on_hovered)
        self._canvas.installEventFilter(self)
        for signal in (session.route_changed, session.layout_changed, session.walk_changed):
            signal.connect(self.update)

    def update(self) -> None:
        self._canvas.update()

    def places(self) -> NDArray[np.float32] | None:
        """Of the path's waypoints on the map, (W, 2)."""
        return None if self._session.route is None else self._session.route.places

    def handle_at(self, x: float, y: float) -> int | None:
        places = self.places()
        return None if places is None else nearest(places, (x, y), REACH * self._canvas.pixel_size())

    def told_at(self, x: float, y: float) -> Told | None:
        """What the card says of the waypoint there."""
        number, route = self.handle_at(x, y), self._session.route
        if number is None or route is None:
            return None
        in_use = "" if self._session.walk == "path" else "not in use: the strip goes from A to B"
        ways = "drag it to move it" if self.in_hand else "drag it with the Path tool (T)"
        return Told(f"Waypoint {number + 1} of {len(route.z)}", (in_use or "the strip leads through it", ways))

    def snapped(self, x: float, y: float, snap: bool) -> XY:
        """The place, or that of the nearest sample."""
        layout = self._session.layout
        coords = layout.coords if snap and layout is not None else np.empty((0, 2), np.float32)
        row = nearest(coords, (x, y), float("inf"), self._session.visible)
        return (x, y) if row is None else (float(coords[row, 0]), float(coords[row, 1]))

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        places, layout = self.places(), self._session.layout
        if places is None or layout is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(1.0 if self._session.walk == "path" else FAINT)
        _draw_line(painter, view, places, dashed=layout.kind not in EXACT)
        tied = self._session.route is not None and self._session.route.tied
        for number, (x, y) in enumerate(places.tolist(), 1):
            if not (tied and number in (1, len(places))):  # where A and B have their letters
                _draw_handle(painter, view.map(QPointF(x, y)), number)
        painter.restore()

    # -- what the mouse and the keys do besides the tool's own

    @property
    def in_hand(self) -> bool:
        return self._session.tool == self.tool.name

    def _on_double_clicked(self, x: float, y: float) -> None:
        if self.in_hand:
            self.tool.finish()

    def _on_hovered(self, x: float, y: float) -> None:
        if self.in_hand and self.tool.set:
            self.tool.mouse = (x, y)
            self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not (self.in_hand and isinstance(event, QKeyEvent)):
            return False
        if event.key() == Qt.Key.Key_Escape and self.tool.under_way:
            event.accept()  # before the window's own Esc, which would clear the selection
            if event.type() == QEvent.Type.KeyPress:
                self.tool.cancel()
            return True
        if event.type() != QEvent.Type.KeyPress:
            return False
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & ~KEYPAD:
            self.tool.finish()
        elif event.key() == Qt.Key.Key_Backspace:
            if not self.tool.take_back() and self.places() is not None:
                self.shortened.emit()
        else:
            return False
        return True


KEYPAD = Qt.KeyboardModifier.KeypadModifier


def _draw_line(painter: QPainter, view: QTransform, places: NDArray[np.floating], dashed: bool) -> None:
    pen = QPen(theme.qcolor(theme.current().text), 1.5, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine)
    painter.setPen(pen)
    painter.drawPolyline(QPolygonF([view.map(QPointF(x, y)) for x, y in places.tolist()]))


def _draw_handle(painter: QPainter, at: QPointF, number: int) -> None:
    colours, side = theme.current(), 2.0 * HANDLE
    painter.setPen(QPen(theme.qcolor(colours.accent), 1.5))
    painter.setBrush(theme.qcolor(colours.card))
    painter.drawEllipse(at, HANDLE, HANDLE)
    painter.setPen(theme.qcolor(colours.text))
    painter.setFont(theme.sans(theme.SMALL))
    painter.drawText(
        QRectF(at.x() - side / 2, at.y() - side / 2, side, side), Qt.AlignmentFlag.AlignCenter, str(number)
    )


def _draw_hint(painter: QPainter, size: QSize) -> None:
    painter.setPen(theme.qcolor(theme.current().muted))
    painter.setFont(theme.sans(theme.SMALL))
    painter.drawText(QRectF(0, size.height() - 24, size.width() - 8, 20), Qt.AlignmentFlag.AlignRight, HINT)
