"""The three names that every control has: for code, for screen readers, and for the mouse that rests on it."""

from typing import TypeVar

from PySide6.QtWidgets import QWidget

SPIN_MARGINS = (6, 0, 0, 0)  # left, top, right, bottom of a spin box's text: style sheets do not reach it
Control = TypeVar("Control", bound=QWidget)


def named(control: Control, name: str, spoken: str, tip: str = "") -> Control:
    """`control` with its object name, accessible name and tooltip (the accessible name where there is no other)."""
    control.setObjectName(name)
    control.setAccessibleName(spoken)
    control.setToolTip(tip or spoken)
    return control
