"""What the colours of a signed error mean: a bar from too dark over nothing to too light, always on one scale."""

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.picture import ERROR_GAIN, diverging, image

BAR, TEXT = 6, 14  # pixels of height
REACH = 1 / ERROR_GAIN  # of the range from black to white: beyond it the colour is the same


class ErrorLegend(QWidget):
    """A bar of the colours of `diverging`, with what lies at its ends and in its middle below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector_legend")
        self.setAccessibleName(
            f"Error: red is too dark, blue is too light; full colour from {REACH:.2f} of the range on"
        )
        self.setToolTip(
            "Reconstruction minus image, of the range from black to white.\nThe same scale for every image.\n"
            f"Colours are full from {REACH:.2f} on."
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(120, BAR + 2 + TEXT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        errors = np.linspace(-REACH, REACH, max(self.width(), 3), dtype=np.float32)[None]
        painter.drawImage(QRectF(0, 0, self.width(), BAR), image(diverging(errors)))
        painter.setPen(theme.qcolor(theme.current().line))
        painter.drawRect(QRectF(0.5, 0.5, self.width() - 1, BAR - 1))
        painter.setFont(theme.sans(theme.SMALL))
        painter.setPen(theme.qcolor(theme.current().muted))
        words = QRectF(0, BAR + 2, self.width(), TEXT)
        for side, text in (
            (Qt.AlignmentFlag.AlignLeft, f"too dark −{REACH:.2f}"),
            (Qt.AlignmentFlag.AlignHCenter, "0"),
            (Qt.AlignmentFlag.AlignRight, f"+{REACH:.2f} too light"),
        ):
            painter.drawText(words, side | Qt.AlignmentFlag.AlignVCenter, text)
