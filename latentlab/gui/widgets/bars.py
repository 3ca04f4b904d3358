"""Bars side by side, drawn by ourselves: a value each, its name below where there is room, more under the mouse."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from latentlab.gui.widgets import theme

AXIS, FOOT, TOP = 34, 18, 8  # pixels left of the bars, below and above them
WIDEST = 44  # pixels of a bar
LEAST = 2  # pixels of height, so that a bar of 0 is still seen to be there


@dataclass(frozen=True)
class Bar:
    """One bar. `faint`: drawn as something that does not count."""

    name: str
    value: float
    faint: bool
    tip: str


def round_steps(low: float, high: float, at_most: int) -> list[float]:
    """The multiples of 1, 2 or 5 times a power of ten between `low` and `high`: at most so many steps of them."""
    if not high > low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / at_most))
    step = next(power * factor for factor in (1, 2, 5, 10) if (high - low) / (power * factor) <= at_most)
    return [number * step for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


class Bars(QWidget):
    """The bars, on an axis from 0 to the largest value, and to `least_top` at least: next to nothing looks so."""

    def __init__(self, least_top: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least_top = least_top
        self._bars: tuple[Bar, ...] = ()
        theme.changed.connect(self.update)

    def set_bars(self, bars: Sequence[Bar]) -> None:
        if tuple(bars) != self._bars:
            self._bars = tuple(bars)
            self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 70)

    def bar_at(self, position: QPointF) -> Bar | None:
        """The bar in whose column the position lies."""
        width = self._column()
        number = int((position.x() - AXIS) / width) if width else -1
        return self._bars[number] if position.x() >= AXIS and 0 <= number < len(self._bars) else None

    def _column(self) -> float:
        return min((self.width() - AXIS) / len(self._bars), WIDEST + 8) if self._bars else 0.0

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            bar = self.bar_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), bar.tip if bar else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme.mono(theme.SMALL))
        top = max([self._least_top, *(bar.value for bar in self._bars)])
        self._paint_axis(painter, top)
        self._paint_bars(painter, top)

    def _paint_axis(self, painter: QPainter, top: float) -> None:
        colours = theme.current()
        for tick in round_steps(0.0, top, max(int((self.height() - FOOT - TOP) / 28), 1)):
            y = round(self._y(tick, top)) + 0.5
            painter.setPen(QPen(theme.qcolor(colours.line), 1))
            painter.drawLine(QPointF(AXIS, y), QPointF(self.width(), y))
            painter.setPen(theme.qcolor(colours.muted))
            where = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - 8, AXIS - 6, 16), where, f"{tick:g}" if tick else "0")

    def _paint_bars(self, painter: QPainter, top: float) -> None:
        colours = theme.current()
        width, metrics = self._column(), QFontMetrics(painter.font())
        named = bool(self._bars) and max(metrics.horizontalAdvance(bar.name) for bar in self._bars) + 4 <= width
        gap = 8 if width >= 20 else 2 if width >= 5 else 0
        for number, bar in enumerate(self._bars):
            left, y = AXIS + number * width, min(self._y(bar.value, top), self.height() - FOOT - LEAST)
            box = QRectF(round(left + gap / 2), y, max(round(width - gap), 1), self.height() - FOOT - y)
            painter.fillRect(box, theme.qcolor(colours.muted if bar.faint else colours.unusual))
            if named:
                painter.setPen(theme.qcolor(colours.muted))
                name = QRectF(left, self.height() - FOOT + 2, width, FOOT - 2)
                painter.drawText(name, Qt.AlignmentFlag.AlignCenter, bar.name)

    def _y(self, value: float, top: float) -> float:
        return TOP + (self.height() - FOOT - TOP) * (1 - max(value, 0.0) / top)
