"""Taking away what is selected on the map: a dialog for where to, then a job that can be cancelled."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QProgressDialog, QWidget

from latentlab.gui.main_window.selecting import Selecting
from latentlab.gui.session import Session
from latentlab.gui.threads.jobs import Jobs, Ticket

if TYPE_CHECKING:
    from latentlab.export.selection import Selected, What

JOB = "selection"
KINDS: dict[str, tuple["What", str]] = {
    "Table (*.csv)": ("table", "csv"),
    "Latents (*.npy)": ("latents", "npy"),
    "Folder of pictures (*)": ("pictures", ""),
}
SOON_MS = 400  # what is done by then needs no dialog


class TakingAway(QObject):
    """Exports the rows that are selected, or all that are shown where none are."""

    def __init__(self, session: Session, jobs: Jobs, selecting: Selecting, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._jobs, self._selecting, self._window = session, jobs, selecting, window
        self._progress: QProgressDialog | None = None
        self._ticket: Ticket | None = None
        jobs.progressed.connect(self._on_progress)
        jobs.failed.connect(self._on_failed)

    def ask(self) -> None:
        """A dialog for the file or folder, and what it is to hold."""
        run, rows = self._session.run, self._selecting.in_hand()
        if run is None or not len(rows):
            self._session.told.emit("There are no points to export: open a run, or show what is hidden", False)
            return
        dialog = QFileDialog(self._window, f"Export {len(rows):,} points")
        dialog.setObjectName("selection_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(KINDS))
        dialog.setDefaultSuffix("csv")
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix(KINDS[kind][1]))
        dialog.selectFile(f"{run.name}-selection")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda file: self.export(Path(file), KINDS[dialog.selectedNameFilter()][0]))
        dialog.open()

    def export(self, path: Path, what: "What") -> None:
        """Writes what is selected now there, as a 'table', 'latents' or 'pictures'."""
        parts = self._parts(self._selecting.in_hand())
        if parts is None:
            return

        def write(ticket: Ticket) -> tuple[bool, int]:
            from latentlab.export.selection import save_selection  # with Pillow, that the window can stand without

            def progress(done: int, total: int) -> None:
                ticket.progress("Exporting the selection", done, total)

            selected = parts.taken()
            return save_selection(path, what, selected, progress, ticket.cancelled), len(selected)

        self._close()
        self._progress = self._make_progress()
        self._ticket = self._jobs.start(JOB, write, lambda done: self._on_done(path, *done))

    def _parts(self, rows: NDArray[np.int64]) -> "_Parts | None":
        session = self._session
        return None if session.encoding is None else _Parts(session, rows)

    def _make_progress(self) -> QProgressDialog:
        dialog = QProgressDialog("Exporting the selection…", "Cancel", 0, 100, self._window)
        dialog.setObjectName("selection_progress")
        dialog.setWindowTitle("Export")
        dialog.setMinimumDuration(SOON_MS)
        dialog.setAutoClose(False)
        dialog.setAutoReset(False)
        dialog.canceled.connect(self._cancel)
        return dialog

    def _cancel(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        self._close()

    def _close(self) -> None:
        if self._progress is not None:
            dialog, self._progress = self._progress, None
            dialog.canceled.disconnect(self._cancel)
            dialog.close()
            dialog.deleteLater()

    def _on_progress(self, name: str, _what: str, done: int, total: int) -> None:
        if name == JOB and self._progress is not None:
            self._progress.setValue(100 * done // max(total, 1))

    def _on_failed(self, name: str, _sentence: str) -> None:
        if name == JOB:
            self._close()

    def _on_done(self, path: Path, whole: bool, count: int) -> None:
        self._close()
        words = f"{path.name} is written: {count:,} points" if whole else "The export was cancelled: nothing is written"
        self._session.told.emit(words, False)


class _Parts:
    """What is exported, as it was when it was asked for; the arrays are only cut in the job's thread."""

    def __init__(self, session: Session, rows: NDArray[np.int64]) -> None:
        encoding, images, run = session.encoding, session.images, session.run
        assert encoding is not None, "there are rows"
        assert run is not None, "there are rows"
        self._rows, self._encoding, self._names = rows, encoding, run.class_names
        self._images = images if images is not None and np.array_equal(images.index, encoding.index) else None
        self._layout, self._facts = session.layout, session.facts

    def taken(self) -> "Selected":
        from latentlab.export.selection import Selected

        rows, encoding, images, layout = self._rows, self._encoding, self._images, self._layout
        figures = {"reconstruction": encoding.reconstruction, "kl": encoding.kl}
        if self._facts is not None and self._facts.step == encoding.step:
            figures |= {"density": self._facts.density, "anomaly": self._facts.anomaly}
        known = {name: values[rows] for name, values in figures.items() if values is not None}
        on_map = layout.coords[rows] if layout is not None and len(layout.coords) == len(encoding) else None
        labels = (
            [] if images is None or images.labels is None else [self._name(x) for x in images.labels[rows].tolist()]
        )
        pixels = None if images is None else images.pixels[rows]
        return Selected(encoding.index[rows], labels, encoding.mu[rows], known, on_map, pixels)

    def _name(self, label: int) -> str:
        return self._names[label] if 0 <= label < len(self._names) else str(label)
