"""What the overlays on the map say, in words, in its lower right corner."""

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from latentlab.gui.widgets import theme

DOT, GAP, PADDING, MARGIN = 8, 6, 8, 8  # pixels
WIDEST = 330
OPACITY = 225
LEFT, BETWEEN = PADDING + DOT + GAP, 3
WRAPPED = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)


class OverlayLegend(QWidget):
    """Lines of (words, '#RRGGBB' or ''); lets the mouse through, and hides where there is nothing to say."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.setObjectName("overlay_legend")
        self.setAccessibleName("What the overlays show")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._canvas = canvas
        self._lines: list[tuple[str, str]] = []
        canvas.installEventFilter(self)
        theme.changed.connect(self.update)
        self.hide()

    def say(self, lines: list[tuple[str, str]]) -> None:
        self._lines = lines
        self.setAccessibleDescription("; ".join(words for words, _ in lines))
        self.setVisible(bool(lines))
        self._place()
        self.update()

    def lines(self) -> list[tuple[str, str]]:
        return list(self._lines)

    def sizeHint(self) -> QSize:
        boxes = self._boxes(WIDEST)
        width = max((box.width() for box in boxes), default=0)
        return QSize(width + LEFT + PADDING, sum(box.height() for box in boxes) + 2 * PADDING - BETWEEN)

    def _boxes(self, width: int) -> list[QRect]:
        """What each line takes in a legend that is so wide, wrapped where it must be."""
        metrics = QFontMetrics(theme.sans(theme.SMALL))
        room = QRect(0, 0, width - LEFT - PADDING, 1000)
        return [metrics.boundingRect(room, WRAPPED, words).adjusted(0, 0, 2, BETWEEN) for words, _ in self._lines]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.qcolor(colours.line))
        painter.setBrush(theme.qcolor(colours.card, OPACITY))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setFont(theme.sans(theme.SMALL))
        top, ascent = PADDING, painter.fontMetrics().height()
        for (words, colour), box in zip(self._lines, self._boxes(self.width()), strict=True):
            if colour:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.qcolor(colour))
                painter.drawEllipse(QPointF(PADDING + DOT / 2, top + ascent / 2), DOT / 2, DOT / 2)
            painter.setPen(theme.qcolor(colours.text))
            painter.drawText(QRect(LEFT, top, self.width() - LEFT - PADDING, box.height()), WRAPPED, words)
            top += box.height()
        painter.end()

    def _place(self) -> None:
        wanted, room = self.sizeHint(), self._canvas.rect().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        width = min(wanted.width(), max(room.width(), 1))
        high = sum(box.height() for box in self._boxes(width)) + 2 * PADDING - BETWEEN
        self.resize(width, high)
        self.move(room.right() - self.width() + 1, room.bottom() - self.height() + 1)
