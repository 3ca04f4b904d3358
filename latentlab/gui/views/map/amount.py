"""The choice of how many points the map has."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.widgets.labels import muted
from latentlab.gui.widgets.named import named

LABEL_WIDTH = 84  # pixels: that of the layout's parameters above it
TIP = "How many pictures of the data are points of the map, the classes as equal as they allow"
NO_DATA = "Open a run: its pictures are counted then."


class Amount(QWidget):
    """Shows `session.amount`; what is chosen leaves as a number of points, and comes back through the session."""

    chosen = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        self.choice = named(QComboBox(), "map_points", "Points on the map", TIP)
        self.choice.activated.connect(lambda _place: self.chosen.emit(self.choice.currentData()))
        label = muted("Shown")
        label.setBuddy(self.choice)
        grid.addWidget(label, 0, 0)
        grid.addWidget(self.choice, 0, 1)
        column.addLayout(grid)
        self.note = muted(wrap=True)
        self.note.setObjectName("map_points_note")
        column.addWidget(self.note)
        session.amount.changed.connect(self._fill)
        for signal in (session.encoding_changed, session.training_changed, session.history_changed):
            signal.connect(self._explain)
        self._fill()

    def _fill(self) -> None:
        amount = self._session.amount
        offered = amount.offered()
        self.choice.clear()
        for points in offered:
            self.choice.addItem(
                f"All {points:,}" if points == amount.total else f"{points:,} of {amount.total:,}", points
            )
        self.choice.setEnabled(len(offered) > 1)
        if offered:
            self.choice.setCurrentIndex(offered.index(amount.wanted))
        self._explain()

    def _explain(self) -> None:
        """Why fewer are shown, or why no more can be."""
        amount, encoding, words = self._session.amount, self._session.encoding, ""
        shown = 0 if encoding is None else len(encoding)
        if not amount.total:
            words = NO_DATA
        elif 0 < shown < amount.wanted and self._session.training.active:
            words = f"{shown:,} of them follow the training. All come when it ends."
        elif 0 < shown < amount.wanted and self._session.history.shown is not None:
            words = f"{shown:,} of them are shown of a past epoch. All come back with the newest weights."
        elif amount.offered()[-1] < amount.total:
            words = f"More of {amount.total:,} than these would not fit into memory."
        if words != self.note.text():
            self.note.setText(words)
        self.note.setVisible(bool(words))
