"""The training worker thread: asks the generator for the next event and hands events on, gathered, to the window."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from latentlab.config import RunConfig
from latentlab.events import Event, Failed, Measured
from latentlab.images import Dataset
from latentlab.runs.folder import RunFolder
from latentlab.training.control import Control

log = logging.getLogger(__name__)
GATHER_S = 0.05  # measurements are handed on together at most this often; everything else at once


class Trainer(QObject):
    """Trains one run at a time. `events` carries a list of them; a Snapshot is never held back.

    `ended` comes once per training, after the last event and after the run's lock was let go.
    """

    events = Signal(object)
    ended = Signal(object)  # Path of the run, or None where it never came to one

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.control: Control | None = None
        self.path: Path | None = None  # of the run in hand, before its first event
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self, config: RunConfig, dataset: Dataset, make_run: Callable[[], RunFolder]) -> None:
        """Trains in the thread. `make_run` creates or opens the run folder there."""
        if self._thread is not None:
            self._thread.join(0.5)  # the last one may have said that it ended and not be quite gone
        assert not self.running, "one training at a time"
        self.control = Control(snapshots=True)
        self._thread = threading.Thread(
            target=self._run, args=(config, dataset, make_run, self.control), name="training", daemon=True
        )
        self._thread.start()

    def close(self, wait_s: float = 60.0) -> None:
        """Stops and keeps, and waits for the last checkpoint."""
        if self.control is not None:
            self.control.stop()
        if self._thread is not None:
            self._thread.join(wait_s)

    def _run(self, config: RunConfig, dataset: Dataset, make_run: Callable[[], RunFolder], control: Control) -> None:
        self.path = None
        try:
            from latentlab.training.loop import train
            from latentlab.training.preparation import check

            check(config, dataset)  # what cannot be trained leaves no folder behind
            run = make_run()
            self.path = run.path
            with run.lock():
                self._pump(train(config, dataset, run, control))
        except Exception as error:
            if not isinstance(error, ValueError | OSError):
                log.error("training failed", exc_info=error)
            self.events.emit([Failed(0, 0, str(error) or type(error).__name__)])
        finally:
            self.ended.emit(self.path)

    def _pump(self, stream: Iterator[Event]) -> None:
        gathered: list[Event] = []
        last = time.monotonic()
        for event in stream:
            gathered.append(event)
            if not isinstance(event, Measured) or time.monotonic() - last > GATHER_S:
                self.events.emit(gathered)
                gathered, last = [], time.monotonic()
        if gathered:
            self.events.emit(gathered)
