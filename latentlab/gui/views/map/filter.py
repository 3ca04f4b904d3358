"""What is shown of the map: by the legend's entries, whatever the colours say at the time."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QPushButton

from latentlab.gui.session import Session
from latentlab.gui.views.map.points import Points
from latentlab.gui.widgets.legend import Legend
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.named import named

EDGE = 6  # pixels from the button to the canvas's corner
Mask = NDArray[np.bool_]


class Filter(QObject):
    """Counts the legend's entries, and turns what is pressed there into rows that are shown or selected."""

    shown = Signal(object)  # mask (N,), or None: all
    picked = Signal(object, str)  # rows, and 'set', 'add' or 'remove'

    def __init__(
        self, session: Session, points: Points, legend: Legend, canvas: MapCanvas, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._points, self._legend, self._canvas = session, points, legend, canvas
        self.way_back = named(QPushButton("Show all", canvas), "map_show_all", "Show all points", "Show what is hidden")
        self.way_back.hide()
        points.recoloured.connect(self.refresh)
        session.visible_changed.connect(self.refresh)
        legend.toggled.connect(self._toggle)
        legend.only_asked.connect(self._only)
        legend.selected.connect(self._select)
        legend.all_asked.connect(self._show_all)
        self.way_back.clicked.connect(self._show_all)

    @property
    def nothing_shown(self) -> bool:
        """There are points, and all of them are hidden."""
        visible = self._session.visible
        return visible is not None and len(visible) > 0 and not visible.any()

    def place(self) -> None:
        """The button stands in the corner, or under the note in the middle where nothing is left to be seen."""
        room, size = self._canvas.rect(), self.way_back.sizeHint()
        self.way_back.resize(size)
        if self.nothing_shown:
            self.way_back.move((room.width() - size.width()) // 2, room.height() // 2 + 16)
        else:
            self.way_back.move(room.width() - size.width() - EDGE, EDGE)

    def refresh(self) -> None:
        entries, names = self._entries(), self._legend.entries()
        if entries is not None:
            visible = self._visible(len(entries))
            count = len(names)
            total = np.bincount(entries, minlength=count)[:count]
            shown = total if visible.all() else np.bincount(entries[visible], minlength=count)[:count]
            self._legend.set_counts(list(zip(total.tolist(), shown.tolist(), strict=True)))
        self.way_back.setVisible(len(self._points) > 0 and self._session.visible is not None)
        self.place()

    def _entries(self) -> NDArray[np.int64] | None:
        """(N,): the entry of each point, or None where the legend has none to press."""
        colouring = self._points.colouring
        if not colouring.legend or len(colouring.groups) != len(self._points) or not len(self._points):
            return None
        return colouring.entries() if len(colouring.legend) == len(self._legend.entries()) else None

    def _visible(self, count: int) -> Mask:
        visible = self._session.visible
        return visible if visible is not None and len(visible) == count else np.ones(count, np.bool_)

    def _toggle(self, entry: int) -> None:
        entries = self._entries()
        if entries is not None:
            of_this, visible = entries == entry, self._visible(len(entries))
            hide = visible[of_this].all()
            self.shown.emit(visible & ~of_this if hide else visible | of_this)

    def _only(self, entry: int, twice: bool) -> None:
        """twice: by a double click, whose first one has just hidden or shown this entry."""
        entries = self._entries()
        if entries is not None:
            of_this, visible = entries == entry, self._visible(len(entries))
            alone = not visible.any() if twice else np.array_equal(visible, of_this)
            self.shown.emit(None if alone else of_this)

    def _select(self, entry: int, how: str) -> None:
        entries = self._entries()
        if entries is not None:
            self.picked.emit(np.flatnonzero((entries == entry) & self._visible(len(entries))), how)

    def _show_all(self) -> None:
        self.shown.emit(None)


def counted(session: Session, count: int, inside: int = -1) -> str:
    """How many of `count` points are selected or shown, in words; inside: what is being drawn, -1 while nothing is."""
    if not count:
        return ""
    visible = session.visible
    shown = count if visible is None or len(visible) != count else int(visible.sum())
    if inside >= 0:
        return f"{inside:,} inside"
    if len(session.group):
        return f"{len(session.group):,} of {shown:,} selected"
    return f"{count:,} points" if shown == count else f"{shown:,} of {count:,} shown"
