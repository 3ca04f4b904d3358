"""What lies under the mouse: the ring on the nearest point, and the card beside it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, QPointF

from latentlab.gui.records import Floats, Place
from latentlab.gui.session import Session
from latentlab.gui.views.map.points import Points
from latentlab.gui.widgets import theme, usual
from latentlab.gui.widgets.floating_card import FloatingCard, usual_words
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.map_marks import XY
from latentlab.gui.widgets.picture import Pixels

CLICK = {
    "decode": "click to select",
    "select": "click to select",
    "path": "click for a waypoint",
    "box": "",
    "lasso": "",
}
PICK_RADIUS = 14  # pixels
FAINTEST_RING, RINGS = 0.2, 32  # opacity of a sample that is hardly blended in; so many at most, the nearest


@dataclass(frozen=True, eq=False)
class Told:
    """What the card says of something on the map that is no sample: a title, up to two lines, and a picture of it."""

    title: str
    lines: tuple[str, ...]
    picture: Pixels | None = None


class Hover(QObject):
    """Keeps the hovered row, its ring and its card; the card also shows what is decoded under the cursor.

    over: what else may be under the mouse, each asked in turn by a place of the map; it lies over the samples.
    """

    def __init__(self, session: Session, canvas: MapCanvas, points: Points, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._canvas, self._points = session, canvas, points
        self.card = FloatingCard(canvas)
        self.row: int | None = None
        self.over: list[Callable[[float, float], Told | None]] = []
        self._told: Told | None = None
        self._card_at: XY = (0.0, 0.0)
        self._told_at: XY = (0.0, 0.0)
        canvas.hovered.connect(self._on_hovered)
        canvas.left.connect(self._on_left)
        canvas.view_moved.connect(self._place_card)
        points.recoloured.connect(self._renew)
        session.picture_changed.connect(self._on_picture)
        session.tool_changed.connect(self._renew)
        self.card.wanted.connect(self._show_card)
        theme.changed.connect(self.card.hide)
        theme.changed.connect(self._renew)
        theme.changed.connect(self.mark_cursor)

    def nearest(self, x: float, y: float) -> int | None:
        """The row of the point within the pick radius of this place."""
        return self._points.nearest((x, y), PICK_RADIUS * self._canvas.pixel_size())

    def _on_hovered(self, x: float, y: float) -> None:
        told = next((found for each in self.over if (found := each(x, y)) is not None), None)
        was, self._told = self._told, told
        if told is not None:
            self._told_at = (x, y) if was is None or was.title != told.title else self._told_at
        self.set_row(self.nearest(x, y), again=(was and was.title) != (told and told.title))

    def set_row(self, row: int | None, again: bool = False) -> None:
        """again: the card is to say something else of the same row."""
        if row == self.row and not again:
            return
        self.row = row
        self.mark()
        if row is None and self._told is None:
            self.card.go()
        else:
            self.card.come()

    def forget(self) -> None:
        """Rows are of other images now."""
        self.row = self._told = None
        self.card.go_now()
        self.mark()

    def mark(self) -> None:
        """The ring and the card stay with their point."""
        hovered = self._points.at([] if self.row is None else [self.row])
        self._canvas.marks.hovered.places = hovered
        self._canvas.update()
        if len(hovered) and self._told is None:
            self._card_at = (float(hovered[0, 0]), float(hovered[0, 1]))
            self._place_card()

    def mark_cursor(self) -> None:
        """The place in hand in the colour of how usual it is, and rings on what it is blended from."""
        marks, place = self._canvas.marks, self._session.place
        here, cue = position(place), None if place is None else place.cue
        marks.cursor.places = np.array([here] if here else [], np.float32).reshape(-1, 2)
        marks.cursor.colour = None if cue is None else usual.colour(cue)
        rows = None if place is None else place.rows
        marks.neighbours.places = self._points.at([] if rows is None else rows[:RINGS])
        marks.neighbours.strengths = None if place is None else ring_strengths(place.weights)
        self._canvas.update()

    def _renew(self) -> None:
        if self.row is not None:
            self.card.come()  # of what the point is now

    def leave(self) -> None:
        """Nothing is under the mouse that the card could be of."""
        again, self._told = self._told is not None, None
        self.set_row(None, again)

    def _on_left(self) -> None:
        self.leave()
        self.card.go()

    def _show_card(self) -> None:
        if self._told is not None:
            self._show(self._told_at, self._told.picture, self._told.title, *self._told.lines)
            return
        row, images, encoding = self.row, self._session.images, self._session.encoding
        if row is None or encoding is None or row >= min(len(self._points), len(encoding)):
            return
        title, figures, pixels = f"#{encoding.index[row]}", "", None
        if images is not None and row < len(images.index) and images.index[row] == encoding.index[row]:
            pixels = images.pixels[row]
            title = " · ".join(part for part in (self._session.label_of(row), title) if part)
        if encoding.reconstruction is not None and encoding.kl is not None:
            figures = f"reconstruction {encoding.reconstruction[row]:.1f} · KL {encoding.kl[row]:.1f}"
        x, y = self._points.coords[row]
        self._show((float(x), float(y)), pixels, title, figures, CLICK[self._session.tool], awaited=True)

    def _on_picture(self) -> None:
        place, picture, canvas = self._session.place, self._session.picture, self._canvas
        here = position(place)
        over = canvas.dragging or (canvas.underMouse() and place is not None and place.sample is None)
        if place is None or picture is None or here is None or self.row is not None or self._told or not over:
            return
        words = usual_words(place.usual, place.gap)
        self._show(here, picture, "Under the cursor", place.origin, words, opacity=usual.opacity(place.cue))

    def _show(
        self, at: XY, picture: Pixels | None, title: str, *lines: str, opacity: float = 1.0, awaited: bool = False
    ) -> None:
        """The card beside this place of the map; awaited: where there is no picture yet, its outline."""
        self.card.set_picture(picture, opacity, awaited)
        self.card.set_words(title, *lines)
        self._card_at = at
        self.card.show_at(self._canvas.to_pixels(*at), self._in_the_way())

    def _place_card(self) -> None:
        if self.card.isVisible():
            self.card.move_to(self._canvas.to_pixels(*self._card_at), self._in_the_way())

    def _in_the_way(self) -> list[QPointF]:
        """Pixels that the card had better not lie over: the ends, waypoints, the selected and the place in hand."""
        session, marks = self._session, self._canvas.marks
        places = [each for each in (marks.a, marks.b, position(session.place)) if each is not None]
        places += [(float(x), float(y)) for x, y in marks.selected.places]
        if session.route is not None:
            places += [(float(x), float(y)) for x, y in session.route.places]
        return [self._canvas.to_pixels(*place) for place in places]


def position(place: Place | None) -> XY | None:
    """Its place on the map, where it has one."""
    return place.position if place is not None else None


def ring_strengths(weights: Floats | None) -> Floats | None:
    """How plainly the rings of a blend are seen, (n,): that of the largest weight wholly, the others by their share."""
    if weights is None or not len(weights):
        return None
    return (FAINTEST_RING + (1.0 - FAINTEST_RING) * weights / max(float(weights.max()), 1e-9)).astype(np.float32)
