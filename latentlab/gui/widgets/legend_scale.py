"""How a legend of values lies: one band of all colours, its ends and its middle named, and what it is a scale of."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter

from latentlab.gui.widgets import theme

HEIGHT = 18  # pixels of a line of the legend
WIDEST, NARROWEST = 46, 16  # pixels of one entry's part of the band
BESIDE = 12  # pixels between the words and the band


class ScaleWords(NamedTuple):
    """What stands beside the band and under its beginning, middle and end; note: under the title."""

    title: str
    low: str
    middle: str
    high: str
    note: str = ""


class Band(NamedTuple):
    """Where the words end and the band begins, and how wide each of its parts is, in pixels."""

    left: int
    part: int
    parts: int

    @property
    def right(self) -> int:
        return self.left + self.part * self.parts

    def rect(self, part: int) -> QRect:
        return QRect(self.left + part * self.part, 0, self.part, HEIGHT)


def band(words: ScaleWords, parts: int, room: int) -> Band:
    """In `room` pixels; what is said of it stands on its left."""
    metrics = QFontMetrics(theme.sans(theme.SMALL))
    left = max(metrics.horizontalAdvance(each) for each in (words.title, words.note)) + BESIDE
    overhang = max(metrics.horizontalAdvance(words.high) // 2, 0)
    part = min(max((room - left - overhang) // parts, NARROWEST), WIDEST)
    return Band(left, part, parts)


def paint_words(painter: QPainter, words: ScaleWords, where: Band) -> None:
    """All words; the band itself is painted by its parts."""
    colours, metrics = theme.current(), QFontMetrics(theme.sans(theme.SMALL))
    painter.setFont(theme.sans(theme.SMALL))
    line = QRect(0, 0, where.left - BESIDE + 2, HEIGHT)
    painter.setPen(theme.qcolor(colours.text))
    painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words.title)
    painter.setPen(theme.qcolor(colours.muted))
    painter.drawText(line.translated(0, HEIGHT), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words.note)
    middle, high = metrics.horizontalAdvance(words.middle), metrics.horizontalAdvance(words.high)
    base = 2 * HEIGHT - metrics.descent() - 3
    painter.drawText(where.left, base, words.low)
    painter.drawText((where.left + where.right - middle) // 2, base, words.middle)
    painter.drawText(max(where.right - high, (where.left + where.right + middle) // 2 + 6), base, words.high)


def paint_part(painter: QPainter, rect: QRect, shades: Sequence[str], hidden: bool) -> None:
    """One part of the band: its shades from left to right, or only its outline where what it stands for is hidden."""
    inside = rect.adjusted(0, 3, 0, -3)
    if hidden:
        painter.setPen(theme.qcolor(theme.current().line))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(inside.adjusted(0, 0, -1, -1))
        return
    for place, shade in enumerate(shades):
        left = inside.left() + inside.width() * place // len(shades)
        right = inside.left() + inside.width() * (place + 1) // len(shades)
        painter.fillRect(left, inside.top(), right - left, inside.height(), theme.qcolor(shade))
