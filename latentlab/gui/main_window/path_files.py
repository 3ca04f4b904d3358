"""Paths in files: what the strip leads through is saved, and opened again with any run of as many dimensions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from latentlab.explore.path_file import PathFile, load_path, save_path
from latentlab.gui.main_window.walking import Walking
from latentlab.gui.records import OpenRun
from latentlab.gui.session import Session
from latentlab.gui.threads.jobs import Jobs, Ticket

FILTER = "Path (*.json)"


class PathFiles(QObject):
    """Asks for the file; whole files or none, read and written in a job. What fails is told."""

    def __init__(self, session: Session, walking: Walking, jobs: Jobs, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._walking, self._jobs, self._window = session, walking, jobs, window

    def ask_save(self) -> None:
        """A dialog for the file; then the waypoints go there, of the path or of A and B."""
        if self._session.run is None or self._walking.waypoints() is None:
            self._session.told.emit("There is nothing to save yet: set A and B, or draw a path (T)", False)
            return
        dialog = self._dialog("Save the path", QFileDialog.AcceptMode.AcceptSave, self.save)
        dialog.setDefaultSuffix("json")
        dialog.selectFile(f"{self._session.run.name}-path.json")
        dialog.open()

    def ask_open(self) -> None:
        if self._session.run is None:
            self._session.told.emit("Open the run first that the path is to lead through", False)
            return
        dialog = self._dialog("Open a path", QFileDialog.AcceptMode.AcceptOpen, self.open)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.open()

    def save(self, file: str) -> None:
        run, waypoints = self._session.run, self._walking.waypoints()
        if run is None or waypoints is None:
            return
        path, words = PathFile(waypoints, run.name, self._walking.method, self._session.condition), Path(file).name
        done = f"{words} is written: a path of {len(waypoints)} waypoints"
        self._start(
            "save the path", lambda: save_path(Path(file), path), lambda _: self._session.told.emit(done, False)
        )

    def open(self, file: str) -> None:
        run = self._session.run
        if run is None:
            return

        def read() -> PathFile:
            path = load_path(Path(file))
            path.check_fits(run.latent_dim, run.name)
            return path

        self._start("open a path", read, lambda path: self._take(path, run))

    def _take(self, path: PathFile, run: OpenRun) -> None:
        now = self._session.run
        if now is None or now.path != run.path:
            return  # another was opened meanwhile
        if path.label is not None and self._session.condition is not None and path.label < len(run.class_names):
            self._session.set_condition(path.label)
        self._walking.take(path.z, path.method)
        if path.run != run.name:
            words = f"This path was made for {path.run}: its places mean something else in {run.name}"
            self._session.told.emit(words, False)

    def _start(self, name: str, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        def told(_ticket: Ticket) -> Any:
            try:
                return work()
            except OSError as error:
                file = Path(str(error.filename)).name
                raise ValueError(f"{file}: {error.strerror}" if error.strerror else str(error)) from None

        self._jobs.start(name, told, then)

    def _dialog(self, title: str, mode: QFileDialog.AcceptMode, then: Callable[[str], None]) -> QFileDialog:
        dialog = QFileDialog(self._window, title)
        dialog.setObjectName("path_dialog")
        dialog.setAcceptMode(mode)
        dialog.setNameFilter(FILTER)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(then)
        return dialog
