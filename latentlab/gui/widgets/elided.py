"""A line of text that gives way: it shows as much as there is room for, then '…', and the whole as its tooltip."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from latentlab.gui.widgets.named import wrapped


class ElidedLabel(QLabel):
    """A QLabel of one line whose text never asks for more room than there is.

    mode: where it gives way; a path is best shortened in the middle, an enumeration on the right.
    """

    def __init__(
        self, text: str = "", parent: QWidget | None = None, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight
    ) -> None:
        super().__init__(text, parent)
        self._mode = mode
        self._more = ""
        self._shorter: tuple[str, ...] = ()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def setText(self, text: str) -> None:
        super().setText(text)
        self._tell_whole()

    def set_shorter(self, *shorter: str) -> None:
        """Other words for the same, each shorter than the one before: the first that there is room for is shown."""
        self._shorter = shorter
        self.update()
        self._tell_whole()

    def set_more(self, more: str) -> None:
        """What the tooltip says besides, in any case."""
        self._more = more
        self._tell_whole()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tell_whole()

    def shown(self) -> str:
        """The text as it stands there."""
        room, metrics = max(self.width(), 0), self.fontMetrics()
        texts = (self.text(), *self._shorter)
        fits = next((text for text in texts if metrics.horizontalAdvance(text) <= room), texts[-1])
        return metrics.elidedText(fits, self._mode, room)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.contentsRect(), self.alignment(), self.shown())

    def _tell_whole(self) -> None:
        whole = self.text() if self.shown() != self.text() else ""
        self.setToolTip(wrapped("\n".join(part for part in (whole, self._more) if part)))
