"""The image beside its reconstruction: the signed error, the terms of its ELBO, how unusual it is."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QCheckBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from latentlab.explore.inspection import Inspection, percentile
from latentlab.gui.session import Session
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.error_legend import ErrorLegend
from latentlab.gui.widgets.labels import figure, muted
from latentlab.gui.widgets.named import named, wrapped
from latentlab.gui.widgets.picture import PictureView, diverging, signed_error

LEAST, SMALLEST, LARGEST, GAP = 40, 56, 112, 6  # sides of the pictures, and between them, pixels
BESIDE = 96  # pixels that the terms take at their side
EMPTY = "Click a point on the map, or drop an image of your own here (Ctrl+V pastes one)."
TERMS = (
    ("neg_elbo", "−ELBO", "The sum of the reconstruction term and the KL, in nats: a bound on −log p(x)"),
    (
        "reconstruction",
        "rec",
        "The reconstruction term: −log p(x | z), the mean over 32 draws of z from q(z | x), in nats",
    ),
    ("kl", "KL", "KL of q(z | x) from the prior, exact, in nats"),
    ("bits", "bits/dim", "−ELBO in bits per pixel and channel; a Bernoulli on grey values has none"),
)


class SamplePart(QWidget):
    """`asked(name)`: an entry of the menu; `end_asked("A" or "B")`: it becomes an end of the strip."""

    asked = Signal(str)
    end_asked = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._build()
        state = session.inspector
        for signal in (state.subject_changed, state.inspection_changed, session.condition_changed, theme.changed):
            signal.connect(self._show)
        for signal in (state.peers_changed, session.facts_changed):
            signal.connect(self._show_anomaly)
        state.own_changed.connect(self._show_own)
        session.run_changed.connect(self._expect)
        self._expect()
        self._show()

    # -- building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._hint = muted(EMPTY, wrap=True)
        column.addWidget(self._hint)
        self._found = QWidget()
        inside = QVBoxLayout(self._found)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(4)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(8)
        self._row.addLayout(self._build_pictures())
        self._row.addLayout(self._build_terms(), 1)
        inside.addLayout(self._row)
        inside.addWidget(ErrorLegend())
        self._anomaly = named(muted(wrap=True), "inspector_anomaly", "How unusual the image is")
        self._note = named(muted(wrap=True), "inspector_note", "What was done to your image")
        inside.addWidget(self._anomaly)
        inside.addWidget(self._note)
        inside.addLayout(self._build_own())
        column.addWidget(self._found)
        column.addLayout(self._build_taking())
        column.addStretch(1)

    def _build_pictures(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(GAP)
        self.input = PictureView(LEAST, "inspector_input", "The image")
        self.output = PictureView(LEAST, "inspector_output", "Its reconstruction")
        self.error = PictureView(LEAST, "inspector_error", "Reconstruction minus image")
        for view, words, tip in (
            (self.input, "input", "The image"),
            (self.output, "output", "Its reconstruction by the model: the mean of p(x | z) at z = μ"),
            (self.error, "error", "Output minus input: blue where it is too light, red where it is too dark"),
        ):
            column = QVBoxLayout()
            column.setSpacing(1)
            caption = muted(words)
            column.addWidget(view)
            column.addWidget(caption)
            view.setToolTip(wrapped(tip))
            line.addLayout(column)
        line.addStretch(1)
        return line

    def _build_terms(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(1)
        self.terms: dict[str, QLabel] = {}
        for place, (key, words, tip) in enumerate(TERMS):
            name, value = muted(words), named(figure(), f"inspector_{key}", tip.partition(",")[0], tip)
            name.setToolTip(wrapped(tip))
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(name, place, 0)
            grid.addWidget(value, place, 1)
            self.terms[key] = value
        grid.setRowStretch(len(TERMS), 1)
        grid.setColumnStretch(1, 1)
        return grid

    def _build_own(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(4)
        self._invert = named(QCheckBox("Invert"), "inspector_invert", "Exchange light and dark of your image")
        self._invert.clicked.connect(lambda: self.asked.emit("own_invert"))
        line.addWidget(self._invert)
        line.addStretch(1)
        for which in ("A", "B"):
            tip = f"{'Begin' if which == 'A' else 'End'} the strip at this image's code"
            button = named(
                QPushButton(f"Set {which}"), f"inspector_set_{which.lower()}", f"Set {which} to this image", tip
            )
            button.setProperty("look", "narrow")
            button.clicked.connect(lambda _checked=False, end=which: self.end_asked.emit(end))
            line.addWidget(button)
        return line

    def _build_taking(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(4)
        for name, words, tip in (
            ("own_open", "Image…", "Encode an image file of your own (Shift+E)"),
            ("own_paste", "Paste", "Encode the image in the clipboard (Ctrl+V)"),
            ("own_back", "Your image", "Back to the image of your own"),
            ("own_remove", "Remove", "Take the image of your own away"),
        ):
            button = named(QPushButton(words), f"inspector_{name}", tip, tip)
            button.setProperty("look", "quiet")
            button.clicked.connect(lambda _checked=False, asked=name: self.asked.emit(asked))
            line.addWidget(button)
            setattr(self, f"_{name}", button)
        line.addStretch(1)
        return line

    def fit(self, width: int) -> None:
        """Into so many pixels: the terms beside the pictures, or where that is too narrow below them."""
        side, direction = (width - BESIDE - 2 * GAP) // 3, QBoxLayout.Direction.LeftToRight
        if side < SMALLEST:
            side, direction = (width - 2 * GAP) // 3, QBoxLayout.Direction.TopToBottom
        side = min(max(side, LEAST), LARGEST)
        self._row.setDirection(direction)
        for view in (self.input, self.output, self.error):
            view.set_side(side)

    # -- what is shown

    def _expect(self) -> None:
        run = self._session.run
        if run is not None:
            for view in (self.input, self.output, self.error):
                view.expect(run.image_shape[1:])

    def _show(self) -> None:
        state = self._session.inspector
        subject, found = state.subject, state.inspection
        self._hint.setVisible(subject is None)
        self._found.setVisible(subject is not None)
        self.input.set_pixels(None if subject is None else subject.pixels)
        self.output.set_pixels(None if found is None else found.output)
        if subject is None or found is None:
            self.error.set_pixels(None)
        else:
            self.error.set_pixels(diverging(signed_error(subject.pixels, found.output)))
        for key, label in self.terms.items():
            label.setText(_term(found, key))
        self._show_anomaly()
        self._show_own()

    def _show_anomaly(self) -> None:
        state, facts = self._session.inspector, self._session.facts
        found = state.inspection
        self._anomaly.setVisible(found is not None)
        if found is None:
            return
        words = f"Anomaly score {found.anomaly:.1f} nats"
        others = None
        if facts is not None and facts.anomaly is not None and facts.step == found.step:
            others = facts.anomaly
        elif state.peers is not None and state.peers.step == found.step:
            others = state.peers.scores
        share = None if others is None else percentile(found.anomaly, others)
        if share is not None and others is not None:
            words += f": more unusual than {_share(share)}{len(others):,} points of the map"
        self._anomaly.setText(words)

    def _show_own(self) -> None:
        state = self._session.inspector
        subject = state.subject
        own = subject is not None and subject.own
        self._note.setVisible(own)
        self._note.setText("" if subject is None else subject.note)
        self._invert.setVisible(own)
        self._invert.setChecked(subject is not None and subject.inverted)
        for name, shown in (("_own_back", state.own is not None and not own), ("_own_remove", own)):
            getattr(self, name).setVisible(shown)


def _share(percent: float) -> str:
    """All or none are said only where it is so."""
    if percent in (0, 100):
        return "all " if percent else "none of "
    return f"{min(max(round(percent), 1), 99)} % of "


def _term(found: Inspection | None, key: str) -> str:
    if found is None:
        return "…"
    if key == "bits":
        return "–" if found.bits_per_dim is None else f"{found.bits_per_dim:.2f}"
    return f"{getattr(found, key):.1f}"
