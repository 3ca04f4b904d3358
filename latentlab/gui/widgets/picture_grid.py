"""Pictures in rows and columns, as many as there is room for, all at one whole multiple of their size."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.picture import Pixels, fitted, whole_multiple

GAP = 2
ROWS_AT_LEAST = 2
LARGEST = 56  # pixels: many pictures say more than large ones


class PictureGrid(QWidget):
    """Shows blocks of pictures uint8 (n, C, H, W), each block in a row of its own where `paired`.

    Paired, column i holds picture i of every block, one below the other; else the one block fills row by row.
    """

    def __init__(self, name: str, words: str, paired: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._paired = paired
        self._blocks: tuple[Pixels, ...] = ()
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    @property
    def blocks(self) -> tuple[Pixels, ...]:
        """What is shown, as far as there is room."""
        return self._blocks

    def set_blocks(self, *blocks: Pixels) -> None:
        """Other pictures, drawn in one go so that nothing flickers."""
        self._blocks = tuple(block for block in blocks if len(block))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(280, 130)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 60)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._blocks:
            return
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        side, columns, rows = self._plan(ratio)
        for row in range(rows):
            for column in range(columns):
                picture = self._at(row, column, columns)
                if picture is not None:
                    drawn = fitted(picture, side, side, ratio)
                    painter.drawPixmap(round(column * (side + GAP)), round(row * (side + GAP)), drawn)

    def _plan(self, ratio: float) -> tuple[float, int, int]:
        """The side of a picture, and how many columns and rows: two rows at least."""
        room = min((self.height() + GAP) / ROWS_AT_LEAST - GAP, LARGEST)
        size = self._blocks[0].shape[2:]
        scale = whole_multiple(size, room * ratio, room * ratio) / ratio
        side = max(size) * scale
        columns = max(int((self.width() + GAP) // (side + GAP)), 1)
        rows = len(self._blocks) if self._paired else max(int((self.height() + GAP) // (side + GAP)), 1)
        return side, columns, rows

    def _at(self, row: int, column: int, columns: int) -> Pixels | None:
        block, place = (self._blocks[row], column) if self._paired else (self._blocks[0], row * columns + column)
        return block[place] if place < len(block) else None
