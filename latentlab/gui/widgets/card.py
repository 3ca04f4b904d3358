"""Cards: a heading with a short fact at its right end, and a body. `CardDock` is one that moves, floats and closes."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.labels import heading

INSET = 10  # pixels between a card's line and what is in it
HEADING_HEIGHT = 32


class Heading(QFrame):
    """The heading row: title left; a fact and controls right. As a dock's title bar it is what moves the dock."""

    def __init__(self, title: str, fact: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = heading(title)
        self.fact = ElidedLabel(fact)
        self.fact.setProperty("role", "fact")
        self.fact.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(INSET, 0, INSET, 0)
        self._row.setSpacing(8)
        self._row.addWidget(self.title)
        self._row.addWidget(self.fact, 1)
        self._row.addStrut(HEADING_HEIGHT)  # a dock asks for the hint, not for the minimum
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_title(self, title: str) -> None:
        self.title.setText(title.upper())

    def set_fact(self, fact: str, shorter: tuple[str, ...] = (), more: str = "") -> None:
        """shorter: the same in fewer words, for where there is little room; more: what its tooltip says."""
        self.fact.setText(fact)
        self.fact.set_shorter(*shorter)
        self.fact.set_more(more)

    def add_control(self, control: QWidget, before: QWidget | None = None) -> None:
        """Another control at the right end, or before one that is there."""
        at = self._row.count() if before is None else self._row.indexOf(before)
        self._row.insertWidget(at, control)


class Card(QFrame):
    """A framed piece of the window. Put what it holds into `body`."""

    def __init__(self, title: str = "", fact: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setProperty("card", "whole")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.heading = Heading(title, fact)
        self.heading.setVisible(bool(title))
        column.addWidget(self.heading)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(INSET, 0 if title else INSET, INSET, INSET)
        self.body.setSpacing(4)
        column.addLayout(self.body, 1)

    def set_fact(self, fact: str) -> None:
        self.heading.set_fact(fact)


class CardDock(QDockWidget):
    """A view in a dock that looks like a card; its heading is the title bar.

    The view may have `header_controls` (a list of widgets for the heading's right end) and a signal
    `fact_changed(str)`. A floating dock shows buttons to put it back and to close it; the main window's menu of
    docks (right click on the heading) opens closed ones again.
    """

    def __init__(self, title: str, view: QWidget, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.setObjectName(object_name)
        self.setAccessibleName(title)
        self.heading = Heading(title)
        self.heading.setProperty("card", "head")
        self._dock_back = self._add_button("⇲", "Put back", f"{object_name}_put_back", lambda: self.setFloating(False))
        self._close = self._add_button("×", "Close", f"{object_name}_close", self.close)
        self.setTitleBarWidget(self.heading)
        self._column = self._frame()
        self.put(view)
        self.topLevelChanged.connect(self._show_buttons)
        self._show_buttons(False)

    def put(self, view: QWidget) -> None:
        """Shows this view, in place of the one before."""
        while (old := self._column.takeAt(0)) is not None:
            if (widget := old.widget()) is not None:
                widget.deleteLater()
        self.view = view
        self._column.addWidget(view)
        for control in getattr(view, "header_controls", []):
            self.heading.add_control(control, before=self._dock_back)
        if hasattr(view, "fact_changed"):
            view.fact_changed.connect(self.heading.set_fact)

    def show_heading(self, shown: bool) -> None:
        """Without its title where a tab already says it; the controls and the fact stay."""
        self.heading.title.setVisible(shown)

    def _add_button(self, sign: str, words: str, name: str, pressed: object) -> QToolButton:
        button = QToolButton()
        button.setText(sign)
        button.setObjectName(name)
        button.setAccessibleName(f"{words}: {self.windowTitle()}")
        button.setToolTip(words)
        button.setProperty("look", "quiet")
        button.clicked.connect(pressed)
        self.heading.add_control(button)
        return button

    def _frame(self) -> QVBoxLayout:
        frame = QFrame()
        frame.setProperty("card", "body")
        frame.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(frame)
        column.setContentsMargins(INSET, 0, INSET, INSET)
        self.setWidget(frame)
        return column

    def _show_buttons(self, floating: bool) -> None:
        self._dock_back.setVisible(floating)
        self._close.setVisible(floating)
