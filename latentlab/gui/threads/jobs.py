"""Work that is asked for once and answers once: opening a run, loading data, exporting.

A job runs in a thread of its own. Its answer is delivered in the GUI thread, and only if it is still wanted: a newer
job of the same name replaces an older one, which is asked to end and whose answer is dropped.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

log = logging.getLogger(__name__)


class Ticket:
    """What a job is given: a way to report progress, and the question whether it is still wanted."""

    def __init__(self, jobs: "Jobs", name: str, then: Callable[[Any], None]) -> None:
        self.name, self.then = name, then
        self._jobs, self._cancelled = jobs, threading.Event()

    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        self._cancelled.set()

    def progress(self, what: str, done: int, total: int) -> None:
        """Says how far it is, from any thread."""
        if not self.cancelled():
            self._jobs.progressed.emit(self.name, what, done, total)


class Jobs(QObject):
    """Starts jobs and delivers their answers. `failed` carries the job's name and a sentence."""

    progressed = Signal(str, str, int, int)  # name, what, done, total
    failed = Signal(str, str)
    _ended = Signal(object, object, object)  # ticket, result, exception

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: dict[str, tuple[Ticket, threading.Thread]] = {}
        self._abandoned: list[threading.Thread] = []
        self._closed = False
        self._ended.connect(self._deliver)

    def start(self, name: str, work: Callable[[Ticket], Any], then: Callable[[Any], None]) -> Ticket:
        """Runs work(ticket) in a thread, then `then(result)` in the GUI thread unless it was replaced or failed.

        After `close` nothing is begun any more: the ticket is a cancelled one."""
        self.cancel(name)
        ticket = Ticket(self, name, then)
        if self._closed:
            ticket.cancel()
            return ticket
        thread = threading.Thread(target=self._run, args=(ticket, work), name=f"job {name}", daemon=True)
        self._running[name] = (ticket, thread)
        thread.start()
        return ticket

    def running(self, name: str) -> bool:
        return name in self._running

    def cancel(self, name: str) -> None:
        """Asks the job of this name, if there is one, to end; its answer will not be delivered."""
        if name in self._running:
            ticket, thread = self._running.pop(name)
            ticket.cancel()
            self._abandoned = [old for old in self._abandoned if old.is_alive()] + [thread]

    def close(self, wait_s: float = 5.0) -> None:
        """Cancels everything and waits for the threads to end."""
        self._closed = True
        for name in list(self._running):
            self.cancel(name)
        for thread in self._abandoned:
            thread.join(wait_s)

    def _run(self, ticket: Ticket, work: Callable[[Ticket], Any]) -> None:
        result, error = None, None
        try:
            result = work(ticket)
        except Exception as caught:
            error = caught
        try:
            self._ended.emit(ticket, result, error)
        except RuntimeError:  # the window is gone: nobody waits for this answer
            assert ticket.cancelled()

    def _deliver(self, ticket: Ticket, result: Any, error: Exception | None) -> None:
        if self._running.get(ticket.name, (None,))[0] is not ticket:
            return
        del self._running[ticket.name]
        if error is None:
            ticket.then(result)
            return
        if not isinstance(error, ValueError | OSError):
            log.error("the job %r failed", ticket.name, exc_info=error)
        self.failed.emit(ticket.name, str(error) or type(error).__name__)
