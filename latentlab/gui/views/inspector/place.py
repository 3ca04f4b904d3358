"""What is decoded at the place in hand, and the pictures of the data that are nearest to it."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from latentlab.gui.records import Place
from latentlab.gui.session import Session
from latentlab.gui.states.inspector import name_of, picture_of
from latentlab.gui.widgets import theme, usual
from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.labels import muted
from latentlab.gui.widgets.picture import PictureView, Pixels
from latentlab.gui.widgets.thumbnails import Thumbnails

DECODED, NEAREST = 64, 28  # sides of the pictures, pixels
LOOKED_AT = 8  # times as many candidates as are shown
NEAREST_COUNT = 6
NEAREST_WAIT_MS = 60  # distances to all points once per this time, not once per movement of the mouse


class PlacePart(QWidget):
    """`nearest_chosen(row)`: one of the nearest pictures was pressed; row of the map."""

    nearest_chosen = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._nearest_rows: list[int] = []
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(NEAREST_WAIT_MS)
        self._wait.timeout.connect(self._show_nearest)
        self._build()
        session.run_changed.connect(self._show_run)
        session.picture_changed.connect(self._show_picture)
        session.place_changed.connect(self._show_place)
        session.decoded.changed.connect(self._show_title)
        session.training_changed.connect(self._show_title)
        for signal in (session.images_changed, session.encoding_changed, session.selection_changed, theme.changed):
            signal.connect(self._show_place)
        self._show_run()

    def _build(self) -> None:
        self.decoded = PictureView(DECODED, "inspector_decoded", "The picture decoded at this place")
        self._title, self._origin, self.usual = QLabel(), ElidedLabel(), muted(wrap=True)
        self.usual.setObjectName("inspector_usual")
        self._origin.setProperty("role", "muted")
        self._title.setProperty("role", "title")
        self._nearest = Thumbnails(NEAREST, "inspector_nearest", "Nearest pictures of the data")
        self._nearest.pressed.connect(self._press_nearest)
        words = QVBoxLayout()
        words.setSpacing(2)
        for label in (self._title, self._origin):
            words.addWidget(label)
        words.addStretch(1)
        words.addWidget(self._nearest)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.decoded)
        line.addLayout(words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(line)
        column.addWidget(self.usual)

    def _show_run(self) -> None:
        run = self._session.run
        if run is not None:
            self.decoded.expect(run.image_shape[1:])
        self._show_picture()
        self._show_place()

    def _show_picture(self) -> None:
        self.decoded.set_pixels(self._session.picture)

    def _show_place(self) -> None:
        place = self._session.place
        self._show_title()
        self._origin.setText("Point at the map or move a slider." if place is None else place.origin)
        words, colour = usual_in_words(place)
        self.usual.setText(words)
        self.usual.setVisible(bool(words))
        self.usual.setToolTip("" if place is None else usual.measured(place.usual, place.gap))
        dress = f"color: {colour};" if colour else ""
        if dress != self.usual.styleSheet():  # setting it costs more than all the rest of a step of a drag
            self.usual.setStyleSheet(dress)
        self.decoded.set_opacity(usual.opacity(None if place is None else place.cue))
        if not self._wait.isActive():
            self._wait.start()

    def _show_title(self) -> None:
        """While a run trains, the weights that decode are a few batches old."""
        decoded, training = self._session.decoded, self._session.training.phase == "training"
        words = "Decoded here" if decoded.step is None else f"Decoded by step {decoded.step:,}"
        if training and decoded.age is not None:
            words += f", {decoded.age:.1f} s old"
        self._title.setText("Nothing decoded yet" if self._session.place is None else words)

    def _show_nearest(self) -> None:
        """The pictures whose codes are nearest to the place, or to the selected sample's."""
        session, target = self._session, self._target()
        encoding, found = session.encoding, list[tuple[int, Pixels]]()
        if encoding is not None and target is not None:
            for row in nearest_rows(encoding.mu, target, NEAREST_COUNT):
                pixels = picture_of(encoding, session.images, int(row))
                if pixels is not None:
                    found.append((int(row), pixels))
        self._nearest_rows = [row for row, _ in found]
        names = () if session.run is None else session.run.class_names
        words = [name_of(encoding, session.images, names, row) for row in self._nearest_rows]
        self._nearest.set_pictures([pixels for _, pixels in found], words)

    def _target(self) -> NDArray[np.float32] | None:
        place, encoding, selected = self._session.place, self._session.encoding, self._session.selected
        if place is not None:
            return place.z
        return None if encoding is None or selected is None or selected >= len(encoding) else encoding.mu[selected]

    def _press_nearest(self, place: int) -> None:
        if place < len(self._nearest_rows):
            self.nearest_chosen.emit(self._nearest_rows[place])


def nearest_rows(mu: NDArray[np.float32], z: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Rows of mu (N, d) nearest to z (d,), the nearest first."""
    count = min(count, len(mu))
    if count == 0:
        return np.empty(0, np.int64)
    # |mu|^2 - 2 mu z orders all alike in a fifth of the time; it is less exact, so that more than wanted are looked at
    about = np.einsum("nd,nd->n", mu, mu) - 2 * (mu @ z)
    more = min(LOOKED_AT * count, len(mu))
    some = np.sort(np.argpartition(about, more - 1)[:more])
    distance = np.square(mu[some] - z).sum(axis=1)
    return some[np.argsort(distance, kind="stable")[:count]].astype(np.int64)


def usual_in_words(place: Place | None) -> tuple[str, str]:
    """How usual a place is, and the colour for it; both empty where it is not known."""
    if place is None or place.cue is None:
        return "", ""
    return f"■ {usual.in_words(place.usual, place.gap)}", usual.colour(place.cue)
