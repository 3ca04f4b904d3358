"""Intervals side by side, each before a band that it is compared with: posteriors of dimensions beside their prior."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.bars import round_steps

AXIS, FOOT, TOP = 26, 16, 4  # pixels left of the columns, below and above them
NARROWEST, WIDEST = 6, 30  # pixels of a column
LEAST_REACH = 1.5  # the axis goes at least so far from 0


@dataclass(frozen=True)
class Interval:
    """middle ± half, before the band band_middle ± band_half. faint: it does not count. tip: in words."""

    key: int
    name: str
    middle: float
    half: float
    band_middle: float
    band_half: float
    faint: bool
    tip: str


class Intervals(QWidget):
    """The first of the intervals that there is room for. `chosen(key)`: one was pressed, or by Return; `pointed(key)`:
    another is current."""

    chosen = Signal(int)
    pointed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intervals: tuple[Interval, ...] = ()
        self._current = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        theme.changed.connect(self.update)

    def set_intervals(self, intervals: Sequence[Interval]) -> None:
        if tuple(intervals) != self._intervals:
            self._intervals = tuple(intervals)
            self._current = min(self._current, max(len(self._intervals) - 1, 0))
            self.setAccessibleDescription("; ".join(each.tip for each in self._intervals[:8]))
            self.update()

    @property
    def current(self) -> Interval | None:
        return self._intervals[self._current] if self._intervals else None

    def fitting(self) -> int:
        """How many of the intervals are seen."""
        return min(len(self._intervals), max(int((self.width() - AXIS) / NARROWEST), 1))

    def sizeHint(self) -> QSize:
        return QSize(240, 112)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 80)

    # -- by mouse and keyboard

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._at(event.position()) is not None:
            self._point(self._at(event.position()))
            self.chosen.emit(self._intervals[self._current].key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() in steps and self._intervals:
            self._point(min(max(self._current + steps[Qt.Key(event.key())], 0), self.fitting() - 1))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._intervals:
            self.chosen.emit(self._intervals[self._current].key)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), "" if place is None else self._intervals[place].tip, self)
            return True
        return super().event(event)

    def _point(self, place: int | None) -> None:
        if place is not None and place != self._current:
            self._current = place
            self.update()
            self.pointed.emit(self._intervals[place].key)

    def _at(self, position: QPointF) -> int | None:
        width = self._column()
        place = int((position.x() - AXIS) / width) if width else -1
        return place if position.x() >= AXIS and 0 <= place < self.fitting() else None

    # -- painting

    def _column(self) -> float:
        return min((self.width() - AXIS) / self.fitting(), WIDEST) if self._intervals else 0.0

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme.mono(theme.SMALL))
        seen = self._intervals[: self.fitting()]
        reach = max(
            [LEAST_REACH, *(max(abs(one.middle) + one.half, abs(one.band_middle) + one.band_half) for one in seen)]
        )
        for place, one in enumerate(seen):
            self._paint_band(painter, place, one, reach)
        self._paint_axis(painter, reach)
        for place, one in enumerate(seen):
            self._paint_interval(painter, place, one, reach)

    def _paint_axis(self, painter: QPainter, reach: float) -> None:
        colours = theme.current()
        for tick in round_steps(-reach, reach, 4):
            y = round(self._y(tick, reach)) + 0.5
            painter.setPen(QPen(theme.qcolor(colours.muted if abs(tick) < 1e-9 else colours.line), 1))
            painter.drawLine(QPointF(AXIS, y), QPointF(self.width(), y))
            painter.setPen(theme.qcolor(colours.muted))
            where = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - 8, AXIS - 5, 16), where, f"{tick:g}" if abs(tick) > 1e-9 else "0")

    def _paint_band(self, painter: QPainter, place: int, one: Interval, reach: float) -> None:
        top, bottom = (self._y(one.band_middle + sign * one.band_half, reach) for sign in (1, -1))
        left, width = AXIS + place * self._column(), self._column()
        painter.fillRect(QRectF(left, top, width, bottom - top), theme.qcolor(theme.current().control))
        if place == self._current and self.hasFocus():
            painter.setPen(QPen(theme.qcolor(theme.current().accent), 1))
            painter.drawRect(QRectF(round(left) + 0.5, 0.5, round(width) - 1, self.height() - 1))

    def _paint_interval(self, painter: QPainter, place: int, one: Interval, reach: float) -> None:
        colours, width = theme.current(), self._column()
        middle = AXIS + (place + 0.5) * width
        thick = 4 if width >= 12 else 2
        top, bottom = (self._y(one.middle + sign * one.half, reach) for sign in (1, -1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        colour = theme.qcolor(colours.muted if one.faint else colours.unusual)
        painter.fillRect(QRectF(round(middle - thick / 2), top, thick, max(bottom - top, 1)), colour)
        wide = min(thick + 4, width - 1)
        y = self._y(one.middle, reach)
        painter.fillRect(QRectF(round(middle - wide / 2), round(y - 1), wide, 2), theme.qcolor(colours.text))
        if width >= 22 or (place == self._current and self.hasFocus()):
            painter.setPen(theme.qcolor(colours.muted))
            name = QRectF(middle - 20, self.height() - FOOT + 2, 40, FOOT - 2)
            painter.drawText(name, Qt.AlignmentFlag.AlignCenter, one.name)

    def _y(self, value: float, reach: float) -> float:
        return TOP + (self.height() - FOOT - TOP) * (reach - value) / (2 * reach)
