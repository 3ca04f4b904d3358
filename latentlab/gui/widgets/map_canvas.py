"""The surface of the map: zoom at the cursor, pan, and what the mouse does there, in coordinates of the map."""

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from latentlab.gui.widgets import theme

ZOOM_PER_NOTCH = 1.2
DRAG_STARTS = 4  # pixels
MARGIN = 0.06  # around the points when all of them are shown


class MapCanvas(pg.GraphicsView):
    """Wheel zooms at the cursor; middle drag or Space-drag pans; double click asks to fit. The rest is reported."""

    pressed = Signal(float, float, bool)  # x, y; True: Shift is held
    dragged = Signal(float, float, bool)
    clicked = Signal(float, float, bool)  # pressed and released without a drag
    double_clicked = Signal(float, float)
    hovered = Signal(float, float)
    left = Signal()
    view_moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=None)
        self.setObjectName("map_canvas")
        self.setAccessibleName("Map of the encoded images")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box = pg.ViewBox(enableMenu=False, lockAspect=True)
        self.box.setMouseEnabled(False, False)
        self.setCentralItem(self.box)
        self.setMouseTracking(True)
        self._press: QPointF | None = None
        self._dragging = False
        self._panning_from: QPointF | None = None
        self._space = False
        self.fitted = True  # nobody has zoomed or panned since all was last shown
        theme.changed.connect(self._dress)
        self._dress()

    @property
    def dragging(self) -> bool:
        """The left button is held, to move through what the map shows."""
        return self._press is not None

    def add(self, item: pg.GraphicsObject) -> None:
        self.box.addItem(item, ignoreBounds=True)

    def to_map(self, point: QPointF) -> QPointF:
        return self.box.mapSceneToView(self.mapToScene(point.toPoint()))

    def to_pixels(self, x: float, y: float) -> QPointF:
        """Where a place of the map is on the widget."""
        return QPointF(self.mapFromScene(self.box.mapViewToScene(QPointF(x, y))))

    def pixel_size(self) -> float:
        """One pixel in units of the map."""
        return float(self.box.viewPixelSize()[0]) or 1.0

    def fit(self, bounds: QRectF) -> None:
        """Shows all of `bounds`."""
        if bounds.width() > 0 or bounds.height() > 0:
            self.box.setRange(bounds, padding=MARGIN)
        self.fitted = True
        self.view_moved.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if notches:
            centre = self.to_map(event.position())
            self.box.scaleBy((ZOOM_PER_NOTCH**-notches,) * 2, center=centre)
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
            self.box.translateBy(x=was.x() - now.x(), y=was.y() - now.y())
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
            self.unsetCursor()
        elif self._press is not None and event.button() == Qt.MouseButton.LeftButton:
            self._press = None
            if not self._dragging:
                self._tell(self.clicked, event)
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
            self.unsetCursor()
        event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Space may be let go of elsewhere, and would pan for ever."""
        if self._space:
            self._space = False
            self.unsetCursor()
        super().focusOutEvent(event)

    def _tell(self, signal: object, event: QMouseEvent) -> None:
        place = self.to_map(event.position())
        snap = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        signal.emit(place.x(), place.y(), snap)  # type: ignore[attr-defined]

    def _moved(self) -> None:
        self.fitted = False
        self.view_moved.emit()

    def _dress(self) -> None:
        self.setBackground(theme.current().card)
