"""The points of the map: where they are drawn while they glide, and what their colours say."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation, Signal
from PySide6.QtWidgets import QComboBox

from latentlab.gui.session import Session
from latentlab.gui.widgets import colouring, theme
from latentlab.gui.widgets.legend import Legend
from latentlab.gui.widgets.map_canvas import MapCanvas

GLIDE = 250  # milliseconds


class Points(QObject):
    """Draws `session.layout` on the canvas and fills the legend. `moved`: they are drawn at other places."""

    moved = Signal()
    recoloured = Signal()

    def __init__(
        self, session: Session, canvas: MapCanvas, colour: QComboBox, legend: Legend, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._canvas, self._colour, self._legend = session, canvas, colour, legend
        self.coords = np.empty((0, 2), np.float32)  # as drawn, which lags behind the layout while they glide
        self._from = self.coords
        self.colouring = colouring.plain(0)
        self._glide = QVariantAnimation(self)
        self._glide.setStartValue(0.0)
        self._glide.setEndValue(1.0)
        self._glide.setDuration(GLIDE)
        self._glide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._glide.valueChanged.connect(self._on_glide)
        session.encoding_changed.connect(self.recolour)
        session.images_changed.connect(self.recolour)
        colour.activated.connect(self.recolour)
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

    def follow_layout(self) -> bool:
        """To the session's layout: at once where it is of other points (True), else in a glide."""
        layout = self._session.layout
        coords = layout.coords if layout is not None else np.empty((0, 2), np.float32)
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
        """The choices that the open run allows; the one in hand stays where it can."""
        kept = self._colour.currentData()
        self._colour.clear()
        for key, text in self._choices():
            self._colour.addItem(text, key)
        self._colour.setCurrentIndex(max(self._colour.findData(kept), 0))

    def _choices(self) -> list[tuple[str, str]]:
        run = self._session.run
        assert run is not None
        first = [("class", "colour: class")] if run.class_names else []
        first += [("reconstruction", "colour: reconstruction"), ("kl", "colour: KL")]
        return first + [(f"z{dim}", f"colour: z {dim}") for dim in range(run.latent_dim)]

    def _coloured_by(self, key: str) -> colouring.Colouring:
        """The colours of the points by this choice; plain where what is asked for is not known yet."""
        run, images, encoding, count = self._session.run, self._session.images, self._session.encoding, len(self)
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

    def recolour(self) -> None:
        self.colouring = self._coloured_by(self._colour.currentData() or "class")
        self._canvas.cloud.set_groups(self.colouring.groups)
        self.dress()
        self._canvas.set_coords(self.coords)
        self.recoloured.emit()

    def dress(self) -> None:
        """Colours and sizes of this theme and screen."""
        depth = 1.0 if theme.current().dark else 0.88  # on white, the light ones want a shade more
        shades = [theme.shade(colour, depth) for colour in self.colouring.colours]
        colours, count = np.array([theme.rgb(colour) for colour in shades], np.uint8), len(self)
        size = 5.0 if count < 2500 else 4.0 if count < 8000 else 3.0
        self._canvas.cloud.set_colours(colours, size * self._canvas.devicePixelRatioF())
        self._canvas.redraw()
        self._legend.set_entries([(name, theme.shade(colour, depth)) for name, colour in self.colouring.legend])
