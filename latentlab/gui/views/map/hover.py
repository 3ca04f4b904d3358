"""What lies under the mouse: the ring on the nearest point, and the card beside it."""

import numpy as np
from PySide6.QtCore import QObject

from latentlab.gui.records import Floats, Place
from latentlab.gui.session import Session
from latentlab.gui.views.map.points import Points
from latentlab.gui.widgets import theme, usual
from latentlab.gui.widgets.floating_card import FloatingCard, usual_words
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.map_marks import XY

CLICK = {
    "decode": "click to select",
    "select": "click to select",
    "path": "click for a waypoint",
    "box": "",
    "lasso": "",
}
PICK_RADIUS = 14  # pixels
FAINTEST_RING, RINGS = 0.2, 32  # opacity of a sample that is hardly blended in; so many at most, the nearest


class Hover(QObject):
    """Keeps the hovered row, its ring and its card; the card also shows what is decoded under the cursor."""

    def __init__(self, session: Session, canvas: MapCanvas, points: Points, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._canvas, self._points = session, canvas, points
        self.card = FloatingCard(canvas)
        self.row: int | None = None
        self._card_at: XY = (0.0, 0.0)
        canvas.hovered.connect(lambda x, y: self.set_row(self.nearest(x, y)))
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

    def set_row(self, row: int | None) -> None:
        if row == self.row:
            return
        self.row = row
        self.mark()
        if row is None:
            self.card.go()
        else:
            self.card.come()

    def forget(self) -> None:
        """Rows are of other images now."""
        self.row = None
        self.card.go_now()
        self.mark()

    def mark(self) -> None:
        """The ring and the card stay with their point."""
        hovered = self._points.at([] if self.row is None else [self.row])
        self._canvas.marks.hovered.places = hovered
        self._canvas.update()
        if len(hovered):
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

    def _on_left(self) -> None:
        self.set_row(None)
        self.card.go()

    def _show_card(self) -> None:
        row, images, encoding = self.row, self._session.images, self._session.encoding
        if row is None or encoding is None or row >= min(len(self._points), len(encoding)):
            return
        title, figures, pixels = f"#{encoding.index[row]}", "", None
        if images is not None and row < len(images.index) and images.index[row] == encoding.index[row]:
            pixels = images.pixels[row]
            title = " · ".join(part for part in (self._session.label_of(row), title) if part)
        if encoding.reconstruction is not None and encoding.kl is not None:
            figures = f"reconstruction {encoding.reconstruction[row]:.1f} · KL {encoding.kl[row]:.1f}"
        self.card.set_picture(pixels)
        self.card.set_words(title, figures, CLICK[self._session.tool])
        x, y = self._points.coords[row]
        self._card_at = (float(x), float(y))
        self.card.show_at(self._canvas.to_pixels(*self._card_at))

    def _on_picture(self) -> None:
        place, picture, canvas = self._session.place, self._session.picture, self._canvas
        here = position(place)
        over = canvas.dragging or (canvas.underMouse() and place is not None and place.sample is None)
        if place is None or picture is None or here is None or self.row is not None or not over:
            return
        self.card.set_picture(picture, usual.opacity(place.cue))
        self.card.set_words("Under the cursor", place.origin, usual_words(place.usual, place.gap))
        self._card_at = here
        self.card.show_at(canvas.to_pixels(*here))

    def _place_card(self) -> None:
        if self.card.isVisible():
            self.card.move_to(self._canvas.to_pixels(*self._card_at))


def position(place: Place | None) -> XY | None:
    """Its place on the map, where it has one."""
    return place.position if place is not None else None


def ring_strengths(weights: Floats | None) -> Floats | None:
    """How plainly the rings of a blend are seen, (n,): that of the largest weight wholly, the others by their share."""
    if weights is None or not len(weights):
        return None
    return (FAINTEST_RING + (1.0 - FAINTEST_RING) * weights / max(float(weights.max()), 1e-9)).astype(np.float32)
