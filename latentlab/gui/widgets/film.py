"""Frames in a row, a coloured bar under each, and a small picture below it; scrolls sideways where they are many."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip, QWidget

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.picture import Pixels, fitted

GAP, BAR, THUMB, SCROLL_BAR = 4, 3, 28, 10
LEAST_FILLED = 3  # pixels of a bar, whatever its level
LEAST = 40  # pixels that a frame is wide at least; below it they scroll


@dataclass(frozen=True, eq=False)
class Frame:
    """pixels and the small picture uint8 (C, H, W); the bar's colour, and the share of its length that has it; what the
    tooltip says."""

    pixels: Pixels
    bar: str
    below: Pixels | None = None
    words: str = ""
    level: float = 1.0


class _Row(QWidget):
    """Paints the frames at the side it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self.side = LEAST
        self.marked: int | None = None
        self._drawn: list[tuple[QPixmap, QPixmap | None]] = []
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def arrange(self, frames: list[Frame], side: int) -> None:
        self.frames, self.side, self._drawn = frames, side, []
        self.setFixedSize(max(len(frames) * (side + GAP) - GAP, 1), side + BAR + 2 * GAP + THUMB)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._drawn:
            self._drawn = [self._draw(frame) for frame in self.frames]
        for place, (frame, (picture, below)) in enumerate(zip(self.frames, self._drawn, strict=True)):
            left = place * (self.side + GAP)
            _centred(painter, picture, left, 0, self.side)
            filled = max(round(self.side * frame.level), LEAST_FILLED)
            painter.fillRect(QRectF(left, self.side + GAP - 1, self.side, BAR), theme.qcolor(theme.current().line))
            painter.fillRect(QRectF(left, self.side + GAP - 1, filled, BAR), theme.qcolor(frame.bar))
            if below is not None:
                _centred(painter, below, left, self.side + 2 * GAP + BAR - 1, self.side, THUMB)
            if place == self.marked:
                painter.setPen(QPen(theme.qcolor(theme.current().accent), 2))
                painter.drawRect(QRectF(left + 1, 1, self.side - 2, self.side - 2))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self.at(event.pos())
            QToolTip.showText(event.globalPos(), "" if place is None else self.frames[place].words, self)
            return True
        return super().event(event)

    def at(self, position: QPoint) -> int | None:
        place = position.x() // (self.side + GAP)
        return place if 0 <= place < len(self.frames) else None

    def _draw(self, frame: Frame) -> tuple[QPixmap, QPixmap | None]:
        ratio = self.devicePixelRatioF()
        below = None if frame.below is None else fitted(frame.below, THUMB, THUMB, ratio)
        return fitted(frame.pixels, self.side, self.side, ratio), below


class Film(QScrollArea):
    """Frames as large as their whole multiples allow in the room there is."""

    def __init__(self, name: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._row = _Row()
        self.setWidget(self._row)
        self._row.setProperty("scrolled", True)

    @property
    def frames(self) -> list[Frame]:
        """What is shown, from the left."""
        return self._row.frames

    def set_frames(self, frames: Sequence[Frame]) -> None:
        """Other frames; the mark goes."""
        self._row.marked = None
        self._fit(list(frames))

    def mark(self, place: int | None) -> None:
        """The frame that an animation is at."""
        self._row.marked = place
        self._row.update()

    def sizeHint(self) -> QSize:
        return QSize(9 * (56 + GAP), 56 + BAR + 2 * GAP + THUMB)

    def minimumSizeHint(self) -> QSize:
        return QSize(2 * LEAST, LEAST + BAR + 2 * GAP + THUMB)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit(self._row.frames)

    def _fit(self, frames: list[Frame]) -> None:
        if not frames:
            self._row.arrange([], LEAST)
            return
        across = (self.width() + GAP) // len(frames) - GAP
        high = max(self.height() - BAR - 2 * GAP - THUMB, 8)
        self._row.arrange(frames, side_of(max(frames[0].pixels.shape[1:]), across, high))


def side_of(size: int, across: int, high: int) -> int:
    """How large a frame of `size` pixels is drawn where across x high would let all of them be seen.

    A whole multiple of its size; where that would be too small to see they scroll, in what a scroll bar leaves.
    """
    fitting = min(across, high) // size * size
    if fitting >= LEAST:
        return fitting
    high -= SCROLL_BAR
    return min(-(-LEAST // size), high // size) * size if high >= size else size // -(-size // max(high, 1))


def _centred(painter: QPainter, picture: QPixmap, left: float, top: float, width: float, height: float = 0) -> None:
    """The picture in the middle of width x height (a square where no height is given), on whole pixels."""
    size = picture.deviceIndependentSize()
    x = left + (width - size.width()) / 2
    y = top + ((height or width) - size.height()) / 2
    painter.drawPixmap(round(x), round(y), picture)
