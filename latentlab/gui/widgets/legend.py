"""Coloured dots with names, in as many rows as they need."""

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentlab.gui.widgets import theme

DOT, GAP, BETWEEN, ROW = 8, 6, 14, 18  # pixels
MOST = 40  # entries; more are counted in words


class Legend(QWidget):
    """entries: (name, '#RRGGBB') each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("legend")
        self.setAccessibleName("Legend of the map")
        self._entries: list[tuple[str, str]] = []
        self._places: list[tuple[int, int]] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(policy)
        theme.changed.connect(self.update)

    def set_entries(self, entries: list[tuple[str, str]]) -> None:
        more = len(entries) - MOST
        self._entries = entries[:MOST] + ([(f"and {more} more", theme.current().muted)] if more > 0 else [])
        self.setAccessibleDescription(", ".join(name for name, _ in self._entries))
        self._arrange()

    def entries(self) -> list[tuple[str, str]]:
        return list(self._entries)

    def sizeHint(self) -> QSize:
        rows = self._places[-1][1] // ROW + 1 if self._places else 0
        return QSize(100, rows * ROW)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.sans(theme.SMALL))
        for (name, colour), (x, y) in zip(self._entries, self._places, strict=True):
            painter.setPen(theme.qcolor(theme.current().card, 0))
            painter.setBrush(theme.qcolor(colour))
            painter.drawEllipse(QPointF(x + DOT / 2, y + ROW / 2), DOT / 2, DOT / 2)
            painter.setPen(theme.qcolor(theme.current().muted))
            painter.drawText(x + DOT + GAP, y + ROW // 2 + 4, name)
        painter.end()

    def _arrange(self) -> None:
        metrics = QFontMetrics(theme.sans(theme.SMALL))
        rows = self.sizeHint().height()
        self._places = []
        x = y = 0
        for name, _ in self._entries:
            width = DOT + GAP + metrics.horizontalAdvance(name)
            if x and x + width > max(self.width(), 1):
                x, y = 0, y + ROW
            self._places.append((x, y))
            x += width + BETWEEN
        if self.sizeHint().height() != rows:
            self.updateGeometry()
        self.update()
