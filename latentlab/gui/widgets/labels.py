"""The few kinds of text in the window, dressed by the style sheet through their `role`."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel, QSizePolicy

from latentlab.gui.widgets import theme


def heading(text: str) -> QLabel:
    """Muted, letter-spaced capitals, 11 px."""
    label = _label(text.upper(), "heading")
    font = theme.sans(theme.SMALL)
    font.setWeight(QFont.Weight.DemiBold)
    font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 1.1)
    label.setFont(font)
    return label


def muted(text: str = "", wrap: bool = False) -> QLabel:
    """A caption in whole words, 11 px."""
    label = _label(text, "muted")
    label.setWordWrap(wrap)
    return label


def figure(text: str = "") -> QLabel:
    """Numbers in a monospaced face, 11 px."""
    return _label(text, "figure")


def bad(text: str = "") -> QLabel:
    """What went wrong, in the colour for it."""
    label = _label(text, "bad")
    label.setWordWrap(True)
    return label


def empty(text: str) -> QLabel:
    """What would fill an empty panel; centred, wrapped, taking all the room there is."""
    label = muted(text, wrap=True)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
    return label


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
