"""A muted sentence over a canvas: in its middle while there is nothing else, at its foot where there is."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

MARGIN = 4  # pixels


class Note(QLabel):
    """Lets the mouse through, and wraps where the canvas is narrow."""

    def __init__(self, canvas: QWidget, name: str) -> None:
        super().__init__(canvas)
        self.setObjectName(name)
        self.setProperty("role", "muted")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self._canvas, self._centred, self._reserved = canvas, True, 0
        self.hide()

    def say(self, text: str, centred: bool, reserved: int = 0) -> None:
        """Nothing hides it. reserved: pixels to be left free at its right."""
        self.setText(text)
        self._centred, self._reserved = centred, reserved
        self.setVisible(bool(text))
        self.place()

    def place(self) -> None:
        """Where it belongs, after its canvas changed its size."""
        room = self._canvas.rect()
        widest = max(room.width() - 2 * MARGIN - self._reserved, 1)
        width = min(self.fontMetrics().horizontalAdvance(self.text()) + 4, widest)
        self.resize(width, self.heightForWidth(width))
        if self._centred:
            self.move(max((room.width() - self.width()) // 2, MARGIN), (room.height() - self.height()) // 2)
        else:
            self.move(MARGIN, room.height() - self.height() - MARGIN)
