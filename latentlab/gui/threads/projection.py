"""The handle of UMAP's own process: started with `spawn`, kept warm, ended when a fit is no longer wanted.

UMAP compiles for seconds and holds the interpreter while it does, so it never runs in the window's process.
"""

import threading
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.explore.projection_process import start


class Projector(QObject):
    """fit(...) answers `laid_out(job, coords)`; only the newest job's answer comes."""

    laid_out = Signal(int, object)  # job, coords (N, 2) float32
    progressed = Signal(int, float)  # job, 0 to 1
    failed = Signal(int, str)
    warmed = Signal(float)  # seconds that compiling took

    _heard = Signal(object, object)  # the process that spoke, its message; None: it has ended

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._listener: threading.Thread | None = None
        self._job = 0
        self.busy = False
        self._closed = False
        self._heard.connect(self._on_heard)

    def warm(self) -> None:
        """Starts the process and lets it compile, so that the first fit does not wait for it."""
        self._send("warm")

    def fit(self, mu: NDArray[np.float32], init: NDArray[np.float32] | None = None, epochs: int | None = None) -> int:
        """Lays out mu (N, d), from the last layout `init` where given. A fit under way is abandoned.

        Returns the job."""
        if self.busy:
            self.cancel()
        self._job += 1
        self.busy = True
        self._send("fit", self._job, np.ascontiguousarray(mu), init, epochs)
        return self._job

    def cancel(self) -> None:
        """Ends the process in the middle of its work; the next request starts another."""
        self.busy = False
        self._end()

    def close(self) -> None:
        self._closed = True
        self._end()

    def _send(self, *message: object) -> None:
        if self._closed:
            return
        if self._process is None or not self._process.is_alive():
            self._begin()
        assert self._connection is not None
        try:
            self._connection.send(message)
        except OSError:  # it died between the question and the answer: the listener reports it
            return

    def _begin(self) -> None:
        process, ours = start()
        self._process, self._connection = process, ours
        self._listener = threading.Thread(target=self._listen, args=(process, ours), name="umap answers", daemon=True)
        self._listener.start()

    def _end(self) -> None:
        process, connection, listener = self._process, self._connection, self._listener
        self._process = self._connection = self._listener = None
        if process is None:
            return
        process.kill()
        process.join(5)
        if listener is not None:
            listener.join(5)
        if connection is not None:
            connection.close()
        process.close()

    def _listen(self, process: BaseProcess, connection: Connection) -> None:
        message: object = ()
        while message is not None:
            try:
                message = connection.recv()
            except (EOFError, OSError):
                message = None
            try:
                self._heard.emit(process, message)
            except RuntimeError:  # the window is gone
                return

    def _on_heard(self, process: BaseProcess, message: tuple[object, ...] | None) -> None:
        if process is not self._process:
            return
        if message is None:
            self._end()
            if self.busy:
                self.busy = False
                self.failed.emit(self._job, "The map's process has ended unexpectedly; choose UMAP again to retry")
            return
        kind, *rest = message
        if kind == "warm":
            self.warmed.emit(*rest)
        elif rest[0] == self._job:
            if kind == "progress":
                self.progressed.emit(*rest)
                return
            self.busy = False
            (self.laid_out if kind == "layout" else self.failed).emit(*rest)
