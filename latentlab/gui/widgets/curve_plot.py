"""A plot of curves over steps in the theme's colours: quiet axes, a crosshair, a y range for the interesting part."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.bars import round_steps

Floats = NDArray[np.float64]
ROOM_FOR_ALL = 1.6  # times the range within the fences: so much is spent on showing the rest as well
AXIS_WIDTH = 46  # pixels; fixed, so that a plot does not jump when its figures grow


def robust_range(values: Floats) -> tuple[float, float] | None:
    """Lowest and highest of the values within Tukey's outer fences, with a margin; None where nothing is finite.

    The fences lie three interquartile ranges outside the middle half (Tukey 1977): a curve that falls from 540 to 240
    in its first steps is shown around 240. Where leaving them out gains little, everything is shown.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.percentile(values, [25, 75])
    fence = 3 * (high - low)
    kept = values[(values >= low - fence) & (values <= high + fence)]
    if np.ptp(values) <= ROOM_FOR_ALL * np.ptp(kept):
        kept = values
    bottom, top = float(kept.min()), float(kept.max())
    margin = 0.06 * (top - bottom) or 0.05 * abs(top) or 1.0
    return bottom - margin, top + margin


class StepAxis(pg.AxisItem):
    """Steps as whole numbers with thousands set apart: '12,000'."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{value * scale:,.0f}" if float(value * scale).is_integer() else "" for value in values]


class ValueAxis(pg.AxisItem):
    """Values in plain figures, on a logarithmic axis as well: '300', not '3·10²'."""

    def logTickValues(self, low: float, high: float, size: float, std_ticks: list[Any]) -> list[Any]:
        """Round values where the axis spans less than a decade: powers of ten alone would leave it bare."""
        if high - low >= 1:
            return super().logTickValues(low, high, size, std_ticks)
        marks = round_steps(10**low, 10**high, max(int(size / 28), 2))
        return [(1.0, [float(np.log10(mark)) for mark in marks if mark > 0])]

    def logTickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{10**value * scale:,.4g}" for value in values]


class CurvePlot(pg.PlotItem):
    """One plot. Curves that are added are clipped to the view and thinned to its pixels, keeping their peaks."""

    def __init__(self, owner: QWidget) -> None:
        super().__init__(axisItems={"bottom": StepAxis("bottom"), "left": ValueAxis("left")}, enableMenu=False)
        self.ctrlMenu.setParent(
            owner, self.ctrlMenu.windowFlags()
        )  # made in any case; without an owner it stays behind
        self._log = False
        self._crosshair = pg.InfiniteLine(angle=90, movable=False)
        self._crosshair.hide()
        self.addItem(self._crosshair, ignoreBounds=True)
        self.hideButtons()
        self.disableAutoRange()
        self.setClipToView(True)
        self.setDownsampling(auto=True, mode="peak")
        self.showGrid(y=True, alpha=0.7)
        for name in ("left", "bottom"):
            self.getAxis(name).setZValue(self.vb.zValue() - 1)  # the grid lies under the curves
            self.getAxis(name).setStyle(maxTickLevel=0, tickLength=-4 if name == "bottom" else 0, tickFont=theme.mono())
        self.getAxis("left").setWidth(AXIS_WIDTH)

    def add_curve(self) -> pg.PlotDataItem:
        """An empty curve. Values that are not finite leave a gap. One peak and one valley per pixel are enough."""
        return self.plot([], [], antialias=True, connect="finite", autoDownsampleFactor=1.0)

    def set_log(self, on: bool) -> None:
        """Whether the vertical axis is logarithmic; `fit` afterwards."""
        self._log = on
        self.setLogMode(y=on)

    def fit(self, last_step: float, values: Iterable[Floats]) -> None:
        """Show steps 0 to `last_step` and the interesting part of all these values."""
        together = np.concatenate([np.empty(0), *values])
        if self._log:
            together = np.log10(together[together > 0])
        self.setXRange(0, max(last_step, 1), padding=0.02)
        bounds = robust_range(together)
        if bounds is not None:
            self.setYRange(*bounds, padding=0)

    def show_crosshair(self, step: float | None) -> None:
        """A vertical line at the step, or none."""
        self._crosshair.setVisible(step is not None)
        if step is not None:
            self._crosshair.setPos(step)

    def recolour(self) -> None:
        """Take the colours in force for what is not a curve."""
        colours = theme.current()
        line, text = pg.mkPen(theme.qcolor(colours.line)), pg.mkPen(theme.qcolor(colours.muted))
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.setPen(line)
            axis.setTickPen(line)
            axis.setTextPen(text)
        self._crosshair.setPen(text)


def draw_train(curve: pg.PlotDataItem, colour: str, crowded: bool) -> None:
    """A thin line; paler where its noise would cover everything else."""
    curve.setPen(pg.mkPen(theme.qcolor(colour, 110 if crowded else 255), width=1))


def draw_validation(curve: pg.PlotDataItem, colour: str, crowded: bool) -> None:
    """Dots on a broken line of the same colour; smaller on a whole one where there are many."""
    strong, ground = theme.qcolor(colour), theme.qcolor(theme.current().card)
    curve.setPen(pg.mkPen(strong, width=1, dash=None if crowded else [4, 4]))
    curve.setSymbol("o")
    curve.setSymbolSize(3 if crowded else 6)
    curve.setSymbolBrush(pg.mkBrush(strong))
    curve.setSymbolPen(pg.mkPen(strong if crowded else ground, width=1))
