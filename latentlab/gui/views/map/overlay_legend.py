"""What the overlays on the map say, in words, in its lower right corner."""

from PySide6.QtCore import QEvent, QObject, QPointF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from latentlab.gui.widgets import theme

DOT, GAP, ROW, PADDING, MARGIN = 8, 6, 17, 8, 8  # pixels
OPACITY = 225


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
        metrics = QFontMetrics(theme.sans(theme.SMALL))
        widest = max((metrics.horizontalAdvance(words) for words, _ in self._lines), default=0)
        return QSize(widest + DOT + GAP + 2 * PADDING, ROW * len(self._lines) + PADDING)

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
        metrics, room = painter.fontMetrics(), self.width() - 2 * PADDING - DOT - GAP
        for number, (words, colour) in enumerate(self._lines):
            middle = PADDING / 2 + ROW * (number + 0.5)
            if colour:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.qcolor(colour))
                painter.drawEllipse(QPointF(PADDING + DOT / 2, middle), DOT / 2, DOT / 2)
            painter.setPen(theme.qcolor(colours.text))
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QPointF(PADDING + DOT + GAP, middle + 4), shown)
        painter.end()

    def _place(self) -> None:
        wanted, room = self.sizeHint(), self._canvas.rect().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        self.resize(min(wanted.width(), max(room.width(), 1)), wanted.height())
        self.move(room.right() - self.width() + 1, room.bottom() - self.height() + 1)
