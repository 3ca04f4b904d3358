"""How much each latent dimension carries: bars of KL, largest first, and in words what that means."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.widgets import labels
from latentlab.gui.widgets.bars import Bar, Bars
from latentlab.gui.widgets.named import named

ACTIVE_NATS = 0.01  # a dimension whose mean KL is below says next to nothing
REDRAW_MS = 100


def verdict(kl: NDArray[np.float32]) -> tuple[str, bool]:
    """What (d,) nats per dimension mean, in a sentence or two, and whether that is bad: a collapsed posterior.

    Posterior collapse (Bowman et al. 2016, Lucas et al. 2019): the posterior of a dimension equals the prior, and the
    decoder goes without it.
    """
    active, count = int((kl >= ACTIVE_NATS).sum()), len(kl)
    if active == 0:
        return (
            "Collapsed: no dimension carries anything, the decoder ignores z. "
            "A smaller beta helps, or a KL warm-up over more steps.",
            True,
        )
    carried = f"{active} of {count} dimensions above {ACTIVE_NATS:g} nats, {kl.sum():.1f} nats in total."
    if count > 1 and active <= count / 4:
        return f"{carried} The rest is collapsed: a smaller beta or a warm-up wakes more, or fewer would do.", False
    if count > 2 and active == count and kl.min() > 1:
        return f"{carried} All are in full use: more of them might be used as well.", False
    return carried, False


class DimensionsView(QWidget):
    """KL per latent dimension. It follows the training, at most ten times a second."""

    fact_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dimensions_view")
        self._session = session
        self._bars = named(Bars(10 * ACTIVE_NATS), "dimension_bars", "KL of each latent dimension, in nats")
        self._words = labels.muted(wrap=True)
        self._alarm = labels.bad()
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part, share in ((self._words, 0), (self._alarm, 0), (self._bars, 1)):
            column.addWidget(part, share)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(whole)
        self._stack.addWidget(labels.empty("No dimensions yet: open a run, or press Train"))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REDRAW_MS)
        self._timer.timeout.connect(self._redraw)
        for signal in (session.run_changed, session.curves_changed, session.encoding_changed):
            signal.connect(self._on_changed)
        self._redraw()

    def _on_changed(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._redraw()

    def _redraw(self) -> None:
        kl = self._session.kl_per_dim() if self._session.run is not None else None
        self._stack.setCurrentIndex(1 if kl is None else 0)
        if kl is None:
            self.fact_changed.emit("")
            return
        self._bars.set_bars([_bar(dim, float(kl[dim])) for dim in self._session.order()])
        words, bad = verdict(kl)
        for label, shown in ((self._words, not bad), (self._alarm, bad)):
            label.setText(words if shown else "")
            label.setVisible(shown)
        self._bars.setAccessibleDescription(words)
        self.fact_changed.emit(f"{int((kl >= ACTIVE_NATS).sum())} of {len(kl)} active")


def _bar(dim: int, kl: float) -> Bar:
    return Bar(f"z{dim}", kl, kl < ACTIVE_NATS, f"z{dim}: {kl:.3f} nats" + (", inactive" if kl < ACTIVE_NATS else ""))
