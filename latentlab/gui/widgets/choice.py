"""A choice among few or among very many: what is typed while the list is open is looked for anywhere in its lines."""

from PySide6.QtCore import QElapsedTimer, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPaintEvent
from PySide6.QtWidgets import QComboBox, QListView, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

SHORT = Qt.ItemDataRole.UserRole + 1  # the item's words where there is little room: on the closed control
PATIENCE_MS = 1000  # what is typed within it belongs together
SHOWN = 16  # lines; the rest is scrolled to
BESIDE = 38  # pixels beside the words: the list's margins and its scroll bar, or the control's and its arrow


class Choice(QComboBox):
    """A combo box that says what it is a choice of, in front of what was chosen."""

    about_to_show = Signal()

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prefix = prefix
        self.setProperty("look", "long")  # a list of as many lines as are said below, and a scroll bar
        self.setView(_Lines(self))
        self.setMaxVisibleItems(SHOWN)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def add(self, text: str, short: str, key: str) -> None:
        """A line of the list, and its data."""
        self.addItem(text, key)
        self.setItemData(self.count() - 1, short, SHORT)
        self.updateGeometry()

    def shown_text(self) -> str:
        """What the closed control says."""
        short = self.currentData(SHORT)
        return self._prefix + (short or self.currentText()) if self.currentIndex() >= 0 else ""

    def sizeHint(self) -> QSize:
        """Wide enough for every line's short words."""
        metrics, hint = QFontMetrics(self.font()), super().sizeHint()
        words = [self._prefix + str(self.itemData(place, SHORT) or "") for place in range(self.count())]
        widest = max((metrics.horizontalAdvance(each) for each in words), default=0)
        return QSize(max(widest + BESIDE, hint.width()), hint.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def showPopup(self) -> None:
        self.about_to_show.emit()
        self.view().setMinimumWidth(max(self.view().sizeHintForColumn(0) + BESIDE, self.width()))
        super().showPopup()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.shown_text()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


class _Lines(QListView):
    """Its lines, of which the first that holds what is typed is gone to; blanks do not count."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._typed, self._since = "", QElapsedTimer()

    def keyboardSearch(self, search: str) -> None:
        if not self._since.isValid() or self._since.elapsed() > PATIENCE_MS:
            self._typed = ""
        self._since.restart()
        self._typed += search.replace(" ", "").lower()
        model = self.model()
        rows = range(model.rowCount())
        lines = [str(model.index(row, 0).data() or "").replace(" ", "").lower() for row in rows]
        found = [row for row in rows if lines[row].startswith(self._typed)]
        found += [row for row in rows if self._typed in lines[row]]
        if found and self._typed:
            self.setCurrentIndex(model.index(found[0], 0))
