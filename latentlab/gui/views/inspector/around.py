"""What is around the image's code: draws from its posterior, and steps of sigma along one dimension."""

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from latentlab.explore.inspection import Surroundings
from latentlab.gui.session import Session
from latentlab.gui.widgets.labels import muted
from latentlab.gui.widgets.named import named
from latentlab.gui.widgets.thumbnails import Thumbnails

SIDE = 32  # pixels
EMPTY = "Select a sample or drop an image: variations of it appear here."
MOST = -1  # the choice of the most informative dimension


class AroundPart(QWidget):
    """`asked(dim or None, again)`: probes along this dimension, and other draws; `place_chosen(z (d,), words)`."""

    asked = Signal(object, bool)
    place_chosen = Signal(object, str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._build()
        state = session.inspector
        state.surroundings_changed.connect(self._show)
        state.inspection_changed.connect(self._offer)
        self._offer()
        self._show()

    def _build(self) -> None:
        self._dim = named(
            QComboBox(), "inspector_dim", "Dimension to probe", "The latent dimension along which the sample is moved"
        )
        self._dim.activated.connect(lambda _place: self.asked.emit(self._chosen(), False))
        self._again = named(
            QPushButton("Draw again"), "inspector_draw", "Draw again from the posterior", "Other draws of z (Shift+R)"
        )
        self._again.setProperty("look", "narrow")
        self._again.clicked.connect(lambda: self.asked.emit(self._chosen(), True))
        self._probed = Thumbnails(SIDE, "inspector_probes", "Steps of sigma along one dimension", wraps=True)
        self._drawn = Thumbnails(SIDE, "inspector_draws", "Draws from the posterior", wraps=True)
        self._probed.pressed.connect(self._go_probe)
        self._drawn.pressed.connect(self._go_draw)
        self._words, self._hint = muted("μ − 3σ … μ + 3σ along"), muted(EMPTY, wrap=True)
        self._whole = QWidget()
        inside = QVBoxLayout(self._whole)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(4)
        for words, control, pictures in (
            (self._words, self._dim, self._probed),
            (muted("Drawn from q(z | x)"), self._again, self._drawn),
        ):
            line = QHBoxLayout()
            line.setSpacing(6)
            line.addWidget(words)
            line.addStretch(1)
            line.addWidget(control)
            inside.addLayout(line)
            inside.addWidget(pictures)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._hint)
        column.addWidget(self._whole)
        column.addStretch(1)

    def again(self) -> None:
        """Other draws, as by the button."""
        self._again.click()

    def probe(self, dim: int) -> None:
        """Along this dimension from now on."""
        place = self._dim.findData(dim)
        if place >= 0:
            self._dim.setCurrentIndex(place)
            self.asked.emit(dim, False)

    def _chosen(self) -> int | None:
        dim = self._dim.currentData()
        return None if dim is None or dim == MOST else int(dim)

    def _offer(self) -> None:
        """The dimensions by their KL for this image; the one that was chosen stays."""
        found, chosen = self._session.inspector.inspection, self._dim.currentData()
        self._hint.setVisible(found is None)
        self._whole.setVisible(found is not None)
        if found is None:
            return
        self._dim.clear()
        self._dim.addItem(f"most informative, z{found.order()[0]}", MOST)
        for dim in found.order():
            self._dim.addItem(f"z{dim} · {found.kl_per_dim[dim]:.2f} nats", int(dim))
        self._dim.setCurrentIndex(max(self._dim.findData(chosen), 0))

    def _show(self) -> None:
        shown = self._session.inspector.surroundings
        if shown is None:
            self._probed.set_pictures([], [])
            self._drawn.set_pictures([], [])
            return
        self._probed.set_pictures(list(shown.probed), [_step(shown, place) for place in range(len(shown.steps))])
        self._drawn.set_pictures(
            list(shown.drawn), [f"draw {place + 1} from q(z | x)" for place in range(len(shown.drawn))]
        )

    def _go_probe(self, place: int) -> None:
        shown = self._session.inspector.surroundings
        if shown is not None:
            self.place_chosen.emit(np.asarray(shown.probes[place]), _step(shown, place))

    def _go_draw(self, place: int) -> None:
        shown = self._session.inspector.surroundings
        if shown is not None:
            self.place_chosen.emit(np.asarray(shown.draws[place]), f"draw {place + 1} from q(z | x)")


def _step(shown: Surroundings, place: int) -> str:
    step = shown.steps[place]
    return f"μ{step:+.0f}σ along z{shown.dim}" if step else "μ"
