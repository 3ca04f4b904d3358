"""Taking away: the strip as an animation."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from latentlab.gui.main_window.walking import Walking
from latentlab.gui.session import Session
from latentlab.gui.threads.jobs import Jobs, Ticket

FPS = 24
SIDE = 256  # pixels: frames are enlarged by whole factors up to about this


class Exporting(QObject):
    """Asks where to, decodes, writes; whole files or none."""

    def __init__(self, session: Session, jobs: Jobs, walking: Walking, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._jobs, self._walking, self._window = session, jobs, walking, window
        walking.frames_ready.connect(self._write_gif)

    def ask_gif(self) -> None:
        """A dialog for the file; then the strip goes there as an animation that runs to and fro."""
        if self._session.strip is None or self._session.run is None:
            self._session.told.emit("There is no strip yet: set A and B, or draw a path, first", False)
            return
        dialog = QFileDialog(self._window, "Export the strip as GIF")
        dialog.setObjectName("gif_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("Animation (*.gif)")
        dialog.setDefaultSuffix("gif")
        dialog.selectFile(f"{self._session.run.name}-strip.gif")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._walking.animate)
        dialog.open()

    def _write_gif(self, frames: NDArray[np.uint8], file: str) -> None:
        path = Path(file)
        scale = max(SIDE // max(frames.shape[2:]), 1)

        def write(ticket: Ticket) -> bool:
            from latentlab.export.animations import save_animation
            from latentlab.export.moving_formats import Show

            def progress(done: int, total: int) -> None:
                ticket.progress("Writing the GIF", done, total)

            return save_animation(path, frames, Show(FPS, scale, ping_pong=True), progress, ticket.cancelled)

        def done(whole: bool) -> None:
            if whole:
                smoothness = float(np.mean(np.square(np.diff(frames.astype(np.float32) / 255, axis=0))))
                words = f"{path.name} is written: {len(frames)} frames, to and fro, smoothness {smoothness:.4f}"
                self._session.told.emit(words, False)

        self._jobs.start("gif", write, done)
