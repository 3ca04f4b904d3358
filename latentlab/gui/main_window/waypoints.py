"""The path that a strip leads through: drawn on the map, or from A to B by way of places; changed, and taken back."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.records import Floats, Route, Walk
from latentlab.gui.session import Session

NO_ENDS = "Set A and B first (go to a place, press A; to another, press B): a waypoint lies between them"


class Waypoints(QObject):
    """A path's waypoints keep their z: on another map they are where that lies, and other weights decode it anew.

    A path that was made by adding a place to the walk from A to B is tied to them: its ends go where they go.
    """

    def __init__(self, session: Session, mapping: Mapping, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._mapping = session, mapping
        session.ends_changed.connect(self._follow_ends)
        session.layout_changed.connect(self._relocate)

    def current(self) -> Floats | None:
        """(W, d) that the strip leads through; None where they are not set yet."""
        route, (a, b) = self._session.route, self._session.ends
        if self._session.walk == "path" and route is not None:
            return route.z
        return None if a is None or b is None or a.z.shape != b.z.shape else np.stack([a.z, b.z])

    @property
    def between_ends(self) -> bool:
        """The strip goes from A to B, by way of others or not."""
        route = self._session.route
        return self._session.walk == "ends" or route is None or route.tied

    # -- a path on the map

    def draw(self, places: NDArray[np.float64]) -> None:
        """A path through these places of the map (W, 2), W >= 2: what they show becomes its waypoints."""
        chart, held = self._mapping.chart, self._held()
        if chart is None or held is None or len(places) < 2:
            return
        z = np.stack([chart.read((float(x), float(y)), held).z for x, y in places])
        self._session.set_route(Route(z, np.asarray(places, np.float32)))
        self.choose("path")

    def move(self, number: int, x: float, y: float) -> None:
        """The path's waypoint goes to this place of the map; what the map does not show of it stays."""
        chart, route = self._mapping.chart, self._session.route
        if chart is None or route is None or not 0 <= number < len(route.z):
            return
        z, places = route.z.copy(), route.places.copy()
        z[number], places[number] = chart.read((x, y), route.z[number]).z, (x, y)
        tied = route.tied and 0 < number < len(z) - 1
        self._session.set_route(Route(z, places, tied))

    def shorten(self) -> None:
        """Without its last waypoint, or the last between A and B; where only two are left, none stays."""
        route = self._session.route
        if route is not None:
            self.drop(len(route.z) - (2 if route.tied else 1))

    def choose(self, walk: Walk) -> None:
        """The strip leads from A to B, or along the path; where there is none, one can be drawn."""
        if walk == "path" and self._session.route is None:
            if self._session.encoding is not None:
                self._session.set_tool("path")
                self._session.told.emit("Draw a path on the map, or click its waypoints and press Enter", False)
            self._session.walk_changed.emit()  # whoever shows the choice shows what holds
        else:
            self._session.set_walk(walk)

    # -- its waypoints one by one

    def take(self, z: Floats) -> None:
        """A path through these waypoints (W, d), wherever they came from."""
        assert z.shape[1] == self._dims(), "looked at before"
        self._session.set_route(Route(z, self._places(z)))
        self.choose("path")

    def add(self, z: Floats | None = None) -> None:
        """The place in hand, or z (d,), before the last waypoint: from A to B it becomes one that lies between."""
        place, held = self._session.place, self.current()
        z = place.z if z is None and place is not None else z
        if held is None or z is None:
            self._session.told.emit(NO_ENDS, False)
            return
        tied = self.between_ends
        waypoints = np.concatenate([held[:-1], z[None], held[-1:]])
        self._session.set_route(Route(waypoints, self._places(waypoints), tied))
        self.choose("path")

    def drop(self, number: int) -> None:
        """Without this waypoint. A and B stay; where nothing is left between them, the strip leads from A to B."""
        route = self._session.route
        if route is None or not 0 <= number < len(route.z) or (route.tied and number in (0, len(route.z) - 1)):
            return
        if len(route.z) <= (3 if route.tied else 2):
            self.remove()
            return
        rows = np.delete(np.arange(len(route.z)), number)
        self._session.set_route(Route(route.z[rows], route.places[rows], route.tied))

    def reorder(self, number: int, to: int) -> None:
        """This waypoint becomes the one with that number; A and B stay where they are."""
        route = self._session.route
        if route is None:
            return
        first, last = (1, len(route.z) - 2) if route.tied else (0, len(route.z) - 1)
        to = min(max(to, first), last)
        if not first <= number <= last or to == number:
            return
        rows = list(range(len(route.z)))
        rows.insert(to, rows.pop(number))
        self._session.set_route(Route(route.z[rows], route.places[rows], route.tied))

    def reverse(self) -> None:
        """The other way round."""
        route = self._session.route
        if self._session.walk == "path" and route is not None:
            back = Route(route.z[::-1].copy(), route.places[::-1].copy(), route.tied)
            if not route.tied:
                self._session.set_route(back)
                return
            self._session.set_route(Route(back.z, back.places))  # free until both ends are where they go
            self._swap_ends()
            self._session.set_route(back)
            return
        self._swap_ends()

    def remove(self) -> None:
        """The path is no more; the strip leads from A to B again."""
        self._session.set_walk("ends")
        self._session.set_route(None)

    def _swap_ends(self) -> None:
        a, b = self._session.ends
        self._session.set_end("A", b)
        self._session.set_end("B", a)

    def _follow_ends(self) -> None:
        route, (a, b) = self._session.route, self._session.ends
        if route is None or not route.tied or a is None or b is None:
            return
        if np.array_equal(route.z[0], a.z) and np.array_equal(route.z[-1], b.z):
            return
        z = np.concatenate([a.z[None], route.z[1:-1], b.z[None]])
        self._session.set_route(Route(z, self._places(z), True))

    def _relocate(self) -> None:
        """The map has another layout: the path is found again on it."""
        route = self._session.route
        if route is not None and self._mapping.chart is not None and self._session.layout is not None:
            self._session.set_route(Route(route.z, self._places(route.z), route.tied))

    def _places(self, z: Floats) -> NDArray[np.float32]:
        chart = self._mapping.chart
        if chart is None:
            return np.zeros((len(z), 2), np.float32)
        return np.array([chart.locate(each) for each in z], np.float32)

    def _held(self) -> Floats | None:
        place = self._session.place
        if place is not None:
            return place.z
        return np.zeros(self._dims(), np.float32) if self._dims() else None

    def _dims(self) -> int:
        return 0 if self._session.run is None else self._session.run.latent_dim
