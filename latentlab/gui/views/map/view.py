"""The map of the encoded images: hover, select, move through latent space, and see what lies under the cursor."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.views.map.amount import Amount
from latentlab.gui.views.map.ends import Ends
from latentlab.gui.views.map.filter import Filter, counted
from latentlab.gui.views.map.hover import Hover
from latentlab.gui.views.map.in_view import NOTE as OUT_OF_VIEW
from latentlab.gui.views.map.in_view import InView
from latentlab.gui.views.map.kinds import KindButtons
from latentlab.gui.views.map.live import Live
from latentlab.gui.views.map.map_note import MapNote
from latentlab.gui.views.map.menu import Entry, popup
from latentlab.gui.views.map.options import MapOptions
from latentlab.gui.views.map.overlays import Overlays
from latentlab.gui.views.map.own_image import OwnImageMark
from latentlab.gui.views.map.path_tool import Paths
from latentlab.gui.views.map.points import Points
from latentlab.gui.views.map.projection import ProjectionPanel, made_by
from latentlab.gui.views.map.scrubber import Scrubber
from latentlab.gui.views.map.thumbnail_options import ThumbnailOptions
from latentlab.gui.views.map.thumbnails import Thumbnails
from latentlab.gui.views.map.tool_bar import ToolBar
from latentlab.gui.views.map.tools import Tools
from latentlab.gui.widgets.choice import Choice
from latentlab.gui.widgets.legend import Legend
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.map_marks import Rings
from latentlab.gui.widgets.named import named

COLOUR = "What the colour of a point shows; in the open list, type to search (12 finds z 12)"
ALL_HIDDEN = "Every point is hidden"
EMPTY = "No run yet: press Train, or drop a folder of pictures here"


class MapView(QWidget):
    """Draws `session.layout` and says what is done on it; coordinates are the map's."""

    moved = Signal(float, float, bool)  # to this place; True: to the nearest sample
    point_chosen = Signal(int)  # row
    picked = Signal(object, str)  # rows, and 'set', 'add' or 'remove': the points selected together
    shown = Signal(object)  # mask of the rows that are to be shown, or None: all
    asked = Signal(str)  # what the menu's entry of this name does
    layout_chosen = Signal(str)  # a kind of layout
    projection_chosen = Signal(object)  # ProjectionSettings
    layout_asked = Signal(str)  # 'cancel', 'retry' or 'anew'
    end_asked = Signal(str)  # 'A' or 'B' goes to the place in hand
    cleared = Signal()
    fact_changed = Signal(str)
    fact_told = Signal(str, object, str)  # the same, in fewer words each time, and what more there is to be said

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("map_view")
        self._session = session
        self._made_for: tuple[object, ...] = ()
        self._build()
        self._connect()
        self.points.dress()
        self._on_run()
        self._on_layout()

    # -- parts

    def _build(self) -> None:
        self.canvas = MapCanvas(self)
        self.marks = self.canvas.marks
        self.legend = Legend()
        self.colour = named(Choice("colour: "), "map_colour", "Colour of the points", COLOUR)
        self.points = Points(self._session, self.canvas, self.colour, self.legend, self)
        self.hover = Hover(self._session, self.canvas, self.points, self)
        self.card = self.hover.card
        self.ends = Ends(self._session, self.canvas, self.hover, self)
        self.own_image = OwnImageMark(self._session, self.canvas, self.hover, self)
        self.in_view = InView(self._session, self.canvas, self)
        self.notes = MapNote(self._session, self.canvas, self)
        self.note = self.notes.label
        self.filter = Filter(self._session, self.points, self.legend, self.canvas, self)
        self.tools = Tools(self._session, self.canvas, self.points, self.hover, self)
        self.paths = Paths(self._session, self.tools, self)
        self.tool_bar = ToolBar(self._session, self.tools)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.scrubber = Scrubber(self._session)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.scrubber)
        column.addWidget(self.legend)

        self.kinds = KindButtons(self._session, self)
        self.axes = self.kinds.buttons
        self.options = MapOptions(self)
        self.projection = ProjectionPanel(self._session)
        self.options.add_section("Layout", self.projection)
        self.amount = Amount(self._session)
        self.options.add_section("Points", self.amount)
        self.overlays = Overlays(self._session, self.canvas, self.points, self)
        self.options.add_section("Overlays", self.overlays.switches)
        self.thumbnails = Thumbnails(self._session, self.canvas, self.points, self)
        self.thumbnail_options = ThumbnailOptions(self._session, self.thumbnails)
        self.options.add_section("Thumbnails", self.thumbnail_options)
        self.live = Live(self._session, self.canvas, self.points, self)
        self.options.add_section("Training", self.live.switch)
        self.header_controls: list[QWidget] = [self.kinds.row, self.colour, self.options]

    def _connect(self) -> None:
        session, canvas = self._session, self.canvas
        session.layout_changed.connect(self._on_layout)
        session.run_changed.connect(self._on_run)
        session.place_changed.connect(self._on_place)
        session.selection_changed.connect(self._on_selection)
        self.in_view.changed.connect(self._show_note)
        session.map_note_changed.connect(self._show_note)
        session.trust_changed.connect(self._show_fact)
        self.kinds.chosen.connect(self.layout_chosen)
        self.projection.changed.connect(self.projection_chosen)
        self.projection.anew_pressed.connect(lambda: self.layout_asked.emit("anew"))
        self.notes.cancelled.connect(lambda: self.layout_asked.emit("cancel"))
        self.notes.retried.connect(lambda: self.layout_asked.emit("retry"))
        self.points.moved.connect(self._mark_all)
        session.group_changed.connect(self._show_fact)
        session.visible_changed.connect(self._on_visible)
        self.tools.moved.connect(self.moved)
        self.tools.point_chosen.connect(self.point_chosen)
        self.tools.picked.connect(self.picked)
        self.tools.counted.connect(self._show_fact)
        self.filter.picked.connect(self.picked)
        self.filter.shown.connect(self.shown)
        canvas.double_clicked.connect(self._on_double_clicked)
        canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        canvas.customContextMenuRequested.connect(lambda point: self._show_menu(QPointF(point)))
        canvas.installEventFilter(self)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.notes.place()
            self.filter.place()
            if self.canvas.fitted:
                QTimer.singleShot(0, self, self._fit_again)
        return False

    # -- what is shown

    def fit(self) -> None:
        """Shows all points."""
        bounds = self._bounds()
        if bounds is not None:
            self.canvas.fit(bounds)

    def _fit_again(self) -> None:
        """The panel has another size, and nobody has looked closer meanwhile."""
        if self.canvas.fitted:
            self.fit()

    def _bounds(self) -> QRectF | None:
        """Of the layout's points."""
        layout = self._session.layout
        if layout is None or not len(layout.coords):
            return None
        x, y = layout.coords.T  # one after the other: along both at once takes ten times as long
        left, low = float(x.min()), float(y.min())
        return QRectF(left, low, float(x.max()) - left, float(y.max()) - low)

    def _on_run(self) -> None:
        run = self._session.run
        self.colour.setEnabled(run is not None)
        if run is not None and self._made_for != (run.path, run.latent_dim):
            self._made_for = (run.path, run.latent_dim)
            self.points.fill_colours()
            self.canvas.fitted = True
        self._show_note()

    def _on_layout(self) -> None:
        if self.points.follow_layout():
            self.hover.forget()
        bounds = self._bounds()
        if bounds is not None:
            self.canvas.keep_to(bounds, len(self.points))
        if self.canvas.fitted and not self.live.fits():
            self.fit()
        self._show_fact()
        self._mark_all()
        self._show_note()

    def _show_note(self) -> None:
        hidden = self.filter.nothing_shown
        otherwise = ALL_HIDDEN if hidden else OUT_OF_VIEW if self.in_view.lost else ""
        if self._session.run is None:
            otherwise = EMPTY
        self.notes.show(otherwise, centred=not len(self.points) or (hidden and not self._session.map_note))

    def _show_fact(self, inside: int = -1) -> None:
        fact, trust = counted(self._session, len(self.points), inside), self._session.trust
        shorter: tuple[str, ...] = ()
        if trust is not None and inside < 0 and fact:
            figure = f"{trust.value:.2f} (k {trust.k})"
            shorter = (f"{fact} · trust {figure}", f"trustworthiness {figure}", f"trust {figure}")
            if " of " in fact:  # what the person has selected or hidden matters more
                shorter = (shorter[0], fact, f"{fact.split()[0]} {fact.split()[-1]}")
            fact += f" · trustworthiness {figure}"
        self.fact_changed.emit(fact)
        self.fact_told.emit(fact, shorter, made_by(self._session))

    def _on_visible(self) -> None:
        self.hover.set_row(None)
        self._show_fact()
        self._show_note()

    # -- marks

    def _ring(self, rings: Rings, places: NDArray[np.float32]) -> None:
        rings.places = places
        self.canvas.update()

    def _mark_all(self) -> None:
        self._on_selection()
        self._on_place()
        self.ends.mark()
        self.hover.mark()

    def _on_selection(self) -> None:
        row = self._session.selected
        self._ring(self.marks.selected, self.points.at([] if row is None else [row]))

    def _on_place(self) -> None:
        self.hover.mark_cursor()
        if self._session.place is None and self.hover.row is None:
            self.card.hide()

    # -- the mouse

    def _on_double_clicked(self, x: float, y: float) -> None:
        if self.hover.nearest(x, y) is None and not self.paths.in_hand:
            self.fit()

    def _show_menu(self, point: QPointF) -> None:
        place = self.canvas.to_map(point)
        row = self.hover.nearest(place.x(), place.y())
        if row is not None:
            self.point_chosen.emit(row)
        else:
            self.tools.move(place.x(), place.y(), False)
        sample: list[Entry] = [
            ("Select its class", lambda: self.asked.emit("select_class")),
            ("Select its neighbours", lambda: self.asked.emit("select_near")),
            None,
        ]
        hidden: list[Entry] = [("Show what is hidden", lambda: self.asked.emit("show_hidden"))]
        entries: list[Entry] = [
            ("Set A here: the strip begins", lambda: self.end_asked.emit("A")),
            ("Set B here: the strip ends", lambda: self.end_asked.emit("B")),
            None,
            *(sample if row is not None else []),
            *(hidden if self._session.visible is not None else []),
            ("Fit all points into view", self.fit),
            *self._ways_out(),
        ]
        popup(self, self.canvas.mapToGlobal(point.toPoint()), entries)

    def _ways_out(self) -> list[Entry]:
        """What Esc would do now, where it would do anything."""
        group = len(self._session.group)
        if group:
            return [(f"Clear the selection ({group:,})", self.cleared.emit)]
        return [] if self._session.selected is None else [("Deselect the sample", self.cleared.emit)]
