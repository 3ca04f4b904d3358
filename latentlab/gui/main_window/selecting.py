"""Rows of the map selected together, and which of them are shown."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from latentlab.gui.main_window.exploring import Exploring
from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.session import Session

Rows = NDArray[np.int64]
How = Literal["set", "add", "remove"]
NEIGHBOURS = 50  # of a sample, in latent space


class Selecting(QObject):
    """Sets `session.group` and `session.visible`. Only what is shown can be selected; what is hidden is let go of."""

    def __init__(self, session: Session, mapping: Mapping, exploring: Exploring, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._mapping, self._exploring = session, mapping, exploring

    # -- selecting

    def pick(self, rows: Rows, how: How = "set") -> None:
        """These rows instead of those selected, besides them, or no longer."""
        rows = np.asarray(rows, np.int64)
        held = self._held() if how != "set" else np.zeros(self._count(), np.bool_)
        held[rows if how == "remove" else self._shown(rows)] = how != "remove"
        self._session.select_group(np.flatnonzero(held))

    def pick_all(self) -> None:
        """All that are shown."""
        self._session.select_group(self.shown())

    def invert(self) -> None:
        held = ~self._held()
        self._session.select_group(
            np.flatnonzero(held if self._session.visible is None else held & self._session.visible)
        )

    def pick_class(self, label: int | None = None) -> None:
        """All shown of this class; by default the selected sample's."""
        session = self._session
        labels = None if session.images is None else session.images.labels
        if labels is None or session.encoding is None or len(labels) != len(session.encoding):
            session.told.emit("These images have no classes", False)
            return
        if label is None:
            if session.selected is None:
                session.told.emit("Select a sample first: its class is meant", False)
                return
            label = int(labels[session.selected])
        self.pick(np.flatnonzero(labels == label))

    def pick_neighbours(self, count: int = NEIGHBOURS) -> None:
        """The selected sample with so many of those nearest to it in latent space."""
        survey, row = self._mapping.survey, self._session.selected
        if survey is None or row is None or row >= len(survey.encoding):
            self._session.told.emit("Select a sample first: its neighbours are meant", False)
            return
        _, near = survey.neighbours.nearest(survey.encoding.mu[row], count + 1)
        self.pick(np.append(near, row))

    def set_end(self, row: int, which: Literal["A", "B"]) -> None:
        """This row's sample is selected, and the strip begins or ends there."""
        self._exploring.choose_sample(row)
        self._exploring.set_end(which)

    def clear(self) -> None:
        self._session.select_group(np.empty(0, np.int64))

    def escape(self) -> None:
        """Lets go of the rows selected together; where there are none, of the sample and the place."""
        if len(self._session.group):
            self.clear()
        else:
            self._exploring.clear()

    # -- showing

    def show_only(self, visible: NDArray[np.bool_] | None) -> None:
        """visible (N,), None: all. What is hidden is no longer selected."""
        self._session.set_visible(visible)
        if visible is not None:
            self._session.select_group(self._session.group[visible[self._session.group]])

    def show_selected(self) -> None:
        group = self._session.group
        if not len(group):
            self._session.told.emit(
                "Nothing is selected yet: choose Box (M) or Lasso (L) and draw around the points that you want", False
            )
            return
        visible = np.zeros(self._count(), np.bool_)
        visible[group] = True
        self.show_only(visible)

    def show_all(self) -> None:
        self.show_only(None)

    def shown(self) -> Rows:
        """The rows that are shown, ascending."""
        visible = self._session.visible
        return np.arange(self._count()) if visible is None else np.flatnonzero(visible)

    def in_hand(self) -> Rows:
        """What an export is of: the rows that are selected, or all shown where none are."""
        return self._session.group if len(self._session.group) else self.shown()

    def _held(self) -> NDArray[np.bool_]:
        """(N,): which rows are selected; a mask is quicker than sets of many rows."""
        held = np.zeros(self._count(), np.bool_)
        held[self._session.group] = True
        return held

    def _shown(self, rows: Rows) -> Rows:
        rows = rows[(rows >= 0) & (rows < self._count())]
        return rows if self._session.visible is None else rows[self._session.visible[rows]]

    def _count(self) -> int:
        return 0 if self._session.encoding is None else len(self._session.encoding)
