"""What the strip leads through and how it is shown: a pop-up over its button."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QIcon, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from latentlab.gui.session import Session
from latentlab.gui.views.strip.player import FASTEST, FRAMES_PER_SECOND
from latentlab.gui.widgets.labels import heading, muted
from latentlab.gui.widgets.named import SPIN_MARGINS, named
from latentlab.gui.widgets.picture import Pixels, fitted

WIDTH, LIST, ICON, EDGE, INSET = 300, 132, 28, 8, 10  # pixels at 100 %
MOST_BEYOND = 20
HELP = "Alt+↑ and Alt+↓ or a drag move a waypoint, Delete takes it away, Enter goes there. A and B stay the ends."
NOTHING = "Set A and B (go to a place on the map, press A, then B), or draw a path (T): what the strip leads through \
is listed here."
MIXED = "of a conditional model: the class in force for all frames, or mixed from that of A to that of B on the way"


class WaypointList(QListWidget):
    """Waypoints in their order, moved by dragging or Alt and the arrows; A and B neither move nor go."""

    moved = Signal(int, int)
    dropped = Signal(int)
    gone_to = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        named(self, "strip_waypoints", "Waypoints of the walk", HELP)
        self.setFixedHeight(LIST)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setIconSize(QSize(ICON, ICON))
        self.setUniformItemSizes(True)
        self.itemActivated.connect(lambda item: self.gone_to.emit(self.row(item)))
        self.model().rowsMoved.connect(self._on_moved)

    def show_words(self, words: list[str], held: set[int], pictures: Sequence[Pixels]) -> None:
        """held: rows that can neither be moved nor taken away. pictures: of each, or none."""
        at = self.currentRow()
        self.clear()
        for row, text in enumerate(words):
            item = QListWidgetItem(text)
            if len(pictures) == len(words):
                item.setIcon(QIcon(fitted(pictures[row], ICON, ICON, self.devicePixelRatioF())))
            flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            item.setFlags(flags if row in held else flags | Qt.ItemFlag.ItemIsDragEnabled)
            self.addItem(item)
        self.setCurrentRow(min(at, len(words) - 1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, step = self.currentRow(), {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if row >= 0 and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.dropped.emit(row)
        elif row >= 0 and step and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            to = min(max(row + step, 0), self.count() - 1)
            self.moved.emit(row, to)
            self.setCurrentRow(to)
        elif row >= 0 and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.gone_to.emit(row)
        else:
            super().keyPressEvent(event)

    def _on_moved(self, _parent: object, start: int, _end: int, _to_parent: object, to: int) -> None:
        self.moved.emit(start, to - 1 if to > start else to)


class WayPopup(QFrame):
    """Every choice is told at once; Escape, or a press anywhere else, closes it."""

    changed = Signal(dict)
    asked = Signal(str)  # what the action of this name does
    moved = Signal(int, int)
    dropped = Signal(int)
    gone_to = Signal(int)
    playing_chosen = Signal(str)
    speed_chosen = Signal(int)
    closed = Signal()

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        named(self, "strip_popup", "The strip's way", " ")
        self.setToolTip("")
        self.setProperty("card", "popup")
        self.setAttribute(Qt.WidgetAttribute.WA_NoMouseReplay)  # a press on the button closes, and does not open again
        self.setFixedWidth(WIDTH)
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(INSET, INSET, INSET, INSET)
        column.setSpacing(6)
        column.addLayout(self._build_head())
        self.list = WaypointList()
        self.list.moved.connect(self.moved)
        self.list.dropped.connect(self.dropped)
        self.list.gone_to.connect(self.gone_to)
        column.addWidget(self.list)
        self._nothing = muted(NOTHING, wrap=True)
        self._nothing.setFixedHeight(LIST)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self._nothing)
        column.addWidget(muted(HELP, wrap=True))
        column.addLayout(self._build_form())
        for signal in (session.ends_changed, session.route_changed, session.walk_changed, session.condition_changed,
                       session.run_changed, session.place_changed, session.strip_changed,
                       session.strips.settings_changed):  # fmt: skip
            signal.connect(self._follow)

    def open_by(self, button: QWidget) -> None:
        """Over the button, or under it where there is no room."""
        self._show()
        self.adjustSize()
        corner = button.mapToGlobal(QPoint(button.width(), 0))
        screen = button.screen().availableGeometry().adjusted(EDGE, EDGE, -EDGE, -EDGE)
        top = corner.y() - self.height() - 4
        if top < screen.top():
            top = min(corner.y() + button.height() + 4, screen.bottom() - self.height())
        self.move(max(corner.x() - self.width(), screen.left()), top)
        self.show()
        (self.list if self.list.count() else self._beyond).setFocus()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.closed.emit()

    def _build_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(heading("Waypoints"), 1)
        self.add = QPushButton("Add place")
        named(
            self.add, "strip_add_waypoint", "Add the place in hand", "The place in hand, before the last waypoint (W)"
        )
        self.add.clicked.connect(lambda: self.asked.emit("waypoint_add"))
        self.swap = QPushButton("⇄")
        named(self.swap, "strip_swap", "Walk the other way round", "Walk the other way round: A and B change places")
        self.swap.clicked.connect(lambda: self.asked.emit("path_reverse"))
        head.addWidget(self.add)
        head.addWidget(self.swap)
        return head

    def _build_form(self) -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(6)
        self._beyond = QSpinBox()
        self._beyond.setRange(0, MOST_BEYOND)
        self._beyond.setSpecialValueText("none")
        self._beyond.setSuffix(" frames at each end")
        named(self._beyond, "strip_beyond", "Frames beyond the ends", "What changes from A to B goes on changing")
        self._beyond.valueChanged.connect(lambda value: self.changed.emit({"beyond": value}))
        self._class = QComboBox()
        named(self._class, "strip_class", "Class of the frames", MIXED[0].upper() + MIXED[1:])
        self._class.activated.connect(lambda row: self.changed.emit({"mixed": row == 1}))
        self._class_name = muted("Class")
        self._playing = QComboBox()
        self._playing.addItems(["there and back", "loop"])
        named(self._playing, "strip_playing", "How the strip is played", "There and back, or from the start again")
        self._playing.textActivated.connect(self.playing_chosen)
        self._speed = QSpinBox()
        self._speed.setRange(1, FASTEST)
        self._speed.setValue(FRAMES_PER_SECOND)
        self._speed.setSuffix(" frames per second")
        named(self._speed, "strip_speed", "Speed of the animation", "Frames per second of the animation")
        self._speed.valueChanged.connect(self.speed_chosen)
        for spin in (self._beyond, self._speed):
            spin.lineEdit().setTextMargins(*SPIN_MARGINS)
        form.addRow(muted("Beyond"), self._beyond)
        form.addRow(self._class_name, self._class)
        form.addRow(muted("Play"), self._playing)
        form.addRow(muted("Speed"), self._speed)
        return form

    # -- showing

    def _follow(self) -> None:
        if self.isVisible():
            self._show()

    def _show(self) -> None:
        session, settings = self._session, self._session.strips.settings
        words, held = waypoints_in_words(session)
        pictures = session.strips.waypoints
        self.list.show_words(words, held, [] if pictures is None else list(pictures))
        self.list.setVisible(bool(words))
        self._nothing.setVisible(not words)
        self.add.setEnabled(session.place is not None and len(words) > 1)
        self.swap.setEnabled(any(end is not None for end in session.ends) or session.walk == "path")
        self._beyond.blockSignals(True)
        self._beyond.setValue(settings.beyond)
        self._beyond.blockSignals(False)
        conditional = session.condition is not None and session.run is not None
        for widget in (self._class, self._class_name):
            widget.setVisible(conditional)
        if conditional and session.run is not None and session.condition is not None:
            names = session.run.class_names
            a, b = (
                names[each] if each is not None and each < len(names) else "?" for each in session.strips.end_classes
            )
            held_class = names[session.condition] if session.condition < len(names) else str(session.condition)
            self._class.clear()
            self._class.addItems([f"{held_class} for all frames", f"mixed, from A's to B's: {a} to {b}"])
            self._class.setCurrentIndex(int(settings.mixed))


def waypoints_in_words(session: Session) -> tuple[list[str], set[int]]:
    """A line for each waypoint that the strip leads through, and which of them stay where they are: A and B."""
    route, named_ends = session.route, [("A", session.ends[0]), ("B", session.ends[1])]
    ends = [f"{letter} · {end.origin or 'a place'}" for letter, end in named_ends if end is not None]
    if session.walk == "ends" or route is None:
        return ends, set(range(len(ends)))
    count = len(route.z)
    words = [f"{number + 1} · waypoint" for number in range(count)]
    if not route.tied or len(ends) < 2:
        return words, set()
    return [ends[0], *words[1:-1], ends[1]], {0, count - 1}
