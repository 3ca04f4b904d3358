"""Whether any point of the map is to be seen: who has lost them is told how to come back."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, QTimer, Signal

from latentlab.gui.session import Session
from latentlab.gui.widgets.map_canvas import MapCanvas

AFTER_MS = 100  # behind a view that is moving
SAMPLE = 2000  # points that are looked at first; all of them only where none of these is in view
NOTE = "No point is in view: press F to see all of them"


class InView(QObject):
    """`changed`: the last point has gone out of view, or one has come back."""

    changed = Signal()

    def __init__(self, session: Session, canvas: MapCanvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._canvas = session, canvas
        self.lost = False  # there are points, and none of them is in view
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(AFTER_MS)
        self._soon.timeout.connect(self.look)
        canvas.view_moved.connect(self._look_soon)
        session.layout_changed.connect(self._look_soon)

    def look(self) -> None:
        """Now."""
        layout = self._session.layout
        coords = np.empty((0, 2), np.float32) if layout is None else layout.coords
        lost = len(coords) > 0 and not (self._seen(coords[:: len(coords) // SAMPLE + 1]) or self._seen(coords))
        if lost != self.lost:
            self.lost = lost
            self.changed.emit()

    def _look_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _seen(self, coords: NDArray[np.float32]) -> bool:
        """Whether any of these places (n, 2) is within the canvas."""
        canvas = self._canvas
        low, high = canvas.to_map(QPointF(0, canvas.height())), canvas.to_map(QPointF(canvas.width(), 0))
        x, y = coords.T
        return bool(np.any((x >= low.x()) & (x <= high.x()) & (y >= low.y()) & (y <= high.y())))
