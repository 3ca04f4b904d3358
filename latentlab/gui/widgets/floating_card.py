"""A small card over the map: a picture and a few words, beside a place."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from latentlab.gui.widgets import usual
from latentlab.gui.widgets.labels import muted
from latentlab.gui.widgets.picture import PictureView

AWAY = 18  # pixels from the place to the card
EDGE = 4  # and to the parent's edge
PICTURE = 64  # pixels at most, in whole multiples of the image
AFTER, GRACE = 125, 260  # milliseconds until it comes, and until it goes


class FloatingCard(QFrame):
    """Lets the mouse through, and keeps inside its parent. After `come` it asks by `wanted` for what to show."""

    wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("card", "floating")
        self.setObjectName("map_card")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 8, 10, 8)
        row.setSpacing(8)
        self.picture = PictureView(PICTURE)
        row.addWidget(self.picture)
        words = QVBoxLayout()
        words.setSpacing(2)
        self.title = QLabel()
        self.lines = [muted(), muted()]
        words.addWidget(self.title)
        for line in self.lines:
            line.setTextFormat(Qt.TextFormat.RichText)
            words.addWidget(line)
        words.addStretch(1)
        row.addLayout(words)
        self._coming, self._going = QTimer(self), QTimer(self)
        for timer, wait, then in ((self._coming, AFTER, self.wanted.emit), (self._going, GRACE, self.hide)):
            timer.setSingleShot(True)
            timer.setInterval(wait)
            timer.timeout.connect(then)
        self.hide()

    def set_picture(self, pixels: NDArray[np.uint8] | None, opacity: float = 1.0, awaited: bool = False) -> None:
        """pixels (C, H, W); fainter where it should not be believed. awaited: None leaves the outline of one."""
        self.picture.setVisible(pixels is not None or awaited)
        self.picture.set_pixels(pixels)
        self.picture.set_opacity(opacity)

    def set_words(self, title: str, *lines: str) -> None:
        self.title.setText(title)
        for label, line in zip(self.lines, (*lines, "", ""), strict=False):
            label.setText(line)
            label.setVisible(bool(line))

    def come(self) -> None:
        """Soon; at once where it is shown already, for something else."""
        self._going.stop()
        if self.isVisible():
            self.wanted.emit()
        else:
            self._coming.start()

    def go_now(self) -> None:
        """At once, and whatever was to be shown is not."""
        self._coming.stop()
        self._going.stop()
        self.hide()

    def go(self) -> None:
        """After a moment of grace."""
        self._coming.stop()
        self._going.start()

    def show_at(self, place: QPointF, clear: Sequence[QPointF] = ()) -> None:
        """Now, beside `place` (pixels of the parent)."""
        self._coming.stop()
        self._going.stop()
        self.show()
        self.move_to(place, clear)

    def move_to(self, place: QPointF, clear: Sequence[QPointF] = ()) -> None:
        """Beside `place`, where there is room and it hides the fewest points of `clear`; in pixels of the parent."""
        layout = self.layout()
        assert layout is not None, "made with one"
        layout.activate()  # words that have just changed count
        self.adjustSize()
        parent = self.parentWidget()
        assert parent is not None, "it floats over something"
        room = QRectF(parent.rect()).adjusted(EDGE, EDGE, -EDGE, -EDGE)
        box = min(self._beside(place), key=lambda box: (not room.contains(box), sum(map(box.contains, clear))))
        self.move(
            round(max(min(box.left(), room.right() - box.width()), EDGE)),
            round(max(min(box.top(), room.bottom() - box.height()), EDGE)),
        )

    def _beside(self, place: QPointF) -> list[QRectF]:
        """Below and above `place`, each at its right and its left, the most usual first."""
        right, below = place.x() + AWAY, place.y() + AWAY
        left, above = place.x() - AWAY - self.width(), place.y() - AWAY - self.height()
        return [
            QRectF(x, y, self.width(), self.height())
            for x, y in ((right, below), (left, below), (right, above), (left, above))
        ]


def usual_words(percentile: float | None, gap: float | None = None) -> str:
    """How usual a place is, with its colour, as rich text; gap as for `usual.in_words`."""
    cue = max((each for each in (percentile, gap) if each is not None), default=None)
    if cue is None:
        return ""
    return f'<span style="color:{usual.colour(cue)}">■</span> {usual.in_words(percentile, gap)}'
