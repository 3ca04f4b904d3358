"""The session that comes back: kept while the window is open, and brought back piece by piece as a run is opened."""

import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget

from latentlab.gui.main_window.kept_session import MOST_IMAGES, KeptPlace, KeptSession, packed, unpacked
from latentlab.gui.records import Place
from latentlab.runs.places import demo_run, is_run

if TYPE_CHECKING:
    from latentlab.gui.main_window.window import MainWindow

BETWEEN_MS = 2000  # two writings of it, at least


class Restoring(QObject):
    """Does nothing until `start`: a window for a picture, or in a test, neither keeps a session nor shows one.

    A run's things come when it is open, what is said of its images once the map says which these are, and the map's
    view with its layout. Until all of it has come nothing is kept, so that it is not lost by being half there.
    """

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window, self._session = window, window.session
        self._file: Path | None = None
        self._coming: KeptSession | None = None  # of the run that is being opened
        self._path: Path | None = None  # of that run
        self._steps: list[Callable[[KeptSession], bool]] = []  # still to be done, in this order
        self._written: KeptSession | None = None
        self._writing = threading.Lock()
        self._number = self._last = 0
        self._said = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(BETWEEN_MS)
        self._soon.timeout.connect(self._keep)

    # -- beginning and ending

    def start(self, file: Path, run: str | Path | None = None, resized: bool = False) -> None:
        """Opens this run, or what was open last time, or the demo; from now on the session is kept in the file.

        resized: the window has a size that somebody asked for.
        """
        self._file = file
        kept = self._read(file)
        self._connect()
        if kept is not None:
            self._dress(kept, resized)
        if run is None and kept is not None and kept.run is not None:
            run = self._prepare(kept, Path(kept.run))
        first = run or demo_run()
        if first is not None:
            self._window.open(first)

    def close(self) -> None:
        """Keeps it for the next time."""
        self._soon.stop()
        if self._file is not None and not self._half:
            self._write(self._file, self._now(), self._next())
        self._file = None

    def _read(self, file: Path) -> KeptSession | None:
        try:
            return KeptSession.read(file)
        except (ValueError, OSError) as error:
            sentence = f"The last session does not come back: {error}"
            self._window.first_painted.connect(lambda: self._session.logged.emit(sentence))
            return None

    def _prepare(self, kept: KeptSession, run: Path) -> Path | None:
        """What the run needs to be opened as it was; None where it is no longer there."""
        if not is_run(run):
            sentence = f"“{run.name}”, which was open last, is no longer there: this is the demo"
            self._window.first_painted.connect(lambda: self._session.told.emit(sentence, False))
            return None
        self._coming, self._path = kept, run
        self._steps = [self._bring_run, self._bring_images, self._bring_view]
        self._session.set_projection(kept.layout)
        self._session.set_tool(kept.tool)
        for name in kept.overlays:
            self._session.want_overlay(name, True)
        return run

    def _connect(self) -> None:
        session, queued = self._session, Qt.ConnectionType.QueuedConnection
        # queued: whoever opens a run, or lays its points out, has finished; and nobody has begun with its pictures
        for signal in (session.run_changed, session.encoding_changed, session.layout_changed):
            signal.connect(self._bring, queued)
        self._window.first_painted.connect(self._bring, queued)
        self._window.jobs.failed.connect(self._on_failed)
        for signal in (
            session.run_changed, session.place_changed, session.ends_changed, session.condition_changed,
            session.selection_changed, session.group_changed, session.visible_changed, session.projection_changed,
            session.overlays_changed, session.tool_changed, session.config_changed,
            self._window.views.map.canvas.view_moved, self._window.views.map.colour.activated,
        ):  # fmt: skip
            signal.connect(self._later)
        for dock in self._window.findChildren(QDockWidget):
            for signal in (dock.visibilityChanged, dock.topLevelChanged, dock.dockLocationChanged):
                signal.connect(self._later)

    # -- the window

    def _dress(self, kept: KeptSession, resized: bool) -> None:
        if resized:  # the panels' arrangement was of another size, too
            return
        if kept.geometry:
            self._window.restoreGeometry(unpacked(kept.geometry))
        if kept.arrangement and set(kept.panels) == set(self._panels()):
            self._window.first_painted.connect(lambda: self._arrange(kept))

    def _arrange(self, kept: KeptSession) -> None:
        if self._window.restoreState(unpacked(kept.arrangement)):
            exploring = not self._window.panels.dock("inspector").isHidden()
            self._window.views.run_bar.set_perspective("explore" if exploring else "train")

    def _panels(self) -> list[str]:
        return sorted(dock.objectName() for dock in self._window.findChildren(QDockWidget))

    # -- bringing it back

    def _bring(self) -> None:
        """As many of the steps as can be taken now."""
        kept, run = self._coming, self._session.run
        if kept is None:
            return
        if run is None:
            if self._bring_run not in self._steps:  # somebody has closed it meanwhile
                self._coming = None
            return
        if run.path != self._path:  # somebody has opened another one meanwhile
            self._coming = None
            return
        half = self._half
        while self._steps and self._steps[0](kept):
            del self._steps[0]
        if half and not self._half:
            QTimer.singleShot(0, self, lambda: self._window.undoing.begin())  # that nothing of it can be undone
        if not self._steps:
            self._coming = None

    @property
    def _half(self) -> bool:
        """Not all that would be lost is here yet; the map's view does not count, which may never come."""
        return self._coming is not None and self._bring_images in self._steps

    def _on_failed(self, job: str, _sentence: str) -> None:
        """The run cannot be opened, which was said."""
        if self._coming is not None and job == "open" and self._session.run is None:
            self._coming, demo = None, demo_run()
            if demo is not None:
                self._window.open(demo)

    def _bring_run(self, kept: KeptSession) -> bool:
        session, run = self._session, self._session.run
        assert run is not None
        session.set_config(kept.config)
        if run.conditional and kept.condition is not None and kept.condition < len(run.class_names):
            session.set_condition(kept.condition)
        place, a, b = (self._place(each) for each in (kept.place, *kept.ends))
        self._window.exploring.return_to(place, (a, b), False)
        colour = self._window.views.map.colour
        at = colour.findData(kept.colour)
        if at >= 0 and at != colour.currentIndex():
            colour.setCurrentIndex(at)
            colour.activated.emit(at)
        return True

    def _place(self, kept: KeptPlace | None) -> Place | None:
        run = self._session.run
        if kept is None or run is None or len(kept.z) != run.latent_dim:
            return None
        return Place(np.array(kept.z, np.float32), kept.origin, kept.position)

    def _bring_images(self, kept: KeptSession) -> bool:
        """What is said of images becomes rows of the map: of those that are on it."""
        session, encoding = self._session, self._session.encoding
        if encoding is None:
            return False
        if kept.hidden and session.visible is None:
            session.set_visible(~np.isin(encoding.index, kept.hidden))
        if not len(session.group):
            session.select_group(np.flatnonzero(np.isin(encoding.index, kept.group)))
        if session.selected is None:
            session.select(_row(encoding.index, kept.selected))
        if session.place is not None and kept.place is not None and _still(session.place, kept.place):
            session.set_place(replace(session.place, sample=_row(encoding.index, kept.place.sample)))
        for which, end, was in zip("AB", session.ends, kept.ends, strict=True):
            if end is not None and was is not None and _still(end, was):
                session.set_end(which, replace(end, sample=_row(encoding.index, was.sample)))  # type: ignore[arg-type]
        if self._window.mapping.survey is not None:  # the weights may be others: samples are where these put them
            self._window.exploring.resurvey()
        self._window.exploring.return_to(session.place, session.ends, False)
        return True

    def _bring_view(self, kept: KeptSession) -> bool:
        layout, canvas = self._session.layout, self._window.views.map.canvas
        if kept.view is None or self._session.projection.kind != kept.layout.kind:  # somebody chose another map
            return True
        if layout is None or layout.kind != kept.layout.kind or not canvas.isVisible():
            return False
        canvas.look(*kept.view)
        return True

    # -- keeping it

    def _later(self) -> None:
        if self._file is not None and not self._soon.isActive():
            self._soon.start()

    def _keep(self) -> None:
        file, now = self._file, None if self._half else self._now()
        if file is None or now is None or now == self._written:
            return
        number = self._next()
        self._written = now
        self._window.jobs.start("keep the session", lambda _ticket: self._write(file, now, number), self._say)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _write(self, file: Path, now: KeptSession, number: int) -> str:
        """From any thread; what is older is not written over what is newer. Returns why it could not be written: a
        full disk, or one that is only read, stops nobody."""
        with self._writing:
            if number < self._last:
                return ""
            self._last = number
            try:
                now.write(file)
            except (OSError, ValueError) as error:
                return f"The session could not be kept: {error}"
            return ""

    def _say(self, problem: str) -> None:
        if problem and not self._said:
            self._said = True
            self._session.logged.emit(problem)

    def _now(self) -> KeptSession:
        session, window, map_view = self._session, self._window, self._window.views.map
        index = np.empty(0, np.int64) if session.encoding is None else session.encoding.index
        hidden = np.empty(0, np.int64) if session.visible is None else np.flatnonzero(~session.visible)
        return KeptSession.model_construct(
            version=1,
            run=None if session.run is None else str(session.run.path.absolute()),
            place=_kept(session.place, index),
            ends=(_kept(session.ends[0], index), _kept(session.ends[1], index)),
            condition=session.condition,
            selected=_image(session.selected, index),
            group=_images(session.group, index),
            hidden=_images(hidden, index),
            projection=asdict(session.projection),
            colour=map_view.colour.currentData() or "",
            overlays=tuple(sorted(session.overlays)),
            view=None if map_view.canvas.fitted else map_view.canvas.viewpoint,
            tool=session.tool,
            config=session.config,
            panels=tuple(self._panels()),
            arrangement=packed(window.saveState().data()),
            geometry=packed(window.saveGeometry().data()),
        )


def _still(place: Place, kept: KeptPlace) -> bool:
    """Nobody has gone elsewhere since it was brought back."""
    return np.array_equal(place.z, np.array(kept.z, np.float32))


def _row(index: NDArray[np.int64], image: int | None) -> int | None:
    if image is None:
        return None
    found = np.flatnonzero(index == image)
    return int(found[0]) if len(found) else None


def _image(row: int | None, index: NDArray[np.int64]) -> int | None:
    return int(index[row]) if row is not None and row < len(index) else None


def _images(rows: NDArray[np.int64], index: NDArray[np.int64]) -> tuple[int, ...]:
    """Of these rows; none where they are too many."""
    known = rows[rows < len(index)]
    return tuple(index[known].tolist()) if len(known) <= MOST_IMAGES else ()


def _kept(place: Place | None, index: NDArray[np.int64]) -> KeptPlace | None:
    if place is None:
        return None
    return KeptPlace.model_construct(
        z=tuple(place.z.tolist()), origin=place.origin, position=place.position, sample=_image(place.sample, index)
    )
