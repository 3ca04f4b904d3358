"""The overlays of the map: a switch for each, the layers that draw them, and what they say in words."""

from typing import Any, Protocol

from PySide6.QtCore import QEvent, QObject, QPointF, QSize, QTimer, Signal
from PySide6.QtGui import QPainter, QTransform
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from latentlab.explore.overlays.gaussians import Ellipses
from latentlab.explore.overlays.holes import Holes
from latentlab.explore.overlays.kinds import KINDS, NAMES, Nothing, why_not
from latentlab.explore.overlays.lattice import Field, Look, Sheet
from latentlab.explore.overlays.neighbours import Kept
from latentlab.explore.overlays.plane import Extent
from latentlab.gui.session import Session
from latentlab.gui.views.map import overlay_layers as layers
from latentlab.gui.views.map.overlay_legend import OverlayLegend
from latentlab.gui.views.map.points import Points
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.named import named, wrapped

FOLLOWS_MS = 40  # behind a view that is moving
UNDER = ("manifold", "sensitivity", "holes")  # the points, in this order
FIELDS = ("sensitivity", "holes")
OVER = ("prior", "posteriors", "neighbours")
WAITS_FOR = {
    "posteriors": "Posteriors: select a sample, or several",
    "neighbours": "True neighbours: select a sample",
}


class OverlayLayer(Protocol):
    """Draws what it was last given."""

    def show(self, shows: Any) -> None: ...

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None: ...


class Overlays(QObject):
    """Draws `session.overlay`. `wanted`: a switch was turned; `looked`: another part of the map is seen (a Look)."""

    wanted = Signal(str, bool)
    looked = Signal(object)

    def __init__(self, session: Session, canvas: MapCanvas, points: Points, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._canvas = session, canvas
        self.layers: dict[str, OverlayLayer] = {
            "manifold": layers.SheetLayer(),
            "sensitivity": layers.HeatLayer(),
            "holes": layers.HolesLayer(),
            "prior": layers.PriorLayer(),
            "posteriors": layers.PosteriorsLayer(points),
            "neighbours": layers.NeighboursLayer(points),
        }
        canvas.under.extend(self.layers[name] for name in UNDER)
        canvas.over.extend(self.layers[name] for name in OVER)
        self.legend = OverlayLegend(canvas)
        self.switches = self._make_switches()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(FOLLOWS_MS)
        self._soon.timeout.connect(self._tell_look)
        canvas.view_moved.connect(self._on_view)
        canvas.installEventFilter(self)
        session.overlay_changed.connect(self._on_overlay)
        for signal in (
            session.overlays_changed,
            session.layout_changed,
            session.run_changed,
            session.selection_changed,
            session.group_changed,
            session.model_ready_changed,
        ):
            signal.connect(self._renew)
        theme.changed.connect(self._dress)
        self._renew()

    def _make_switches(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for kind in KINDS:
            switch = named(QCheckBox(kind.words), f"overlay_{kind.name}", f"Overlay: {kind.words}", kind.tip)
            switch.toggled.connect(lambda on, name=kind.name: self.wanted.emit(name, on))
            column.addWidget(switch)
        return box

    def switch(self, name: str) -> QCheckBox:
        found = self.switches.findChild(QCheckBox, f"overlay_{name}")
        assert isinstance(found, QCheckBox)
        return found

    def why_not(self, name: str) -> str:
        """Why this overlay cannot be shown now; '' where it can."""
        layout, run = self._session.layout, self._session.run
        return why_not(name, None if layout is None else layout.kind, 0 if run is None else run.latent_dim)

    # -- what is seen of the map

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._on_view()
        return False

    def _on_view(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _tell_look(self) -> None:
        canvas = self._canvas
        low, high = canvas.to_map(QPointF(0, canvas.height())), canvas.to_map(QPointF(canvas.width(), 0))
        extent = Extent(low.x(), low.y(), high.x() - low.x(), high.y() - low.y())
        self.looked.emit(Look(extent, 1.0 / canvas.pixel_size()))

    # -- what is shown

    def _on_overlay(self, name: str) -> None:
        shows = self._session.overlay.get(name)
        self.layers[name].show(None if isinstance(shows, Nothing) else shows)
        self._share()
        self._say()
        self._canvas.update()

    def _share(self) -> None:
        """A field over decoded pictures leaves them readable."""
        pictures = self.layers["manifold"]
        for name in FIELDS:
            layer = self.layers[name]
            if isinstance(layer, layers.ImageLayer) and isinstance(pictures, layers.ImageLayer):
                layer.share = layers.OVER_PICTURES if pictures.images else 1.0

    def _dress(self) -> None:
        for layer in self.layers.values():
            if isinstance(layer, layers.ImageLayer):
                layer.dress()
        self._say()

    def _renew(self) -> None:
        for kind in KINDS:
            switch, reason = self.switch(kind.name), self.why_not(kind.name)
            switch.blockSignals(True)
            switch.setChecked(kind.name in self._session.overlays)
            switch.blockSignals(False)
            switch.setEnabled(not reason)
            switch.setToolTip(wrapped(f"{kind.tip}.\n{reason}" if reason else kind.tip))
            if self._session.overlay.get(kind.name) is None:
                self.layers[kind.name].show(None)
        self._share()
        self._say()
        self._canvas.update()

    def _say(self) -> None:
        lines: list[tuple[str, str]] = []
        for name in NAMES:
            if name in self._session.overlays and self._session.run is not None:
                lines += self._words(name)
        self.legend.say(lines)

    def _words(self, name: str) -> list[tuple[str, str]]:
        reason, shows = self.why_not(name), self._session.overlay.get(name)
        words = KINDS[NAMES.index(name)].words
        if reason:
            return [(f"{words}: not on this map", "")]
        if shows is None:
            selected = self._session.selected is not None or (name == "posteriors" and len(self._session.group))
            waits = "" if selected else WAITS_FOR.get(name, "")
            coming = "being computed…" if self._session.model_ready else "comes with the model"
            return [(waits or f"{words}: {coming}", "")]
        return [(f"{words}: {shows.why}", "")] if isinstance(shows, Nothing) else self._words_on(shows)

    def _words_on(self, shows: Any) -> list[tuple[str, str]]:
        if isinstance(shows, Holes):
            of = f" of {self._class(shows.of_class)}" if shows.of_class is not None else ""
            return [
                (f"prior without data{of}: {shows.share:.0%} of the prior", layers.hole_colour()),
                ("more data than the prior expects", layers.excess_colour()),
            ]
        if isinstance(shows, Field):
            words = f"sensitivity {shows.low:.2g} (clear) to {shows.top:.2g} (strong) per unit of z"
            return [(words, layers.heat_colour())]
        if isinstance(shows, Sheet):
            held = f"; {shows.held} other direction{'s' * (shows.held > 1)} as at the cursor" if shows.held else ""
            return [(f"decoded pictures{held}", theme.current().muted)]
        if isinstance(shows, Kept):
            near, lost = int(shows.kept.sum()), int((~shows.kept).sum())
            lines = [(f"{near} of {near + lost} true neighbours are near here, too", theme.current().accent)]
            return lines + ([(f"{lost} that the map has drawn apart", theme.current().bad)] if lost else [])
        assert isinstance(shows, Ellipses)
        return self._words_on_ellipses(shows)

    def _words_on_ellipses(self, shows: Ellipses) -> list[tuple[str, str]]:
        if shows.rows is None:
            of = f" of {self._class(shows.of_class)}" if shows.of_class is not None else ""
            return [(f"prior{of} at 1, 2 and 3 sigma", theme.current().text)]
        count = f"{len(shows)} of {len(shows) + shows.left_out:,} posteriors" if shows.left_out else "posteriors"
        sigmas = "1 and 2 sigma" if len(shows) <= layers.FEW else "1 sigma"
        return [(f"{count} at {sigmas}", theme.current().accent)]

    def _class(self, label: int | None) -> str:
        names = () if self._session.run is None else self._session.run.class_names
        return names[label] if label is not None and label < len(names) else "this class"
