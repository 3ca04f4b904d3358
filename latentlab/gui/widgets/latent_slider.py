"""A slider over one latent dimension: the data's histogram behind the track, the accent as its thumb.

It is a QSlider in thousandths, so that the keyboard, focus and screen readers know it; only looks and mouse are ours.
"""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QSlider, QWidget

from latentlab.gui.widgets import theme

TICK = 0.001  # the slider's integer unit, where no value is beyond LARGEST_TICKS of them
LARGEST_TICKS = 1e9  # Qt counts in 32 bits, and a model whose variance has run away encodes to anything
STEPS = 60  # keyboard and wheel steps over the whole range
FINE = 0.1  # what Shift makes of a movement
RADIUS = 6.0
BINS = 40
ARROWS: dict[int, int] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Down: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: 1}


class LatentSlider(QSlider):
    """Shows a value on [low, high]; `moved(float)` where the person moved it, `reset()` after a double click."""

    moved = Signal(float)
    reset = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setObjectName(name)
        self.setAccessibleName(f"Latent dimension {name}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self._heights: NDArray[np.float64] = np.zeros(0)
        self._tick = TICK
        self._anchor = (0.0, 0.0, False)  # pixel and value that a drag is counted from, and whether it is fine
        self.set_range(-3.0, 3.0)
        self.valueChanged.connect(lambda ticks: self.moved.emit(ticks * self._tick))

    @property
    def shown(self) -> float:
        """The value under the thumb."""
        return self.value() * self._tick

    def set_range(self, low: float, high: float) -> None:
        """The ends of the track. The thumb is not reported as moved."""
        blocked = self.blockSignals(True)
        self._tick = max(TICK, max(abs(low), abs(high)) / LARGEST_TICKS)
        self.setRange(round(low / self._tick), round(high / self._tick))
        self.setSingleStep(max(round((high - low) / STEPS / self._tick), 1))
        self.setPageStep(self.singleStep() * 10)
        self.blockSignals(blocked)
        self.update()

    def set_values(self, values: NDArray[np.floating]) -> None:
        """The data (N,) whose histogram lies behind the track."""
        low, high = self.minimum() * self._tick, self.maximum() * self._tick
        counts = np.histogram(values, BINS, (low, high))[0].astype(np.float64)
        self._heights = counts / max(counts.max(), 1.0)
        self.update()

    def show_value(self, value: float) -> None:
        """Put the thumb there, at an end of the track where it lies beyond; silent."""
        blocked = self.blockSignals(True)
        ticks = min(max(value / self._tick, float(self.minimum())), float(self.maximum()))
        self.setValue(round(ticks))
        self.blockSignals(blocked)
        self.setAccessibleDescription(f"{value:+.2f}")
        self.update()

    # -- moving it

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self.setSliderDown(True)
        position = event.position().x()
        if abs(position - self._place(self.value())) > RADIUS + 2:
            self.setValue(self._ticks(position))
        self._anchor = (position, float(self.value()), _fine(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self.isSliderDown():
            return
        position, fine = event.position().x(), _fine(event)
        if fine != self._anchor[2]:
            self._anchor = (position, float(self.value()), fine)
        start, value, _ = self._anchor
        per_pixel = (self.maximum() - self.minimum()) / self._length()
        self.setValue(round(value + (position - start) * per_pixel * (FINE if fine else 1.0)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.reset.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y() or event.angleDelta().x()  # Alt, or Shift on macOS, turns it sideways
        self._step(turned / 120.0, _fine(event))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = ARROWS.get(event.key())
        if steps is not None and _fine(event):
            self._step(steps, fine=True)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.reset.emit()
        else:
            super().keyPressEvent(event)

    def _step(self, steps: float, fine: bool) -> None:
        change = steps * self.singleStep() * (FINE if fine else 1.0)
        self.setValue(self.value() + (round(change) or (1 if change > 0 else -1)))

    # -- drawing it

    def sizeHint(self) -> QSize:
        return QSize(160, 26)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, 26)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.current()
        painter = QPainter(self)
        base = self.height() - 5.0
        self._paint_histogram(painter, base)
        painter.fillRect(QRectF(RADIUS, base, self._length(), 1), theme.qcolor(colours.line))
        if self.minimum() < 0 < self.maximum():
            painter.fillRect(QRectF(round(self._place(0)), base, 1, 3), theme.qcolor(colours.muted))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre = QPointF(self._place(self.value()), base - 7.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.qcolor(colours.accent if self.isEnabled() else colours.muted))
        painter.drawEllipse(centre, RADIUS, RADIUS)
        if self.hasFocus():
            painter.setPen(QPen(theme.qcolor(colours.text), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(centre, RADIUS + 1.25, RADIUS + 1.25)

    def _paint_histogram(self, painter: QPainter, base: float) -> None:
        if not len(self._heights):
            return
        tallest = base - 3.0
        width = self._length() / len(self._heights)
        colour = theme.qcolor(theme.current().line)
        for place, share in enumerate(self._heights):
            if share > 0:
                height = max(share * tallest, 1.0)
                painter.fillRect(QRectF(RADIUS + place * width, base - height, max(width - 1, 1), height), colour)

    def _length(self) -> float:
        return max(self.width() - 2 * RADIUS, 1.0)

    def _place(self, ticks: int) -> float:
        span = max(self.maximum() - self.minimum(), 1)
        return RADIUS + (ticks - self.minimum()) / span * self._length()

    def _ticks(self, position: float) -> int:
        share = (position - RADIUS) / self._length()
        return round(self.minimum() + share * (self.maximum() - self.minimum()))


def _fine(event: QMouseEvent | QWheelEvent | QKeyEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
