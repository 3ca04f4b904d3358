"""What the map says over its canvas, and the one button beside it: to cancel what is under way, or to try again."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QPushButton

from latentlab.gui.session import Session
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.named import named
from latentlab.gui.widgets.note import Note

GAP = 8  # pixels between the words and the button
WORDS = {"cancel": ("Cancel", "End it; what is shown stays"), "retry": ("Retry", "Begin it once more")}


class MapNote(QObject):
    """Shows `session.map_note`, or what the view says where there is none."""

    cancelled = Signal()
    retried = Signal()

    def __init__(self, session: Session, canvas: MapCanvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._reserved, self._centred = session, 0, True
        self.label = Note(canvas, "map_note")
        self.button = named(QPushButton(canvas), "map_note_action", "Cancel")
        self.button.hide()
        self.button.clicked.connect(lambda: (self.cancelled if session.map_action == "cancel" else self.retried).emit())

    def show(self, otherwise: str, centred: bool) -> None:
        """otherwise: said where the session has nothing to say."""
        action = self._session.map_action
        if action:
            text, tip = WORDS[action]
            self.button.setText(text)
            named(self.button, "map_note_action", f"{text}: the layout of the map", tip)
        self._reserved = self.button.sizeHint().width() + GAP if action else 0
        self._centred = centred
        self.label.say(self._session.map_note or otherwise, centred, self._reserved)
        self.button.setVisible(bool(action))
        self.place()

    def place(self) -> None:
        """Where they belong, after the canvas changed its size."""
        self.label.place()
        size, words = self.button.sizeHint(), self.label.geometry()
        if self._reserved:
            lift = 0 if self._centred else max(0, (size.height() - words.height()) // 2)
            self.label.move(words.x() - (self._reserved // 2 if self._centred else 0), words.y() - lift)
            words = self.label.geometry()
        middle = words.y() + (words.height() - size.height()) // 2
        self.button.setGeometry(words.right() + GAP, middle, size.width(), size.height())
