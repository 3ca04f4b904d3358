"""The controls of the map's thumbnails: when they come, and what they show."""

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.views.map.thumbnails import Kind, Mode, Thumbnails
from latentlab.gui.widgets.labels import muted
from latentlab.gui.widgets.named import named

MODES: tuple[tuple[Mode, str, str], ...] = (
    ("off", "Off", "Points only"),
    ("auto", "Zoomed in", "Pictures instead of points once few enough are in view"),
    ("always", "Always", "As many pictures as have room, however many points are in view"),
)
KINDS: tuple[tuple[Kind, str, str], ...] = (
    ("images", "Images", "The images themselves"),
    ("reconstructions", "Reconstructions", "What the model makes of them"),
)
WAITS = "Reconstructions come with the model, once it is loaded."


class ThumbnailOptions(QWidget):
    """Two rows of choices; keys go through both in turn."""

    def __init__(self, session: Session, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._thumbnails = session, thumbnails
        self._modes: dict[Mode, QPushButton] = {}
        self._kinds: dict[Kind, QPushButton] = {}
        self._note = muted(wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        first, second = self._row(column), self._row(column)
        for mode, words, tip in MODES:
            press = self._press(first, f"thumbnails_{mode}", words, f"Thumbnails: {words}", tip)
            press.clicked.connect(lambda _=False, mode=mode: thumbnails.set_mode(mode))
            self._modes[mode] = press
        for kind, words, tip in KINDS:
            press = self._press(second, f"thumbnails_{kind}", words, f"Thumbnails show {words.lower()}", tip)
            press.clicked.connect(lambda _=False, kind=kind: thumbnails.set_kind(kind))
            self._kinds[kind] = press
        column.addWidget(self._note)
        thumbnails.changed.connect(self._show)
        session.model_ready_changed.connect(self._show)
        self._show()

    def next_mode(self) -> None:
        """Off, zoomed in, always, and from the beginning; says which."""
        modes = [mode for mode, _, _ in MODES]
        self._thumbnails.set_mode(modes[(modes.index(self._thumbnails.mode) + 1) % len(modes)])
        self._session.told.emit(f"Thumbnails: {self._modes[self._thumbnails.mode].text().lower()}", False)

    def next_kind(self) -> None:
        """Images or reconstructions; says which."""
        self._thumbnails.set_kind("reconstructions" if self._thumbnails.kind == "images" else "images")
        self._session.told.emit(f"Thumbnails show {self._kinds[self._thumbnails.kind].text().lower()}", False)

    def _row(self, column: QVBoxLayout) -> tuple[QHBoxLayout, QButtonGroup]:
        row, group = QHBoxLayout(), QButtonGroup(self)
        row.setSpacing(4)
        column.addLayout(row)
        return row, group

    def _press(
        self, row: tuple[QHBoxLayout, QButtonGroup], name: str, words: str, spoken: str, tip: str
    ) -> QPushButton:
        press = named(QPushButton(words), name, spoken, tip)
        press.setProperty("look", "segment")
        press.setCheckable(True)
        row[0].addWidget(press)
        row[1].addButton(press)
        return press

    def _show(self) -> None:
        thumbnails = self._thumbnails
        self._modes[thumbnails.mode].setChecked(True)
        self._kinds[thumbnails.kind].setChecked(True)
        for press in self._kinds.values():
            press.setEnabled(thumbnails.mode != "off")
        waits = thumbnails.kind == "reconstructions" and not self._session.model_ready
        self._note.setText(WAITS if waits else "")
        self._note.setVisible(waits)
