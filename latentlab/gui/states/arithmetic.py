"""What the arithmetic panel is about: directions kept with the run, what they make of a sample, and a - b + c."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.gui.records import Floats
from latentlab.gui.states.state import State
from latentlab.runs.directions import Direction, Directions

Base = Literal["selected", "A", "B", "place"]
Slot = Literal["a", "b", "c"]
Page = Literal["", "apply", "sum", "labels", "make"]
Pixels = NDArray[np.uint8]

FURTHEST = 3.0  # amounts of a direction
AMOUNTS = tuple(step / 2 for step in range(-4, 5))  # of the film


@dataclass(frozen=True, eq=False)
class Result:
    """A place that came out: z (d,), its picture uint8 (C, H, W), how usual it is (None: not known), the map's rows
    nearest to it, and the class that it was decoded with, for a conditional model."""

    z: Floats
    pixels: Pixels
    usual: float | None = None
    nearest: tuple[int, ...] = ()
    label: int | None = None


@dataclass(frozen=True, eq=False)
class Frames:
    """Pictures uint8 (T, C, H, W) of places z (T, d), with percentiles of how usual each is (T,) where known."""

    z: Floats
    pixels: Pixels
    usual: Floats | None = None


@dataclass(frozen=True, eq=False)
class Filling:
    """What is in a slot. sample: a dataset index, whose encoding it is; group: a name, whose mean it is; else z (d,)
    itself. pixels: what it looks like, once it was decoded."""

    words: str
    z: Floats
    sample: int | None = None
    group: str | None = None
    pixels: Pixels | None = None


@dataclass(frozen=True, eq=False)
class Styles:
    """One z through every label: pixels uint8 (K, C, H, W)."""

    z: Floats
    pixels: Pixels


class ArithmeticState(State):
    """Every setter tells by the signal beside it what is another now."""

    kept_changed = Signal()  # directions and groups
    chosen_changed = Signal()  # another direction is in hand
    page_changed = Signal()
    base_changed = Signal()
    amount_changed = Signal()
    result_changed = Signal()  # of the amount
    frames_changed = Signal()
    slots_changed = Signal()
    sum_changed = Signal()
    styles_changed = Signal()
    label_changed = Signal()
    note_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.page: Page = ""  # that can be seen
        self._blank()

    def _blank(self) -> None:
        self.kept: Directions | None = None  # None: no run is open, or they are being read
        self.chosen: str | None = None
        self.base: Base = "selected"
        self.amount = 0.0
        self.result: Result | None = None
        self.frames: Frames | None = None
        self.slots: dict[Slot, Filling | None] = {"a": None, "b": None, "c": None}
        self.sum: Result | None = None
        self.styles: Styles | None = None
        self.label: int | None = None  # that the style is shown with
        self.note = ""  # what came of making a direction, or why nothing is kept

    def forget(self) -> None:
        self._blank()
        for signal in (
            self.kept_changed, self.chosen_changed, self.base_changed, self.amount_changed, self.result_changed,
            self.frames_changed, self.slots_changed, self.sum_changed, self.styles_changed, self.label_changed,
            self.note_changed,
        ):  # fmt: skip
            signal.emit()

    @property
    def direction(self) -> Direction | None:
        """The one in hand."""
        return None if self.kept is None else self.kept.direction(self.chosen)

    def set_kept(self, kept: Directions) -> None:
        """The direction in hand stays so while it is there; else it is the last one."""
        self.kept = kept
        self.kept_changed.emit()
        if kept.direction(self.chosen) is None:
            self.choose(kept.directions[-1].name if kept.directions else None)
        else:
            self.chosen_changed.emit()  # it may be made anew

    def choose(self, name: str | None) -> None:
        self.chosen = name
        self.chosen_changed.emit()

    def set_page(self, page: Page) -> None:
        if page != self.page:
            self.page = page
            self.page_changed.emit()

    def set_base(self, base: Base) -> None:
        if base != self.base:
            self.base = base
            self.base_changed.emit()

    def set_amount(self, amount: float) -> None:
        amount = min(max(amount, -FURTHEST), FURTHEST)
        if amount != self.amount:
            self.amount = amount
            self.amount_changed.emit()

    def set_result(self, result: Result | None) -> None:
        if result is not self.result:
            self.result = result
            self.result_changed.emit()

    def set_frames(self, frames: Frames | None) -> None:
        if frames is not self.frames:
            self.frames = frames
            self.frames_changed.emit()

    def fill(self, slot: Slot, filling: Filling | None) -> None:
        self.slots = {**self.slots, slot: filling}
        self.slots_changed.emit()

    def set_sum(self, result: Result | None) -> None:
        if result is not self.sum:
            self.sum = result
            self.sum_changed.emit()

    def set_styles(self, styles: Styles | None) -> None:
        if styles is not self.styles:
            self.styles = styles
            self.styles_changed.emit()

    def set_label(self, label: int | None) -> None:
        if label != self.label:
            self.label = label
            self.label_changed.emit()

    def set_note(self, note: str) -> None:
        if note != self.note:
            self.note = note
            self.note_changed.emit()
