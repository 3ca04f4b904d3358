"""Pictures in a row with a caption under each, of which one can be chosen by mouse or arrow keys."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip, QWidget

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.film import side_of
from latentlab.gui.widgets.picture import Pixels, fitted

GAP, BAR, CAPTION = 4, 3, 15  # pixels; the bar is drawn only where it has a colour
LEAST = 40  # pixels that a picture is wide at least; below it they scroll
STEPS: dict[int, int] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -1000, Qt.Key.Key_End: 1000}


class _Row(QWidget):
    """Paints the pictures at the side it was told."""

    pressed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.pixels: Pixels | None = None
        self.captions: list[str] = []
        self.words: list[str] = []
        self.colours: list[str] = []
        self.shown: list[int] = []
        self.marked: int | None = None
        self.side = LEAST
        self._drawn: dict[int, QPixmap] = {}
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setProperty("scrolled", True)

    def arrange(self, shown: list[int], side: int) -> None:
        self.shown, self.side, self._drawn = shown, side, {}
        self.setFixedSize(max(len(shown) * (side + GAP) - GAP, 1), side + GAP + BAR + CAPTION)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.pixels is None:
            return
        painter, colours = QPainter(self), theme.current()
        for at, place in enumerate(self.shown):
            left = at * (self.side + GAP)
            if place not in self._drawn:
                self._drawn[place] = fitted(self.pixels[place], self.side, self.side, self.devicePixelRatioF())
            drawn = self._drawn[place]
            size = drawn.deviceIndependentSize()
            painter.drawPixmap(round(left + (self.side - size.width()) / 2), 0, drawn)
            if self.colours:
                painter.fillRect(QRectF(left, self.side + 1, self.side, BAR), theme.qcolor(self.colours[place]))
            chosen = place == self.marked
            painter.setPen(theme.qcolor(colours.text if chosen else colours.muted))
            painter.setFont(theme.sans(theme.SMALL))
            room = QRect(left, self.side + BAR + 1, self.side, CAPTION)
            words = painter.fontMetrics().elidedText(self.captions[place], Qt.TextElideMode.ElideRight, self.side)
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, words)
            if chosen:
                painter.setPen(QPen(theme.qcolor(colours.accent), 2))
                painter.drawRect(QRectF(left + 1, 1, self.side - 2, self.side - 2))

    def at(self, position: QPoint) -> int | None:
        at = position.x() // (self.side + GAP)
        return self.shown[at] if 0 <= at < len(self.shown) else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and place is not None:
            self.pressed.emit(place)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self.at(event.pos())
            QToolTip.showText(event.globalPos(), "" if place is None else self.words[place], self)
            return True
        return super().event(event)


class CaptionedRow(QScrollArea):
    """As large as whole multiples allow. thins: where all would be small, every second one is shown instead."""

    chosen = Signal(int)

    def __init__(self, name: str, words: str, thins: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thins = thins
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if thins:
            self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._row = _Row()
        self._row.pressed.connect(self.chosen)
        self.setWidget(self._row)
        theme.changed.connect(self._row.update)

    @property
    def pixels(self) -> Pixels | None:
        """What there is to be seen, uint8 (T, C, H, W)."""
        return self._row.pixels

    @property
    def shown(self) -> list[int]:
        """Which of them are, from the left."""
        return list(self._row.shown)

    @property
    def marked(self) -> int | None:
        return self._row.marked

    def place_of(self, number: int) -> QPoint:
        """The middle of this picture, in pixels of what is scrolled."""
        at = self._row.shown.index(number)
        return QPoint(at * (self._row.side + GAP) + self._row.side // 2, self._row.side // 2)

    def set_pictures(
        self,
        pixels: Pixels | None,
        captions: Sequence[str] = (),
        words: Sequence[str] = (),
        colours: Sequence[str] = (),
    ) -> None:
        """words: their tooltips, the captions where there are none; colours: of a bar under each."""
        row = self._row
        row.pixels, row.captions, row.words = pixels, list(captions), list(words or captions)
        row.colours = list(colours)
        self._fit()

    def mark(self, place: int | None) -> None:
        """The one that is chosen; silent."""
        self._row.marked = place
        told = "" if place is None or place >= len(self._row.captions) else self._row.captions[place]
        self.setAccessibleDescription(told)
        self._row.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step, shown = STEPS.get(event.key()), self._row.shown
        if step is None or not shown:
            super().keyPressEvent(event)
            return
        marked = self._row.marked
        nearest = len(shown) // 2 if marked is None else int(np.argmin(np.abs(np.array(shown) - marked)))
        at = nearest if marked is None else min(max(nearest + step, 0), len(shown) - 1)
        self.ensureVisible(at * (self._row.side + GAP) + self._row.side // 2, 0, self._row.side, 0)
        self.chosen.emit(shown[at])

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self.viewport())
            painter.setPen(theme.qcolor(theme.current().accent))
            painter.drawLine(0, self.viewport().height() - 1, self.viewport().width(), self.viewport().height() - 1)

    def sizeHint(self) -> QSize:
        return QSize(5 * (56 + GAP), 56 + GAP + BAR + CAPTION)

    def minimumSizeHint(self) -> QSize:
        return QSize(2 * LEAST, LEAST + GAP + BAR + CAPTION)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        pixels = self._row.pixels
        if pixels is None or not len(pixels):
            self._row.arrange([], LEAST)
            return
        size, high = max(pixels.shape[2:]), max(self.height() - GAP - BAR - CAPTION, 8)
        everything = list(range(len(pixels)))
        plans = [everything[::every] for every in ((1, 2, 4) if self._thins else (1,))]
        sides = [side_of(size, self._across(len(plan)), high) for plan in plans]
        fitting = [at for at, plan in enumerate(plans) if sides[at] <= self._across(len(plan))]
        large = [at for at in fitting if sides[at] >= LEAST]
        best = large[0] if large else max(fitting or [len(plans) - 1], key=lambda at: sides[at])
        self._row.arrange(plans[best], sides[best])

    def _across(self, count: int) -> int:
        return (self.width() + GAP) // count - GAP
