"""The inspector: what is decoded under the cursor, and the selected image, or one of the person's own, in detail."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedLayout, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.views.inspector.around import AroundPart
from latentlab.gui.views.inspector.extremes import ExtremesPart
from latentlab.gui.views.inspector.fill import FillPart
from latentlab.gui.views.inspector.place import PlacePart
from latentlab.gui.views.inspector.posterior import PosteriorPart
from latentlab.gui.views.inspector.sample import SamplePart
from latentlab.gui.widgets.labels import empty
from latentlab.gui.widgets.named import named

PARTS = (
    ("sample", "Sample", "Input, reconstruction, error and the terms of the ELBO"),
    ("posterior", "Posterior", "Mean and spread of each latent dimension beside the prior"),
    ("around", "Around", "Draws from the posterior, and steps along one dimension"),
    ("fill", "Fill in", "Mask a part and let the model fill it in"),
    ("extremes", "Errors", "The points that are reconstructed worst and best"),
)


class InspectorView(QWidget):
    """`row_chosen(row)`: a picture of the data was pressed; `looked_at(part)`: that part is seen now, or none is."""

    row_chosen = Signal(int)
    looked_at = Signal(str)
    fact_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector_view")
        self._session = session
        self.place = PlacePart(session)
        self.sample, self.posterior = SamplePart(session), PosteriorPart(session)
        self.around, self.fill, self.extremes = AroundPart(session), FillPart(session), ExtremesPart(session)
        self._build()
        self.place.nearest_chosen.connect(self.row_chosen)
        self.extremes.row_chosen.connect(self.row_chosen)
        self.posterior.dim_chosen.connect(self._probe)
        session.run_changed.connect(self._show_run)
        session.inspector.subject_changed.connect(self._tell)
        session.inspector.inspection_changed.connect(self._tell)
        self._show_run()

    def _build(self) -> None:
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(empty("Open a run and point at its map:\nthe picture decoded there appears here."))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.tabs = named(QTabBar(), "inspector_tabs", "Parts of the inspector", "")
        self.tabs.setProperty("look", "narrow")
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setElideMode(Qt.TextElideMode.ElideNone)
        self._pages = QStackedWidget()
        pages = (
            _Page(_below(self.place, self.sample), self.sample.fit), _Page(self.posterior, None),
            _Page(self.around, None), _Page(self.fill, self.fill.fit), _Page(self.extremes, None),
        )  # fmt: skip
        for (_name, words, tip), page_of in zip(PARTS, pages, strict=True):
            self.tabs.setTabToolTip(self.tabs.addTab(words), tip)
            self._pages.addWidget(page_of)
        self.tabs.currentChanged.connect(self._turn)
        column.addWidget(self.tabs)
        column.addWidget(self._pages, 1)
        self._stack.addWidget(page)

    @property
    def part(self) -> str:
        """The name of the part that is turned to."""
        return PARTS[self.tabs.currentIndex()][0]

    def turn_to(self, part: str) -> None:
        """Shows this one of PARTS."""
        self.tabs.setCurrentIndex([name for name, _, _ in PARTS].index(part))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.looked_at.emit(self.part)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.looked_at.emit("")

    def _turn(self, place: int) -> None:
        self._pages.setCurrentIndex(place)
        if self.isVisible():
            self.looked_at.emit(self.part)

    def _probe(self, dim: int) -> None:
        """A dimension of the posterior was pressed: it is probed."""
        self.turn_to("around")
        self.around.probe(dim)

    def _show_run(self) -> None:
        self._stack.setCurrentIndex(0 if self._session.run is None else 1)

    def _tell(self) -> None:
        state, run = self._session.inspector, self._session.run
        words = "" if state.subject is None else state.subject.name
        if words and run is not None and state.label is not None:
            names = run.class_names
            label = names[state.label] if state.label < len(names) else str(state.label)
            words += f" · as {label}"
        self.fact_changed.emit(words)


def _below(*parts: QWidget) -> QWidget:
    """One below the other."""
    whole = QWidget()
    column = QVBoxLayout(whole)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(6)
    for part in parts:
        column.addWidget(part)
    column.addStretch(1)
    return whole


class _Page(QScrollArea):
    """A part that scrolls upwards where there is little room. fit: is told the width there is, in pixels; the part's
    own would never become less than what its pictures take."""

    def __init__(self, part: QWidget, fit: Callable[[int], None] | None) -> None:
        super().__init__()
        self._fit = fit
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        part.setProperty("scrolled", True)
        self.setWidget(part)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fit is not None:
            self._fit(self.width() - self.verticalScrollBar().sizeHint().width())
