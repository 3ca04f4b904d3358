"""The map of the encoded images: hover, select, move through latent space, and see what lies under the cursor."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEasingCurve, QEvent, QPointF, QRectF, Qt, QTimer, QVariantAnimation, Signal
from PySide6.QtWidgets import QComboBox, QMenu, QPushButton, QVBoxLayout, QWidget

from latentlab.gui.records import Place
from latentlab.gui.session import Session
from latentlab.gui.widgets import colouring, theme
from latentlab.gui.widgets.floating_card import FloatingCard, usual_words
from latentlab.gui.widgets.legend import Legend
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.map_marks import XY, Rings
from latentlab.gui.widgets.named import named
from latentlab.gui.widgets.note import Note
from latentlab.gui.widgets.point_cloud import nearest

PICK_RADIUS = 14  # pixels
GLIDE = 250  # milliseconds
AXES = (
    ("umap", "UMAP", "Neighbours stay together; distances between groups mean little"),
    ("pca", "PCA", "The plane of largest variance; every place is decoded exactly"),
    ("axes", "z 0 × z 1", "The two latent dimensions with the most KL; decoded exactly"),
)
EMPTY = "No run yet: press Train, or drop a folder of pictures here"


class MapView(QWidget):
    """Draws `session.layout` and says what is done on it; coordinates are the map's."""

    moved = Signal(float, float, bool)  # to this place; True: to the nearest sample
    point_chosen = Signal(int)  # row
    layout_chosen = Signal(str)  # 'umap', 'pca' or 'axes'
    end_asked = Signal(str)  # 'A' or 'B' goes to the place in hand
    cleared = Signal()
    fact_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("map_view")
        self._session = session
        self._shown = np.empty((0, 2), np.float32)  # where the points are drawn, which lags behind while they glide
        self._colouring = colouring.plain(0)
        self._hover: int | None = None
        self._made_for: tuple[object, ...] = ()
        self._build()
        self._connect()
        self._dress()
        self._on_run()
        self._on_layout()

    # -- parts

    def _build(self) -> None:
        self.canvas = MapCanvas(self)
        self.marks = self.canvas.marks
        self.card = FloatingCard(self.canvas)
        self.note = Note(self.canvas, "map_note")
        self.legend = Legend()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.legend)

        self.axes = [
            named(QPushButton(text), f"map_{kind}", f"Show the map as {text}", tip) for kind, text, tip in AXES
        ]
        for button, (kind, _, _) in zip(self.axes, AXES, strict=True):
            button.setProperty("look", "segment")
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.clicked.connect(lambda _=False, kind=kind: self.layout_chosen.emit(kind))
        self.colour = named(QComboBox(), "map_colour", "Colour of the points", "What the colour of a point shows")
        self.colour.setMinimumWidth(130)
        self.header_controls: list[QWidget] = [*self.axes, self.colour]

        self._glide = QVariantAnimation(self)
        self._glide.setStartValue(0.0)
        self._glide.setEndValue(1.0)
        self._glide.setDuration(GLIDE)
        self._glide.setEasingCurve(QEasingCurve.Type.OutCubic)

    def _connect(self) -> None:
        session, canvas = self._session, self.canvas
        session.layout_changed.connect(self._on_layout)
        session.encoding_changed.connect(self._recolour)
        session.images_changed.connect(self._recolour)
        session.run_changed.connect(self._on_run)
        session.place_changed.connect(self._on_place)
        session.picture_changed.connect(self._on_picture)
        session.selection_changed.connect(self._on_selection)
        session.ends_changed.connect(self._on_ends)
        session.map_note_changed.connect(self._show_note)
        canvas.pressed.connect(self._on_pressed)
        canvas.dragged.connect(self._move)
        canvas.clicked.connect(self._on_clicked)
        canvas.double_clicked.connect(self._on_double_clicked)
        canvas.hovered.connect(lambda x, y: self._set_hover(self.nearest(x, y)))
        canvas.left.connect(self._on_left)
        canvas.view_moved.connect(self._place_card)
        canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        canvas.customContextMenuRequested.connect(lambda point: self._show_menu(QPointF(point)))
        self.colour.activated.connect(self._recolour)
        self._glide.valueChanged.connect(self._on_glide)
        self.card.wanted.connect(self._show_hover_card)
        theme.changed.connect(self._dress)
        theme.changed.connect(self.card.hide)
        canvas.installEventFilter(self)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.note.place()
            if self.canvas.fitted:
                QTimer.singleShot(0, self, self.fit)
        return False

    # -- drawing

    def fit(self) -> None:
        """Shows all points."""
        layout = self._session.layout
        if layout is not None and len(layout.coords):
            low, high = layout.coords.min(axis=0), layout.coords.max(axis=0)
            self.canvas.fit(QRectF(float(low[0]), float(low[1]), *(float(side) for side in high - low)))

    def _on_run(self) -> None:
        run = self._session.run
        for button in (*self.axes, self.colour):
            button.setEnabled(run is not None)
        if run is not None and self._made_for != (run.path, run.latent_dim):
            self._made_for = (run.path, run.latent_dim)
            self._fill_colours()
            self.canvas.fitted = True
        self._show_note()

    def _fill_colours(self) -> None:
        kept = self.colour.currentData()
        self.colour.clear()
        for key, text in self._colour_choices():
            self.colour.addItem(text, key)
        self.colour.setCurrentIndex(max(self.colour.findData(kept), 0))

    def _colour_choices(self) -> list[tuple[str, str]]:
        run = self._session.run
        assert run is not None
        first = [("class", "colour: class")] if run.class_names else []
        first += [("reconstruction", "colour: reconstruction"), ("kl", "colour: KL")]
        return first + [(f"z{dim}", f"colour: z {dim}") for dim in range(run.latent_dim)]

    def _coloured_by(self, key: str) -> colouring.Colouring:
        """The colours of the points by this choice; plain where what is asked for is not known yet."""
        run, images, encoding, count = self._session.run, self._session.images, self._session.encoding, len(self._shown)
        if key == "class":
            if run is None or images is None or images.labels is None or len(images.labels) != count:
                return colouring.plain(count)
            return colouring.by_class(images.labels, run.class_names)
        if encoding is None or len(encoding) != count:
            return colouring.plain(count)
        if key.startswith("z"):
            return colouring.by_value(encoding.mu[:, int(key[1:])])
        values = encoding.reconstruction if key == "reconstruction" else encoding.kl
        return colouring.plain(count) if values is None else colouring.by_value(values, " nats")

    def _on_layout(self) -> None:
        layout = self._session.layout
        coords = layout.coords if layout is not None else np.empty((0, 2), np.float32)
        if layout is not None:
            self._name_axes()
        if len(coords) != len(self._shown) or not len(coords):
            self._glide.stop()
            self._hover = None  # rows are of other images now
            self.card.go_now()
            self._shown = coords
            self._recolour()
        else:
            self._from = self._shown.copy()
            self._glide.stop()
            self._glide.start()
        if self.canvas.fitted:
            self.fit()
        self.fact_changed.emit(f"{len(coords):,} points" if len(coords) else "")
        self._mark_all()
        self._show_note()

    def _name_axes(self) -> None:
        layout, order = self._session.layout, self._session.order()
        assert layout is not None
        dims = layout.dims or tuple(int(dim) for dim in order[:2])
        self.axes[2].setText(f"z {dims[0]} × z {dims[1]}" if len(dims) == 2 else "z")
        self.axes[2].setEnabled(len(dims) == 2)
        for button, kind in zip(self.axes, ("umap", "pca", "axes"), strict=True):
            button.setChecked(kind == layout.kind)

    def _on_glide(self, share: float) -> None:
        layout = self._session.layout
        if layout is None or len(layout.coords) != len(self._from):
            return
        self._shown = (self._from + (layout.coords - self._from) * np.float32(share)).astype(np.float32)
        self.canvas.set_coords(self._shown)
        self._mark_all()

    def _recolour(self) -> None:
        self._colouring = self._coloured_by(self.colour.currentData() or "class")
        self.canvas.cloud.set_groups(self._colouring.groups)
        self._dress()
        self.canvas.set_coords(self._shown)
        if self._hover is not None:
            self.card.come()  # of what the point is now

    def _dress(self) -> None:
        depth = 1.0 if theme.current().dark else 0.88  # on white, the light ones want a shade more
        shades = [theme.shade(colour, depth) for colour in self._colouring.colours]
        colours, count = np.array([theme.rgb(colour) for colour in shades], np.uint8), len(self._shown)
        size = 5.0 if count < 2500 else 4.0 if count < 8000 else 3.0
        self.canvas.cloud.set_colours(colours, size * self.devicePixelRatioF())
        self.canvas.redraw()
        self.legend.set_entries([(name, theme.shade(colour, depth)) for name, colour in self._colouring.legend])

    def _show_note(self) -> None:
        self.note.say(self._session.map_note or ("" if self._session.run else EMPTY), centred=not len(self._shown))

    # -- marks

    def _ring(self, rings: Rings, places: NDArray[np.float32]) -> None:
        rings.places = places
        self.canvas.update()

    def _at(self, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        known = [row for row in rows if row < len(self._shown)]
        return self._shown[known] if known else np.empty((0, 2), np.float32)

    def _mark_all(self) -> None:
        self._on_selection()
        self._on_place()
        self._on_ends()
        self._ring(self.marks.hovered, hovered := self._at([] if self._hover is None else [self._hover]))
        if len(hovered):  # the card stays with its point
            self._card_at = (float(hovered[0, 0]), float(hovered[0, 1]))
            self._place_card()

    def _on_selection(self) -> None:
        row = self._session.selected
        self._ring(self.marks.selected, self._at([] if row is None else [row]))

    def _on_place(self) -> None:
        place = self._session.place
        self._ring(self.marks.neighbours, self._at([] if place is None or place.rows is None else place.rows))
        here = _position(place)
        self._ring(self.marks.cursor, np.array([here] if here else [], np.float32).reshape(-1, 2))
        if place is None:
            self.card.hide()

    def _on_ends(self) -> None:
        self.marks.a, self.marks.b = (_position(end) for end in self._session.ends)
        self.canvas.update()

    # -- the mouse

    def nearest(self, x: float, y: float) -> int | None:
        """The row of the point within the pick radius of this place."""
        return nearest(self._shown, (x, y), PICK_RADIUS * self.canvas.pixel_size())

    def _on_left(self) -> None:
        self._set_hover(None)
        self.card.go()

    def _set_hover(self, row: int | None) -> None:
        if row == self._hover:
            return
        self._hover = row
        self._ring(self.marks.hovered, self._at([] if row is None else [row]))
        if row is None:
            self.card.go()
        else:
            self.card.come()

    def _on_pressed(self, x: float, y: float, snap: bool) -> None:
        if self.nearest(x, y) is None or snap:
            self._move(x, y, snap)

    def _on_clicked(self, x: float, y: float, snap: bool) -> None:
        row = self.nearest(x, y)
        if row is not None and not snap:
            self.point_chosen.emit(row)

    def _on_double_clicked(self, x: float, y: float) -> None:
        if self.nearest(x, y) is None:
            self.fit()

    def _move(self, x: float, y: float, snap: bool) -> None:
        if len(self._shown):
            self._set_hover(None)
            self.moved.emit(x, y, snap)

    def _show_menu(self, point: QPointF) -> None:
        place = self.canvas.to_map(point)
        row = self.nearest(place.x(), place.y())
        if row is not None:
            self.point_chosen.emit(row)
        else:
            self._move(place.x(), place.y(), False)
        menu = QMenu(self)
        menu.setObjectName("map_menu")
        menu.addAction("Set A here", lambda: self.end_asked.emit("A"))
        menu.addAction("Set B here", lambda: self.end_asked.emit("B"))
        menu.addSeparator()
        menu.addAction("Show all points", self.fit)
        menu.addAction("Clear", self.cleared.emit)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.canvas.mapToGlobal(point.toPoint()))

    # -- the card

    def _show_hover_card(self) -> None:
        row, images, encoding = self._hover, self._session.images, self._session.encoding
        if row is None or encoding is None or row >= min(len(self._shown), len(encoding)):
            return
        title, figures, pixels = f"#{encoding.index[row]}", "", None
        if images is not None and row < len(images.index) and images.index[row] == encoding.index[row]:
            pixels = images.pixels[row]
            title = " · ".join(part for part in (self._session.label_of(row), title) if part)
        if encoding.reconstruction is not None and encoding.kl is not None:
            figures = f"reconstruction {encoding.reconstruction[row]:.1f} · KL {encoding.kl[row]:.1f}"
        self.card.set_picture(pixels)
        self.card.set_words(title, figures, "click to select")
        self._card_at = (float(self._shown[row, 0]), float(self._shown[row, 1]))
        self.card.show_at(self.canvas.to_pixels(*self._card_at))

    def _on_picture(self) -> None:
        place, picture = self._session.place, self._session.picture
        here = _position(place)
        over = self.canvas.dragging or (self.canvas.underMouse() and place is not None and place.sample is None)
        if place is None or picture is None or here is None or self._hover is not None or not over:
            return
        self.card.set_picture(picture)
        self.card.set_words("Under the cursor", place.origin, usual_words(place.usual))
        self._card_at = here
        self.card.show_at(self.canvas.to_pixels(*here))

    def _place_card(self) -> None:
        if self.card.isVisible():
            self.card.move_to(self.canvas.to_pixels(*self._card_at))


def _position(place: Place | None) -> XY | None:
    return place.position if place is not None else None
