"""Lists and forms that show whole rows only: what is left over beneath the last one stays empty."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QListView, QScrollArea, QWidget


def left_over(height: int, row: int, gap: int = 0) -> int:
    """Pixels of `height` that make no whole row; a gap lies between two rows. Of less than one row, none: it is cut."""
    rows = (height + gap) // (row + gap)
    return height - rows * (row + gap) + gap if rows > 0 else 0


class WholeRowsList(QListView):
    """Of rows that are `row` pixels high."""

    def __init__(self, row: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = row
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerItem)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.setViewportMargins(0, 0, 0, left_over(self.height() - 2 * self.frameWidth(), self._row))
        super().resizeEvent(event)


class WholeRowsArea(QScrollArea):
    """Around a form whose rows are as high as `row`, with `gap` pixels between them."""

    def __init__(self, row: QWidget, gap: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row, self._gap = row, gap

    def resizeEvent(self, event: QResizeEvent) -> None:
        high = self._row.sizeHint().height()
        self.setViewportMargins(0, 0, 0, left_over(self.height() - 2 * self.frameWidth(), high, self._gap))
        self.verticalScrollBar().setSingleStep(high + self._gap)
        super().resizeEvent(event)
