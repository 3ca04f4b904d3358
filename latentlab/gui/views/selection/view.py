"""The map's twin for the keyboard and the ear: the points selected together, or all that are shown, line by line."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QItemSelectionModel, Qt, Signal, SignalInstance
from PySide6.QtGui import QKeyEvent, QPainter, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPushButton,
    QStackedLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from latentlab.gui.session import Session
from latentlab.gui.views.selection.table import Index, PointTable
from latentlab.gui.widgets import labels
from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.named import named

EMPTY = "No points yet: open a run, or train one. Box (M) and Lasso (L) on the map then select points together"
HIDDEN = "Every point is hidden: Show all, on the map, brings them back"
TIP = (
    "Enter goes to the sample on the map; A and B set the strip's ends; Delete takes rows out of the selection; S sorts"
)
ROW_HEIGHT = 26
KEYS = (Qt.Key.Key_A, Qt.Key.Key_B, Qt.Key.Key_S, Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class SelectionView(QWidget):
    """Its rows are those of the map: `session.group`, or where nothing is selected all that are shown."""

    row_chosen = Signal(int)  # go there
    end_asked = Signal(int, str)  # this row becomes 'A' or 'B'
    removed = Signal(object)  # rows that are no longer to be selected
    export_pressed = Signal()
    invert_pressed = Signal()
    clear_pressed = Signal()
    fact_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("selection_view")
        self._session, self._stale = session, True
        self.model = PointTable(session, self)
        self.table = self._make_table()
        self._summary = ElidedLabel()
        self._summary.setObjectName("selection_summary")
        self._summary.setProperty("role", "muted")
        self._empty = labels.empty(EMPTY)
        self._build()
        self._export = self._button("Export…", "selection_export", "Export the selection", self.export_pressed)
        self._invert = self._button("Invert", "selection_invert", "Invert the selection", self.invert_pressed)
        self._clear = self._button("Clear", "selection_clear", "Clear the selection", self.clear_pressed)
        self.header_controls: list[QWidget] = [self._export, self._invert, self._clear]
        for signal in (session.group_changed, session.visible_changed, session.run_changed, session.layout_changed):
            signal.connect(self._on_rows)
        for signal in (session.encoding_changed, session.images_changed, session.facts_changed):
            signal.connect(self._on_figures)
        session.selection_changed.connect(self._show_selected)

    def _make_table(self) -> QTableView:
        table = named(_Table(self), "selection_table", "Points selected or shown", TIP)
        table.setModel(self.model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setItemDelegateForColumn(0, _Picture(table))
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        for edge, words in ((table.horizontalHeader(), "Columns"), (table.verticalHeader(), "Rows")):
            named(edge, f"selection_{words.lower()}", f"{words} of the table", "Click a column to sort by it")
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        table.setSortingEnabled(True)
        table.activated.connect(lambda index: self.row_chosen.emit(int(self.model.rows[index.row()])))
        table.key_pressed.connect(self._on_key)
        return table

    def _build(self) -> None:
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._summary)
        column.addWidget(self.table, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(filled)
        self._stack.addWidget(self._empty)

    def _button(self, text: str, name: str, tip: str, signal: SignalInstance) -> QPushButton:
        button = named(QPushButton(text, self), name, tip)
        button.clicked.connect(signal)
        return button

    # -- what is shown

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._fill()

    def _on_rows(self) -> None:
        self._say_fact()
        if self.isVisible():
            self._fill()
        else:
            self._stale = True

    def _on_figures(self) -> None:
        count = self._count()
        if not self.isVisible() or (len(self.model.rows) and self.model.rows.max() >= count) or not count:
            self._on_rows()
        elif not len(self.model.rows):
            self._fill()
        else:
            self.model.renew()
            self._say_summary()

    def _count(self) -> int:
        return 0 if self._session.encoding is None else len(self._session.encoding)

    def _rows(self) -> NDArray[np.int64]:
        session, count = self._session, self._count()
        if len(session.group):
            return session.group[session.group < count]
        if session.visible is None or len(session.visible) != count:
            return np.arange(count)
        return np.flatnonzero(session.visible)

    def _fill(self) -> None:
        """The rows, and the one that was current at the place where it was, or the next one."""
        self._stale = False
        rows, current = self._rows(), self.table.currentIndex()
        if not np.array_equal(rows, np.sort(self.model.rows)) or not len(rows):
            was = int(self.model.rows[current.row()]) if current.isValid() else -1
            self.model.set_rows(rows)
            self._fit_columns()
            if current.isValid() and len(rows):
                same = self.model.place_of(was)
                self._go(same if same >= 0 else min(current.row(), len(rows) - 1))
        else:
            self.model.renew()
        self._empty.setText(HIDDEN if self._count() else EMPTY)
        self._stack.setCurrentIndex(0 if len(rows) else 1)
        self._say_fact()
        self._say_summary()

    def _fit_columns(self) -> None:
        header = self.table.horizontalHeader()
        for place in range(self.model.columnCount()):
            stretch = self.model.column(place).title == "Label"
            header.setSectionResizeMode(
                place, QHeaderView.ResizeMode.Stretch if stretch else QHeaderView.ResizeMode.Fixed
            )
            if not stretch:
                header.resizeSection(place, 34 if place == 0 else 76)

    def _go(self, place: int) -> None:
        """This line becomes the current one, and is to be seen."""
        index = self.model.index(place, max(self.table.currentIndex().column(), 1))
        how = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.table.selectionModel().setCurrentIndex(index, how)
        self.table.scrollTo(index)

    def _show_selected(self) -> None:
        row = self._session.selected
        if row is not None and self.isVisible() and not self._stale:
            place = self.model.place_of(row)
            if place >= 0 and place != self.table.currentIndex().row():
                self._go(place)

    def _say_fact(self) -> None:
        group, count = len(self._session.group), self._count()
        visible = self._session.visible
        shown = count if visible is None or len(visible) != count else int(visible.sum())
        words = f"{group:,} of {shown:,} selected" if group else f"all {shown:,} shown" if shown else ""
        self.fact_changed.emit(words)
        for button in (self._export, self._invert):
            button.setEnabled(shown > 0)
        self._clear.setEnabled(group > 0)

    def _say_summary(self) -> None:
        self._summary.setText(" · ".join(summary(self._session, self.model.rows)))

    # -- what is pressed

    def _on_key(self, key: Qt.Key) -> None:
        current = self.table.currentIndex()
        if not current.isValid():
            return
        if key in (Qt.Key.Key_A, Qt.Key.Key_B):
            self.end_asked.emit(int(self.model.rows[current.row()]), "A" if key == Qt.Key.Key_A else "B")
        elif key == Qt.Key.Key_S:
            header = self.table.horizontalHeader()
            again = header.sortIndicatorSection() == current.column()
            down = again and header.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
            order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
            self.table.sortByColumn(current.column(), order)
        elif len(self._session.group):
            lines = [index.row() for index in self.table.selectionModel().selectedRows()]
            self.removed.emit(self.model.rows[lines or [current.row()]])


class _Table(QTableView):
    """Some letters are its own while it has the focus, not the window's."""

    key_pressed = Signal(Qt.Key)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._mine(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._mine(event):
            self.key_pressed.emit(Qt.Key(event.key()))
        else:
            super().keyPressEvent(event)

    def _mine(self, event: QKeyEvent) -> bool:
        return event.key() in KEYS and event.modifiers() == Qt.KeyboardModifier.NoModifier


class _Picture(QStyledItemDelegate):
    """The pixels as they are, also in a line that is selected."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        style, picture = option.widget.style(), index.data(Qt.ItemDataRole.DecorationRole)
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget)
        if picture is not None:
            size = picture.deviceIndependentSize()
            top = option.rect.top() + (option.rect.height() - round(size.height())) // 2
            painter.drawPixmap(option.rect.left() + 4, top, picture)


def summary(session: Session, rows: NDArray[np.int64]) -> list[str]:
    """Of these rows of the map: mean errors, and how many there are of each class: most first, of equals by name."""
    encoding, images, run = session.encoding, session.images, session.run
    words: list[str] = []
    if encoding is None or run is None or not len(rows) or rows.max() >= len(encoding):
        return words
    if encoding.reconstruction is not None and encoding.kl is not None:
        error, kl = float(encoding.reconstruction[rows].mean()), float(encoding.kl[rows].mean())
        words.append(f"mean error {error:.1f}, KL {kl:.1f} nats")
    if images is not None and images.labels is not None and rows.max() < len(images.labels):
        counts = np.bincount(np.maximum(images.labels[rows], 0))
        names = [run.class_names[label] if label < len(run.class_names) else str(label) for label in range(len(counts))]
        found = sorted((-int(count), names[label]) for label, count in enumerate(counts) if count)
        words += [f"{name}: {-count:,}" for count, name in found]
    return words
