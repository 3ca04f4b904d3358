"""The window's panels: every view in its dock, the two perspectives, and where everything goes at first."""

from dataclasses import dataclass

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QMainWindow, QTabWidget, QToolBar, QWidget

from latentlab.gui.session import Session
from latentlab.gui.views.arithmetic.view import ArithmeticView
from latentlab.gui.views.data_view import DataView
from latentlab.gui.views.dimensions_view import DimensionsView
from latentlab.gui.views.inspector.view import InspectorView
from latentlab.gui.views.log_view import LogView
from latentlab.gui.views.map.view import MapView
from latentlab.gui.views.run_bar import RunBar
from latentlab.gui.views.runs_view import RunsView
from latentlab.gui.views.samples_view import SamplesView
from latentlab.gui.views.selection.view import SelectionView
from latentlab.gui.views.settings_view import SettingsView
from latentlab.gui.views.sliders_view import SlidersView
from latentlab.gui.views.strip.view import StripView
from latentlab.gui.widgets import labels
from latentlab.gui.widgets.card import Card, CardDock

LEFT_WIDTH, RIGHT_WIDTH, BOTTOM_HEIGHT, GAP = 246, 330, 208, 8  # pixels at 100 %


@dataclass(frozen=True, eq=False)
class Views:
    """One of each; but the curves come later, with pyqtgraph, which takes as long to import as all the rest."""

    run_bar: RunBar
    data: DataView
    settings: SettingsView
    runs: RunsView
    map: MapView
    inspector: InspectorView
    sliders: SlidersView
    dimensions: DimensionsView
    samples: SamplesView
    selection: SelectionView
    log: LogView
    strip: StripView
    arithmetic: ArithmeticView


def make_views(session: Session) -> Views:
    return Views(
        RunBar(session), DataView(session), SettingsView(session), RunsView(session), MapView(session),
        InspectorView(session), SlidersView(session), DimensionsView(session),
        SamplesView(session), SelectionView(session), LogView(session), StripView(session),
        ArithmeticView(session),
    )  # fmt: skip


class Panels:
    """Docks around the map. `perspective` shows what belongs to training or to exploring."""

    def __init__(self, window: QMainWindow, views: Views) -> None:
        self._window, self._views = window, views
        self._docks: dict[str, CardDock] = {}
        self._place_run_bar()
        self._place_map()
        left, right, bottom = (
            Qt.DockWidgetArea.LeftDockWidgetArea,
            Qt.DockWidgetArea.RightDockWidgetArea,
            Qt.DockWidgetArea.BottomDockWidgetArea,
        )
        for area, name, title, view in (
            (left, "data", "Data", views.data),
            (left, "model", "Model", views.settings),
            (left, "runs", "Runs", views.runs),
            (right, "inspector", "Inspector", views.inspector),
            (right, "latent", "Latent", views.sliders),
            (bottom, "curves", "Curves", labels.empty("")),
            (bottom, "dimensions", "Latent dimensions", views.dimensions),
            (bottom, "samples", "Samples", views.samples),
            (bottom, "selection", "Selection", views.selection),
            (bottom, "log", "Log", views.log),
            (bottom, "strip", "Strip", views.strip),
            (bottom, "arithmetic", "Arithmetic", views.arithmetic),
        ):
            self._add(area, name, title, view)
        self.docks_menu_actions = [dock.toggleViewAction() for dock in self._docks.values()]
        self._arrange()
        self._initial: QByteArray | None = None

    def dock(self, name: str) -> CardDock:
        return self._docks[name]

    def first_shown(self) -> None:
        """Sizes that need a shown window; then this is what `reset` comes back to."""
        docks = self._docks
        sideways, upright = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        self._window.resizeDocks([docks["model"], docks["latent"]], [LEFT_WIDTH, RIGHT_WIDTH], sideways)
        self._window.resizeDocks([docks["curves"], docks["strip"]], [BOTTOM_HEIGHT] * 2, upright)
        self._window.resizeDocks([docks["curves"], docks["strip"]], [52, 48], sideways)
        self._window.resizeDocks([docks["data"], docks["model"], docks["runs"]], [120, 260, 150], upright)
        self._window.resizeDocks([docks["inspector"], docks["latent"]], [300, 240], upright)
        if self._initial is None:
            self._initial = self._window.saveState()

    def reset(self) -> None:
        """Everything back in its first place."""
        if self._initial is not None:
            self._window.restoreState(self._initial)
        self.perspective("explore")

    def perspective(self, name: str) -> None:
        """'train': settings and curves; 'explore': inspector, sliders and strip as well."""
        for each in ("inspector", "latent", "strip", "arithmetic"):
            self._docks[each].setVisible(name == "explore")
        for each in ("data", "model", "runs", "curves", "dimensions", "samples", "selection", "log"):
            self._docks[each].setVisible(True)
        self._docks["samples" if name == "train" else "curves"].raise_()
        self._docks["curves"].raise_()
        if name == "explore":
            self._docks["strip"].raise_()

    def _place_run_bar(self) -> None:
        bar = QToolBar("Run bar", self._window)
        bar.setObjectName("run_toolbar")
        bar.setMovable(False)
        bar.setFloatable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.toggleViewAction().setEnabled(False)
        card = Card()
        card.body.setContentsMargins(0, 0, 0, 0)
        card.body.addWidget(self._views.run_bar)
        bar.addWidget(card)
        bar.setContentsMargins(0, 0, 0, GAP)
        self._window.addToolBar(Qt.ToolBarArea.TopToolBarArea, bar)

    def _place_map(self) -> None:
        card = Card("Map")
        view = self._views.map
        for control in view.header_controls:
            card.heading.add_control(control)
        view.fact_told.connect(card.heading.set_fact)
        card.body.addWidget(view)
        self._window.setCentralWidget(card)

    def _add(self, area: Qt.DockWidgetArea, name: str, title: str, view: QWidget) -> None:
        dock = CardDock(title, view, f"dock_{name}", self._window)
        self._docks[name] = dock
        self._window.addDockWidget(area, dock)

    def _arrange(self) -> None:
        window, docks = self._window, self._docks
        window.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AllowNestedDocks
        )
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        window.splitDockWidget(docks["curves"], docks["strip"], Qt.Orientation.Horizontal)
        for name in ("dimensions", "samples", "selection", "log"):
            window.tabifyDockWidget(docks["curves"], docks[name])
        window.tabifyDockWidget(docks["strip"], docks["arithmetic"])
        for name in ("curves", "dimensions", "samples", "selection", "log", "strip", "arithmetic"):
            docks[name].show_heading(False)
        docks["strip"].raise_()
        docks["curves"].raise_()
