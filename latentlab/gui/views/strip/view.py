"""The walk from A to B or along a path: its frames, how usual the places on the way are, and the nearest pictures."""

from functools import partial

import numpy as np
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QMenu, QPushButton, QSpinBox, QToolButton, QVBoxLayout
from PySide6.QtWidgets import QWidget as Widget

from latentlab.gui.records import Strip
from latentlab.gui.session import Session
from latentlab.gui.views.strip.frames import frames_of
from latentlab.gui.views.strip.player import Player
from latentlab.gui.views.strip.rows import ComparedRows
from latentlab.gui.views.strip.way_popup import WayPopup
from latentlab.gui.views.strip.words import LEGEND, LENGTH, SMOOTHNESS, figures_of, in_short, in_words, legend
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.film import Film
from latentlab.gui.widgets.labels import empty
from latentlab.gui.widgets.named import SPIN_MARGINS, named
from latentlab.gui.widgets.picture import PictureView

PLAYER = 84  # pixels of the large picture
COMPARE = "compare"
METHODS = {
    "linear": "The straight line from each waypoint to the next",
    "spherical": "The great circle: keeps the distance to the origin",
    "smooth": "A curve through the waypoints, without corners (Catmull-Rom)",
    "geodesic": "The way on which the decoded picture changes least: the shortest under the decoder's own metric",
    COMPARE: "Linear, spherical and geodesic, one under the other",
}
MAKE = "Decode the frames, from A to B or along the path"
WALKS = {"ends": "A → B", "path": "path"}
MORE = (
    ("path_save", "Save the path…"), ("path_open", "Open a path…"), ("path_remove", "Remove the path"),
    ("path_reverse", "Walk the other way round"), ("waypoint_add", "Add the place as a waypoint"),
)  # fmt: skip
FRAME_MENU = (
    ("go", "Go to this place"), ("A", "Set A here"), ("B", "Set B here"), ("add", "Add as a waypoint"),
    ("nearest", "Select the nearest picture"),
)  # fmt: skip


class StripView(Widget):
    """Frames can be made once A and B are set, or a path is drawn. The animation runs in a place of its own, so that
    nothing moves when it begins."""

    make_pressed = Signal()
    changed = Signal(dict)  # of the strip's settings
    walk_chosen = Signal(str)  # 'ends' or 'path'
    export_gif_pressed = Signal()
    asked = Signal(str)  # what the action of this name does
    frame_asked = Signal(str, object, int)  # one of FRAME_MENU, a Strip, and which of its frames

    def __init__(self, session: Session, parent: Widget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip_view")
        self._session = session
        self.player = Player(self)
        self.player.at.connect(self._show_playing)
        self.player.running_changed.connect(self._show_running)
        self._build()
        self.header_controls: list[Widget] = self._build_controls()
        strips = session.strips
        for signal in (session.strip_changed, session.images_changed, session.run_changed, strips.compared_changed):
            signal.connect(self._show_strip)
        for signal in (session.ends_changed, session.route_changed, session.walk_changed, session.model_ready_changed):
            signal.connect(self._show_ends)
        strips.note_changed.connect(self._show_words)
        strips.settings_changed.connect(self._show_settings)
        session.place_changed.connect(self._show_place)
        theme.changed.connect(self._show_strip)
        self._show_settings()
        self._show_strip()

    @property
    def strips(self) -> tuple[Strip, ...]:
        """Those that are shown, from the top."""
        compared = self._session.strips.compared
        return compared or (() if self._session.strip is None else (self._session.strip,))

    # -- building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._empty = empty("")
        self._picture = PictureView(PLAYER, "strip_player", "The strip as an animation, and the frame that is chosen")
        self._film = Film("strip_film", "Frames of the walk: Left and Right go from one to the next")
        self._film.chosen.connect(lambda at: self._ask_frame("go", 0, at))
        self._film.below_chosen.connect(lambda at: self._ask_frame("nearest", 0, at))
        self._film.menu_asked.connect(partial(self._open_menu, 0))
        self._frames = Widget()
        line = QHBoxLayout(self._frames)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        line.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._film, 1)
        self._rows = ComparedRows()
        self._rows.chosen.connect(partial(self._ask_frame, "go"))
        self._rows.menu_asked.connect(self._open_menu)
        self._caption = ElidedLabel()
        self._caption.setProperty("role", "muted")
        self._caption.setObjectName("strip_caption")
        self._caption.set_more(f"{LEGEND}\n{LENGTH}\n{SMOOTHNESS}")
        self._legend = QLabel()
        self._legend.setProperty("role", "muted")
        self._legend.setObjectName("strip_legend")
        self._legend.setToolTip("How near the data a frame's place is: the colour of its border")
        self._words = Widget()
        words = QHBoxLayout(self._words)
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(12)
        words.addWidget(self._caption, 1)
        words.addWidget(self._legend)
        column.addWidget(self._empty, 1)
        column.addWidget(self._words)
        column.addWidget(self._frames, 1)
        column.addWidget(self._rows, 1)

    def _build_controls(self) -> list[Widget]:
        self._make = self._button("strip_make", "Make", MAKE, self.make_pressed.emit)
        self._make.setProperty("look", "primary")
        self._count = QSpinBox()
        self._count.setRange(2, 120)
        self._count.setValue(9)
        self._count.setSuffix(" frames")
        self._count.setFixedWidth(96)
        self._count.setKeyboardTracking(False)
        self._count.lineEdit().setTextMargins(*SPIN_MARGINS)
        named(self._count, "strip_frames", "Number of frames", "Frames of the walk, both ends included")
        self._count.valueChanged.connect(lambda value: self.changed.emit({"frames": value}))
        self._play = self._button("strip_play", "▶", "Play the strip, or stop it (K)", self.toggle)
        self._play.setFixedWidth(36)
        self._play.setCheckable(True)
        self._export = self._button(
            "export_gif",
            "Export…",
            "As an animation, a sheet or a folder of pictures (G)",
            self.export_gif_pressed.emit,
        )
        self._walk = self._combo("strip_walk", "What the strip leads through", WALKS)
        self._walk.setToolTip("From A to B, or along the path that was drawn on the map (T)")
        self._walk.activated.connect(lambda _: self.walk_chosen.emit(self._walk.currentData()))
        self._method = self._combo("strip_method", "How the strip goes between its waypoints", {m: m for m in METHODS})
        for at, words in enumerate(METHODS.values()):
            self._method.setItemData(at, words, Qt.ItemDataRole.ToolTipRole)
        self._method.activated.connect(self._press_method)
        self._via = self._button(
            "strip_way", "Way…", "Waypoints, frames beyond the ends, how it is played", self.open_way
        )
        self.popup = WayPopup(self._session, self._via)
        self.popup.changed.connect(self.changed)
        self.popup.asked.connect(self.asked)
        self.popup.playing_chosen.connect(lambda playing: setattr(self.player, "playing", playing))
        self.popup.speed_chosen.connect(self.player.set_speed)
        return [
            self._walk, self._method, self._count, self._via, self._make, self._play, self._export, self._build_more()
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
        button = named(QPushButton(text), name, words)
        button.clicked.connect(pressed)
        return button

    # -- what is pressed

    def open_way(self) -> None:
        """The pop-up of waypoints and of how the strip is shown."""
        self.popup.open_by(self._via)

    def step(self, by: int) -> None:
        """To the frame before or after the one that is chosen."""
        if self.strips:
            at, last = self._film.marked, len(self.strips[0].pixels) - 1
            self._ask_frame("go", 0, 0 if at is None else min(max(at + by, 0), last))

    def _press_method(self) -> None:
        way = self._method.currentData()
        self.changed.emit({"compare": True} if way == COMPARE else {"way": way, "compare": False})

    def _ask_frame(self, what: str, row: int, at: int) -> None:
        if row < len(self.strips):
            self.player.stop()
            self.frame_asked.emit(what, self.strips[row], at)

    def _open_menu(self, row: int, at: int, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setObjectName("strip_frame_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for what, words in FRAME_MENU:
            menu.addAction(words).triggered.connect(partial(self._ask_frame, what, row, at))
        menu.popup(where)

    # -- showing

    def _show_settings(self) -> None:
        settings = self._session.strips.settings
        self._method.setCurrentIndex(self._method.findData(COMPARE if settings.compare else settings.way))
        self._method.setToolTip(METHODS[self._method.currentData()])
        self._count.blockSignals(True)
        self._count.setValue(settings.frames)
        self._count.blockSignals(False)

    def _show_strip(self) -> None:
        strips = self.strips
        compared, shown = len(strips) > 1, bool(strips)
        self.player.keep_to(len(strips[0].pixels) if shown else 0)
        self._film.set_frames(frames_of(self._session, strips[0]) if shown and not compared else [])
        if compared:
            self._rows.show_strips(self._session, strips)
        parts = ((self._rows, compared), (self._frames, shown and not compared), (self._words, shown),
                 (self._empty, not shown))  # fmt: skip
        for widget, visible in sorted(parts, key=lambda part: part[1]):  # what goes first: both would need more room
            widget.setVisible(visible)
        self._play.setEnabled(shown)
        self._export.setEnabled(shown)
        self._legend.setText(legend())
        self._show_place()
        self._show_words()
        self._show_ends()

    def _show_words(self) -> None:
        strip, note = self._session.strip, self._session.strips.note
        if strip is None:
            self._caption.setText("")
            return
        begin = f"{note} · " if note else ""
        self._caption.setText(begin + in_words(strip, self._session.run))
        self._caption.set_shorter(begin + in_short(strip, self._session.run), note or figures_of(strip))

    def _show_ends(self) -> None:
        session, path = self._session, self._session.walk == "path" and self._session.route is not None
        missing = [] if path else [name for name, end in zip("AB", session.ends, strict=True) if end is None]
        ready = not missing and session.model_ready
        self._walk.setCurrentIndex(self._walk.findData("path" if path else "ends"))
        self._make.setEnabled(ready)
        self._entries["path_save"].setEnabled(not missing)
        self._entries["path_open"].setEnabled(session.run is not None)
        self._entries["path_remove"].setEnabled(session.route is not None)
        self._entries["path_reverse"].setEnabled(len(missing) < 2)
        self._entries["waypoint_add"].setEnabled(not missing)
        if session.run is None:
            words = "Open a run, then set A and B on its map, or draw a path: the walk appears here."
        elif missing:
            keys = " and ".join(missing)
            words = f"Go to a place on the map and press {keys} to set the ends of a walk, or draw a path (T)."
        else:
            words = "The model is being loaded…"
            if ready:
                words = "The frames come with the points of the map: each one shows the picture nearest to it."
        self._empty.setText(words)
        self._make.setToolTip(MAKE if ready else words)

    def _show_place(self) -> None:
        """The frame whose place is in hand is marked, and large."""
        if self.player.running:
            return
        strips, place = self.strips, self._session.place
        row, at = next(
            ((row, at) for row, strip in enumerate(strips) if (at := _frame_at(strip, place)) is not None), (None, None)
        )
        self._film.mark(at)
        self._rows.mark(at, row)
        if strips:
            self._picture.set_pixels(strips[0].pixels[at or 0])

    # -- playing

    def toggle(self) -> None:
        """Plays the strip from the frame that is chosen, or stops."""
        if self.player.running or not self.strips:
            self.player.stop()
            self._show_running(False)
        else:
            self.player.start(len(self.strips[0].pixels), self._film.marked or 0)

    def _show_running(self, running: bool) -> None:
        self._play.setChecked(running)
        self._play.setText("■" if running else "▶")
        if not running:
            self._show_place()

    def _show_playing(self, at: int) -> None:
        strips = self.strips
        if not strips or not self.isVisible() or at >= len(strips[0].pixels):
            self.player.stop()
            return
        if len(strips) > 1:
            self._rows.play(strips, at)
        else:
            self._film.mark(at)
            self._picture.set_pixels(strips[0].pixels[at])


def _frame_at(strip: Strip, place: object) -> int | None:
    """The frame of this place, if it is one of the strip's."""
    z = getattr(place, "z", None)
    if z is None or z.shape != strip.z.shape[1:]:
        return None
    found = np.flatnonzero((strip.z == z).all(axis=1))
    return int(found[0]) if len(found) else None
