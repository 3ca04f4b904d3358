"""The points of the map: where they are drawn while they glide, and what their colours say."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation, Signal

from latentlab.gui.session import Session
from latentlab.gui.widgets import colouring, theme
from latentlab.gui.widgets.choice import Choice
from latentlab.gui.widgets.legend import Legend
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.point_cloud import nearest

GLIDE = 250  # milliseconds
INACTIVE = 0.01  # nats: a dimension whose mean KL is below says next to nothing
CHOICES = (  # key, words in the list, words on the closed control
    ("class", "class", "class"),
    ("reconstruction", "reconstruction error", "error"),
    ("kl", "KL", "KL"),
    ("density", "local density", "density"),
    ("anomaly", "anomaly score", "anomaly"),
)


class Points(QObject):
    """Draws `session.layout` on the canvas and fills the legend. `moved`: they are drawn at other places."""

    moved = Signal()
    recoloured = Signal()
    wanted = Signal(str)  # what the colours are to show: a fact that may have to be computed first

    def __init__(
        self, session: Session, canvas: MapCanvas, colour: Choice, legend: Legend, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._canvas, self._colour, self._legend = session, canvas, colour, legend
        self.coords = np.empty((0, 2), np.float32)  # as drawn, which lags behind the layout while they glide
        self._from = self._goal = self.coords  # where a glide began, and where it leads
        self.colouring = colouring.plain(0)
        self.cover: Callable[[float, float], int | None] | None = None  # the row whose picture covers a place
        self._glide = QVariantAnimation(self)
        self._glide.setStartValue(0.0)
        self._glide.setEndValue(1.0)
        self._glide.setDuration(GLIDE)
        self._glide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._glide.valueChanged.connect(self._on_glide)
        session.encoding_changed.connect(self.recolour)
        session.images_changed.connect(self.recolour)
        session.facts_changed.connect(self._on_facts)
        session.model_ready_changed.connect(self._on_facts)
        session.visible_changed.connect(self._on_masks)
        session.group_changed.connect(self._on_masks)
        colour.about_to_show.connect(self.fill_colours)
        colour.activated.connect(self._choose)
        theme.changed.connect(self.dress)

    def __len__(self) -> int:
        return len(self.coords)

    @property
    def gliding(self) -> bool:
        """They are on their way to new places."""
        return self._glide.state() == QVariantAnimation.State.Running

    def at(self, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Where these rows of the map are drawn: (n, 2); rows that are not on it are left out."""
        known = [row for row in rows if row < len(self.coords)]
        return self.coords[known] if known else np.empty((0, 2), np.float32)

    def nearest(self, place: tuple[float, float], radius: float) -> int | None:
        """The row whose picture covers this place, or of the point that is drawn nearest to it, within `radius`.

        One that is hidden is not found.
        """
        covering = None if self.cover is None else self.cover(*place)
        return nearest(self.coords, place, radius, self._session.visible) if covering is None else covering

    def follow_layout(self) -> bool:
        """To the session's layout: at once where it is of other points (True), else in a glide."""
        layout = self._session.layout
        coords = layout.coords if layout is not None else np.empty((0, 2), np.float32)
        if coords is self._goal and len(coords):  # the same again: on their way to it, or there
            return False
        self._goal = coords
        self._glide.stop()
        if len(coords) != len(self.coords) or not len(coords):
            self.coords = coords
            self.recolour()
            return True
        self._from = self.coords.copy()
        self._glide.start()
        return False

    def _on_glide(self, share: float) -> None:
        layout = self._session.layout
        if layout is None or len(layout.coords) != len(self._from):
            return
        self.coords = (self._from + (layout.coords - self._from) * np.float32(share)).astype(np.float32)
        self._canvas.set_coords(self.coords)
        self.moved.emit()

    # -- colours

    def fill_colours(self) -> None:
        """The choices that the open run allows, dimensions by their KL; the one in hand stays where it can."""
        kept, run = self._colour.currentData(), self._session.run
        if run is None:
            return
        self._colour.clear()
        for key, text, short in CHOICES if run.class_names else CHOICES[1:]:
            self._colour.add(text, short, key)
        self._colour.insertSeparator(self._colour.count())
        kl = self._session.kl_per_dim()
        for dim in self._session.order():
            carries = "" if kl is None else " · inactive" if kl[dim] < INACTIVE else f" · {kl[dim]:.2g} nats"
            self._colour.add(f"z {dim}{carries}", f"z {dim}", f"z{dim}")
        self._colour.setCurrentIndex(max(self._colour.findData(kept) if kept else 0, 0))
        self._tell_wanted()

    def _on_facts(self) -> None:
        if self._colour.currentData() in ("density", "anomaly") or self.colouring.note:
            self.recolour()

    def _tell_wanted(self) -> None:
        self.wanted.emit(self._colour.currentData() or "")

    def _choose(self) -> None:
        self._tell_wanted()
        self.recolour()

    def _coloured_by(self, key: str) -> colouring.Colouring:
        """The colours of the points by this choice; plain, and why, where what is asked for is not known yet."""
        images, encoding, count = self._session.images, self._session.encoding, len(self)
        run = self._session.run
        if key == "class":
            if run is None or images is None or images.labels is None or len(images.labels) != count:
                return colouring.plain(count)
            return colouring.by_class(images.labels, run.class_names)
        if encoding is None or len(encoding) != count:
            return colouring.plain(count)
        if key.startswith("z"):
            dim = int(key[1:])
            return colouring.by_value(encoding.mu[:, dim], f"Mean of z {dim}", centred=True)
        title, values = self._values(key)
        return colouring.plain(count, self._why_not(title)) if values is None else self._by_value(title, values)

    def _values(self, key: str) -> tuple[str, NDArray[np.float32] | None]:
        """What is shown by this choice, and its values (N,) where they are known."""
        encoding, facts = self._session.encoding, self._session.facts
        assert encoding is not None
        if key == "density":
            return "Local density in latent space, log", None if facts is None else facts.density
        if key == "anomaly":
            return "Anomaly score: negative ELBO", None if facts is None else facts.anomaly
        return ("KL", encoding.kl) if key == "kl" else ("Reconstruction error", encoding.reconstruction)

    def _by_value(self, title: str, values: NDArray[np.float32]) -> colouring.Colouring:
        if len(values) != len(self):
            return colouring.plain(len(self))
        return colouring.by_value(values, title, " nats")

    def _why_not(self, title: str) -> str:
        if not self._session.model_ready:
            return f"{title}: waiting for the model"
        return f"{title}: being computed…"

    def recolour(self) -> None:
        self.colouring = self._coloured_by(self._colour.currentData() or "class")
        self._canvas.cloud.set_groups(self.colouring.groups)
        self.dress()
        self._canvas.set_coords(self.coords)
        self.recoloured.emit()

    def _on_masks(self) -> None:
        """Other points are hidden, or stand out."""
        group, cloud = self._session.group, self._canvas.cloud
        raised = np.zeros(len(self), np.bool_)
        raised[group[group < len(self)]] = True
        cloud.set_visible(self._session.visible)
        cloud.set_emphasis(raised if len(group) else None)
        self._canvas.redraw()

    def dress(self) -> None:
        """Colours of this theme."""
        self._canvas.cloud.set_colours(np.array([theme.rgb(colour) for colour in self.colouring.colours], np.uint8))
        self._canvas.redraw()
        shown, scale = self.colouring, self.colouring.scale
        entries = [(shown.note, theme.current().muted)] if shown.note else shown.legend
        self._legend.set_entries(entries, None if scale is None else scale.words(), shown.shades())
