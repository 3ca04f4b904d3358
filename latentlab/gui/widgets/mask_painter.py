"""A picture, enlarged, on which a mask is painted with a brush or as rectangles, by mouse or by keyboard."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.picture import Pixels, fitted, paint_empty, whole_multiple

Tool = Literal["brush", "rectangle"]
PRESETS = ("nothing", "left half", "right half", "top half", "bottom half", "a quarter", "the middle")
BRUSH = 1 / 14  # its radius, of the picture's shorter side
COVER = 150  # opacity of the mask, of 255


def preset(name: str, height: int, width: int) -> NDArray[np.bool_]:
    """(height, width), true where it is masked. Raises ValueError for a name that is not of PRESETS."""
    mask = np.zeros((height, width), np.bool_)
    middle, centre = height // 2, width // 2
    match name:
        case "nothing":
            pass
        case "left half":
            mask[:, :centre] = True
        case "right half":
            mask[:, centre:] = True
        case "top half":
            mask[:middle] = True
        case "bottom half":
            mask[middle:] = True
        case "a quarter":
            mask[middle:, centre:] = True
        case "the middle":
            mask[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
        case _:
            raise ValueError(f"there is no mask called {name}; there are: {', '.join(PRESETS)}")
    return mask


class MaskPainter(QWidget):
    """Drag masks, with Ctrl or the right button it uncovers. Arrow keys move a cursor; Space masks there, Delete
    uncovers. `masked`: the mask is another; read it from `covered` (H, W)."""

    masked = Signal()

    def __init__(self, side: int, name: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self._pixels: Pixels | None = None
        self._size = (1, 1)
        self.covered = np.zeros(self._size, np.bool_)
        self.tool: Tool = "brush"
        self._cursor = (0, 0)  # row, column
        self._last: tuple[int, int] | None = None  # where the drag was last
        self._corner: tuple[int, int] | None = None  # where a rectangle was begun
        self._before = self.covered
        self._covers = True
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        theme.changed.connect(self.update)
        self.expect((1, 1))

    @property
    def pixels(self) -> Pixels | None:
        return self._pixels

    def set_pixels(self, pixels: Pixels | None) -> None:
        """Another picture (C, H, W); the mask stays where it is of the same size."""
        self._pixels = pixels
        if pixels is not None:
            self.expect(pixels.shape[1:])
        self.update()

    def expect(self, size: tuple[int, int]) -> None:
        """Take the room that pictures of (H, W) pixels need."""
        if size != self._size:
            self._size, self._cursor = size, (size[0] // 2, size[1] // 2)
            self.covered = np.zeros(size, np.bool_)
            self.masked.emit()
        scale = self._scale()
        self.setFixedSize(QSize(round(size[1] * scale), round(size[0] * scale)))

    def set_side(self, side: int) -> None:
        """As large as fits into a square of `side` from now on."""
        self._side = side
        self.expect(self._size)
        self.update()

    def cover(self, mask: NDArray[np.bool_]) -> None:
        """(H, W), true where it is masked."""
        assert mask.shape == self._size, "a mask is of the picture's size"
        self.covered = mask
        self.update()
        self.masked.emit()

    def _scale(self) -> float:
        ratio = self.devicePixelRatioF()
        return whole_multiple(self._size, self._side * ratio, self._side * ratio) / ratio

    # -- the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._pixels is None or event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            return
        uncovers = event.button() == Qt.MouseButton.RightButton
        self._covers = not (uncovers or event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        self._before, self._last = self.covered, self._at(event.position())
        self._corner = self._last if self.tool == "rectangle" else None
        self._draw(self._last)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is not None:
            self._draw(self._at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._last = self._corner = None

    def _draw(self, to: tuple[int, int]) -> None:
        assert self._last is not None
        if self._corner is not None:
            (top, bottom), (left, right) = (sorted(pair) for pair in zip(self._corner, to, strict=True))
            mask = self._before.copy()
            mask[top : bottom + 1, left : right + 1] = self._covers
        else:
            mask = self.covered.copy()
            steps = max(abs(to[0] - self._last[0]), abs(to[1] - self._last[1]), 1)
            for share in np.linspace(0, 1, steps + 1):
                row, column = (round(a + share * (b - a)) for a, b in zip(self._last, to, strict=True))
                mask[self._brush(row, column)] = self._covers
        self._last = self._cursor = to
        self.cover(mask)

    def _brush(self, row: int, column: int) -> NDArray[np.bool_]:
        """(H, W), true under the brush there."""
        radius = max(min(self._size) * BRUSH, 1.0)
        rows, columns = np.ogrid[: self._size[0], : self._size[1]]
        return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2

    def _at(self, position: QPointF) -> tuple[int, int]:
        scale = self._scale()
        row, column = int(position.y() // scale), int(position.x() // scale)
        return min(max(row, 0), self._size[0] - 1), min(max(column, 0), self._size[1] - 1)

    # -- the keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
        }  # fmt: skip
        if event.key() in moves:
            row, column = (at + by for at, by in zip(self._cursor, moves[Qt.Key(event.key())], strict=True))
            self._cursor = min(max(row, 0), self._size[0] - 1), min(max(column, 0), self._size[1] - 1)
            self.update()
        elif event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self._pixels is not None:
            mask = self.covered.copy()
            mask[self._brush(*self._cursor)] = event.key() == Qt.Key.Key_Space
            self.cover(mask)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._pixels is None:
            paint_empty(painter, QRectF(self.rect()))
            return
        painter.drawPixmap(QPoint(0, 0), fitted(self._pixels, self._side, self._side, self.devicePixelRatioF()))
        scale, cover = self._scale(), QColor(theme.current().accent)
        cover.setAlpha(COVER)
        for row, column in np.argwhere(self.covered):
            painter.fillRect(QRectF(column * scale, row * scale, scale, scale), cover)
        if self.hasFocus():
            painter.setPen(QPen(theme.qcolor(theme.current().text), 2))
            row, column = self._cursor
            painter.drawRect(QRectF(column * scale + 1, row * scale + 1, max(scale - 2, 1), max(scale - 2, 1)))
