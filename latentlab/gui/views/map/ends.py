"""The strip's ends on the map: where A and B are, and what the card says of them."""

import math

from PySide6.QtCore import QObject

from latentlab.gui.session import Session
from latentlab.gui.views.map.hover import Hover, Told, position
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.map_marks import LETTER_RADIUS
from latentlab.gui.widgets.picture import Pixels

WORDS = {"A": "A · the strip begins here", "B": "B · the strip ends here"}
UNUSED = "not in use: the strip follows the path"


class Ends(QObject):
    """Keeps both letters where `session.ends` are; faint while the strip follows a path."""

    def __init__(self, session: Session, canvas: MapCanvas, hover: Hover, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._canvas = session, canvas
        hover.over.append(self.told_at)
        session.ends_changed.connect(self.mark)
        session.walk_changed.connect(self.mark)
        session.route_changed.connect(self.mark)

    @property
    def walked(self) -> bool:
        """The strip goes from A to B, by way of others or not."""
        return self._joined or (self._session.route is not None and self._session.route.tied)

    @property
    def _joined(self) -> bool:
        return self._session.walk == "ends" or self._session.route is None

    def mark(self) -> None:
        marks = self._canvas.marks
        marks.a, marks.b = (position(end) for end in self._session.ends)
        marks.walked, marks.joined = self.walked, self._joined
        self._canvas.update()

    def told_at(self, x: float, y: float) -> Told | None:
        """What the card says of the letter there; B lies over A."""
        here, drawn = self._canvas.to_pixels(x, y), self._canvas.letters()
        for letter, end in zip("BA", self._session.ends[::-1], strict=True):
            away = drawn[letter] - here if letter in drawn else None
            if end is not None and away is not None and math.hypot(away.x(), away.y()) <= LETTER_RADIUS:
                key = f"{letter} sets it anew: to the place in hand"
                return Told(WORDS[letter], (end.origin if self.walked else UNUSED, key), self._picture(letter))
        return None

    def _picture(self, letter: str) -> Pixels | None:
        strip = self._session.strip
        if strip is None or not self.walked or not len(strip.pixels):
            return None
        return strip.pixels[strip.beyond if letter == "A" else -1 - strip.beyond]
