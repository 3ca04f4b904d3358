"""q(z | x) of the image, dimension by dimension, beside the prior."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from latentlab.explore.inspection import Inspection
from latentlab.gui.session import Session
from latentlab.gui.widgets.intervals import Interval, Intervals
from latentlab.gui.widgets.labels import muted
from latentlab.gui.widgets.named import named

INACTIVE = 0.01  # nats: a dimension whose mean KL is below says next to nothing
EMPTY = "Select a sample or drop an image: its posterior in each latent dimension appears here."


class PosteriorPart(QWidget):
    """`dim_chosen(dim)`: this dimension was pressed."""

    dim_chosen = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.chart = named(Intervals(), "inspector_posterior", "Posterior of each latent dimension beside the prior")
        self.chart.setToolTip("")
        self._current, self._legend = muted(wrap=True), muted(wrap=True)
        self._current.setObjectName("inspector_dimension")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._current)
        column.addWidget(self.chart, 1)
        column.addWidget(self._legend)
        self.chart.chosen.connect(self.dim_chosen)
        self.chart.pointed.connect(lambda _dim: self._tell())
        for signal in (session.inspector.inspection_changed, session.encoding_changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        found = self._session.inspector.inspection
        self.chart.setVisible(found is not None)
        if found is None:
            self.chart.set_intervals([])
            self._legend.setText(EMPTY if self._session.inspector.subject is None else "Encoding…")
            self._current.setText("")
            return
        mean = self._session.kl_per_dim()
        order = self._session.order()
        self.chart.set_intervals(
            [_interval(found, int(dim), mean is not None and mean[dim] < INACTIVE) for dim in order]
        )
        self._tell()

    def _tell(self) -> None:
        current, seen, total = self.chart.current, self.chart.fitting(), 0
        found = self._session.inspector.inspection
        if current is None or found is None:
            return
        total = len(found.mu)
        self._current.setText(current.tip)
        most = f" · the first {seen} of {total}" if seen < total else ""
        self._legend.setText(f"Bar: μ ± σ, line: μ · band: prior ± σ · grey: inactive · sorted by KL{most}")


def _interval(found: Inspection, dim: int, faint: bool) -> Interval:
    mu, sigma, prior, spread = (
        float(values[dim]) for values in (found.mu, found.sigma, found.prior_mu, found.prior_sigma)
    )
    tip = f"z{dim}: μ {mu:+.2f}, σ {sigma:.2f}, KL {found.kl_per_dim[dim]:.2f} nats"
    if (round(prior, 3), round(spread, 3)) != (0, 1):
        tip += f", prior {prior:+.2f} ± {spread:.2f}"
    return Interval(dim, f"z{dim}", mu, sigma, prior, spread, faint, tip + (", inactive" if faint else ""))
