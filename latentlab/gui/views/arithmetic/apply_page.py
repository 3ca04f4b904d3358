"""A direction added to a sample: how much of it is said by a slider, and a film shows the way."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.states.arithmetic import AMOUNTS, FURTHEST
from latentlab.gui.views.arithmetic.parts import SendButtons, base_combo
from latentlab.gui.widgets import usual
from latentlab.gui.widgets.captioned_row import CaptionedRow
from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.labels import empty, figure
from latentlab.gui.widgets.latent_slider import LatentSlider
from latentlab.gui.widgets.named import named
from latentlab.gui.widgets.picture import PictureView
from latentlab.runs.directions import Direction

SIDE = 84  # pixels of the result
METHODS = {"means": "difference of means", "classifier": "normal of a linear classifier"}
SLIDER_TIP = "How much of the direction is added; arrow keys, Shift is fine, double click or Delete back to 0"
BASE_TIP = "What the direction is added to: the selected sample, A, B or the current place"
ACCURACY = (
    "How often held-out images of the two groups are told apart along a direction made in this way (five-fold "
    "cross-validation, both groups counting the same): 50 % is chance, and such a direction means nothing."
)


class ApplyPage(QWidget):
    amount_moved = Signal(float)
    base_chosen = Signal(str)
    sent = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._state = session, session.arithmetic
        self._build()
        state = self._state
        for signal in (state.kept_changed, state.chosen_changed, state.frames_changed, state.note_changed):
            signal.connect(self._show)
        for signal in (session.run_changed, session.encoding_changed):
            signal.connect(self._show)
        state.base_changed.connect(self._show_base)
        state.amount_changed.connect(self._show_amount)
        state.result_changed.connect(self._show_result)
        self._show()
        self._show_base()
        self._show_amount()
        self._show_result()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._empty = empty("")
        self._empty.setObjectName("apply_empty")
        self._controls, self._pictures = self._build_controls(), self._build_pictures()
        self._caption = ElidedLabel()
        self._caption.setProperty("role", "muted")
        self._caption.setObjectName("direction_caption")
        column.addWidget(self._controls)
        column.addWidget(self._caption)
        column.addWidget(self._pictures, 1)
        column.addWidget(self._empty, 1)

    def _build_controls(self) -> QWidget:
        controls = QWidget()
        line = QHBoxLayout(controls)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        self._base = base_combo("direction_base", "What the direction is added to", BASE_TIP)
        self._base.activated.connect(lambda _: self.base_chosen.emit(self._base.currentData()))
        self._slider = LatentSlider("direction_amount")
        named(self._slider, "direction_amount", "Amount of the direction", SLIDER_TIP)
        self._slider.set_range(-FURTHEST, FURTHEST)
        self._slider.moved.connect(self.amount_moved)
        self._slider.reset.connect(lambda: self.amount_moved.emit(0.0))
        self._value = figure()
        self._value.setObjectName("direction_value")
        self._value.setFixedWidth(40)
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._send = SendButtons("direction")
        self._send.sent.connect(self.sent)
        line.addWidget(self._base)
        line.addWidget(self._slider, 1)
        line.addWidget(self._value)
        line.addWidget(self._send)
        return controls

    def _build_pictures(self) -> QWidget:
        pictures = QWidget()
        line = QHBoxLayout(pictures)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(12)
        self._result = PictureView(SIDE, "direction_result", "The sample with this amount of the direction")
        self._film = CaptionedRow("direction_film", "The sample with amounts from -2 to 2", thins=True)
        self._film.setToolTip("Press a picture for its amount")
        self._film.chosen.connect(lambda at: self.amount_moved.emit(AMOUNTS[at]))
        line.addWidget(self._result, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._film, 1)
        return pictures

    # -- showing

    def _show(self) -> None:
        session, state = self._session, self._state
        direction, frames = state.direction, state.frames
        ready = direction is not None and frames is not None
        for widget in (self._caption, self._pictures):
            widget.setVisible(ready)
        self._controls.setVisible(direction is not None)
        self._empty.setVisible(not ready)
        self._empty.setText(self._what_is_missing())
        if direction is None or frames is None:
            return
        if session.run is not None:
            self._result.expect(session.run.image_shape[1:])
        self._caption.setText(in_words(direction, session))
        self._caption.set_more(f"{ACCURACY}\n{state.note}" if state.note else ACCURACY)
        colours = () if frames.usual is None else [usual.colour(float(each)) for each in frames.usual]
        words = [f"amount {amount:+g}" for amount in AMOUNTS]
        if frames.usual is not None:
            words = [f"{told}: {usual.in_words(float(each))}" for told, each in zip(words, frames.usual, strict=True)]
        self._film.set_pictures(frames.pixels, [_amount(amount) for amount in AMOUNTS], words, colours)

    def _what_is_missing(self) -> str:
        session, state = self._session, self._state
        if session.run is None:
            return "Open a run, or train one: what sets two groups of its images apart can be added to any sample here."
        if state.kept is None:
            return state.note or "Looking for the directions that are kept with this run…"
        if state.direction is None:
            return (
                "No direction yet: press New and choose two groups of images, two classes for instance.\n"
                "What sets them apart can then be added to any sample, as much of it as you want."
            )
        if not session.model_ready:
            return "The model is being loaded…"
        missing = {"selected": "Select a sample on the map", "place": "Go to a place on the map"}
        return f"{missing.get(state.base, f'Set {state.base} on the map')}, or choose another above."

    def _show_base(self) -> None:
        self._base.setCurrentIndex(self._base.findData(self._state.base))
        self._empty.setText(self._what_is_missing())

    def _show_amount(self) -> None:
        amount = self._state.amount
        self._value.setText(f"{amount:+.2f}")
        if not self._slider.isSliderDown():
            self._slider.show_value(amount)
        near = [at for at, each in enumerate(AMOUNTS) if abs(each - amount) < 1e-6]
        self._film.mark(near[0] if near else None)

    def _show_result(self) -> None:
        result = self._state.result
        self._result.set_pixels(None if result is None else result.pixels)
        self._result.setToolTip("" if result is None else usual.in_words(result.usual))
        self._send.setEnabled(result is not None)


def _amount(amount: float) -> str:
    """As it stands under a picture: a true minus, and nothing before 0."""
    return f"{amount:+g}".replace("-", "−") if amount else "0"


def in_words(direction: Direction, session: Session) -> str:
    """How it was made, what it is worth, and whether it is of the weights that decode."""
    return " · ".join(part for part in (age(direction, session), worth(direction), METHODS[direction.method]) if part)


def worth(direction: Direction) -> str:
    """Whether it means something."""
    a, b = direction.counts
    of = f"{a:,} and {b:,} images"
    if direction.accuracy is None:
        return f"of {of}, too few to say how well they are told apart"
    told = f"tells apart {direction.accuracy:.0%} of held-out images"
    return f"{told}, hardly more than chance · {of}" if direction.accuracy < 0.6 else f"{told} · {of}"


def age(direction: Direction, session: Session) -> str:
    """Nothing while it is of the weights in use."""
    run, encoding = session.run, session.encoding
    if run is None:
        return ""
    if direction.run != run.name:
        return f"of {direction.run}"
    now = run.step if encoding is None else encoding.step
    if direction.step == now:
        return ""
    older = "old" if direction.step < now else "of later weights"
    return f"{older}: made at step {direction.step:,}, the weights are of {now:,}"
