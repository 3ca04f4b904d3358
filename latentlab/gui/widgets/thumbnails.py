"""Small pictures in a row, or in several, that can be pressed, by mouse and by keyboard."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
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
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.picture import Pixels, fitted

GAP = 4


class Thumbnails(QWidget):
    """As many of the pictures as there is room for, each `side` pixels; `pressed(place)` counts from the left.

    wraps: all of them, in as many rows as they take.
    """

    pressed = Signal(int)

    def __init__(self, side: int, name: str, words: str, parent: QWidget | None = None, wraps: bool = False) -> None:
        super().__init__(parent)
        self._side = side
        self._wraps = wraps
        self._pictures: list[Pixels] = []
        self._words: list[str] = []
        self._drawn: list[QPixmap] = []
        self._ratio = 0.0
        self._current = 0
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def pictures(self) -> list[Pixels]:
        """What is shown, from the left."""
        return self._pictures

    def set_pictures(self, pictures: Sequence[Pixels], words: Sequence[str]) -> None:
        """Pictures uint8 (C, H, W), and what the tooltip of each one says."""
        self._pictures, self._words = list(pictures), list(words)
        self._ratio = 0.0
        self._current = min(self._current, max(len(self._pictures) - 1, 0))
        self.setAccessibleDescription(", ".join(self._words))
        self.setCursor(Qt.CursorShape.PointingHandCursor if self._pictures else Qt.CursorShape.ArrowCursor)
        self._take_room()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(4 * (self._side + GAP), self._side)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._take_room()

    def _take_room(self) -> None:
        """Pictures that wrap need a height of their own."""
        if self._wraps:
            rows = max(-(-len(self._pictures) // self._columns()), 1)
            self.setFixedHeight(rows * (self._side + GAP) - GAP)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        if ratio != self._ratio:
            self._ratio = ratio
            self._drawn = [fitted(picture, self._side, self._side, ratio) for picture in self._pictures]
        for place, picture in enumerate(self._drawn[: self._fitting()]):
            size = picture.deviceIndependentSize()
            where = self._where(place)
            painter.drawPixmap(round(where.x()), round(where.y() + self._side - size.height()), picture)
            if self.hasFocus() and place == self._current:
                painter.setPen(QPen(theme.qcolor(theme.current().accent), 2))
                painter.drawRect(where.adjusted(1, 1, -1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position().toPoint())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self._current = place
            self.pressed.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = min(len(self._pictures), self._fitting())
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if self._wraps:
            steps |= {Qt.Key.Key_Up: -self._columns(), Qt.Key.Key_Down: self._columns()}
        if event.key() in steps and count:
            self._current = min(max(self._current + steps[Qt.Key(event.key())], 0), count - 1)
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and count:
            self.pressed.emit(self._current)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._at(event.pos())
            QToolTip.showText(event.globalPos(), "" if place is None else self._words[place], self)
            return True
        return super().event(event)

    def _where(self, place: int) -> QRectF:
        row, column = divmod(place, self._columns()) if self._wraps else (0, place)
        return QRectF(column * (self._side + GAP), row * (self._side + GAP), self._side, self._side)

    def _columns(self) -> int:
        return max((self.width() + GAP) // (self._side + GAP), 1)

    def _fitting(self) -> int:
        return len(self._pictures) if self._wraps else self._columns()

    def _at(self, position: QPoint) -> int | None:
        row, column = position.y() // (self._side + GAP), position.x() // (self._side + GAP)
        if not 0 <= column < self._columns() or row < 0:
            return None
        place = row * self._columns() + column
        return place if 0 <= place < min(len(self._pictures), self._fitting()) else None
