"""Pictures that follow the training: held-out ones with their reconstructions, and samples."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.labels import empty, muted
from latentlab.gui.widgets.named import named, wrapped
from latentlab.gui.widgets.picture_grid import PictureGrid

PRIORS = {
    "trained": ("prior_trained", "N(0, I)", "Draw samples from the prior that was trained"),
    "mixture": ("prior_mixture", "Mixture", "Draw samples from a mixture of Gaussians fitted to the encodings"),
}
LEARNT = "Learnt prior"  # what N(0, I) is called where each class has its own


class SamplesView(QWidget):
    """The same pictures and the same noise at every snapshot, until `resample_pressed` asks for other noise."""

    resample_pressed = Signal()
    prior_chosen = Signal(str)  # "trained" or "mixture"
    fact_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("samples_view")
        self._session = session
        self._resample = named(QPushButton("Resample"), "resample", "Resample", "Draw other samples")
        self._resample.clicked.connect(lambda: self.resample_pressed.emit())
        self.header_controls: list[QWidget] = [self._build_priors(), self._resample]
        self._build()
        session.live_changed.connect(self._show)
        session.run_changed.connect(self._show)
        session.model_ready_changed.connect(self._show)
        for changed in (session.sampling_changed, session.training_changed, session.images_changed):
            changed.connect(self._show_prior)
        self._show()

    def _build_priors(self) -> QWidget:
        together = QWidget()
        line = QHBoxLayout(together)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        group = QButtonGroup(self)
        self._priors: dict[str, QPushButton] = {}
        for prior, (name, text, words) in PRIORS.items():
            button = self._priors[prior] = named(QPushButton(text), name, words)
            button.setProperty("look", "segment")
            button.setCheckable(True)
            button.clicked.connect(lambda _checked=False, prior=prior: self._press(prior))
            group.addButton(button)
            line.addWidget(button)
        return together

    def _build(self) -> None:
        self._pages = QStackedLayout(self)
        self._pages.setContentsMargins(0, 0, 0, 0)
        self._empty = empty("")
        self._pages.addWidget(self._empty)
        self._pairs = PictureGrid("live_reconstructions", "Held-out pictures above their reconstructions", paired=True)
        self._samples = PictureGrid("live_samples", "Samples of the prior")
        page = QWidget()
        line = QHBoxLayout(page)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(16)
        self._words = ElidedLabel()
        self._words.setProperty("role", "muted")
        for caption, grid in (
            (muted("held-out pictures, and below each its reconstruction"), self._pairs),
            (self._words, self._samples),
        ):
            column = QVBoxLayout()
            column.setSpacing(4)
            column.addWidget(caption)
            column.addWidget(grid, 1)
            line.addLayout(column, 1)
        self._pages.addWidget(page)

    def _show(self) -> None:
        live, run = self._session.live, self._session.run
        self._pages.setCurrentIndex(0 if live is None else 1)
        self._resample.setEnabled(live is not None and self._session.model_ready)
        self._empty.setText(
            "No run yet: press Train, and its reconstructions and samples follow here."
            if run is None
            else "Reconstructions and samples appear here as soon as the model has been loaded."
        )
        self.fact_changed.emit("" if live is None else f"step {live.step:,}")
        if live is not None:
            self._pairs.set_blocks(live.inputs, live.outputs)
            self._samples.set_blocks(live.samples)
        self._show_prior()

    def _press(self, prior: str) -> None:
        self._show_prior()  # a press asks, and what holds is shown
        self.prior_chosen.emit(prior)

    def _show_prior(self) -> None:
        """Which prior holds, what can be chosen and why not, and what the samples that are shown are of."""
        session = self._session
        reason = self._no_mixture()
        self._priors[session.sampling.prior].setChecked(True)
        self._priors["trained"].setText(LEARNT if self._learnt() else PRIORS["trained"][1])
        self._priors["trained"].setEnabled(session.run is not None)
        self._priors["mixture"].setEnabled(not reason)
        self._priors["mixture"].setToolTip(wrapped(reason or PRIORS["mixture"][2]))
        self._words.setText(session.sampling.note or self._of())

    def _no_mixture(self) -> str:
        """Why a mixture cannot be had now; empty where it can."""
        session = self._session
        if session.training.active:
            return "A mixture is fitted to weights that stand still: choose it when the training has ended"
        if session.run is None or not session.model_ready or session.images is None:
            return "A mixture is fitted to a trained run's encodings: open a run whose data are here"
        return ""

    def _of(self) -> str:
        live = self._session.live
        if live is not None and live.components:
            gaussians = "one fitted Gaussian" if live.components == 1 else f"{live.components} fitted Gaussians"
            return f"samples: z drawn from {gaussians}, decoded"
        return f"samples: z drawn from {'its class’s learnt prior' if self._learnt() else 'N(0, I)'}, decoded"

    def _learnt(self) -> bool:
        run = self._session.run
        return run is not None and run.config.model.prior == "conditional"
