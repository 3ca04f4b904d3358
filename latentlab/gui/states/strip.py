"""The strip as it is asked for, the strips that are compared, and what is being waited for."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.explore.paths import Way
from latentlab.gui.records import Strip
from latentlab.gui.states.state import State

COMPARED: tuple[Way, ...] = ("linear", "spherical", "geodesic")


@dataclass(frozen=True)
class StripSettings:
    """way: how it goes between its waypoints. compare: COMPARED side by side. frames: from end to end; beyond: so many
    more at either end. mixed: a conditional model's class goes from A's to B's instead of being held."""

    way: Way = "linear"
    compare: bool = False
    frames: int = 9
    beyond: int = 0
    mixed: bool = False


class StripState(State):
    """Settings outlive a run. end_classes: those of what A and B show; None where they have none. waypoints: what is
    decoded at each, uint8 (W, C, H, W), with the strip that leads through them."""

    settings_changed = Signal()
    compared_changed = Signal()
    note_changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.settings = StripSettings()
        self.compared: tuple[Strip, ...] = ()
        self.note = ""
        self.end_classes: tuple[int | None, int | None] = (None, None)
        self.waypoints: NDArray[np.uint8] | None = None

    def change(self, **changes: Any) -> bool:
        """Whether anything is other than it was."""
        settings = replace(self.settings, **changes)
        if settings == self.settings:
            return False
        self.settings = settings
        self.settings_changed.emit()
        return True

    def set_compared(self, strips: tuple[Strip, ...]) -> None:
        if strips or self.compared:
            self.compared = strips
            self.compared_changed.emit()

    def set_note(self, note: str) -> None:
        if note != self.note:
            self.note = note
            self.note_changed.emit()

    def forget(self) -> None:
        self.end_classes = (None, None)
        self.waypoints = None
        self.set_compared(())
        self.set_note("")
