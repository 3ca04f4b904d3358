"""A new direction: from which group of images to which, in which way; and the groups that have a name."""

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLineEdit, QMenu, QPushButton, QToolButton, QWidget

from latentlab.gui.session import Session
from latentlab.gui.widgets.choice import Choice
from latentlab.gui.widgets.labels import empty
from latentlab.gui.widgets.named import named, wrapped
from latentlab.runs.groups import LONGEST_NAME, REST

METHODS = {
    "means": ("difference of means", "The mean of the one group's encodings less the mean of the other's"),
    "classifier": (
        "linear classifier",
        "The normal of the plane that tells the groups apart best: has less in it of what only goes with them",
    ),
}
HINT = (
    "The direction leads from what the first group has in common to what the second has. "
    "Groups are images of the map: a class, what you select there, or a file of dataset indices."
)


class MakePage(QWidget):
    make_pressed = Signal(str, str, str, str)  # the groups' keys, the method, the name
    asked = Signal(str)  # what the action of this name does
    group_rename_pressed = Signal(str)
    group_delete_pressed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._state = session, session.arithmetic
        self._offered: list[tuple[str, str]] = []
        self._build()
        for signal in (session.run_changed, session.images_changed, session.encoding_changed, session.group_changed):
            signal.connect(self._offer)
        self._state.kept_changed.connect(self._offer)
        self._state.note_changed.connect(self._show)
        self._offer()

    def _build(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        self._from = named(Choice("from "), "direction_from", "From this group", "The group that the direction leaves")
        self._to = named(Choice("to "), "direction_to", "To this group", "The group that the direction leads to")
        for choice in (self._from, self._to):
            choice.currentIndexChanged.connect(lambda _: self._show())
        self._method = named(QComboBox(), "direction_method", "In which way", METHODS["means"][1])
        for key, (text, _) in METHODS.items():
            self._method.addItem(text, key)
        self._method.currentIndexChanged.connect(
            lambda _: self._method.setToolTip(wrapped(METHODS[self._method.currentData()][1]))
        )
        self._name = named(QLineEdit(), "direction_name", "Name of the direction", "Left empty: the groups' names")
        self._name.setMaxLength(LONGEST_NAME)
        self._name.returnPressed.connect(self._press)
        self._make = named(QPushButton("Make"), "direction_make", "Make the direction")
        self._make.setProperty("look", "primary")
        self._make.clicked.connect(self._press)
        grid.addWidget(self._from, 0, 0)
        grid.addWidget(self._to, 0, 1)
        grid.addWidget(self._build_groups(), 0, 2)
        grid.addWidget(self._method, 1, 0)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._name, 1)
        grid.addLayout(line, 1, 1)
        grid.addWidget(self._make, 1, 2)
        self._words = empty(HINT)
        self._words.setObjectName("direction_note")
        grid.addWidget(self._words, 2, 0, 1, 3)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(2, 1)

    def _build_groups(self) -> QToolButton:
        self._groups = named(QToolButton(), "direction_groups", "Groups", "Name the selection, or read a group")
        self._groups.setText("Groups ▾")
        self._groups.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self._groups)
        self._menu.setObjectName("direction_groups_menu")
        self._menu.aboutToShow.connect(self._fill_menu)
        self._groups.setMenu(self._menu)
        self._fill_menu()
        return self._groups

    def _fill_menu(self) -> None:
        menu, kept = self._menu, self._state.kept
        menu.clear()
        menu.addAction("Selection as a group…").triggered.connect(partial(self.asked.emit, "group_selection"))
        menu.addAction("Group from a file…").triggered.connect(partial(self.asked.emit, "group_file"))
        for group in () if kept is None else kept.groups:
            mine = menu.addMenu(f"{group.name} ({len(group.index or ()):,})")
            mine.addAction("Rename…").triggered.connect(partial(self.group_rename_pressed.emit, group.name))
            mine.addAction("Delete").triggered.connect(partial(self.group_delete_pressed.emit, group.name))

    def _press(self) -> None:
        if self._make.isEnabled():
            keys = self._from.currentData(), self._to.currentData()
            self.make_pressed.emit(*keys, self._method.currentData(), self._name.text().strip())
            self._name.clear()

    # -- showing

    def _offer(self) -> None:
        """The groups that there are now; what was chosen stays so where it is still there."""
        offered = self._groups_there()
        if offered == self._offered:
            self._show()
            return
        self._offered = offered
        for choice, otherwise in ((self._from, 0), (self._to, 1)):
            before = choice.currentData()
            blocked = choice.blockSignals(True)
            choice.clear()
            for key, words in offered:
                choice.add(words, _short(words), key)
            at = choice.findData(before)
            choice.setCurrentIndex(at if at >= 0 else min(otherwise, choice.count() - 1))
            choice.blockSignals(blocked)
        self._show()

    def _groups_there(self) -> list[tuple[str, str]]:
        session, kept = self._session, self._state.kept
        run, images = session.run, session.images
        if run is None or session.encoding is None:
            return []
        found = []
        if images is not None and images.labels is not None:
            found += [(f"class:{label}", name) for label, name in enumerate(run.class_names)]
        found += [(f"group:{group.name}", group.name) for group in (() if kept is None else kept.groups)]
        if len(session.group):
            found.append(("selection", f"selection ({len(session.group):,})"))
        return [*found, ("rest", REST)] if found else []

    def _show(self) -> None:
        session, state = self._session, self._state
        keys = self._from.currentData(), self._to.currentData()
        can = bool(self._offered) and state.kept is not None and keys[0] != keys[1]
        self._make.setEnabled(can)
        for widget in (self._from, self._to, self._method, self._name):
            widget.setEnabled(bool(self._offered))
        self._groups.setEnabled(session.run is not None)
        names = [_short(dict(self._offered).get(key, "")) for key in keys if key]
        self._name.setPlaceholderText(" → ".join(names) if names else "name")
        self._words.setText(self._told())

    def _told(self) -> str:
        session, state = self._session, self._state
        if session.run is None:
            return "Open a run, or train one: a direction is made of two groups of its images."
        if state.note:
            return state.note
        if not self._offered:
            return "These images have no classes: select points on the map, or read a group from a file (Groups)."
        return HINT


def _short(words: str) -> str:
    return words if len(words) <= 16 else f"{words[:15]}…"
