"""Filling in: a part of the image is masked, and the model says what it could be."""

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QSpinBox, QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.states.inspector import Subject
from latentlab.gui.widgets.labels import figure, muted
from latentlab.gui.widgets.mask_painter import PRESETS, MaskPainter, preset
from latentlab.gui.widgets.named import SPIN_MARGINS, named
from latentlab.gui.widgets.picture import PictureView, Pixels
from latentlab.gui.widgets.thumbnails import Thumbnails

LEAST, LARGEST, GAP, SMALL = 48, 168, 8, 28  # pixels
BESIDE = 104  # pixels that the controls take at least, at the side of the pictures
ITERATIONS, MOST_ITERATIONS = 40, 1000
EMPTY = "Select a sample or drop an image: then a part of it can be masked, and the model fills it in."


class FillPart(QWidget):
    """`fill_asked(known (H, W), iterations)`; `stop_asked()`."""

    fill_asked = Signal(object, int)
    stop_asked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._film: list[tuple[int, Pixels]] = []
        self._shown: Subject | None = None
        self._build()
        state = session.inspector
        state.subject_changed.connect(self._show_subject)
        state.filled_changed.connect(self._show_filled)
        session.run_changed.connect(self._show_subject)
        self._show_subject()
        self._show_filled()

    # -- building

    def _build(self) -> None:
        self._hint, self._whole = muted(EMPTY, wrap=True), QWidget()
        inside = QVBoxLayout(self._whole)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(4)
        line = self._build_pictures()
        controls = QVBoxLayout()
        controls.setSpacing(3)
        self._add_mask(controls)
        self._add_filling(controls)
        controls.addStretch(1)
        line.addLayout(controls, 1)
        inside.addLayout(line)
        self._state = named(figure(), "inspector_filled_state", "How far filling in is")
        self._state.setWordWrap(True)
        inside.addWidget(self._state)
        self._steps = Thumbnails(SMALL, "inspector_filled_steps", "The image after some of the iterations", wraps=True)
        inside.addWidget(self._steps)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._hint)
        column.addWidget(self._whole)
        column.addStretch(1)

    def _add_mask(self, controls: QVBoxLayout) -> None:
        self._preset = named(_narrow(), "inspector_mask", "Part that is masked", "Mask this part of the image")
        self._preset.addItem("mask…", None)
        for name in PRESETS:
            self._preset.addItem(name, name)
        self._preset.activated.connect(self._choose_preset)
        self._tool = named(
            _narrow(), "inspector_mask_tool", "Tool for masking",
            "Drag over the picture below; with Ctrl or the right button it uncovers",
        )  # fmt: skip
        for tool in ("brush", "rectangle"):
            self._tool.addItem(tool, tool)
        self._tool.activated.connect(self._choose_tool)
        controls.addWidget(self._preset)
        controls.addWidget(self._tool)

    def _build_pictures(self) -> QHBoxLayout:
        self.painter = MaskPainter(LEAST, "inspector_painter", "The image, to be masked")
        self.painter.setToolTip(
            "Drag to mask, with Ctrl or the right button to uncover.\n"
            "By keyboard: arrows move, Space masks, Delete uncovers."
        )
        self.painter.masked.connect(self._on_mask)
        self.result = PictureView(LEAST, "inspector_filled", "The image as the model fills it in")
        line = QHBoxLayout()
        line.setSpacing(GAP)
        for view, words in ((self.painter, "masked"), (self.result, "filled in")):
            column = QVBoxLayout()
            column.setSpacing(1)
            column.addWidget(view)
            column.addWidget(muted(words))
            column.addStretch(1)
            line.addLayout(column)
        return line

    def _add_filling(self, controls: QVBoxLayout) -> None:
        tip = "Encode and decode again and again: what is known stays, the rest comes from the model (Shift+F)"
        self._fill = named(QPushButton("Fill in"), "inspector_fill", "Fill in the masked part", tip)
        self._fill.setProperty("look", "narrow")
        self._fill.clicked.connect(self._press)
        self._count = named(QSpinBox(), "inspector_iterations", "Iterations", "How often it is encoded and decoded")
        self._count.setRange(1, MOST_ITERATIONS)
        self._count.setValue(ITERATIONS)
        self._count.lineEdit().setTextMargins(*SPIN_MARGINS)
        self._count.setPrefix("× ")
        controls.addWidget(self._count)
        controls.addWidget(self._fill)

    def fit(self, width: int) -> None:
        """Into so many pixels: the controls beside the pictures."""
        side = min(max((width - BESIDE - 2 * GAP) // 2, LEAST), LARGEST)
        self.painter.set_side(side)
        self.result.set_side(side)

    # -- the mask

    def press(self) -> None:
        """Begins or stops, as the button does."""
        if self._fill.isEnabled():
            self._fill.click()

    def _press(self) -> None:
        if self._session.inspector.filling:
            self.stop_asked.emit()
        elif self.painter.covered.any():
            self._film = []
            self.fill_asked.emit(~self.painter.covered, self._count.value())

    def _choose_preset(self, place: int) -> None:
        name = self._preset.itemData(place)
        if name is not None and self.painter.pixels is not None:
            self.painter.cover(preset(name, *self.painter.pixels.shape[1:]))
            self._preset.setCurrentIndex(place)

    def _choose_tool(self, place: int) -> None:
        self.painter.tool = self._tool.itemData(place)

    def _on_mask(self) -> None:
        """Painted by hand it is none of the presets any more; and what was filled in belongs to another mask."""
        self._preset.setCurrentIndex(0)
        if self._session.inspector.filling:
            self.stop_asked.emit()
        self._enable()

    # -- what is shown

    def _show_subject(self) -> None:
        subject, run = self._session.inspector.subject, self._session.run
        self._hint.setVisible(subject is None)
        self._whole.setVisible(subject is not None)
        if run is not None:
            self.result.expect(run.image_shape[1:])
        self.painter.set_pixels(None if subject is None else subject.pixels)
        self._film = []
        self._enable()

    def _show_filled(self) -> None:
        state = self._session.inspector
        filled, subject = state.filled, state.subject
        if filled is None:
            self._film = []
            self.result.set_pixels(None)
            words = "Beginning…" if state.filling else "Mask a part, then fill it in."
        else:
            self.result.set_pixels(filled.pixels if state.filling else filled.mean)
            number = filled.iteration
            if number & (number - 1) == 0 or number == filled.iterations:
                self._film = [step for step in self._film if step[0] < number] + [(number, filled.pixels)]
            words = f"{number} of {filled.iterations}"
            if not state.filling and subject is not None:
                words += f" · masked part off by {_rms(filled.mean, subject.pixels, self.painter.covered):.3f} (rms)"
        self._state.setText(words)
        self._steps.set_pictures([pixels for _, pixels in self._film], [f"after {n} iterations" for n, _ in self._film])
        self._enable()

    def _enable(self) -> None:
        filling = self._session.inspector.filling
        self._fill.setText("Stop" if filling else "Fill in")
        self._fill.setEnabled(filling or (self.painter.pixels is not None and bool(self.painter.covered.any())))


def _rms(guess: Pixels, truth: Pixels, mask: np.ndarray) -> float:
    """Of pixels from 0 to 1, over the masked ones (H, W)."""
    off = (guess.astype(np.float32) - truth)[:, mask] / 255
    return float(np.sqrt(np.mean(off**2))) if off.size else 0.0


def _narrow() -> QComboBox:
    """A combo box that takes the room there is."""
    combo = QComboBox()
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(5)
    return combo
