"""The walk from A to B or along a path: its frames, how usual the places on the way are, and the nearest pictures."""

from functools import partial

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QPushButton, QSpinBox, QToolButton, QVBoxLayout, QWidget

from latentlab.explore.neighbours import EDGE
from latentlab.gui.records import Strip
from latentlab.gui.session import Session
from latentlab.gui.widgets import theme, usual
from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.film import Film, Frame
from latentlab.gui.widgets.labels import empty
from latentlab.gui.widgets.named import named
from latentlab.gui.widgets.picture import PictureView, Pixels, row_of

FRAMES_PER_SECOND = 8
PLAYER = 112  # pixels of the animated picture
METHODS = {
    "linear": "The straight line from each waypoint to the next",
    "spherical": "The great circle: keeps the distance to the origin",
    "smooth": "A curve through the waypoints, without corners (Catmull-Rom)",
}
MAKE = "Decode the frames, from A to B or along the path"
WALKS = {"ends": "A → B", "path": "path"}
MORE = (("path_save", "Save the path…"), ("path_open", "Open a path…"), ("path_remove", "Remove the path"))
LEGEND = (
    "Under each frame: a bar, the longer and redder the farther its place is from the data, "
    "and the nearest picture of the data."
)
SMOOTHNESS = "Smoothness: mean squared difference of neighbouring frames, pixels from 0 to 1; less is smoother."


class StripView(QWidget):
    """Frames can be made once A and B are set, or a path is drawn. The animation goes there and back, in place."""

    make_pressed = Signal(str, int)
    walk_chosen = Signal(str)  # 'ends' or 'path'
    export_gif_pressed = Signal()
    swap_pressed = Signal()
    asked = Signal(str)  # what the action of this name does

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
        for signal in (session.ends_changed, session.route_changed, session.walk_changed, session.model_ready_changed):
            signal.connect(self._show_ends)
        theme.changed.connect(self._show_strip)
        self._show_strip()

    @property
    def method(self) -> str:
        """'linear', 'spherical' or 'smooth'."""
        return str(self._method.currentData())

    # -- building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._empty = empty("")
        self._player = PictureView(PLAYER, "strip_player", "The strip as an animation")
        self._film = Film("strip_film", "Frames of the walk")
        self._frames = QWidget()
        line = QHBoxLayout(self._frames)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(12)
        line.addWidget(self._player, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._film, 1)
        self._caption = ElidedLabel()
        self._caption.setProperty("role", "muted")
        self._caption.setObjectName("strip_caption")
        self._caption.set_more(f"{LEGEND}\n{SMOOTHNESS}")
        column.addWidget(self._empty, 1)
        column.addWidget(self._caption)
        column.addWidget(self._frames, 1)

    def _build_controls(self) -> list[QWidget]:
        self._make = self._button("strip_make", "Make", MAKE, self._press_make)
        self._make.setProperty("look", "primary")
        self._count = QSpinBox()
        self._count.setRange(2, 120)
        self._count.setValue(9)
        self._count.setSuffix(" frames")
        self._count.setFixedWidth(96)
        self._count.lineEdit().setTextMargins(6, 0, 0, 0)  # Qt leaves the style sheet's padding out here
        named(self._count, "strip_frames", "Number of frames", "Frames of the walk, both ends included")
        self._swap = self._button("strip_swap", "⇄", "Walk the other way round", self.swap_pressed.emit)
        self._play = self._button("strip_play", "Play", "Play the strip there and back", self._toggle)
        self._play.setCheckable(True)
        self._export = self._button("export_gif", "GIF…", "Save the strip as an animation", self._press_export)
        self._walk = self._combo("strip_walk", "What the strip leads through", WALKS)
        self._walk.setToolTip("From A to B, or along the path that was drawn on the map (T)")
        self._walk.activated.connect(lambda _: self.walk_chosen.emit(self._walk.currentData()))
        self._method = self._combo("strip_method", "How the strip goes between its waypoints", {m: m for m in METHODS})
        for at, words in enumerate(METHODS.values()):
            self._method.setItemData(at, words, Qt.ItemDataRole.ToolTipRole)
        self._method.activated.connect(self._press_method)
        return [
            self._walk, self._method, self._count, self._swap, self._make, self._play, self._export, self._build_more()
        ]  # fmt: skip

    def _build_more(self) -> QToolButton:
        """A path can be kept, and come back."""
        more = named(QToolButton(), "strip_more", "More on paths", "Save or open a path, or remove it from the map")
        more.setText("⋯")
        more.setProperty("look", "quiet")
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(more)
        menu.setObjectName("strip_menu")
        self._entries = {name: menu.addAction(words) for name, words in MORE}
        for name, entry in self._entries.items():
            entry.triggered.connect(partial(self.asked.emit, name))
        more.setMenu(menu)
        return more

    def _combo(self, name: str, words: str, choices: dict[str, str]) -> QComboBox:
        combo = named(QComboBox(), name, words, words)
        for key, text in choices.items():
            combo.addItem(text, key)
        return combo

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

    def _press_method(self) -> None:
        self._method.setToolTip(METHODS[self.method])
        if self._make.isEnabled():
            self._press_make()

    # -- showing

    def _show_strip(self) -> None:
        strip = self._session.strip
        self._stop()
        self._film.set_frames([] if strip is None else [self._frame(strip, at) for at in range(len(strip.pixels))])
        self._caption.setText("" if strip is None else in_words(strip))
        if strip is not None:
            self._method.setCurrentIndex(self._method.findData(strip.method))
            self._method.setToolTip(METHODS[self.method])
        for widget in (self._frames, self._caption):
            widget.setVisible(strip is not None)
        self._empty.setVisible(strip is None)
        self._play.setEnabled(strip is not None)
        self._export.setEnabled(strip is not None)
        self._show_ends()

    def _show_ends(self) -> None:
        session, path = self._session, self._session.walk == "path" and self._session.route is not None
        missing = [] if path else [name for name, end in zip("AB", session.ends, strict=True) if end is None]
        ready = not missing and session.model_ready
        self._walk.setCurrentIndex(self._walk.findData("path" if path else "ends"))
        self._make.setEnabled(ready)
        self._swap.setEnabled(len(missing) < 2)
        self._entries["path_save"].setEnabled(not missing)
        self._entries["path_open"].setEnabled(session.run is not None)
        self._entries["path_remove"].setEnabled(session.route is not None)
        if session.run is None:
            words = "Open a run, then set A and B on its map, or draw a path: the walk appears here."
        elif missing:
            keys = " and ".join(missing)
            words = f"Go to a place on the map and press {keys} to set the ends of a walk, or draw a path (T)."
        else:
            words = "All is set: make the strip." if ready else "The model is being loaded…"
        self._empty.setText(words)
        self._make.setToolTip(MAKE if ready else words)

    def _frame(self, strip: Strip, at: int) -> Frame:
        row, percentile = int(strip.nearest[at]), float(strip.usual[at])
        words = f"frame {at + 1} of {len(strip.pixels)}: {usual.in_words(percentile)}"
        below, name = self._nearest(row)
        words = f"{words}\nnearest picture: {name}" if name else words
        return Frame(strip.pixels[at], usual.colour(percentile), below, words, percentile / 100)

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
    """The smoothness, whether one step stands out, and how many frames are off the data."""
    parts = [f"smoothness {strip.smoothness:.4f}"]
    if len(strip.pixels) > 2:
        steps = np.square(np.diff(strip.pixels.astype(np.float32), axis=0)).mean(axis=(1, 2, 3))
        largest, mean = int(steps.argmax()), max(float(steps.mean()), 1e-9)
        ratio = float(steps[largest]) / mean
        parts.append(
            "even steps" if ratio < 2 else f"frames {largest + 1} to {largest + 2}: {ratio:.1f} × the mean step"
        )
    off = int((strip.usual > EDGE).sum())
    parts.append(f"{off} of {len(strip.pixels)} frames off the data" if off else "all near the data")
    if strip.waypoints > 2:
        parts.insert(0, f"{strip.waypoints} waypoints")
    return " · ".join(parts)
