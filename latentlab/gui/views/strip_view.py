"""The walk from A to B: its frames, how usual the places on the way are, and the nearest pictures of the data."""

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QPushButton, QSpinBox, QVBoxLayout, QWidget

from latentlab.gui.records import Strip
from latentlab.gui.session import Session
from latentlab.gui.widgets import theme, usual
from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.film import Film, Frame
from latentlab.gui.widgets.labels import empty
from latentlab.gui.widgets.picture import PictureView, Pixels, row_of

FRAMES_PER_SECOND = 8
PLAYER = 112  # pixels of the animated picture
METHODS = {"linear": "The straight line from A to B", "spherical": "The great circle: keeps the distance to the origin"}


class StripView(QWidget):
    """Frames can be made once A and B are set. The animation goes there and back, in place."""

    make_pressed = Signal(str, int)
    method_chosen = Signal(str)
    export_gif_pressed = Signal()
    swap_pressed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip_view")
        self._session = session
        self._at = 0
        self._clock = QTimer(self)
        self._clock.setInterval(1000 // FRAMES_PER_SECOND)
        self._clock.timeout.connect(self._advance)
        self._build()
        self.header_controls: list[QWidget] = self._build_controls()
        for signal in (session.strip_changed, session.images_changed, session.run_changed):
            signal.connect(self._show_strip)
        for signal in (session.ends_changed, session.model_ready_changed):
            signal.connect(self._show_ends)
        theme.changed.connect(self._show_strip)
        self._show_strip()

    @property
    def method(self) -> str:
        """'linear' or 'spherical'."""
        return next(name for name, button in self._methods.items() if button.isChecked())

    # -- building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._empty = empty("")
        self._player = PictureView(PLAYER, "strip_player", "The strip as an animation")
        self._film = Film("strip_film", "Frames from A to B")
        self._frames = QWidget()
        line = QHBoxLayout(self._frames)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(12)
        line.addWidget(self._player, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._film, 1)
        self._caption = ElidedLabel()
        self._caption.setProperty("role", "muted")
        self._caption.setObjectName("strip_caption")
        column.addWidget(self._empty, 1)
        column.addWidget(self._caption)
        column.addWidget(self._frames, 1)

    def _build_controls(self) -> list[QWidget]:
        self._make = self._button("strip_make", "Make", "Decode the frames from A to B", self._press_make)
        self._make.setProperty("look", "primary")
        self._count = QSpinBox()
        self._count.setRange(2, 120)
        self._count.setValue(9)
        self._count.setSuffix(" frames")
        self._count.setFixedWidth(96)
        self._count.lineEdit().setTextMargins(6, 0, 0, 0)  # Qt leaves the style sheet's padding out here
        self._count.setObjectName("strip_frames")
        self._count.setAccessibleName("Number of frames")
        self._count.setToolTip("Frames from A to B, both ends included")
        swap = self._button("strip_swap", "⇄", "Exchange A and B", self.swap_pressed.emit)
        self._play = self._button("strip_play", "Play", "Play the strip there and back", self._toggle)
        self._play.setCheckable(True)
        self._export = self._button("export_gif", "Export GIF…", "Save the strip as an animation", self._press_export)
        self._swap = swap
        return [self._build_methods(), self._count, swap, self._make, self._play, self._export]

    def _build_methods(self) -> QWidget:
        together = QWidget()
        line = QHBoxLayout(together)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        group = QButtonGroup(self)
        self._methods: dict[str, QPushButton] = {}
        for name, words in METHODS.items():
            button = self._methods[name] = self._button(f"strip_{name}", name, words, lambda: None)
            button.setProperty("look", "segment")
            button.setCheckable(True)
            button.setChecked(name == "linear")
            group.addButton(button)
            line.addWidget(button)
        group.buttonClicked.connect(self._press_method)
        return together

    def _button(self, name: str, text: str, words: str, pressed: object) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAccessibleName(words)
        button.setToolTip(words)
        button.clicked.connect(pressed)
        return button

    # -- what is pressed

    def _press_make(self) -> None:
        self.make_pressed.emit(self.method, self._count.value())

    def _press_export(self) -> None:
        self.export_gif_pressed.emit()

    def _press_method(self, button: QAbstractButton) -> None:
        self.method_chosen.emit(button.text())

    # -- showing

    def _show_strip(self) -> None:
        strip = self._session.strip
        self._stop()
        self._film.set_frames([] if strip is None else [self._frame(strip, at) for at in range(len(strip.pixels))])
        self._caption.setText("" if strip is None else in_words(strip))
        for widget in (self._frames, self._caption):
            widget.setVisible(strip is not None)
        self._empty.setVisible(strip is None)
        self._play.setEnabled(strip is not None)
        self._export.setEnabled(strip is not None)
        self._show_ends()

    def _show_ends(self) -> None:
        missing = [name for name, place in zip("AB", self._session.ends, strict=True) if place is None]
        ready = not missing and self._session.model_ready
        self._make.setEnabled(ready)
        self._swap.setEnabled(len(missing) < 2)
        if self._session.run is None:
            words = "Open a run, then set A and B on its map: the walk between them appears here."
        elif missing:
            keys = " and ".join(missing)
            words = f"Go to a place on the map and press {keys} to set the ends of a walk."
        else:
            words = "Both ends are set: make the strip." if ready else "The model is being loaded…"
        self._empty.setText(words)
        self._make.setToolTip("Decode the frames from A to B" if ready else words)

    def _frame(self, strip: Strip, at: int) -> Frame:
        row, percentile = int(strip.nearest[at]), float(strip.usual[at])
        words = f"frame {at + 1} of {len(strip.pixels)} · further from the data than {percentile:.0f} % of it"
        below, name = self._nearest(row)
        return Frame(strip.pixels[at], usual.colour(percentile), below, f"{words}\nnearest: {name}" if name else words)

    def _nearest(self, row: int) -> tuple[Pixels | None, str]:
        """The picture of the map's row, found by its dataset index, and its name."""
        encoding, images = self._session.encoding, self._session.images
        if encoding is None or images is None or not 0 <= row < len(encoding):
            return None, ""
        index = int(encoding.index[row])
        at = row_of(images.index, index, guess=row)
        if at is None:
            return None, ""
        label = self._session.label_of(at)
        return images.pixels[at], f"#{index} · {label}" if label else f"#{index}"

    # -- playing

    def _toggle(self) -> None:
        if self._play.isChecked() and self._session.strip is not None:
            self._at = 0
            self._play.setText("Stop")
            self._player.show()
            self._show_frame()
            self._clock.start()
        else:
            self._stop()

    def _stop(self) -> None:
        self._clock.stop()
        self._play.setChecked(False)
        self._play.setText("Play")
        self._player.hide()
        self._film.mark(None)

    def _advance(self) -> None:
        self._at += 1
        self._show_frame()

    def _show_frame(self) -> None:
        strip = self._session.strip
        if strip is None or not self.isVisible():
            self._stop()
            return
        last = len(strip.pixels) - 1
        place = last - abs(last - self._at % max(2 * last, 1))
        self._player.set_pixels(strip.pixels[place])
        self._film.mark(place)


def in_words(strip: Strip) -> str:
    """The smoothness, and whether one step stands out."""
    text = f"below: how usual the place is, and the nearest picture of the data · smoothness {strip.smoothness:.4f}"
    if len(strip.pixels) < 3:
        return text
    steps = np.square(np.diff(strip.pixels.astype(np.float32), axis=0)).mean(axis=(1, 2, 3))
    largest, mean = int(steps.argmax()), max(float(steps.mean()), 1e-9)
    ratio = float(steps[largest]) / mean
    if ratio < 2:
        return f"{text} · even steps"
    return f"{text} · largest step {ratio:.1f} times the mean, from frame {largest + 1} to {largest + 2}"
