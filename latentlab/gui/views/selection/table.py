"""Rows of the map as a table that is made as far as it is looked at."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QPixmap

from latentlab.gui.session import Session
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.picture import fitted

SIDE = 22  # pixels of a picture
KEPT = 600  # pictures that are drawn already: some screens full
Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
Values = NDArray[np.integer] | NDArray[np.floating]
NONE = QModelIndex()


@dataclass(frozen=True)
class Column:
    """title; tip says what it is; values() of all rows of the map, by which it is sorted; text(row) of one."""

    title: str
    tip: str
    values: Callable[[], Values | None]
    text: Callable[[int], str]


class PointTable(QAbstractTableModel):
    """`rows` of the map in the order in which they are shown; columns whose values are not known yet are left out."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.rows = np.empty(0, np.int64)
        self._sorted_by: tuple[str, bool] | None = None  # a column's title; True: the largest first
        self._pictures: OrderedDict[int, QPixmap] = OrderedDict()
        self._columns = self._known_columns()
        session.images_changed.connect(self._pictures.clear)

    def set_rows(self, rows: NDArray[np.int64]) -> None:
        """Other rows, sorted as the last ones were."""
        self.beginResetModel()
        self._columns = self._known_columns()
        self.rows = self._in_order(rows)
        self.endResetModel()

    def renew(self) -> None:
        """The same rows have other figures; they stay where they are."""
        if [column.title for column in self._known_columns()] != [column.title for column in self._columns]:
            self.set_rows(np.sort(self.rows))
        elif len(self.rows):
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(self._columns) - 1))

    def place_of(self, row: int) -> int:
        """Where this row of the map stands in the table; -1 where it does not."""
        found = np.flatnonzero(self.rows == row)
        return int(found[0]) if len(found) else -1

    def column(self, place: int) -> Column:
        return self._columns[place]

    # -- what Qt asks

    def rowCount(self, parent: Index = NONE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = NONE) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        if role == Role.DisplayRole:
            return self._columns[section].title
        if role == Role.ToolTipRole:
            return f"{self._columns[section].tip}\nClick to sort (S in the table)"
        return _alignment(section) if role == Role.TextAlignmentRole else None

    def data(self, index: Index, role: int = Role.DisplayRole) -> object:
        row, place = int(self.rows[index.row()]), index.column()
        if role == Role.DisplayRole:
            return self._columns[place].text(row)
        if role == Role.DecorationRole:
            return self._picture(row) if place == 0 else None
        if role == Role.TextAlignmentRole:
            return _alignment(place)
        if role == Role.FontRole and place != 2:
            return theme.mono(theme.SMALL)
        if role == Role.AccessibleTextRole:
            return f"{self._columns[place].title or 'Picture'} {self._columns[place].text(row)}".strip()
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By this column; -1: as the rows come. What is not a number comes last."""
        known = 0 <= column < len(self._columns)
        self._sorted_by = (self._columns[column].title, order == Qt.SortOrder.DescendingOrder) if known else None
        self.layoutAboutToBeChanged.emit()
        before, old = self.rows, self.persistentIndexList()
        self.rows = self._in_order(np.sort(before))
        to = np.argsort(self.rows, kind="stable")[np.searchsorted(np.sort(self.rows), before[[i.row() for i in old]])]
        self.changePersistentIndexList(old, [self.index(int(at), i.column()) for at, i in zip(to, old, strict=True)])
        self.layoutChanged.emit()

    # -- what it is made of

    def _in_order(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        columns = {column.title: column for column in self._columns}
        if self._sorted_by is None or self._sorted_by[0] not in columns:
            return rows
        title, largest_first = self._sorted_by
        values = columns[title].values()
        if values is None or not len(rows) or len(values) <= rows.max():
            return rows
        mine = values[rows].astype(np.float64)
        return rows[np.argsort(-mine if largest_first else mine, kind="stable")]

    def _known_columns(self) -> list[Column]:
        session = self._session
        columns = [
            Column("", "The image", self._index, lambda row: ""),
            Column(
                "Index", "Its number in the data set", self._index, lambda row: f"#{self._figure(self._index, row)}"
            ),
            Column("Label", "Its class", self._labels, session.label_of),
            self._figures("Error", "Reconstruction error, nats", self._reconstruction),
            self._figures("KL", "KL to the prior, nats", self._kl),
            self._figures("Density", "Log of the local density in latent space", self._density),
            self._figures("Anomaly", "Anomaly score, nats", self._anomaly),
        ]
        return [column for column in columns if column.values() is not None or column.title in ("", "Index")]

    def _figures(self, title: str, tip: str, values: Callable[[], Values | None]) -> Column:
        return Column(title, tip, values, lambda row: self._figure(values, row))

    def _figure(self, values: Callable[[], Values | None], row: int) -> str:
        known = values()
        if known is None or row >= len(known):
            return ""
        return str(known[row]) if known.dtype.kind == "i" else f"{known[row]:.2f}"

    def _index(self) -> Values | None:
        return None if self._session.encoding is None else self._session.encoding.index

    def _labels(self) -> Values | None:
        return None if self._session.images is None else self._session.images.labels

    def _reconstruction(self) -> Values | None:
        return None if self._session.encoding is None else self._session.encoding.reconstruction

    def _kl(self) -> Values | None:
        return None if self._session.encoding is None else self._session.encoding.kl

    def _density(self) -> Values | None:
        return None if self._session.facts is None else self._session.facts.density

    def _anomaly(self) -> Values | None:
        return None if self._session.facts is None else self._session.facts.anomaly

    def _picture(self, row: int) -> QPixmap | None:
        """Of the very image; none while the pictures are of another map."""
        images, encoding = self._session.images, self._session.encoding
        if images is None or encoding is None or row >= min(len(images.index), len(encoding)):
            return None
        index = int(encoding.index[row])
        if images.index[row] != index:
            return None
        if index not in self._pictures:
            self._pictures[index] = fitted(images.pixels[row], SIDE, SIDE, 1.0)
            if len(self._pictures) > KEPT:
                self._pictures.popitem(last=False)
        return self._pictures[index]


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column in (0, 2) else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
