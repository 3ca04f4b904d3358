"""What the map shows of its own movement while training: tails behind the points, and the switch for them."""

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QCheckBox

from latentlab.gui.session import Session
from latentlab.gui.views.map.points import Points
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.named import named
from latentlab.gui.widgets.trails import Trails

TIP = "While training, a fading tail behind each point: the places where it was last"

LEAST_FILLED = 0.7  # of the surface's width or height: with less, the view comes nearer


class Live(QObject):
    """Keeps the tails in step with the layouts of a training, and takes them away when it ends."""

    def __init__(self, session: Session, canvas: MapCanvas, points: Points, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._canvas, self._points = session, canvas, points
        self.trails = Trails()
        self.switch = named(QCheckBox("Trails while training"), "map_trails", "Trails while training", TIP)
        self._made: object = None  # settings of the layout whose places are known, and
        self._last: object = None  # the last of them
        canvas.under.append(self.trails)
        self.switch.toggled.connect(self._on_switch)
        session.layout_changed.connect(self._on_layout)
        session.training_changed.connect(self._on_training)
        session.visible_changed.connect(self._dress)
        points.recoloured.connect(self._dress)
        theme.changed.connect(self._dress)

    def fits(self) -> bool:
        """While training, the view stays as it is as long as it shows all points and they fill most of it."""
        layout, canvas = self._session.layout, self._canvas
        if layout is None or not self._session.training.active or len(layout.coords) != len(self._points):
            return False
        low, high = layout.coords.min(axis=0), layout.coords.max(axis=0)
        top, bottom = canvas.to_pixels(float(low[0]), float(high[1])), canvas.to_pixels(float(high[0]), float(low[1]))
        inside = top.x() >= 0 and top.y() >= 0 and bottom.x() <= canvas.width() and bottom.y() <= canvas.height()
        filled = max((bottom.x() - top.x()) / canvas.width(), (bottom.y() - top.y()) / canvas.height())
        return inside and filled >= LEAST_FILLED

    def _on_layout(self) -> None:
        layout = self._session.layout
        if layout is None or not self._session.training.active:
            self._clear()
            return
        made = (layout.kind, layout.dims, layout.settings)
        if made != self._made:
            self._clear()
        self._made = made
        if self.switch.isChecked() and (not len(self.trails) or self._last is not layout.coords):
            self._last = layout.coords
            self.trails.add(layout.coords)
            self._dress()

    def _on_training(self) -> None:
        if not self._session.training.active and len(self.trails):
            self._clear()

    def _on_switch(self, on: bool) -> None:
        self._clear()
        if on:
            self._on_layout()

    def _clear(self) -> None:
        self._last = None
        if len(self.trails):
            self.trails.clear()
            self._canvas.update()

    def _dress(self) -> None:
        if len(self.trails):
            colouring = self._points.colouring
            colours = np.array([theme.rgb(colour) for colour in colouring.colours], np.uint8)
            self.trails.set_colours(colouring.groups, colours, self._session.visible)
            self._canvas.update()
