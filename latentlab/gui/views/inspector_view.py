"""What is decoded under the cursor, and how well the selected picture is reconstructed."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from latentlab.gui.records import Place
from latentlab.gui.session import Session
from latentlab.gui.widgets import theme, usual
from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.labels import empty, figure, muted
from latentlab.gui.widgets.picture import PictureView, Pixels, diverging, row_of, signed_error
from latentlab.gui.widgets.thumbnails import Thumbnails

DECODED, COMPARED, NEAREST = 84, 64, 32  # sides of the pictures, pixels
NEAREST_COUNT = 6
NEAREST_WAIT_MS = 60  # distances to all points once per this time, not once per movement of the mouse


class InspectorView(QWidget):
    """`nearest_chosen(row)`: one of the nearest pictures was pressed; row of the map."""

    nearest_chosen = Signal(int)
    fact_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector_view")
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
        session.selection_changed.connect(self._show_selected)
        session.reconstruction_changed.connect(self._show_selected)
        for signal in (session.images_changed, session.encoding_changed):
            signal.connect(self._show_selected)
            signal.connect(self._show_place)
        theme.changed.connect(self._show_selected)
        theme.changed.connect(self._show_place)
        self._show_run()

    # -- building

    def _build(self) -> None:
        self._pages = QStackedLayout(self)
        self._pages.setContentsMargins(0, 0, 0, 0)
        self._pages.addWidget(empty("Open a run and point at its map:\nthe picture decoded there appears here."))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._build_decoded())
        column.addLayout(self._build_compared())
        column.addStretch(1)
        self._pages.addWidget(page)

    def _build_decoded(self) -> QVBoxLayout:
        self._decoded = PictureView(DECODED, "inspector_decoded", "The picture decoded at this place")
        self._title, self._origin, self._usual = QLabel(), ElidedLabel(), muted(wrap=True)
        self._usual.setObjectName("inspector_usual")
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
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addLayout(_beside(self._decoded, words))
        column.addWidget(self._usual)
        return column

    def _build_compared(self) -> QHBoxLayout:
        pictures = QHBoxLayout()
        pictures.setSpacing(8)
        self._input = PictureView(COMPARED, "inspector_input", "The selected picture")
        self._output = PictureView(COMPARED, "inspector_output", "Its reconstruction")
        self._error = PictureView(COMPARED, "inspector_error", "Reconstruction minus picture")
        for view, words, tip in (
            (self._input, "input", "The selected picture of the data"),
            (self._output, "output", "Its reconstruction by the model"),
            (self._error, "error", "Output minus input: blue where it is too light, red where it is too dark"),
        ):
            column = QVBoxLayout()
            column.setSpacing(2)
            column.addWidget(view)
            column.addWidget(muted(words))
            view.setToolTip(tip)
            pictures.addLayout(column)
        self._figures = figure()
        self._figures.setObjectName("inspector_figures")
        self._figures.setToolTip("In nats: −ELBO is the sum of the reconstruction term and the KL")
        self._hint = muted("Click a point on the map to compare it with its reconstruction.", wrap=True)
        side = QVBoxLayout()
        side.addWidget(self._figures)
        side.addWidget(self._hint)
        side.addStretch(1)
        pictures.addLayout(side, 1)
        return pictures

    # -- the place

    def _show_run(self) -> None:
        run = self._session.run
        self._pages.setCurrentIndex(0 if run is None else 1)
        if run is not None:
            for view in (self._decoded, self._input, self._output, self._error):
                view.expect(run.image_shape[1:])
        self._show_picture()
        self._show_place()
        self._show_selected()

    def _show_picture(self) -> None:
        self._decoded.set_pixels(self._session.picture)

    def _show_place(self) -> None:
        place = self._session.place
        self._title.setText("Nothing decoded yet" if place is None else "Decoded here")
        self._origin.setText("Point at the map or move a slider." if place is None else place.origin)
        words, colour = usual_in_words(place)
        self._usual.setText(words)
        self._usual.setToolTip("" if place is None else usual.measured(place.usual, place.gap))
        self._usual.setStyleSheet(f"color: {colour};" if colour else "")
        self._decoded.set_opacity(usual.opacity(None if place is None else place.cue))
        if not self._wait.isActive():
            self._wait.start()

    def _show_nearest(self) -> None:
        """The pictures whose codes are nearest to the place, or to the selected sample's."""
        encoding, target = self._session.encoding, self._target()
        found: list[tuple[int, Pixels]] = []
        if encoding is not None and target is not None:
            for row in nearest_rows(encoding.mu, target, NEAREST_COUNT):
                pixels = self._picture_of(int(row))
                if pixels is not None:
                    found.append((int(row), pixels))
        self._nearest_rows = [row for row, _ in found]
        self._nearest.set_pictures([pixels for _, pixels in found], [self._name(row) for row in self._nearest_rows])

    def _target(self) -> NDArray[np.float32] | None:
        place, encoding, selected = self._session.place, self._session.encoding, self._session.selected
        if place is not None:
            return place.z
        return None if encoding is None or selected is None or selected >= len(encoding) else encoding.mu[selected]

    def _press_nearest(self, place: int) -> None:
        if place < len(self._nearest_rows):
            self.nearest_chosen.emit(self._nearest_rows[place])

    # -- the selected sample

    def _show_selected(self) -> None:
        row = self._session.selected
        picture = None if row is None else self._picture_of(row)
        output = None if row is None else self._session.reconstruction
        self._input.set_pixels(picture)
        self._output.set_pixels(output)
        if picture is not None and output is not None and picture.shape == output.shape:
            self._error.set_pixels(diverging(signed_error(picture, output)))
        else:
            self._error.set_pixels(None)
        self._figures.setText("" if row is None else self._figures_of(row))
        self._figures.setVisible(row is not None)
        self._hint.setVisible(row is None)
        self.fact_changed.emit("" if row is None else f"selected {self._name(row)}")

    def _picture_of(self, row: int) -> Pixels | None:
        """The picture of the map's row, found by its dataset index; None while it has not arrived."""
        encoding, images = self._session.encoding, self._session.images
        if images is None or encoding is None or not 0 <= row < len(encoding):
            return None
        at = row_of(images.index, int(encoding.index[row]), guess=row)
        return None if at is None else images.pixels[at]

    def _name(self, row: int) -> str:
        encoding = self._session.encoding
        if encoding is None or not 0 <= row < len(encoding):
            return ""
        index, label = int(encoding.index[row]), self._label(row)
        return f"#{index} · {label}" if label else f"#{index}"

    def _label(self, row: int) -> str:
        encoding, images = self._session.encoding, self._session.images
        at = None if encoding is None or images is None else row_of(images.index, int(encoding.index[row]), guess=row)
        return "" if at is None else self._session.label_of(at)

    def _figures_of(self, row: int) -> str:
        encoding = self._session.encoding
        if encoding is None or encoding.reconstruction is None or encoding.kl is None or row >= len(encoding):
            return ""
        reconstruction, kl = float(encoding.reconstruction[row]), float(encoding.kl[row])
        return f"−ELBO {reconstruction + kl:.1f}\nrec   {reconstruction:.1f}\nKL    {kl:.1f}"


def nearest_rows(mu: NDArray[np.float32], z: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Rows of mu (N, d) nearest to z (d,), the nearest first."""
    distance = np.square(mu - z).sum(axis=1)
    count = min(count, len(distance))
    if count == 0:
        return np.empty(0, np.int64)
    some = np.argpartition(distance, count - 1)[:count]
    return some[np.argsort(distance[some], kind="stable")].astype(np.int64)


def usual_in_words(place: Place | None) -> tuple[str, str]:
    """How usual a place is, and the colour for it; both empty where it is not known."""
    if place is None or place.cue is None:
        return "", ""
    return f"■ {usual.in_words(place.usual, place.gap)}", usual.colour(place.cue)


def _beside(picture: PictureView, words: QVBoxLayout) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(10)
    line.addWidget(picture)
    line.addLayout(words, 1)
    return line
