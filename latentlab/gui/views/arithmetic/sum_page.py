"""a - b + c: three slots, each a sample, a place or a group's mean, and what comes out."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.states.arithmetic import Slot
from latentlab.gui.views.arithmetic.parts import IN_FULL, SendButtons, picture_of
from latentlab.gui.widgets import usual
from latentlab.gui.widgets.labels import empty, muted
from latentlab.gui.widgets.named import named, wrapped
from latentlab.gui.widgets.picture import PictureView

SLOTS: dict[Slot, str] = {"a": "", "b": "−", "c": "+"}
SIDE, SMALL = 84, 28  # pixels
WIDE = 92  # of a slot
EMPTY = "Fill a, b and c: what a has and b has not is added to c."
NEAREST_SHOWN = 4  # beside the result there is room for no more


class _SlotCard(QWidget):
    """The picture of what is in a slot, and under it the button with the menu that fills it."""

    filled = Signal(str)  # a key: a base, 'class:3', 'group:NAME', or nothing

    def __init__(self, slot: Slot, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slot, self._session = slot, session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.setFixedWidth(WIDE)
        self.picture = PictureView(SIDE, f"slot_{slot}_picture", f"What is in slot {slot}")
        self.button = named(QToolButton(), f"slot_{slot}", f"Fill slot {slot}", "Choose what goes into this slot")
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setFixedWidth(WIDE)
        self._menu = QMenu(self.button)
        self._menu.setObjectName(f"slot_{slot}_menu")
        self._menu.aboutToShow.connect(self._fill_menu)
        self.button.setMenu(self._menu)
        column.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.button)
        column.addStretch(1)

    def _fill_menu(self) -> None:
        """Everything that can go in, as it is now."""
        menu, run, kept = self._menu, self._session.run, self._session.arithmetic.kept
        menu.clear()
        for key, words in IN_FULL.items():
            menu.addAction(words).triggered.connect(partial(self._press, key))
        labelled = run is not None and self._session.images is not None and self._session.images.labels is not None
        if run is not None and labelled:
            classes = menu.addMenu("Mean of a class")
            for label, name in enumerate(run.class_names):
                classes.addAction(name).triggered.connect(partial(self._press, f"class:{label}"))
        if kept is not None and kept.groups:
            groups = menu.addMenu("Mean of a group")
            for group in kept.groups:
                groups.addAction(group.name).triggered.connect(partial(self._press, f"group:{group.name}"))
        menu.addSeparator()
        menu.addAction("Empty").triggered.connect(partial(self._press, ""))

    def _press(self, key: str, _checked: bool = False) -> None:
        self.filled.emit(key)

    def show_filling(self) -> None:
        filling, run = self._session.arithmetic.slots[self._slot], self._session.run
        if run is not None:
            self.picture.expect(run.image_shape[1:])
        self.picture.set_pixels(None if filling is None else filling.pixels)
        words = f"{self._slot}: choose…" if filling is None else filling.words
        room = WIDE - 14
        self.button.setText(self.button.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room))
        self.button.setToolTip(
            wrapped("Choose what goes into this slot" if filling is None else f"{self._slot}: {words}")
        )
        self.button.setAccessibleDescription(words)


class SumPage(QWidget):
    filled = Signal(str, str)  # the slot, and what goes in
    sent = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._state = session, session.arithmetic
        self._cards = {slot: _SlotCard(slot, session) for slot in SLOTS}
        self._build()
        for slot, card in self._cards.items():
            card.filled.connect(partial(self.filled.emit, slot))
        for signal in (self._state.slots_changed, session.run_changed, session.images_changed):
            signal.connect(self._show_slots)
        self._state.sum_changed.connect(self._show_sum)
        self._show_slots()
        self._show_sum()

    def _build(self) -> None:
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        self._empty = empty("Open a run, or train one: then samples can be added and taken away from one another here.")
        page.addWidget(self._empty, 1)
        self._whole = QWidget()
        page.addWidget(self._whole, 1)
        line = QHBoxLayout(self._whole)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        for slot, sign in SLOTS.items():
            if sign:
                line.addWidget(_sign(sign), 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(self._cards[slot], 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(_sign("="), 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(self._build_result(), 1)

    def _build_result(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        top = QHBoxLayout()
        top.setSpacing(8)
        self._result = PictureView(SIDE, "sum_result", "What comes out of a − b + c")
        beside = QVBoxLayout()
        beside.setSpacing(4)
        self._words = muted("", wrap=True)
        self._words.setObjectName("sum_words")
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._near_words = muted("nearest images")
        near = QHBoxLayout()
        near.setSpacing(4)
        self._near = [PictureView(SMALL, f"sum_nearest_{at}", "A nearest image") for at in range(NEAREST_SHOWN)]
        for picture in self._near:
            near.addWidget(picture)
        near.addStretch(1)
        beside.addWidget(self._words, 1)
        beside.addWidget(self._near_words)
        beside.addLayout(near)
        top.addWidget(self._result, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(beside, 1)
        self._send = SendButtons("sum")
        self._send.sent.connect(self.sent)
        column.addLayout(top)
        column.addWidget(self._send, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        return column

    def _show_slots(self) -> None:
        run = self._session.run
        self._empty.setVisible(run is None)
        self._whole.setVisible(run is not None)
        if run is not None:
            self._result.expect(run.image_shape[1:])
            for picture in self._near:
                picture.expect(run.image_shape[1:])
        for card in self._cards.values():
            card.show_filling()
        self._show_sum()

    def _show_sum(self) -> None:
        result = self._state.sum
        self._result.set_pixels(None if result is None else result.pixels)
        self._send.setEnabled(result is not None)
        missing = [slot for slot, filling in self._state.slots.items() if filling is None]
        if result is None:
            self._words.setText(EMPTY if missing else "The model is being loaded…")
        else:
            self._words.setText(usual.in_words(result.usual))
        rows = () if result is None else result.nearest
        self._near_words.setVisible(bool(rows))
        for at, picture in enumerate(self._near):
            pixels, name = picture_of(self._session, rows[at]) if at < len(rows) else (None, "")
            picture.setVisible(pixels is not None)
            picture.set_pixels(pixels)
            picture.setToolTip(name)


def _sign(text: str) -> QLabel:
    """Between two pictures, at the height of their middle."""
    sign = QLabel(text)
    sign.setProperty("role", "title")
    sign.setFixedHeight(SIDE)
    sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return sign
