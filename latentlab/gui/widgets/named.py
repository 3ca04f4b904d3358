"""The three names that every control has: for code, for screen readers, and for the mouse that rests on it."""

import textwrap
from typing import TypeVar

from PySide6.QtWidgets import QWidget

SPIN_MARGINS = (6, 0, 0, 0)  # left, top, right, bottom of a spin box's text: style sheets do not reach it
LONGEST = 72  # letters in a line of a tooltip
Control = TypeVar("Control", bound=QWidget)


def named(control: Control, name: str, spoken: str, tip: str = "") -> Control:
    """`control` with its object name, accessible name and tooltip (the accessible name where there is no other)."""
    control.setObjectName(name)
    control.setAccessibleName(spoken)
    control.setToolTip(wrapped(tip or spoken))
    return control


def wrapped(tip: str) -> str:
    """A tooltip in lines that one reads at a glance: Qt itself gives a plain text one line, however long."""
    lines = (textwrap.fill(line, LONGEST, break_long_words=False, break_on_hyphens=False) for line in tip.split("\n"))
    return "\n".join(lines)
