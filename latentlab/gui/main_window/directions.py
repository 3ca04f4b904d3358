"""Directions and groups: made from what is on the map, kept with the run, and brought in from files."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from latentlab.gui.main_window.arithmetic import Arithmetic
from latentlab.gui.session import Session
from latentlab.gui.threads.jobs import Jobs, Ticket
from latentlab.runs.directions import (
    Direction,
    Directions,
    Method,
    load_directions,
    read_directions,
    save_directions,
    write_directions,
)
from latentlab.runs.folder import RunFolder
from latentlab.runs.groups import REST, Group, of_indices, read_group

JOB, FILE_JOB = "directions", "directions file"
FILTER, GROUP_FILTER = "Directions (*.json)", "Dataset indices (*.csv *.json *.txt)"
IN_MEMORY = "This run is read-only: directions and groups are kept until it is closed; export them to keep them"
Change = Callable[[Directions], Directions]
Then = Callable[[Directions], None]


class KeptDirections(QObject):
    """Every change is made, in a thread, to what the run's folder holds at that moment, one after another."""

    made = Signal()  # a direction is there that was not before

    def __init__(self, session: Session, jobs: Jobs, arithmetic: Arithmetic, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._state, self._jobs = session, session.arithmetic, jobs
        self._arithmetic, self._window = arithmetic, window
        self._path: Path | None = None
        self._waiting: list[tuple[Change, Then | None]] = []
        session.run_changed.connect(self._on_run)
        self._state.kept_changed.connect(self._on_kept)
        jobs.failed.connect(self._on_failed)

    # -- reading and changing

    def _on_run(self) -> None:
        """Another run is open: what is kept with it is read."""
        run = self._session.run
        path = None if run is None else run.path
        if path == self._path:
            return
        self._path = path
        self._waiting.clear()
        if run is not None:
            name, dims = run.name, run.latent_dim
            self._jobs.start(JOB, lambda _ticket: _read(run.path, name, dims), self._on_read)

    def _on_kept(self) -> None:
        """Forgotten: a run was opened or closed, maybe the same one once more."""
        if self._state.kept is None:
            self._path = None

    def _on_read(self, kept: Directions) -> None:
        self._state.set_kept(kept)
        self._next()

    def change(self, change: Change, then: Then | None = None) -> None:
        """Makes this of what is kept, keeps it, and then calls `then` with it."""
        self._waiting.append((change, then))
        if not self._jobs.running(JOB):
            self._next()

    def _next(self) -> None:
        run, held = self._session.run, self._state.kept
        if not self._waiting or run is None:
            return
        if held is None:
            self._waiting.clear()
            self._session.told.emit("What is kept with this run cannot be read, and is left as it is", True)
            return
        change, then = self._waiting.pop(0)
        name, dims, in_memory = run.name, run.latent_dim, run.read_only

        def work(_ticket: Ticket) -> Directions:
            if in_memory:
                return change(held)
            changed = change(_read(run.path, name, dims))
            save_directions(run.path, changed)
            return changed

        def deliver(changed: Directions) -> None:
            self._state.set_kept(changed)
            if in_memory:
                self._state.set_note(IN_MEMORY)
            if then is not None:
                then(changed)
            self._next()

        self._jobs.start(JOB, work, deliver)

    def _on_failed(self, job: str, sentence: str) -> None:
        if job == JOB:
            self._state.set_note(sentence)
            self._next()

    # -- making

    def make(self, start: str, end: str, method: Method, name: str = "") -> None:
        """A direction from the one group to the other, of the images on the map; keys name the groups."""
        encoding, images, run = self._session.encoding, self._session.images, self._session.run
        first, second = self.group_of(start), self.group_of(end)
        if encoding is None or run is None or first is None or second is None:
            self._session.told.emit("Choose two groups of images that are on the map", False)
            return
        labels = None if images is None or not np.array_equal(images.index, encoding.index) else images.labels
        wanted = name.strip() or f"{first.name} → {second.name}"
        called: list[str] = []

        def change(kept: Directions) -> Directions:
            from latentlab.explore.directions import make

            called.append(kept.free_name(wanted))
            made = make(
                called[0], first, second, method, encoding.mu, encoding.index, labels, encoding.step, kept.run
            )  # fmt: skip
            return kept.put(made)

        def then(kept: Directions) -> None:
            self._state.choose(called[0])
            self._tell(kept.direction(called[0]))
            self.made.emit()

        self._state.set_note(f"Making “{wanted}”…")
        self.change(change, then)

    def make_anew(self) -> None:
        """The direction in hand from its groups' images as they are encoded now."""
        encoding, images, old = self._session.encoding, self._session.images, self._state.direction
        if encoding is None or old is None:
            return
        if not old.again:
            self._session.told.emit(f"“{old.name}” came without its images: it cannot be made anew here", True)
            return
        labels = None if images is None or not np.array_equal(images.index, encoding.index) else images.labels
        name = old.name

        def change(kept: Directions) -> Directions:
            from latentlab.explore.directions import make_anew

            now = kept.direction(name)
            if now is None:
                return kept
            return kept.put(make_anew(now, encoding.mu, encoding.index, labels, encoding.step, kept.run))

        self.change(change, lambda kept: self._tell(kept.direction(name)))

    def group_of(self, key: str) -> Group | None:
        """The group that a key of the panel's lists names; 'selection' and 'rest' are two of them."""
        encoding, rows = self._session.encoding, self._session.group
        if key == "rest":
            return Group(REST)
        if key == "selection":
            known = encoding is not None and len(rows) and rows[-1] < len(encoding)
            return of_indices("selection", encoding.index[rows].tolist()) if known else None  # type: ignore[union-attr]
        return self._arithmetic.group_of(key)

    def _tell(self, made: Direction | None) -> None:
        if made is not None:
            told = "too few images to say how well" if made.accuracy is None else f"in {made.accuracy:.0%} of cases"
            self._session.logged.emit(f"“{made.name}” was made: held-out images are told apart {told}")
            if not (self._session.run is not None and self._session.run.read_only):
                self._state.set_note("")

    # -- groups

    def ask_group(self) -> None:
        """A name; then the selected points are a group of that name."""
        group = self.group_of("selection")
        if group is None:
            self._session.told.emit(
                "Select points on the map first, with Box (M) or Lasso (L): they become a group", False
            )
            return
        self._ask_name("Name the selection", "", lambda name: self.add_group(group, name))

    def add_group(self, group: Group, name: str) -> None:
        self.change(lambda kept: kept.with_group(of_indices(name, group.index or ())))

    def ask_group_file(self) -> None:
        """A file with dataset indices; then these images are a group that is called as it is."""
        if self._session.run is None:
            self._session.told.emit("Open the run first whose images the file names", False)
            return
        dialog = self._dialog("A group from a file", QFileDialog.AcceptMode.AcceptOpen, self.read_group, GROUP_FILTER)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.open()

    def read_group(self, file: str) -> None:
        encoding = self._session.encoding

        def then(kept: Directions) -> None:
            group = kept.groups[-1]
            here = 0 if encoding is None else int(group.members(encoding.index, None).sum())
            count = len(group.index or ())
            self._session.told.emit(f"“{group.name}”: {count:,} images, {here:,} of them on the map", False)

        self.change(lambda kept: kept.with_group(read_group(Path(file))), then)

    def ask_rename_group(self, name: str) -> None:
        self._ask_name(f"Rename the group “{name}”", name, lambda new: self.change(lambda k: k.rename_group(name, new)))

    def remove_group(self, name: str) -> None:
        """Directions that were made of it stay."""
        self.change(lambda kept: kept.without_group(name))

    # -- what is done with the direction in hand

    def ask_rename(self) -> None:
        old = self._in_hand()
        if old is not None:
            self._ask_name(f"Rename “{old.name}”", old.name, lambda new: self.rename(old.name, new))

    def rename(self, name: str, new: str) -> None:
        def then(kept: Directions) -> None:
            self._state.choose(new.strip())

        self.change(lambda kept: kept.rename(name, new), then)

    def ask_delete(self) -> None:
        old = self._in_hand()
        if old is None:
            return
        box = QMessageBox(QMessageBox.Icon.NoIcon, "Delete the direction", f"Delete “{old.name}” for good?")
        box.setParent(self._window, Qt.WindowType.Dialog)
        box.setObjectName("direction_delete_box")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        delete = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        delete.setObjectName("direction_delete_really")
        box.addButton(QMessageBox.StandardButton.Cancel)
        delete.clicked.connect(lambda: self.delete(old.name))
        box.open()

    def delete(self, name: str) -> None:
        self.change(lambda kept: kept.without(name))

    def ask_export(self) -> None:
        if self._in_hand() is None or self._session.run is None:
            return
        dialog = self._dialog("Export the directions", QFileDialog.AcceptMode.AcceptSave, self.export, FILTER)
        dialog.setDefaultSuffix("json")
        dialog.selectFile(f"{self._session.run.name}-directions.json")
        dialog.open()

    def export(self, file: str) -> None:
        """All of them, with the groups."""
        kept = self._state.kept
        if kept is None:
            return
        words = f"{Path(file).name} is written: {_counted(len(kept.directions), 'direction')}"
        self._jobs.start(
            FILE_JOB,
            lambda _ticket: write_directions(Path(file), kept),
            lambda _nothing: self._session.told.emit(words, False),
        )

    def ask_import(self) -> None:
        if self._session.run is None:
            self._session.told.emit("Open the run first that the directions are for", False)
            return
        dialog = self._dialog("Import directions", QFileDialog.AcceptMode.AcceptOpen, self.import_, FILTER)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.open()

    def import_(self, file: str) -> None:
        """Those of this file too, where they have as many latent dimensions."""
        came: list[Directions] = []

        def change(kept: Directions) -> Directions:
            came.append(read_directions(Path(file)))
            return kept.merged(came[0])

        def then(kept: Directions) -> None:
            other = (
                "" if came[0].run == kept.run else f"; in {came[0].run}, which they are of, places mean other things"
            )
            self._session.told.emit(f"{_counted(len(came[0].directions), 'direction')} came in{other}", False)

        self.change(change, then)

    def _in_hand(self) -> Direction | None:
        if self._state.direction is None:
            self._session.told.emit("There is no direction yet: make one from two groups of images", False)
        return self._state.direction

    # -- dialogs

    def _ask_name(self, title: str, name: str, then: Callable[[str], None]) -> None:
        dialog = QInputDialog(self._window)
        dialog.setObjectName("name_dialog")
        dialog.setWindowTitle(title)
        dialog.setLabelText("Name")
        dialog.setTextValue(name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(then)
        dialog.open()

    def _dialog(self, title: str, mode: QFileDialog.AcceptMode, then: Callable[[str], None], kinds: str) -> QFileDialog:
        dialog = QFileDialog(self._window, title)
        dialog.setObjectName("directions_dialog")
        dialog.setAcceptMode(mode)
        dialog.setNameFilter(kinds)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(then)
        return dialog


def _read(path: Path, name: str, latent_dim: int) -> Directions:
    """What is kept in the run's folder, of its own data. Raises ValueError, OSError."""
    fingerprint = RunFolder(path).record.dataset.fingerprint
    return replace(load_directions(path, name, latent_dim, fingerprint), dataset=fingerprint)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
