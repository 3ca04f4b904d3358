"""A row of small pictures that can be pressed, by mouse and by keyboard."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.picture import Pixels, fitted

GAP = 4


class Thumbnails(QWidget):
    """As many of the pictures as there is room for, each `side` pixels; `pressed(place)` counts from the left."""

    pressed = Signal(int)

    def __init__(self, side: int, name: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
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
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(4 * (self._side + GAP), self._side)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._side, self._side)

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
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and count:
            change = 1 if event.key() == Qt.Key.Key_Right else -1
            self._current = min(max(self._current + change, 0), count - 1)
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
        return QRectF(place * (self._side + GAP), 0, self._side, self._side)

    def _fitting(self) -> int:
        return max((self.width() + GAP) // (self._side + GAP), 1)

    def _at(self, position: QPoint) -> int | None:
        place = position.x() // (self._side + GAP)
        return place if 0 <= place < min(len(self._pictures), self._fitting()) else None
