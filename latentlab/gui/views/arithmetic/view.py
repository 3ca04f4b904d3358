"""The arithmetic panel: a direction added to a sample, a - b + c, one style with every label, and new directions."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QToolButton,
    QWidget,
)

from latentlab.gui.session import Session
from latentlab.gui.states.arithmetic import Page
from latentlab.gui.views.arithmetic.apply_page import ApplyPage, in_words
from latentlab.gui.views.arithmetic.labels_page import LabelsPage
from latentlab.gui.views.arithmetic.make_page import MakePage
from latentlab.gui.views.arithmetic.sum_page import SumPage
from latentlab.gui.widgets.choice import Choice
from latentlab.gui.widgets.named import named

PAGES: dict[Page, tuple[str, str]] = {
    "apply": ("Apply", "Add a direction to a sample"),
    "sum": ("a − b + c", "What a has and b has not, added to c"),
    "labels": ("Labels", "One style with every label, for a conditional VAE"),
    "make": ("New", "Make a direction from two groups of images"),
}
MORE = (
    ("direction_anew", "Make anew"),
    ("direction_rename", "Rename…"),
    ("direction_delete", "Delete…"),
    ("direction_export", "Export all…"),
    ("direction_import", "Import…"),
)


class ArithmeticView(QWidget):
    """Says by `page_seen` which page can be seen, so that only that is decoded; nothing where the panel is hidden."""

    page_seen = Signal(str)
    direction_chosen = Signal(str)
    asked = Signal(str)  # what the action of this name does

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("arithmetic_view")
        self._session, self._state = session, session.arithmetic
        self._page: Page = "apply"
        self.apply, self.sum = ApplyPage(session), SumPage(session)
        self.labels, self.make = LabelsPage(session), MakePage(session)
        self._stack = QStackedLayout(self)
        for page in (self.apply, self.sum, self.labels, self.make):
            self._stack.addWidget(page)
        self.header_controls: list[QWidget] = [self._build_pages(), self._build_directions(), self._build_more()]
        self.make.asked.connect(self.asked)
        for signal in (self._state.kept_changed, self._state.chosen_changed, session.encoding_changed):
            signal.connect(self._show)
        session.run_changed.connect(self._show)
        self._show()

    def _build_pages(self) -> QWidget:
        together = QWidget()
        line = QHBoxLayout(together)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        group = QButtonGroup(self)
        self._buttons: dict[Page, QPushButton] = {}
        for page, (text, words) in PAGES.items():
            button = self._buttons[page] = named(QPushButton(text), f"arithmetic_{page}", words)
            button.setProperty("look", "segment")
            button.setProperty("size", "narrow")
            button.setCheckable(True)
            button.clicked.connect(partial(self._press, page))
            group.addButton(button)
            line.addWidget(button)
        self._buttons[self._page].setChecked(True)
        return together

    def _build_directions(self) -> Choice:
        self._directions = named(Choice(""), "direction_choice", "Direction", "The direction that is added")
        self._directions.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._directions.activated.connect(lambda _: self.direction_chosen.emit(self._directions.currentData()))
        return self._directions

    def _build_more(self) -> QToolButton:
        more = named(QToolButton(), "direction_more", "More on directions", "Make anew, rename, delete, take along")
        more.setText("⋯")
        more.setProperty("look", "quiet")
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(more)
        menu.setObjectName("direction_menu")
        self._entries = {name: menu.addAction(words) for name, words in MORE}
        for name, entry in self._entries.items():
            entry.triggered.connect(partial(self.asked.emit, name))
        more.setMenu(menu)
        return more

    # -- pages

    def show_page(self, page: Page) -> None:
        """This page, from now on."""
        self._page = page
        self._buttons[page].setChecked(True)
        self._stack.setCurrentIndex(list(PAGES).index(page))
        if self.isVisible():
            self.page_seen.emit(page)

    def show_made(self) -> None:
        """A new direction is there: it is applied, unless the person has gone elsewhere meanwhile."""
        if self._page == "make":
            self.show_page("apply")

    def _press(self, page: Page, _checked: bool = False) -> None:
        self.show_page(page)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.page_seen.emit(self._page)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.page_seen.emit("")

    # -- showing

    def _show(self) -> None:
        session, state = self._session, self._state
        directions = () if state.kept is None else state.kept.directions
        choice = self._directions
        names = [each.name for each in directions]
        if names != [choice.itemData(at) for at in range(choice.count())]:
            choice.clear()
            for name in names:
                choice.add(name, name if len(name) <= 20 else f"{name[:19]}…", name)
        for at, each in enumerate(directions):
            choice.setItemData(at, in_words(each, session), Qt.ItemDataRole.ToolTipRole)
        choice.setCurrentIndex(choice.findData(state.chosen))
        choice.setVisible(bool(names))
        direction = state.direction
        for name in ("direction_rename", "direction_delete", "direction_export"):
            self._entries[name].setEnabled(direction is not None)
        self._entries["direction_anew"].setEnabled(
            direction is not None and direction.again and session.encoding is not None
        )
        self._entries["direction_import"].setEnabled(session.run is not None)
        conditional = session.run is not None and session.run.conditional
        self._buttons["labels"].setVisible(conditional)
        if not conditional and self._page == "labels":
            self.show_page("apply")
