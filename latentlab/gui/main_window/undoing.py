"""Undoing and redoing what was done in the window: z, A and B, what is selected and shown, and the view of the map."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from latentlab.gui.main_window.exploring import Exploring
from latentlab.gui.records import Place
from latentlab.gui.session import Session
from latentlab.gui.states.undo import Moment, UndoStack, bits, mask_of
from latentlab.gui.views.map.view import MapView

TOGETHER_MS = 200  # what follows so soon belongs to the same step; so does all that is done while a button is held


class Undoing(QObject):
    """Keeps the moments of the open run; none survives another run.

    Signals only say that something may have been done. What was, is seen by comparing two moments, so that a place
    which moved with the weights, or points laid out anew, are no step of anybody's.
    """

    changed = Signal()  # something else would be undone or redone

    def __init__(self, session: Session, exploring: Exploring, view: MapView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._exploring, self._view = session, exploring, view
        self._stack: UndoStack[Moment] = UndoStack()
        self._run: Path | None = None
        self._version = 0
        self._restoring = False
        self._seen: dict[str, object] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(TOGETHER_MS)
        self._soon.timeout.connect(self._settle)
        session.run_changed.connect(self._on_run)
        session.place_changed.connect(lambda: self._note("place", session.place))
        session.ends_changed.connect(lambda: self._note("ends", *session.ends))
        for signal in (session.selection_changed, session.group_changed, session.visible_changed,
                       session.condition_changed):  # fmt: skip
            signal.connect(self._wait)
        for signal in (session.encoding_changed, session.layout_changed):
            signal.connect(self._on_map)
        view.canvas.view_moved.connect(self._on_view)

    # -- what can be asked for

    @property
    def undoing(self) -> str | None:
        """What would be undone in words; empty where it is not said yet, None where nothing can be."""
        return "" if self._soon.isActive() else self._stack.undoing or None

    @property
    def redoing(self) -> str | None:
        return None if self._soon.isActive() else self._stack.redoing or None

    def undo(self) -> None:
        self._take()
        self._restore(self._stack.undo())

    def redo(self) -> None:
        self._take()
        self._restore(self._stack.redo())

    def begin(self) -> None:
        """What is shown now is what everything can be undone to."""
        self._soon.stop()
        self._stack.forget()
        self._take()
        self.changed.emit()

    def close(self) -> None:
        self._soon.stop()

    # -- noticing

    def _on_run(self) -> None:
        run = self._session.run
        path = None if run is None else run.path
        if path != self._run:
            self._run = path
            self._seen.clear()
            self._soon.stop()
            self._stack.forget()
            self.changed.emit()

    def _on_map(self) -> None:
        self._version += 1

    def _note(self, part: str, *places: Place | None) -> None:
        """Where it is the same place in other words, or has moved with the weights, nobody did anything."""
        key = tuple(
            place and (place.position is None, place.z.tobytes() if place.sample is None else place.sample)
            for place in places
        )
        if key != self._seen.get(part):
            self._seen[part] = key
            self._wait()

    def _on_view(self) -> None:
        view = self._seen_view()
        if view != self._seen.get("view"):
            self._seen["view"] = view
            self._wait()

    def _wait(self) -> None:
        if self._restoring or self._session.run is None:
            return
        began = not self._soon.isActive()
        self._soon.start()
        if began:
            self.changed.emit()

    def _settle(self) -> None:
        if QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._soon.start()  # a drag is one step, however slow
            return
        self._take()

    def _take(self) -> None:
        """What is shown now becomes the present: as a new step where a person has done something."""
        self._soon.stop()
        if self._session.run is None:
            return
        before, now = self._stack.now, self._moment()
        words = "" if before is None or before.place is None or _other_images(before, now) else before.differs(now)
        if words:
            self._stack.push(now, words)
        else:
            self._stack.amend(now)
        self.changed.emit()

    def _moment(self) -> Moment:
        session = self._session
        index = None if session.encoding is None else session.encoding.index
        count = 0 if index is None else len(index)
        visible = session.visible
        return Moment(
            session.place,
            session.ends,
            session.condition,
            session.selected,
            bits(session.group[session.group < count], count),
            None if visible is None else bits(np.flatnonzero(visible[:count]), count),
            self._seen_view(),
            self._kind(),
            index,
            self._version,
        )

    def _seen_view(self) -> tuple[float, float, float] | None:
        canvas = self._view.canvas
        return None if canvas.fitted else canvas.viewpoint

    def _kind(self) -> tuple[object, ...]:
        layout = self._session.layout
        return () if layout is None else (layout.kind, layout.dims)

    # -- going there

    def _restore(self, moment: Moment | None) -> None:
        if moment is None:
            return
        self._restoring = True
        try:
            self._restore_rows(moment)
            self._session.set_condition(moment.condition)
            again = moment.version != self._version
            place, (a, b) = self._of_now(moment.place, moment), (self._of_now(end, moment) for end in moment.ends)
            self._exploring.return_to(place, (a, b), again)
            self._restore_view(moment)
        finally:
            self._restoring = False
        self._stack.amend(self._moment())
        self.changed.emit()

    def _restore_rows(self, moment: Moment) -> None:
        """Rows are found again by their images, where other images have come to the map."""
        session, encoding = self._session, self._session.encoding
        if encoding is None or moment.index is None:
            return
        count = len(moment.index)
        group = mask_of(moment.group, count)
        shown = None if moment.visible is None else mask_of(moment.visible, count)
        if not _same(moment.index, encoding.index):
            group = np.isin(encoding.index, moment.index[group])
            shown = None if shown is None else ~np.isin(encoding.index, moment.index[~shown])
        if shown is None or session.visible is None or not np.array_equal(shown, session.visible):
            session.set_visible(shown)
        session.select_group(np.flatnonzero(group))
        session.select(self._row(moment.selected, moment))

    def _row(self, row: int | None, moment: Moment) -> int | None:
        """Where the image of the moment's row is on the map now."""
        encoding = self._session.encoding
        if row is None or moment.index is None or encoding is None or row >= len(moment.index):
            return None
        if row < len(encoding.index) and encoding.index[row] == moment.index[row]:
            return row
        found = np.flatnonzero(encoding.index == moment.index[row])
        return int(found[0]) if len(found) else None

    def _of_now(self, place: Place | None, moment: Moment) -> Place | None:
        encoding = self._session.encoding
        if place is None or moment.index is None or encoding is None or _same(moment.index, encoding.index):
            return place
        return replace(place, sample=self._row(place.sample, moment), rows=None, weights=None)

    def _restore_view(self, moment: Moment) -> None:
        canvas = self._view.canvas
        if moment.kind != self._kind() or moment.view == self._seen_view():
            return
        if moment.view is None:
            self._view.fit()
        else:
            canvas.look(*moment.view)


def _same(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    return one is other or np.array_equal(one, other)


def _other_images(before: Moment, now: Moment) -> bool:
    if before.index is None or now.index is None:
        return before.index is not now.index
    return not _same(before.index, now.index)
