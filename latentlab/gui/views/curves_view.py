"""The curves of training: negative ELBO with its reconstruction, and KL, over steps; train and validation.

Drawn on a timer, at most five times a second and only when records came; each record is read once. The legend reads
the values at the cursor, or the newest.
"""

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QStackedLayout, QWidget

from latentlab.gui.records import Curves
from latentlab.gui.session import Session
from latentlab.gui.widgets import labels, theme
from latentlab.gui.widgets.curve_plot import AXIS_WIDTH, CurvePlot, draw_train, draw_validation
from latentlab.gui.widgets.named import named

Floats = NDArray[np.float64]
REDRAW_MS = 400  # drawing takes 10 to 15 ms, in which a training on the processor waits
MANY_TRAIN, MANY_VALIDATION = 600, 25  # records, beyond which lines are drawn paler and dots smaller


@dataclass(frozen=True)
class Quantity:
    """What is drawn in each split: its column of the records, its words, the theme's colour, its plot."""

    column: str
    words: str
    short: str
    colour: str
    plot: int


QUANTITIES = (
    Quantity("neg_elbo", "−ELBO", "−ELBO", "accent", 0),
    Quantity("reconstruction", "reconstruction", "rec", "usual", 0),
    Quantity("kl", "KL", "KL", "unusual", 1),
)
COLUMNS = ("step", "neg_elbo", "reconstruction", "kl", "beta", "learning_rate")


class Columns:
    """Columns of a list of records that grows. Reading takes only what is new."""

    def __init__(self) -> None:
        self._values = {name: array("d") for name in COLUMNS}

    def read(self, records: list[dict[str, Any]]) -> None:
        for record in records[len(self._values["step"]) :]:
            for name, values in self._values.items():
                values.append(record.get(name, float("nan")))

    def __getitem__(self, name: str) -> Floats:
        return np.array(self._values[name], np.float64)

    def at(self, step: float | None) -> dict[str, float]:
        """The record nearest to the step, or the newest for None; empty where there are none."""
        steps = self["step"]
        if not len(steps):
            return {}
        row = len(steps) - 1 if step is None else int(np.abs(steps - step).argmin())
        return {name: values[row] for name, values in self._values.items()}


class CurvesView(QWidget):
    """Two plots that share their steps, a legend with values, and a logarithmic switch in the heading."""

    fact_changed = Signal(str)
    redrawn = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("curves_view")
        self._session = session
        self._drawn: tuple[Curves | None, int] = (None, -1)
        self._columns = {"train": Columns(), "validation": Columns()}
        self._crowded = (False, False)  # train, validation
        self._follows = True  # until the person zooms
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REDRAW_MS)
        self._timer.timeout.connect(self._redraw)
        self._log = named(QPushButton("log"), "curves_log", "Logarithmic axes")
        self._log.setCheckable(True)
        self._log.setProperty("look", "segment")
        self._log.toggled.connect(self._on_log)
        self.header_controls: list[QWidget] = [self._log]
        self._make_plots()
        self._lay_out()
        session.curves_changed.connect(self._on_curves)
        session.history_changed.connect(self._on_history)
        theme.changed.connect(self._recolour)
        self._recolour()
        self._redraw()

    def curve(self, split: str, column: str) -> pg.PlotDataItem:
        """What is drawn of one quantity in one split."""
        return self._curves[split, column]

    # -- parts

    def _make_plots(self) -> None:
        tip = "Wheel zooms, dragging moves, a double click shows all"
        self._canvas = named(pg.GraphicsLayoutWidget(), "curves", "Curves of training", tip)
        self._canvas.ci.setContentsMargins(0, 0, 0, 0)
        self._canvas.ci.layout.setSpacing(8)
        self._plots = [CurvePlot(self), CurvePlot(self)]
        for column, plot in enumerate(self._plots):
            self._canvas.addItem(plot, 0, column)
            plot.vb.sigRangeChangedManually.connect(self._on_zoomed)
        self._plots[1].setXLink(self._plots[0])
        for column, share in enumerate((4, 3)):
            self._canvas.ci.layout.setColumnStretchFactor(column, share)
        self._curves = {
            (split, quantity.column): self._plots[quantity.plot].add_curve()
            for split in self._columns
            for quantity in QUANTITIES
        }
        self._canvas.scene().sigMouseMoved.connect(self._on_mouse)
        self._canvas.viewport().installEventFilter(self)

    def _lay_out(self) -> None:
        self._legends = [named(QLabel(), f"curves_legend_{i}", "Values of the curves") for i in range(2)]
        whole = QWidget()
        grid = QGridLayout(whole)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.setHorizontalSpacing(8)
        for column, (legend, share) in enumerate(zip(self._legends, (4, 3), strict=True)):
            legend.setTextFormat(Qt.TextFormat.RichText)
            legend.setMinimumWidth(1)
            legend.setIndent(AXIS_WIDTH if column == 0 else AXIS_WIDTH - 8)
            grid.addWidget(legend, 0, column)
            grid.setColumnStretch(column, share)
        grid.addWidget(self._canvas, 1, 0, 1, 2)
        grid.setRowStretch(1, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(whole)
        self._stack.addWidget(labels.empty("No curves yet: open a run, or press Train"))

    # -- drawing

    def _on_curves(self) -> None:
        if self._session.curves is not self._drawn[0]:
            self._follows = True
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._redraw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._write_legends(None)

    def _redraw(self) -> None:
        """Bring the plots up to the session's records, if they are not."""
        curves, (drawn, version) = self._session.curves, self._drawn
        if curves is drawn and curves.version == version:
            return
        if curves is not drawn:
            self._columns = {split: Columns() for split in self._columns}
        self._drawn = (curves, curves.version)
        shown = self._session.history.shown_step
        self._columns["train"].read(curves.train)
        self._columns["validation"].read(curves.validation)
        for (split, name), curve in self._curves.items():
            curve.setData(self._columns[split]["step"], self._columns[split][name])
        crowded = (len(curves.train) > MANY_TRAIN, len(curves.validation) > MANY_VALIDATION)
        if crowded != self._crowded:
            self._crowded = crowded
            self._recolour()
        self._stack.setCurrentIndex(0 if curves.train or curves.validation else 1)
        if self._follows:
            self._fit()
        self._write_legends(shown)
        self.redrawn.emit()

    def _fit(self) -> None:
        self._follows = True
        last = max((steps[-1] for split in self._columns.values() if len(steps := split["step"])), default=1.0)
        for number, plot in enumerate(self._plots):
            names = [quantity.column for quantity in QUANTITIES if quantity.plot == number]
            plot.fit(last, [split[name] for split in self._columns.values() for name in names])

    def _recolour(self) -> None:
        colours = theme.current()
        self._canvas.setBackground(colours.card)
        for plot in self._plots:
            plot.recolour()
        for quantity in QUANTITIES:
            colour = getattr(colours, quantity.colour)
            draw_train(self._curves["train", quantity.column], colour, self._crowded[0])
            draw_validation(self._curves["validation", quantity.column], colour, self._crowded[1])
        self._write_legends(None)

    # -- reading

    def _write_legends(self, step: float | None) -> None:
        """The values at a step, or the newest; in short words where there is little room."""
        train, validation = (split.at(step) for split in self._columns.values())
        for number, legend in enumerate(self._legends):
            for words in ("words", "short"):
                legend.setText(_legend(number, words, train, validation))
                if legend.sizeHint().width() <= legend.width():
                    break
        here = train or validation
        parts = (
            [f"step {here['step']:,.0f}", f"β {here['beta']:.3g}", f"lr {here['learning_rate']:.3g}"] if here else []
        )
        self.fact_changed.emit(" · ".join(part for part in parts if "nan" not in part))

    def _on_mouse(self, position: QPointF) -> None:
        inside = next((plot for plot in self._plots if plot.vb.sceneBoundingRect().contains(position)), None)
        here = None if inside is None else inside.vb.mapSceneToView(position).x()
        record = {} if here is None else self._columns["train"].at(here) or self._columns["validation"].at(here)
        self._point_at(record.get("step", self._session.history.shown_step))

    def _on_history(self) -> None:
        """The line stands at the epoch that is shown, where it is a past one."""
        self._point_at(self._session.history.shown_step)

    def _point_at(self, step: float | None) -> None:
        for plot in self._plots:
            plot.show_crosshair(step)
        self._write_legends(step)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """When the mouse leaves, the newest values again; at a double click, everything in view."""
        if event.type() == QEvent.Type.Leave:
            self._on_mouse(QPointF(-1, -1))
        elif event.type() == QEvent.Type.MouseButtonDblClick:
            self._fit()
        return super().eventFilter(watched, event)

    # -- what the person does

    def _on_zoomed(self) -> None:
        self._follows = False

    def _on_log(self, on: bool) -> None:
        for plot in self._plots:
            plot.set_log(on)
        self._fit()


def _legend(number: int, words: str, train: dict[str, float], validation: dict[str, float]) -> str:
    """A plot's legend: a sample of each line with its words and values; nats per image."""
    colours = theme.current()
    parts = []
    for quantity in QUANTITIES:
        if quantity.plot == number:
            colour = getattr(colours, quantity.colour)
            text = f'<span style="color:{colour}">━</span> {getattr(quantity, words)} {_value(train, quantity)}'
            if validation:
                text += f' <span style="color:{colour}">●</span> {_value(validation, quantity)}'
            parts.append(text)
    key = "nats" if words == "words" else ""
    if validation and number == 1:
        key = "nats · ━ train ● validation" if words == "words" else "● validation"
    text = "&nbsp;&nbsp;&nbsp;".join([*parts, *filter(None, [key])])
    return f'<span style="color:{colours.muted}; font-size:{theme.SMALL}px">{text}</span>'


def _value(record: dict[str, float], quantity: Quantity) -> str:
    if not record:
        return "–"
    family = theme.mono().family()
    text = f"{record[quantity.column]:,.1f}"
    return f"<span style=\"font-family:'{family}'; color:{theme.current().text}\">{text}</span>"
