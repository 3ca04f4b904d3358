"""The curves of training: negative ELBO with its reconstruction, and KL, over steps; train and validation.

Drawn on a timer, at most ten times a second and only when records came; the y range leaves out the wild first steps.
"""

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from latentlab.gui.session import Curves, Session
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.named import named

Floats = NDArray[np.float64]
REDRAW_MS = 100


@dataclass(frozen=True)
class Quantity:
    """A curve in each split: its column in the records, its words, the theme's colour and the plot it belongs to."""

    column: str
    words: str
    colour: str
    plot: int


QUANTITIES = (
    Quantity("neg_elbo", "−ELBO", "accent", 0),
    Quantity("reconstruction", "reconstruction", "usual", 0),
    Quantity("kl", "KL", "unusual", 1),
)
SPLITS = ("train", "validation")


def robust_range(values: Floats) -> tuple[float, float] | None:
    """Lowest and highest of the values within Tukey's outer fences (three interquartile ranges around the middle half).

    A curve that falls from 540 to 240 in its first steps then shows the 240. None where nothing is finite.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.percentile(values, [25, 75])
    fence = 3 * (high - low)
    kept = values[(values >= low - fence) & (values <= high + fence)]
    bottom, top = float(kept.min()), float(kept.max())
    margin = 0.06 * (top - bottom) or 0.05 * abs(top) or 1.0
    return bottom - margin, top + margin


class CurvesView(QWidget):
    """Two plots that share the steps, a legend that reads the values at the crosshair, and a logarithmic switch."""

    fact_changed = Signal(str)
    redrawn = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("curves_view")
        self._session = session
        self._drawn: tuple[Curves, int] | None = None
        self._follows = True
        self._timer = QTimer(self)
        self._timer.setInterval(REDRAW_MS)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._redraw)
        self._make_plots()
        self._make_header()
        column = QVBoxLayout(self)
        column.setSpacing(4)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._header)
        column.addWidget(self._canvas, 1)
        session.curves_changed.connect(self._on_curves)
        theme.changed.connect(self._recolour)
        self._recolour()
        self._redraw()

    # -- parts

    def _make_plots(self) -> None:
        self._canvas = pg.GraphicsLayoutWidget()
        self._canvas.setObjectName("curves")
        self._canvas.setAccessibleName("Curves of training")
        self._plots = [self._canvas.addPlot(0, column) for column in range(2)]
        self._plots[1].setXLink(self._plots[0])
        self._crosshairs = [pg.InfiniteLine(angle=90, movable=False) for _ in self._plots]
        for plot, line in zip(self._plots, self._crosshairs, strict=True):
            plot.setMenuEnabled(False)
            plot.hideButtons()
            plot.setClipToView(True)
            plot.setDownsampling(auto=True, mode="peak")
            plot.showGrid(y=True, alpha=0.12)
            plot.addItem(line, ignoreBounds=True)
            line.hide()
            plot.vb.sigRangeChangedManually.connect(self._on_zoomed)
        self._curves = {
            (split, quantity.column): self._plots[quantity.plot].plot([], [], antialias=True)
            for split in SPLITS
            for quantity in QUANTITIES
        }
        self._canvas.scene().sigMouseMoved.connect(self._on_mouse)
        self._canvas.scene().sigMouseClicked.connect(self._on_clicked)

    def _make_header(self) -> None:
        self._header = QHBoxLayout()
        self._header.setSpacing(12)
        self._readout = named(QLabel(), "curves_readout", "Values at the cursor")
        self._readout.setTextFormat(Qt.TextFormat.RichText)
        self._log = named(QCheckBox("log"), "curves_log", "Logarithmic axes")
        self._log.toggled.connect(self._on_log)
        self._header.addWidget(self._readout, 1)
        self._header.addWidget(self._log)

    # -- drawing

    def _on_curves(self) -> None:
        if not self._timer.isActive() and self.isVisible():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._redraw()

    def _redraw(self) -> None:
        curves = self._session.curves
        state = (curves, curves.version)
        if state == self._drawn:
            return
        self._drawn = state
        for (split, name), curve in self._curves.items():
            curve.setData(*curves.column(split, name))
        self._fit()
        self.redrawn.emit()

    def _fit(self) -> None:
        pass

    def _on_zoomed(self) -> None:
        self._follows = False

    def _on_clicked(self, event: object) -> None:
        pass

    def _on_log(self, on: bool) -> None:
        for plot in self._plots:
            plot.setLogMode(y=on)

    def _on_mouse(self, position: QPointF) -> None:
        pass

    def _recolour(self) -> None:
        colours = theme.current()
        self._canvas.setBackground(colours.card)
        for (_, name), curve in self._curves.items():
            quantity = next(q for q in QUANTITIES if q.column == name)
            curve.setPen(pg.mkPen(getattr(colours, quantity.colour), width=1))
