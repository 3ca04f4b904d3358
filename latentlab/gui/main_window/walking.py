"""Walking through latent space: the strip from A to B, or along a path that was drawn on the map."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.explore.paths import Method, through
from latentlab.gui.main_window.exploring import Exploring
from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.records import Route, Strip, Walk
from latentlab.gui.session import Session
from latentlab.gui.threads.decoding import Decoder

STRIP_FRAMES = 9
ANIMATION_FRAMES, FRAMES_PER_LEG, MOST_FRAMES = 48, 16, 240  # of an animation: more where it passes more waypoints


class Walking(QObject):
    """Makes the strip again whenever what it leads through has changed: `session.walk` says whether A and B or a path.

    A path's waypoints keep their z: on another map they are where that lies, and other weights decode it anew.
    """

    frames_ready = Signal(object, object)  # pixels (T, C, H, W) decoded for an animation, and the file it goes to

    def __init__(
        self, session: Session, mapping: Mapping, exploring: Exploring, decoder: Decoder, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._mapping, self._decoder = session, mapping, decoder
        self.method: Method = "linear"
        self._frames = STRIP_FRAMES
        self._asked: tuple[Any, Method] = (None, "linear")  # waypoints and method of the last strip asked for
        decoder.decoded.connect(self._on_decoded)
        exploring.renewed.connect(self.refresh)
        for signal in (session.ends_changed, session.route_changed, session.walk_changed):
            signal.connect(self._follow)
        session.layout_changed.connect(self._relocate)

    # -- the path

    def draw(self, places: NDArray[np.float64]) -> None:
        """A path through these places of the map (W, 2), W >= 2: what they show becomes its waypoints."""
        chart, held = self._mapping.chart, self._held()
        if chart is None or held is None or len(places) < 2:
            return
        z = np.stack([chart.read((float(x), float(y)), held).z for x, y in places])
        self._session.set_route(Route(z, np.asarray(places, np.float32)))
        self.choose("path")

    def move_waypoint(self, number: int, x: float, y: float) -> None:
        """The path's waypoint goes to this place of the map; what the map does not show of it stays."""
        chart, route = self._mapping.chart, self._session.route
        if chart is None or route is None or not 0 <= number < len(route.z):
            return
        z, places = route.z.copy(), route.places.copy()
        z[number], places[number] = chart.read((x, y), route.z[number]).z, (x, y)
        self._session.set_route(Route(z, places))

    def shorten(self) -> None:
        """Without its last waypoint; of two, none stays."""
        route = self._session.route
        if route is None or len(route.z) < 3:
            self.remove()
        else:
            self._session.set_route(Route(route.z[:-1], route.places[:-1]))

    def take(self, z: NDArray[np.float32], method: Method) -> None:
        """A path through these waypoints (W, d), wherever they came from."""
        assert z.shape[1] == self._dims(), "looked at before"
        self.method = method
        self._session.set_route(Route(z, self._places(z)))
        self.choose("path")

    def choose(self, walk: Walk) -> None:
        """The strip leads from A to B, or along the path; where there is none, one can be drawn."""
        if walk == "path" and self._session.route is None:
            if self._session.encoding is not None:
                self._session.set_tool("path")
                self._session.told.emit("Draw a path on the map, or click its waypoints and press Enter", False)
            self._session.walk_changed.emit()  # whoever shows the choice shows what holds
        else:
            self._session.set_walk(walk)
        self._follow()

    def reverse(self) -> None:
        """The other way round."""
        route = self._session.route
        if self._session.walk == "path" and route is not None:
            self._session.set_route(Route(route.z[::-1].copy(), route.places[::-1].copy()))
            return
        a, b = self._session.ends
        self._session.set_end("A", b)
        self._session.set_end("B", a)

    def remove(self) -> None:
        """The path is no more; the strip leads from A to B again."""
        self._session.set_walk("ends")
        self._session.set_route(None)

    def waypoints(self) -> NDArray[np.float32] | None:
        """(W, d) that the strip leads through; None where they are not set yet."""
        route, (a, b) = self._session.route, self._session.ends
        if self._session.walk == "path" and route is not None:
            return route.z
        return None if a is None or b is None or a.z.shape != b.z.shape else np.stack([a.z, b.z])

    def _relocate(self) -> None:
        """The map has another layout: the path is found again on it."""
        route = self._session.route
        if route is not None and self._mapping.chart is not None and self._session.layout is not None:
            self._session.set_route(Route(route.z, self._places(route.z)))

    def _places(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        chart = self._mapping.chart
        if chart is None:
            return np.zeros((len(z), 2), np.float32)
        return np.array([chart.locate(each) for each in z], np.float32)

    def _held(self) -> NDArray[np.float32] | None:
        place = self._session.place
        if place is not None:
            return place.z
        return np.zeros(self._dims(), np.float32) if self._dims() else None

    def _dims(self) -> int:
        return 0 if self._session.run is None else self._session.run.latent_dim

    # -- its pictures

    def make(self, method: Method, frames: int) -> None:
        """The strip, in this way from now on."""
        self.method, self._frames = method, frames
        if self.waypoints() is not None:
            self.refresh()
        elif self._session.run is not None and self._session.encoding is not None:
            self._session.told.emit("A strip needs two ends: go to a place and press A, to another and press B", False)

    def animate(self, file: str) -> None:
        """Decodes the strip finely, for an animation in `file`."""
        waypoints = self.waypoints()
        if waypoints is not None:
            frames = min(max(ANIMATION_FRAMES, FRAMES_PER_LEG * (len(waypoints) - 1)), MOST_FRAMES)
            self._ask("animation", through(waypoints, frames, self.method), file)

    def refresh(self) -> None:
        """The strip again, by whatever decodes now."""
        waypoints = self.waypoints()
        self._asked = (waypoints, self.method)
        if waypoints is not None:
            path = through(waypoints, self._frames, self.method)
            self._ask("strip", path, (path, self.method, len(waypoints)))

    def _follow(self) -> None:
        """The strip again, if it leads through anything else now."""
        waypoints = self.waypoints()
        if waypoints is None:
            return
        if self._asked[0] is None or self._asked[1] != self.method or not np.array_equal(waypoints, self._asked[0]):
            self.refresh()

    def _ask(self, channel: str, z: NDArray[np.float32], tag: Any) -> None:
        self._decoder.ask(channel, z, self._session.condition, tag)

    def _on_decoded(self, channel: str, _number: int, pixels: NDArray[np.uint8], tag: Any, _step: int) -> None:
        run = self._session.run
        if run is None or pixels.shape[1:] != run.image_shape:
            return
        if channel == "strip":
            self._session.set_strip(self._strip(pixels, *tag))
        elif channel == "animation":
            self.frames_ready.emit(pixels, tag)

    def _strip(self, pixels: NDArray[np.uint8], z: NDArray[np.float32], method: Method, waypoints: int) -> Strip | None:
        survey = self._mapping.survey
        if survey is None or z.shape[1] != survey.encoding.mu.shape[1]:
            return None
        _, nearest = survey.neighbours.nearest(z, 1)
        steps = np.diff(pixels.astype(np.float32) / 255, axis=0)
        usual = survey.usual.percentile(z).astype(np.float32)
        return Strip(pixels, z, nearest.reshape(-1), usual, float(np.mean(steps**2)), method, waypoints)
