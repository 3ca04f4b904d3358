"""The points of the map that are reconstructed worst, and best."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.states.inspector import name_of, picture_of
from latentlab.gui.widgets.labels import muted
from latentlab.gui.widgets.thumbnails import Thumbnails

COUNT, SIDE = 8, 28  # pictures each, and their side in pixels
WAIT_MS = 250  # a training brings new points several times a second
NOT_YET = "The reconstruction errors of the map's points are not known yet: they come with the model."


class ExtremesPart(QWidget):
    """`row_chosen(row)`: one of them was pressed; row of the map."""

    row_chosen = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows: dict[str, NDArray[np.int64]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._hint = muted(NOT_YET, wrap=True)
        column.addWidget(self._hint)
        self._words = {}
        self.films: dict[str, Thumbnails] = {}
        for name, title in (("worst", "Reconstructed worst"), ("best", "Reconstructed best")):
            film = Thumbnails(SIDE, f"inspector_{name}", f"{title}, of the map's points", wraps=True)
            film.pressed.connect(lambda place, which=name: self._press(which, place))
            self.films[name], self._words[name] = film, muted(title)
            column.addWidget(self._words[name])
            column.addWidget(film)
        column.addStretch(1)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self._show)
        for signal in (session.encoding_changed, session.images_changed, session.run_changed):
            signal.connect(self._on_changed)
        self._show()

    def _on_changed(self) -> None:
        if self.isVisible() and not self._wait.isActive():
            self._wait.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show()

    def _show(self) -> None:
        session, encoding = self._session, self._session.encoding
        known = encoding is not None and encoding.reconstruction is not None
        self._hint.setVisible(not known)
        for name, film in self.films.items():
            film.setVisible(known)
            self._words[name].setVisible(known)
        if encoding is None or encoding.reconstruction is None or session.run is None or not self.isVisible():
            return
        nats = encoding.reconstruction
        for name, film in self.films.items():
            pictures, words, rows = [], [], []
            for row in extreme(nats, COUNT, name == "worst"):
                pixels = picture_of(encoding, session.images, int(row))
                if pixels is not None:
                    pictures.append(pixels)
                    rows.append(row)
                    named = name_of(encoding, session.images, session.run.class_names, int(row))
                    words.append(f"{named}: {nats[row]:.1f} nats")
            self._rows[name] = np.array(rows, np.int64)
            film.set_pictures(pictures, words)

    def _press(self, name: str, place: int) -> None:
        if place < len(self._rows.get(name, ())):
            self.row_chosen.emit(int(self._rows[name][place]))


def extreme(values: NDArray[np.float32], count: int, largest: bool) -> NDArray[np.int64]:
    """Rows of the largest, or smallest, of values (N,), the most extreme first; what is not a number does not count."""
    rows = np.flatnonzero(np.isfinite(values))
    ranked = -values[rows] if largest else values[rows]
    count = min(count, len(rows))
    if count == 0:
        return np.empty(0, np.int64)
    some = np.argpartition(ranked, count - 1)[:count]
    return rows[some[np.argsort(ranked[some], kind="stable")]].astype(np.int64)
