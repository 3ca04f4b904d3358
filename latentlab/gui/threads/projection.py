"""The handle of the process that lays out maps: started with `spawn`, kept warm, ended when a fit is no longer wanted.

UMAP compiles for seconds and holds the interpreter while it does, so it never runs in the window's process. While it
compiles it reads nothing either, and a pipe holds less than a map's points: they are sent from a thread, too.
"""

import contextlib
import queue
import threading
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.explore.projection_process import start
from latentlab.explore.projection_settings import NAMES, ProjectionSettings


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
        self._threads: list[threading.Thread] = []
        self._outbox: queue.SimpleQueue[tuple[object, ...] | None] = queue.SimpleQueue()
        self._job = 0
        self._settings = ProjectionSettings()  # of the newest job
        self.busy = False
        self._closed = False
        self._heard.connect(self._on_heard)

    def warm(self) -> None:
        """Starts the process and lets it compile, so that the first fit does not wait for it."""
        self._send("warm")

    def fit(
        self,
        mu: NDArray[np.float32],
        init: NDArray[np.float32] | None = None,
        epochs: int | None = None,
        settings: ProjectionSettings | None = None,
        before: NDArray[np.float32] | None = None,
    ) -> int:
        """Lays out mu (N, d), where given from the last layout `init`, which was of what lay at `before`.

        A fit under way is abandoned. Returns the job."""
        self._settings = settings or ProjectionSettings()
        if self.busy:
            self.cancel()
        self._job += 1
        self.busy = True
        self._send("fit", self._job, np.ascontiguousarray(mu), init, epochs, self._settings, before)
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
        self._outbox.put(message)

    def _begin(self) -> None:
        self._end()  # of one that died, what is left
        self._process, self._connection = process, ours = start()
        self._outbox = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._listen, args=(process, ours), name="map answers", daemon=True),
            threading.Thread(target=_send_all, args=(self._outbox, ours), name="map questions", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _end(self) -> None:
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if process is None or connection is None:
            return
        process.kill()  # which also ends what the threads wait for
        self._outbox.put(None)
        process.join(5)
        for thread in self._threads:
            thread.join(5)
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
                self.failed.emit(self._job, f"{NAMES[self._settings.kind]}'s process has ended before it was done")
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


def _send_all(outbox: "queue.SimpleQueue[tuple[object, ...] | None]", connection: Connection) -> None:
    """What is put into the outbox, until None is, or until the other end is gone: the listener reports that."""
    with contextlib.suppress(OSError):
        while (message := outbox.get()) is not None:
            connection.send(message)
