"""The map's options: one button at the header's right, and the sections that the map's parts put into its pop-up."""

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from latentlab.gui.widgets.named import named

WIDTH = 330  # pixels at 100 %
EDGE = 8  # pixels kept free at the screen's edges
INSET = 10
FRAME = 4  # pixels: its line at both sides, and the layout's margins that keep off it


class MapOptions(QToolButton):
    """Opens a pop-up of sections that fold. Escape, or a press anywhere else, closes it."""

    about_to_show = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "map_options", "Map options", "How the map is laid out, and what else is drawn on it (O)")
        self.setText("Options")
        self.setCheckable(True)
        self.popup = _PopUp(self)
        self.popup.closed.connect(lambda: self.setChecked(False))
        self.clicked.connect(self.toggle_popup)
        self._sections: dict[str, Section] = {}

    def add_section(self, title: str, widget: QWidget, folded: bool = False) -> "Section":
        """A section at the pop-up's end, its controls in `widget`."""
        section = Section(title, widget, folded)
        self._sections[title] = section
        self.popup.column.insertWidget(self.popup.column.count() - 1, section)
        return section

    def section(self, title: str) -> "Section":
        return self._sections[title]

    def toggle_popup(self) -> None:
        """Shows the pop-up under the button, or hides it."""
        if self.popup.isVisible():
            self.popup.close()
            return
        self.about_to_show.emit()
        self.setChecked(True)
        self.popup.open_under(self)


class Section(QFrame):
    """A heading that folds what is under it."""

    def __init__(self, title: str, widget: QWidget, folded: bool) -> None:
        super().__init__()
        self._title, self.widget = title, widget
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(4)
        name = title.lower().replace(" ", "_")
        self.fold = named(QPushButton(), f"map_section_{name}", f"Section {title}", "Show or fold away")
        self.fold.setProperty("look", "fold")
        self.fold.clicked.connect(lambda: self.set_folded(self.widget.isVisibleTo(self)))
        column.addWidget(self.fold)
        column.addWidget(widget)
        self.set_folded(folded)

    def set_folded(self, folded: bool) -> None:
        self.widget.setVisible(not folded)
        self.fold.setText(f"{'▸' if folded else '▾'}  {self._title}")


class _PopUp(QFrame):
    """A window of its own over the others, as high as its sections and no higher than the screen."""

    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        named(self, "map_options_popup", "Map options", " ")
        self.setToolTip("")
        self.setProperty("card", "popup")
        self.setAttribute(Qt.WidgetAttribute.WA_NoMouseReplay)  # a press on the button closes, and does not open again
        self._highest = 600  # pixels, until it is known where it opens
        self._inside = QWidget()
        self._inside.setProperty("scrolled", "true")
        self.column = QVBoxLayout(self._inside)
        self.column.setContentsMargins(INSET, INSET, INSET, INSET)
        self.column.setSpacing(4)
        self.column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._inside)
        self._inside.installEventFilter(self)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 1, 1, 1)
        whole.addWidget(self._scroll)

    def open_under(self, button: QWidget) -> None:
        """Its right edge under the button's."""
        corner = button.mapToGlobal(QPoint(button.width(), button.height() + 4))
        screen = button.screen().availableGeometry().adjusted(EDGE, EDGE, -EDGE, -EDGE)
        self._highest = screen.bottom() - corner.y()
        self.fit()
        self.move(max(corner.x() - self.width(), screen.left()), corner.y())
        self.show()
        self.focusNextChild()

    def fit(self) -> None:
        """Its size follows its sections."""
        self.column.activate()
        wanted = self.column.totalHeightForWidth(WIDTH - FRAME) if self.column.hasHeightForWidth() else 0
        height = (wanted or self.column.totalSizeHint().height()) + FRAME
        self.resize(WIDTH, min(height, max(self._highest, 120)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            self.fit()
        return False

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.closed.emit()
