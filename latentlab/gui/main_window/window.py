"""The main window: makes the parts and connects them."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QMainWindow, QMessageBox

from latentlab.config import DataConfig, RunConfig, merge
from latentlab.gui.actions import Actions
from latentlab.gui.main_window import wiring
from latentlab.gui.main_window.arithmetic import Arithmetic
from latentlab.gui.main_window.directions import KeptDirections
from latentlab.gui.main_window.exploring import Exploring
from latentlab.gui.main_window.export import Exporting
from latentlab.gui.main_window.export_queue import ExportQueue
from latentlab.gui.main_window.history import GoingBack
from latentlab.gui.main_window.inspecting import Inspecting
from latentlab.gui.main_window.judging import Judging
from latentlab.gui.main_window.leaving import Leaving
from latentlab.gui.main_window.library import Library, all_runs
from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.main_window.opening import Opening
from latentlab.gui.main_window.overlaying import Overlaying
from latentlab.gui.main_window.panel_pictures import PanelPictures
from latentlab.gui.main_window.panels import Panels, make_views
from latentlab.gui.main_window.path_files import PathFiles
from latentlab.gui.main_window.picturing import Picturing
from latentlab.gui.main_window.receiving import Receiving
from latentlab.gui.main_window.restoring import Restoring
from latentlab.gui.main_window.running import Running
from latentlab.gui.main_window.sampling import SamplingFrom
from latentlab.gui.main_window.selecting import Selecting
from latentlab.gui.main_window.taking import TakingAway
from latentlab.gui.main_window.trusting import Trusting
from latentlab.gui.main_window.undoing import Undoing
from latentlab.gui.main_window.walking import Walking
from latentlab.gui.session import Session
from latentlab.gui.threads.decoding import Decoder
from latentlab.gui.threads.encoding import Encoder
from latentlab.gui.threads.fields import Fields
from latentlab.gui.threads.jobs import Jobs
from latentlab.gui.threads.projection import Projector
from latentlab.gui.views.message_view import MessageView
from latentlab.gui.widgets.point_cloud import fetch_compiled
from latentlab.presets import PRESETS

CURVES_VIEW = "latentlab.gui.views.curves_view"
SMALLEST = (1224, 640)  # pixels
LIST_FOLLOWS_MS = 1500
EDGE = 8  # pixels between the cards and the window's edge


class MainWindow(QMainWindow):
    """`root` holds the runs, `data_dir` the data sets. warm: let what is slow compile in the background."""

    first_painted = Signal()
    torch_ready = Signal()

    def __init__(self, root: Path, data_dir: Path, warm: bool = True) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle("LatentLab")
        self.setMinimumSize(*SMALLEST)
        self.setAcceptDrops(True)
        self.setContentsMargins(EDGE, 0, EDGE, EDGE)
        self._root, self._warm, self._painted, self._torch = root, warm, False, False
        self._previewed: DataConfig | None = None
        self._later = QTimer(self)  # the list follows a training, but not every epoch of a small one
        self._later.setSingleShot(True)
        self._later.setInterval(LIST_FOLLOWS_MS)
        self._later.timeout.connect(self.refresh_runs)
        self._unasked = False
        self.session = Session(self)
        self.jobs = Jobs(self)
        self.library = Library(data_dir)
        self.decoder, self.encoder, self.projector = Decoder(self), Encoder(self), Projector(self)
        self.fields = Fields(self)
        self.mapping = Mapping(self.session, self.projector, self)
        self.exploring = Exploring(self.session, self.mapping, self.decoder, self)
        self.walking = Walking(self.session, self.mapping, self.exploring, self.decoder, self)
        self.opening = Opening(
            self.session, self.library, self.jobs, self.mapping, self.exploring, self.decoder, self.encoder, self
        )
        self.history = GoingBack(self.session, self.jobs, self.opening, self)
        self.running = Running(self.session, self.library, self.jobs, self.opening, root, self)
        self.leaving = Leaving(self.session, self.running, self)
        self.leaving.free.connect(self.close)
        self.sampling = SamplingFrom(self.session, self.library, self.jobs, self.opening, self)
        self.selecting = Selecting(self.session, self.mapping, self.exploring, self)
        self.exports = ExportQueue(self.session, self.jobs, self)
        self.taking = TakingAway(self.session, self.exports, self.selecting, self.library, self)
        self.picturing = Picturing(self.session, self.decoder, self)
        self.judging = Judging(self.session, self.encoder, self)
        self.exporting = Exporting(
            self.session, self.jobs, self.walking, self.decoder, self.library, self.exports, self
        )
        self.path_files = PathFiles(self.session, self.walking, self.jobs, self)
        self.overlaying = Overlaying(self.session, self.mapping, self.decoder, self.fields, self.jobs, self)
        self.trusting = Trusting(self.session, self.jobs, self)
        self.arithmetic = Arithmetic(self.session, self.mapping, self.exploring, self.decoder, self)
        self.directions = KeptDirections(self.session, self.jobs, self.arithmetic, self)
        self.inspecting = Inspecting(self.session, self.mapping, self.exploring, self.decoder, self.encoder, self)
        self.receiving = Receiving(self.session, self.jobs, self.inspecting, self)
        self.views = make_views(self.session)
        self.undoing = Undoing(self.session, self.exploring, self.views.map, self)
        self.panels = Panels(self, self.views)
        self.pictures = PanelPictures(self.session, self.exports, self.views.map, (self.views.map.tool_bar,), self)
        self.message = MessageView(self.session, self, self.views.map.canvas)
        wiring.connect(self)
        self.actions_table = Actions(self, wiring.handlers(self))
        self.session.tool_changed.connect(lambda: self.actions_table.mark(f"tool_{self.session.tool}"))
        self.actions_table.mark(f"tool_{self.session.tool}")
        wiring.mark_overlays(self)
        wiring.mark_undoing(self)
        self.restoring = Restoring(self)
        self._add_panels_to_menu()
        self.pictures.add_to(self.actions_table.menus["Explore"])
        self.refresh_runs()
        self.preview()

    # -- runs

    def open(self, run: str | Path) -> None:
        """Opens a run by name or path, unless a training would be lost sight of."""
        if self.session.training.active:
            self.session.told.emit("Stop the training first: then another run can be opened", True)
            return
        self.opening.open(run, self._root)

    def close_run(self) -> None:
        if self.session.training.active:
            self.session.told.emit("Stop the training first: then the run can be closed", True)
            return
        self.opening.close()

    def refresh_runs_later(self) -> None:
        if not self._later.isActive():
            self._later.start()

    def refresh_runs(self) -> None:
        self.jobs.start("runs", lambda _ticket: all_runs(self._root), self.session.set_runs)

    # -- settings

    def edit(self, changes: dict[str, object]) -> None:
        """Merges what a form changed."""
        try:
            self.session.set_config(RunConfig.parse(merge(self.session.config.to_dict(), changes)))
        except ValueError as error:
            self.session.told.emit(f"{str(error)[0].upper()}{str(error)[1:]}", True)
            self.session.config_changed.emit()  # the form goes back to what holds

    def choose_preset(self, name: str) -> None:
        self.session.set_config(RunConfig.parse(PRESETS[name]))

    def choose_data(self, data: dict[str, object]) -> None:
        fresh = {**DataConfig().model_dump(mode="json"), "val_fraction": self.session.config.data.val_fraction}
        self.edit({"data": {**fresh, **data}})

    def preview(self) -> None:
        """Pictures and facts of the chosen data, when it is another than the last."""
        config = self.session.config
        if config.data == self._previewed:
            return
        self._previewed = config.data
        self.jobs.start(
            "preview",
            lambda ticket: self.library.preview(config.data, config.training.seed, ticket),
            self.session.set_preview,
        )

    def show_perspective(self, name: str) -> None:
        self.panels.perspective(name)
        self.views.run_bar.set_perspective(name)

    def reset_layout(self) -> None:
        self.panels.reset()
        self.views.run_bar.set_perspective("explore")

    # -- what happens

    def on_run(self) -> None:
        self.setWindowTitle(f"{self.session.run.name} — LatentLab" if self.session.run else "LatentLab")

    def on_weights(self, _weights: object, _step: int) -> None:
        if not self._torch:
            self._torch = True
            self.torch_ready.emit()
            if self._warm:
                self.projector.warm()

    def on_job_failed(self, name: str, sentence: str) -> None:
        if name == "prepare":
            self.session.set_training(phase="idle", note="")
        if name == "pictures":
            self.session.set_map_note(sentence)
        self.session.told.emit(sentence, True)

    def on_job_progress(self, name: str, what: str, done: int, total: int) -> None:
        share = f" {done / total:.0%}" if total else ""
        if name == "prepare":
            self.session.set_training(note=f"{what}{share}")
        elif name == "pictures":
            self.session.set_map_note(f"{what}{share}")

    # -- dialogs

    def ask_run(self) -> None:
        self._ask("Open a run", QFileDialog.FileMode.Directory, self._root, self.open)

    def ask_pictures(self) -> None:
        def chosen(path: str) -> None:
            self.choose_data({"source": "folder", "path": path})

        self._ask("Use a folder of pictures", QFileDialog.FileMode.Directory, Path.home(), chosen)

    def _ask(self, title: str, mode: QFileDialog.FileMode, start: Path, then: Callable[[str], object]) -> None:
        dialog = QFileDialog(self, title, str(start))
        dialog.setObjectName("file_dialog")
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(then)
        dialog.open()

    def tell_about(self) -> None:
        self.tell("About LatentLab", ABOUT)

    def tell(self, title: str, text: str) -> None:
        box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, QMessageBox.StandardButton.Close, self)
        box.setObjectName("tell")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    # -- the window itself

    def _add_panels_to_menu(self) -> None:
        menu = self.actions_table.menus["View"]
        menu.addSeparator()
        for action in self.panels.docks_menu_actions:
            menu.addAction(action)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self._on_first_paint)

    def _on_first_paint(self) -> None:
        self.panels.first_shown()
        self.views.map.canvas.setFocus()
        for button in (*self.findChildren(QAbstractButton), *self.findChildren(QComboBox)):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus, and the letters, with the map
        self.first_painted.emit()
        QTimer.singleShot(60, self, self._fetch_the_rest)

    def _fetch_the_rest(self) -> None:
        """What is slow to import comes now that the window stands, in threads: pyqtgraph, torch, and then numba."""
        self.jobs.start("curves", lambda _ticket: import_module(CURVES_VIEW), self._show_curves)
        self.opening.painted()

    def _show_curves(self, module: ModuleType) -> None:
        self.panels.dock("curves").put(module.CurvesView(self.session))
        if self._warm:
            self.jobs.start("compiled", lambda _ticket: fetch_compiled(), self.views.map.canvas.use_compiled)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if not paths:
            self.receiving.take_data(event.mimeData())
            return
        if (paths[0] / "run.json").is_file():
            self.open(paths[0])
        elif paths[0].is_dir():
            self.choose_data({"source": "folder", "path": str(paths[0])})
        else:
            self.receiving.take_file(paths[0])

    def closeEvent(self, event: QCloseEvent) -> None:
        """While a run trains, a person is asked; unasked, it is stopped and kept. Every thread and process ends."""
        if self.session.training.active and not self._unasked:
            event.ignore()
            self.leaving.ask()
            return
        self._later.stop()
        self.restoring.close()
        self.undoing.close()
        self.history.close()
        self.running.close()
        self.trusting.close()
        self.jobs.close()
        self.projector.close()
        self.decoder.close()
        self.fields.close()
        self.encoder.close()
        super().closeEvent(event)

    def close_unasked(self) -> bool:
        """Closes, without a question: whoever asks for it cannot answer one."""
        self._unasked = True
        return self.close()


ABOUT = (
    "<b>LatentLab 0.1.0</b><br>Train variational autoencoders and walk through their latent space.<br>"
    "MIT licence. Made with PyTorch, Qt for Python, pyqtgraph and umap-learn."
)
