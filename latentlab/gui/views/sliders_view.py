"""A slider for each latent dimension, the most used one on top; the unused ones are folded away."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from latentlab.explore.traverse import ranges
from latentlab.gui.session import Session
from latentlab.gui.widgets.labels import empty, figure, muted
from latentlab.gui.widgets.latent_slider import LatentSlider

INACTIVE = 0.01  # nats: below it a dimension carries nothing
ROW_HEIGHT = 28
SAMPLE = 5000  # points that ranges and histograms are of


class _Row(QWidget):
    """Name, slider, value, KL."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.setFixedHeight(ROW_HEIGHT)
        self.slider = LatentSlider(f"z{dim}")
        self.slider.setToolTip("Drag, wheel or arrow keys; Shift is fine; double click or Delete resets")
        self.value, self.kl = figure(), figure()
        name = figure(f"z{dim}")
        name.setBuddy(self.slider)
        for label, width in ((name, 26), (self.value, 42), (self.kl, 28)):
            label.setFixedWidth(width)
        for label in (self.value, self.kl):
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        for widget in (name, self.slider, self.value, self.kl):
            line.addWidget(widget)
        self.kl.setToolTip("KL of this dimension in nats: how much of the pictures it carries")

    def show_value(self, value: float | None) -> None:
        """The number, and the thumb unless it is being held."""
        self.value.setText("·" if value is None else f"{value:+.2f}")
        if not self.slider.isSliderDown():
            self.slider.show_value(value or 0.0)

    def show_kl(self, kl: float | None) -> None:
        digits = 1 if kl is None or kl >= 0.095 else 2
        self.kl.setText("" if kl is None else f"{kl:.{digits}f}" if kl >= INACTIVE else "0")


class _Area(QScrollArea):
    """Tells when there is more room, or less: only then is its own size known."""

    resized = Signal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()


class SlidersView(QWidget):
    """Rows keep their order while a thumb is held; they take the new one when it is let go."""

    dim_moved = Signal(int, float)
    dim_reset = Signal(int)
    random_pressed = Signal()
    reset_pressed = Signal()
    from_selection_pressed = Signal()
    condition_chosen = Signal(int)
    fact_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sliders_view")
        self._session = session
        self._rows: dict[int, _Row] = {}
        self._ranges: NDArray[np.floating] | None = None
        self._sample = np.empty((0, 0), np.float32)  # of the encoded data
        self._open = False
        self._build()
        session.run_changed.connect(self._show_run)
        session.encoding_changed.connect(self._show_encoding)
        session.curves_changed.connect(self._arrange)
        session.place_changed.connect(self._show_place)
        session.condition_changed.connect(self._show_condition)
        session.selection_changed.connect(self._show_selection)
        self._show_run()

    @property
    def rows_shown(self) -> list[int]:
        """The dimensions whose rows are to be seen, from the top."""
        shown = sorted((self._lines.indexOf(row), dim) for dim, row in self._rows.items() if not row.isHidden())
        return [dim for _, dim in shown]

    # -- building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._empty = empty("Open a run, or train one:\na slider for each latent dimension appears here.")
        column.addWidget(self._empty, 1)
        column.addWidget(self._build_condition())
        self._area = _Area()
        self._area.resized.connect(self._arrange)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setProperty("scrolled", True)
        self._lines = QVBoxLayout(inside)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(0)
        self._fold = self._button("sliders_fold", "", "Show or fold the other dimensions", self._toggle_fold)
        self._fold.setProperty("look", "fold")
        self._lines.addWidget(self._fold, 0, Qt.AlignmentFlag.AlignLeft)
        self._lines.addStretch(1)
        self._area.setWidget(inside)
        column.addWidget(self._area, 1)
        column.addWidget(self._build_buttons())

    def _build_condition(self) -> QWidget:
        self._condition_line = QWidget()
        line = QHBoxLayout(self._condition_line)
        line.setContentsMargins(0, 0, 0, 0)
        self._condition = QComboBox()
        self._condition.setObjectName("condition")
        self._condition.setAccessibleName("Class that is decoded")
        self._condition.setToolTip("The class that the decoder is told; z says the rest")
        self._condition.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._condition.currentIndexChanged.connect(self.condition_chosen)
        caption = muted("class")
        caption.setFixedWidth(30)
        line.addWidget(caption)
        line.addWidget(self._condition)
        return self._condition_line

    def _build_buttons(self) -> QWidget:
        self._buttons = QWidget()
        line = QHBoxLayout(self._buttons)
        line.setContentsMargins(0, 4, 0, 0)
        line.setSpacing(8)
        self._from_selection = self._button(
            "sliders_from_selection",
            "From selection",
            "Go to the selected picture's place",
            self.from_selection_pressed.emit,
        )
        line.addWidget(
            self._button("sliders_random", "Random", "A place drawn from the prior", self.random_pressed.emit)
        )
        line.addWidget(self._button("sliders_reset", "Reset", "All dimensions to 0", self.reset_pressed.emit))
        line.addWidget(self._from_selection)
        line.addStretch(1)
        return self._buttons

    def _button(self, name: str, text: str, words: str, pressed: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAccessibleName(text or words)
        button.setToolTip(words)
        button.clicked.connect(lambda: pressed())
        return button

    def _row(self, dim: int) -> _Row:
        """The row of a dimension, made when it is first to be seen."""
        if dim not in self._rows:
            row = self._rows[dim] = _Row(dim)
            row.slider.moved.connect(lambda value: self.dim_moved.emit(dim, value))
            row.slider.reset.connect(lambda: self.dim_reset.emit(dim))
            row.slider.sliderReleased.connect(self._arrange)
            self._dress(dim)
        return self._rows[dim]

    # -- showing

    def _show_run(self) -> None:
        run = self._session.run
        if run is None or any(dim >= run.latent_dim for dim in self._rows):
            self._forget_rows()
        for part in (self._area, self._buttons):
            part.setVisible(run is not None)
        self._empty.setVisible(run is None)
        self._condition_line.setVisible(run is not None and run.conditional)
        self.fact_changed.emit("" if run is None else "sorted by KL")
        self._show_condition()
        self._show_selection()
        self._show_encoding()

    def _forget_rows(self) -> None:
        for row in self._rows.values():
            self._lines.removeWidget(row)
            row.deleteLater()
        self._rows.clear()

    def _show_encoding(self) -> None:
        encoding = self._session.encoding
        # evenly spread rows say as well as all how far the data reach: quantiles of 70,000 hold the window up by 25 ms
        mu = np.empty((0, 0), np.float32) if encoding is None else encoding.mu
        self._sample = mu[np.linspace(0, len(mu) - 1, min(len(mu), SAMPLE)).astype(np.int64)]
        self._ranges = None if encoding is None else ranges(self._sample)
        for dim in self._rows:
            self._dress(dim)
        self._arrange()

    def _dress(self, dim: int) -> None:
        """Range, histogram, value and KL of one row."""
        row, place, kl = self._rows[dim], self._session.place, self._session.kl_per_dim()
        if not row.slider.isSliderDown():
            low, high = (-3.0, 3.0) if self._ranges is None else self._ranges[dim]
            row.slider.set_range(float(low), float(high))
            row.slider.set_values(self._sample[:, dim] if len(self._sample) else np.zeros(0))
        row.show_value(None if place is None else float(place.z[dim]))
        row.show_kl(None if kl is None else float(kl[dim]))

    def _show_place(self) -> None:
        place = self._session.place
        for dim, row in self._rows.items():
            row.show_value(None if place is None else float(place.z[dim]))

    def _show_condition(self) -> None:
        run = self._session.run
        names = list(run.class_names) if run is not None and run.conditional else []
        self._condition.blockSignals(True)
        if [self._condition.itemText(place) for place in range(self._condition.count())] != names:
            self._condition.clear()
            self._condition.addItems(names)
        if self._session.condition is not None:
            self._condition.setCurrentIndex(self._session.condition)
        self._condition.blockSignals(False)

    def _show_selection(self) -> None:
        self._from_selection.setEnabled(self._session.selected is not None)

    # -- order and folding

    def _arrange(self) -> None:
        """Rows in the order of their KL; those beyond what fits, and the inactive ones, behind the fold."""
        if self._session.run is None or any(row.slider.isSliderDown() for row in self._rows.values()):
            return
        order = [int(dim) for dim in self._session.order()]
        kl = self._session.kl_per_dim()
        active = [dim for dim in order if kl is None or kl[dim] >= INACTIVE]
        top = active[: self._capacity(len(order))]
        shown = order if self._open or not top else top
        for dim, row in self._rows.items():
            row.setVisible(dim in set(shown))
        for place, dim in enumerate(shown):
            row = self._row(dim)
            target = place if place < len(top) or not top else place + 1  # the fold's button stands between
            if self._lines.indexOf(row) != target:
                self._lines.removeWidget(row)
                self._lines.insertWidget(target, row)
            row.show()
        self._word_fold(len(order) - len(top), len(order) - len(active), len(order), bool(top))

    def _capacity(self, total: int) -> int:
        """How many rows fit above the fold's line; all of them where none has to be folded."""
        room = self._area.viewport().height()
        fitting = room // ROW_HEIGHT
        return fitting if fitting >= total else max((room - self._fold.sizeHint().height()) // ROW_HEIGHT, 3)

    def _word_fold(self, hidden: int, inactive: int, total: int, foldable: bool) -> None:
        arrow = "▾" if self._open else "▸"
        words = [f"{hidden} more"] if hidden > inactive else []
        words += [f"{inactive} of {total} inactive"] if inactive else []
        self._fold.setText(f"{arrow} " + " · ".join(words) if foldable else f"all {total} inactive")
        self._fold.setVisible(hidden > 0)

    def _toggle_fold(self) -> None:
        self._open = not self._open
        self._arrange()
        if self._open:  # once they have their places
            first = self._rows[int(self._session.order()[self._lines.indexOf(self._fold)])]
            QTimer.singleShot(0, self, lambda: self._area.ensureWidgetVisible(first, 0, ROW_HEIGHT))
