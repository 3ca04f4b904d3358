"""The surface of the map: zoom at the cursor, pan, and what the mouse does there, in coordinates of the map."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.map_marks import MapMarks
from latentlab.gui.widgets.point_cloud import PointCloud, use_compiled

ZOOM_PER_NOTCH = 1.2
FARTHEST, CLOSEST = 1e-4, 1e8  # pixels per unit of the map: beyond, numbers run out before the wheel does
OUT = 4.0  # times as much of the map can be seen as the points need,
IN_AT_LEAST, IN_PER_SIDE = 40.0, 4.0  # and so many times less, or so many times what parts evenly spread points
BEYOND = 0.5  # of the points' width and height: so far beside them may the middle of what is seen lie
DRAG_STARTS = 4  # pixels
MARGIN = 0.06  # around the points when all of them are shown


class Layer(Protocol):
    """Something drawn in every view of the map: beneath the points, or over them and beneath the marks."""

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        """view: from the map to pixels of the widget, whose size is `size`."""
        ...


class MapCanvas(QWidget):
    """Wheel zooms at the cursor; middle drag or Space-drag pans; double click asks to fit. The rest is reported."""

    pressed = Signal(float, float, bool)  # x, y; True: Shift is held
    dragged = Signal(float, float, bool)
    clicked = Signal(float, float, bool)  # pressed and released without a drag
    released = Signal(float, float, bool)  # after a drag
    double_clicked = Signal(float, float)
    hovered = Signal(float, float)
    left = Signal()
    view_moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("map_canvas")
        self.setAccessibleName("Map of the encoded images")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.cloud, self.marks = PointCloud(), MapMarks()
        self.under: list[Layer] = []  # in the order in which they are drawn; whoever changes one calls `update`
        self.over: list[Layer] = []
        self._centre = QPointF(0, 0)  # of the map, in the widget's middle
        self._scale = 100.0  # pixels per unit of the map
        self._bounds: QRectF | None = None  # of the points, and
        self._count = 0  # how many they are: what there is to zoom to and to pan over
        self._drawn: QImage | None = None  # the points in this view
        self._press: QPointF | None = None
        self._dragging = False
        self._panning_from: QPointF | None = None
        self._space = False
        self.resting = Qt.CursorShape.ArrowCursor  # the mouse's, while it neither pans nor may
        self.modifiers = Qt.KeyboardModifier.NoModifier  # that were held when the left button last did something
        self.fitted = True  # nobody has zoomed or panned since all was last shown
        theme.changed.connect(self.redraw)

    # -- what is shown

    def set_coords(self, coords: NDArray[np.float32]) -> None:
        """coords (N, 2) of the points in `cloud`."""
        self.cloud.set_coords(coords)
        self.redraw()

    def use_compiled(self, loops: ModuleType | None) -> None:
        """Points are drawn by compiled loops from now on."""
        use_compiled(loops)
        self.redraw()

    def redraw(self) -> None:
        """The points have other places or colours."""
        self._drawn = None
        self.update()

    @property
    def dragging(self) -> bool:
        """The left button is held, to move through what the map shows."""
        return self._press is not None

    def to_map(self, point: QPointF) -> QPointF:
        """What place of the map lies at this point of the widget; up is up."""
        middle = QPointF(self.width() / 2, self.height() / 2)
        away = point - middle
        return QPointF(self._centre.x() + away.x() / self._scale, self._centre.y() - away.y() / self._scale)

    def to_pixels(self, x: float, y: float) -> QPointF:
        """Where a place of the map is on the widget."""
        return self._view().map(QPointF(x, y))

    def letters(self) -> dict[str, QPointF]:
        """Where A and B are drawn, in pixels of the widget."""
        return self.marks.letters(self._view())

    def pixel_size(self) -> float:
        """One pixel in units of the map."""
        return 1.0 / self._scale

    def keep_to(self, bounds: QRectF, count: int) -> None:
        """There are so many points within `bounds`: neither the wheel nor a drag leads to where nothing is."""
        self._bounds, self._count = bounds, count

    def fit(self, bounds: QRectF) -> None:
        """Shows all of `bounds`."""
        self._scale = self._fitting(bounds)
        self._centre = bounds.center()
        self.fitted = True
        self.redraw()
        self.view_moved.emit()

    @property
    def viewpoint(self) -> tuple[float, float, float]:
        """The map's x and y in the middle, and pixels per unit of the map: what `look` takes."""
        return self._centre.x(), self._centre.y(), self._scale

    def look(self, x: float, y: float, scale: float) -> None:
        """Shows this place in the middle, as large as that, as if somebody had zoomed and panned there."""
        self._centre, self._scale = QPointF(x, y), min(max(scale, FARTHEST), CLOSEST)
        self._moved()

    def _fitting(self, bounds: QRectF) -> float:
        """The scale at which all of `bounds` is just to be seen."""
        width, height = max(bounds.width(), 1e-6), max(bounds.height(), 1e-6)
        room = (1.0 - 2 * MARGIN) * min(max(self.width(), 1) / width, max(self.height(), 1) / height)
        return min(room, CLOSEST)

    def _within(self, scale: float) -> float:
        """The nearest scale that shows something; no farther off than the one in force, which nothing takes away."""
        if self._bounds is None:
            return min(max(scale, FARTHEST), CLOSEST)
        whole = self._fitting(self._bounds)
        closest = min(whole * max(IN_AT_LEAST, IN_PER_SIDE * math.sqrt(self._count)), CLOSEST)
        return min(max(scale, min(whole / OUT, self._scale)), max(closest, self._scale))

    def _keep_near(self) -> None:
        if self._bounds is not None:
            wide, high = BEYOND * self._bounds.width(), BEYOND * self._bounds.height()
            room = self._bounds.adjusted(-wide, -high, wide, high)
            x = min(max(self._centre.x(), room.left()), room.right())
            self._centre = QPointF(x, min(max(self._centre.y(), room.top()), room.bottom()))

    def _view(self) -> QTransform:
        """From the map to pixels."""
        scale = self._scale
        left = self.width() / 2 - self._centre.x() * scale
        return QTransform(scale, 0, 0, -scale, left, self.height() / 2 + self._centre.y() * scale)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.qcolor(theme.current().card))
        view = self._view()
        for layer in self.under:
            layer.draw(painter, view, self.size())
        if len(self.cloud):
            if self._drawn is None:
                self._drawn = self._draw_points(view, self.devicePixelRatioF())
            painter.drawImage(0, 0, self._drawn)
        for layer in self.over:
            layer.draw(painter, view, self.size())
        self.marks.draw(painter, view)
        painter.end()

    @contextmanager
    def finer(self, ratio: float) -> Iterator[None]:
        """Meanwhile the points are drawn with `ratio` pixels for each of the widget's: for a picture of the map."""
        before = self._drawn
        self._drawn = self._draw_points(self._view(), ratio) if len(self.cloud) else None
        try:
            yield
        finally:
            self._drawn = before

    def _draw_points(self, view: QTransform, ratio: float) -> QImage:
        image = self.cloud.draw(view, round(self.width() * ratio), round(self.height() * ratio), ratio)
        image.setDevicePixelRatio(ratio)
        return image

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.redraw()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:  # on another screen
            self.redraw()
        return super().event(event)

    # -- what the mouse does

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if notches:
            under = self.to_map(event.position())
            self._scale = self._within(self._scale * ZOOM_PER_NOTCH**notches)
            self._centre += under - self.to_map(event.position())
            self._moved()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (left and self._space):
            self._panning_from = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif left:
            self._press, self._dragging = event.position(), False
            self._tell(self.pressed, event)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._panning_from is not None:
            was, now = self.to_map(self._panning_from), self.to_map(event.position())
            self._centre += was - now
            self._panning_from = event.position()
            self._moved()
        elif self._press is not None:
            self._dragging |= (event.position() - self._press).manhattanLength() >= DRAG_STARTS
            if self._dragging:
                self._tell(self.dragged, event)
        else:
            place = self.to_map(event.position())
            self.hovered.emit(place.x(), place.y())
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._panning_from is not None:
            self._panning_from = None
            self.rest()
        elif self._press is not None and event.button() == Qt.MouseButton.LeftButton:
            self._press = None
            self._tell(self.released if self._dragging else self.clicked, event)
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = self.to_map(event.position())
        self.double_clicked.emit(place.x(), place.y())
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self.left.emit()
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._space |= event.key() == Qt.Key.Key_Space
        if event.key() == Qt.Key.Key_Space:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
            event.accept()
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self.rest()
        event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Space may be let go of elsewhere, and would pan for ever."""
        if self._space:
            self._space = False
            self.rest()
        super().focusOutEvent(event)

    def rest(self) -> None:
        """The cursor of the tool in hand."""
        self.setCursor(self.resting)

    def _tell(self, signal: object, event: QMouseEvent) -> None:
        self.modifiers = event.modifiers()
        place = self.to_map(event.position())
        snap = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        signal.emit(place.x(), place.y(), snap)  # type: ignore[attr-defined]

    def _moved(self) -> None:
        self._keep_near()
        self.fitted = False
        self.redraw()
        self.view_moved.emit()
