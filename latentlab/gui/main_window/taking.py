"""Taking tables away: what is selected on the map, the latents of all images, and the curves."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from latentlab.gui.main_window.export_queue import ExportQueue
from latentlab.gui.main_window.library import Library
from latentlab.gui.main_window.selecting import Selecting
from latentlab.gui.session import Session
from latentlab.gui.threads.jobs import Ticket
from latentlab.runs.folder import RunFolder

if TYPE_CHECKING:
    from latentlab.export.selection import Selected, What

KINDS: dict[str, tuple["What", str]] = {
    "Table (*.csv)": ("table", "csv"),
    "Latents (*.npy)": ("latents", "npy"),
    "Folder of pictures (*)": ("pictures", ""),
}
TABLES = {"Table (*.csv)": "csv", "NumPy, with named fields (*.npy)": "npy"}


class TakingAway(QObject):
    """Asks where to; then a job in the queue of exports, which can be cancelled."""

    def __init__(
        self, session: Session, queue: ExportQueue, selecting: Selecting, library: Library, window: QWidget
    ) -> None:
        super().__init__(window)
        self._session, self._queue, self._selecting = session, queue, selecting
        self._library, self._window = library, window

    # -- the selection

    def ask(self) -> None:
        """A dialog for the file or folder of the points selected, or all that are shown where none are."""
        run, rows = self._session.run, self._selecting.in_hand()
        if run is None or not len(rows):
            self._session.told.emit("There are no points to export: open a run, or show what is hidden", False)
            return
        kinds = {words: suffix for words, (_, suffix) in KINDS.items()}
        dialog = self._dialog(f"Export {len(rows):,} points", "selection_dialog", kinds, f"{run.name}-selection")
        dialog.fileSelected.connect(lambda file: self.export(Path(file), KINDS[dialog.selectedNameFilter()][0]))
        dialog.open()

    def export(self, path: Path, what: "What") -> None:
        """Writes what is selected now there, as a 'table', 'latents' or 'pictures'."""
        rows = self._selecting.in_hand()
        parts = self._parts(rows)
        if parts is None:
            return

        def write(ticket: Ticket) -> bool:
            from latentlab.export.selection import save_selection  # with Pillow, that the window can stand without

            def progress(done: int, total: int) -> None:
                ticket.progress("Exporting the selection", done, total)

            return save_selection(path, what, parts.taken(), progress, ticket.cancelled)

        self._queue.add(path, write, f"{len(rows):,} points")

    def _parts(self, rows: NDArray[np.int64]) -> "_Parts | None":
        session = self._session
        return None if session.encoding is None else _Parts(session, rows)

    # -- all latents

    def ask_latents(self) -> None:
        """A dialog for the file of all images' latents."""
        run = self._session.run
        if run is None:
            self._session.told.emit("There are no latents to export: open a run, or train one", False)
            return
        dialog = self._dialog("Export the latents of all images", "latents_dialog", TABLES, f"{run.name}-latents")
        dialog.fileSelected.connect(lambda file: self.export_latents(Path(file)))
        dialog.open()

    def export_latents(self, path: Path) -> None:
        """Encodes every image by the newest weights in the run's folder; those on the map come with their places, where
        the map is of the same weights."""
        run, encoding, layout, library = (
            self._session.run, self._session.encoding, self._session.layout, self._library
        )  # fmt: skip
        if run is None:
            return
        place = run.path
        on_map = None
        if encoding is not None and layout is not None and len(layout.coords) == len(encoding):
            on_map = encoding.index, layout.coords, encoding.step

        def write(ticket: Ticket) -> bool:
            from latentlab.explore.loaded import load
            from latentlab.export.table_kinds import rows_of
            from latentlab.export.tables import Latents, save_latents
            from latentlab.export.watching import Watch
            from latentlab.export.work import Options, Work

            def progress(done: int, total: int) -> None:
                ticket.progress(path.name, done, total)

            loaded = load(RunFolder(place))
            dataset = library.load(loaded.config.data, loaded.config.training.seed, ticket)
            encoded = Work(loaded, dataset, path, Options(), progress, ticket.cancelled).encoded(None)
            if encoded is None:
                return False
            coords = None
            if on_map is not None and on_map[2] == loaded.step:
                coords = _placed(encoded.index, on_map[0], on_map[1])
            watch = Watch(len(encoded.index), progress, ticket.cancelled)
            return save_latents(path, rows_of(dataset, encoded), Latents(encoded.mu, encoded.log_var, coords), watch)

        self._queue.add(path, write, "index, split, label, mu and log_var of every image")

    # -- curves

    def ask_curves(self) -> None:
        """A dialog for the file of the training's records."""
        run, curves = self._session.run, self._session.curves
        if run is None or not (curves.train or curves.validation):
            self._session.told.emit("There are no curves to export: open a run, or train one", False)
            return
        dialog = self._dialog("Export the curves", "curves_dialog", {"Table (*.csv)": "csv"}, f"{run.name}-curves")
        dialog.fileSelected.connect(lambda file: self.export_curves(Path(file)))
        dialog.open()

    def export_curves(self, path: Path) -> None:
        """Every record of the curves as they are now, in the order of their steps."""
        curves = self._session.curves
        records = sorted([*curves.train, *curves.validation], key=lambda record: record["step"])

        def write(_: Ticket) -> bool:
            from latentlab.export.tables import save_records

            save_records(path, records)
            return True

        self._queue.add(path, write, f"{len(records):,} records")

    def _dialog(self, title: str, name: str, kinds: dict[str, str], file: str) -> QFileDialog:
        """For a file in one of these kinds: words and suffixes."""
        dialog = QFileDialog(self._window, title)
        dialog.setObjectName(name)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(kinds))
        dialog.setDefaultSuffix(next(iter(kinds.values())))
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix(kinds[kind]))
        dialog.selectFile(file)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog


def _placed(index: NDArray[np.int64], on_map: NDArray[np.int64], coords: NDArray[np.float32]) -> NDArray[np.float32]:
    """Places (N, 2) of the images with index (N,): nan for those that are not on the map."""
    order = np.argsort(index)
    rows = order[np.searchsorted(index, on_map, sorter=order).clip(max=len(index) - 1)]
    known = index[rows] == on_map
    placed = np.full((len(index), 2), np.nan, np.float32)
    placed[rows[known]] = coords[known]
    return placed


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
