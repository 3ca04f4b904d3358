"""The person's own image on the map: where it is encoded, and what the card says of it."""

from PySide6.QtCore import QObject

from latentlab.gui.session import Session
from latentlab.gui.views.map.hover import Hover, Told
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.map_marks import LETTER_RADIUS

NO_POINT = "your image: no point of the map"


class OwnImageMark(QObject):
    """Keeps the mark where `session.inspector.own_position` is."""

    def __init__(self, session: Session, canvas: MapCanvas, hover: Hover, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._canvas = session, canvas
        hover.over.append(self.told_at)
        session.inspector.own_changed.connect(self.mark)

    def mark(self) -> None:
        self._canvas.marks.own = self._session.inspector.own_position
        self._canvas.update()

    def told_at(self, x: float, y: float) -> Told | None:
        """What the card says of the mark there."""
        own, at = self._session.inspector.own, self._session.inspector.own_position
        reach = LETTER_RADIUS * self._canvas.pixel_size()
        if own is None or at is None or (at[0] - x) ** 2 + (at[1] - y) ** 2 > reach**2:
            return None
        return Told(own.name, (NO_POINT, "A or B in the inspector makes it an end"), own.pixels)
