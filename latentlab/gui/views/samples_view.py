"""Pictures that follow the training: held-out ones with their reconstructions, and samples of the prior."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.widgets.labels import empty, muted
from latentlab.gui.widgets.picture_grid import PictureGrid


class SamplesView(QWidget):
    """The same pictures and the same noise at every snapshot, until `resample_pressed` asks for other noise."""

    resample_pressed = Signal()
    fact_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("samples_view")
        self._session = session
        self._resample = QPushButton("Resample")
        self._resample.setObjectName("resample")
        self._resample.setAccessibleName("Resample")
        self._resample.setToolTip("Draw other samples from the prior")
        self._resample.clicked.connect(lambda: self.resample_pressed.emit())
        self.header_controls: list[QWidget] = [self._resample]
        self._build()
        session.live_changed.connect(self._show)
        session.run_changed.connect(self._show)
        session.model_ready_changed.connect(self._show)
        self._show()

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
        for words, grid in (
            ("held-out pictures, and below each its reconstruction", self._pairs),
            ("samples: z drawn from the prior, decoded", self._samples),
        ):
            column = QVBoxLayout()
            column.setSpacing(4)
            column.addWidget(muted(words))
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
