"""Frames in a row, each in a border of a colour, and a small picture below it; scrolls sideways where they are many."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip, QWidget

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.named import wrapped
from latentlab.gui.widgets.picture import Pixels, fitted

BORDER, BAR = 1, 3  # pixels about a frame, and below it
GAP, CLOSEST = 6, 1  # pixels between two frames, and where all are to be seen at once
BELOW, THUMB = 4, 28  # pixels between a frame's bar and what is below it; its side where there is little room
SCROLL_BAR = 10
LEAST_FILLED = 3  # pixels of a bar, whatever its level
LEAST, THIN = 32, 24  # pixels that a frame is wide at least, and in a thin row; below it they scroll


@dataclass(frozen=True, eq=False)
class Frame:
    """pixels and the small picture uint8 (C, H, W); the border's colour, and the share of the bar that has it; what the
    tooltip says; a letter in its corner."""

    pixels: Pixels
    bar: str
    below: Pixels | None = None
    words: str = ""
    level: float = 1.0
    letter: str = ""


class _Row(QWidget):
    """Paints the frames at the side it was told, and says which one was pressed."""

    pressed = Signal(int, bool)  # a frame, and whether it was the small picture below it
    menu_asked = Signal(int, QPoint)  # a frame, and a place of the screen

    def __init__(self, below: bool) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self.side, self.gap, self.thumb = LEAST, GAP, THUMB
        self.marked: int | None = None
        self._below, self._ringed = below, False
        self._drawn: list[tuple[QPixmap, QPixmap | None]] = []
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def step(self) -> int:
        """Pixels from one frame to the next."""
        return self.side + 2 * BORDER + self.gap

    @property
    def high(self) -> int:
        """Pixels of a frame with its border and bar."""
        return self.side + BORDER + BAR

    def arrange(self, frames: list[Frame], side: int, gap: int, thumb: int) -> None:
        self.frames, self.side, self.gap, self.thumb, self._drawn = frames, side, gap, thumb, []
        height = self.high + (BELOW + thumb if self._below else 0)
        self.setFixedSize(max(len(frames) * self.step - gap, 1), height)
        self.update()

    def set_ringed(self, ringed: bool) -> None:
        """The keys are with it."""
        self._ringed = ringed
        self.update()

    def cell(self, place: int) -> QRect:
        """Of a frame with its border and bar."""
        return QRect(place * self.step, 0, self.side + 2 * BORDER, self.high)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._drawn:
            self._drawn = [self._draw(frame) for frame in self.frames]
        for place, (frame, (picture, below)) in enumerate(zip(self.frames, self._drawn, strict=True)):
            cell = self.cell(place)
            self._paint_frame(painter, cell, frame, picture)
            if below is not None:
                _centred(painter, below, cell.left(), self.high + BELOW, cell.width(), self.thumb)
            if place == self.marked:
                width = 3 if self._ringed else 2
                painter.setPen(QPen(theme.qcolor(theme.current().accent), width))
                painter.drawRect(QRectF(cell).adjusted(width / 2, width / 2, -width / 2, -width / 2))

    def _paint_frame(self, painter: QPainter, cell: QRect, frame: Frame, picture: QPixmap) -> None:
        colour, line = theme.qcolor(frame.bar), theme.qcolor(theme.current().line)
        painter.fillRect(cell.adjusted(0, 0, 0, BORDER - BAR), colour)
        painter.fillRect(cell.adjusted(BORDER, BORDER, -BORDER, -BAR), theme.qcolor(theme.current().card))
        _centred(painter, picture, cell.left() + BORDER, BORDER, self.side)
        bar = QRect(cell.left(), self.side + BORDER, cell.width(), BAR)
        painter.fillRect(bar, line)
        bar.setWidth(max(round(cell.width() * frame.level), LEAST_FILLED))
        painter.fillRect(bar, colour)
        if frame.letter:
            _letter(painter, cell, frame.letter)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self.at(event.pos())
            QToolTip.showText(event.globalPos(), "" if place is None else wrapped(self.frames[place].words), self)
            return True
        return super().event(event)

    def at(self, position: QPoint) -> int | None:
        place = position.x() // self.step
        return place if 0 <= place < len(self.frames) else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and place is not None:
            self.pressed.emit(place, event.position().y() > self.high)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = self.at(event.pos())
        if place is not None:
            self.menu_asked.emit(place, event.globalPos())

    def _draw(self, frame: Frame) -> tuple[QPixmap, QPixmap | None]:
        ratio = self.devicePixelRatioF()
        shown = self._below and frame.below is not None
        below = fitted(frame.below, self.thumb, self.thumb, ratio) if shown and frame.below is not None else None
        return fitted(frame.pixels, self.side, self.side, ratio), below


class Film(QScrollArea):
    """Frames as large as their whole multiples allow in the room there is; one of them can be marked.

    A press, or Left and Right, choose a frame; a press on the small picture below chooses that.
    """

    chosen = Signal(int)
    below_chosen = Signal(int)
    menu_asked = Signal(int, QPoint)

    def __init__(self, name: str, words: str, parent: QWidget | None = None, below: bool = True) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._below, self._least = below, LEAST if below else THIN
        self._row = _Row(below)
        self.setWidget(self._row)
        self._row.setProperty("scrolled", True)
        self._row.pressed.connect(self._on_pressed)
        self._row.menu_asked.connect(self.menu_asked)

    @property
    def frames(self) -> list[Frame]:
        """What is shown, from the left."""
        return self._row.frames

    @property
    def marked(self) -> int | None:
        return self._row.marked

    def set_frames(self, frames: Sequence[Frame]) -> None:
        """Other frames; the mark stays where there is still a frame."""
        if self._row.marked is not None and self._row.marked >= len(frames):
            self._row.marked = None
        self._fit(list(frames))

    def mark(self, place: int | None) -> None:
        """The frame that an animation is at, or that was chosen."""
        if place != self._row.marked:
            self._row.marked = place
            self._row.update()
            if place is not None:
                cell = self._row.cell(place)
                self.ensureVisible(cell.center().x(), 0, cell.width() // 2 + 1, 0)

    def sizeHint(self) -> QSize:
        return QSize(9 * (56 + GAP), 56 + BORDER + BAR + BELOW + THUMB)

    def minimumSizeHint(self) -> QSize:
        below = BELOW + THUMB if self._below else 0
        return QSize(2 * self._least, self._least + BORDER + BAR + below)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit(self._row.frames)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or event.modifiers() or not self.frames:
            super().keyPressEvent(event)
            return
        last = len(self.frames) - 1
        self.chosen.emit(0 if self.marked is None else min(max(self.marked + step, 0), last))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._row.set_ringed(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._row.set_ringed(False)

    def _on_pressed(self, place: int, below: bool) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if below and self._below:
            self.below_chosen.emit(place)
        else:
            self.chosen.emit(place)

    def _fit(self, frames: list[Frame]) -> None:
        if not frames:
            self._row.arrange([], LEAST, GAP, THUMB)
            return
        across = (self.width() + CLOSEST) // len(frames) - CLOSEST - 2 * BORDER
        around = BORDER + BAR
        high = max(self.height() - around - (BELOW + THUMB if self._below else 0), 8)
        side = side_of(max(frames[0].pixels.shape[1:]), across, high, self._least)
        spare = self.width() - len(frames) * (side + 2 * BORDER)
        gap = min(max(spare // max(len(frames) - 1, 1), CLOSEST), GAP)
        left = self.height() - side - around - BELOW - (SCROLL_BAR if spare < 0 else 0)
        self._row.arrange(frames, side, gap, max(min(left, side), THUMB))


def side_of(size: int, across: int, high: int, least: int = LEAST) -> int:
    """How large a frame of `size` pixels is drawn where across x high would let all of them be seen.

    A whole multiple of its size; where that would be smaller than `least` they scroll, in what a scroll bar leaves.
    """
    fitting = min(across, high) // size * size
    if fitting >= least:
        return fitting
    high -= SCROLL_BAR
    return min(-(-least // size), high // size) * size if high >= size else size // -(-size // max(high, 1))


def _letter(painter: QPainter, cell: QRect, letter: str) -> None:
    """In the corner, on a ground of its own: the picture below may be of any colour."""
    painter.save()
    painter.setFont(theme.sans(theme.SMALL))
    ground = QRectF(cell.left(), cell.top(), 13, 14)
    painter.fillRect(ground, QColor(theme.current().card))
    painter.setPen(theme.qcolor(theme.current().text))
    painter.drawText(ground, Qt.AlignmentFlag.AlignCenter, letter)
    painter.restore()


def _centred(painter: QPainter, picture: QPixmap, left: float, top: float, width: float, height: float = 0) -> None:
    """The picture in the middle of width x height (a square where no height is given), on whole pixels."""
    size = picture.deviceIndependentSize()
    x = left + (width - size.width()) / 2
    y = top + ((height or width) - size.height()) / 2
    painter.drawPixmap(QPointF(round(x), round(y)), picture)
