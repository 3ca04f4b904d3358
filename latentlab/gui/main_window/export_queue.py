"""What is being written, one after another: a second export waits for the first, and does not end it."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QProgressDialog, QWidget

from latentlab.gui.session import Session
from latentlab.gui.threads.jobs import Jobs, Ticket

JOB = "export"
SOON_MS = 400  # what is done by then needs no dialog
Write = Callable[[Ticket], bool]  # in a thread; False: cancelled, and nothing is written


@dataclass(frozen=True)
class _Export:
    path: Path
    write: Write
    words: str  # what is said of it once it is there


class ExportQueue(QObject):
    """Runs exports in their order. A dialog says how far one is, and cancels it; the others stay in the queue."""

    ended = Signal(object)  # the path of an export that is written, cancelled or failed

    def __init__(self, session: Session, jobs: Jobs, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._jobs, self._window = session, jobs, window
        self._waiting: deque[_Export] = deque()
        self._now: _Export | None = None
        self._ticket: Ticket | None = None
        self._dialog: QProgressDialog | None = None
        jobs.progressed.connect(self._on_progress)
        jobs.failed.connect(self._on_failed)

    @property
    def busy(self) -> bool:
        return self._now is not None

    def add(self, path: Path, write: Write, words: str = "") -> None:
        """`write` is done in a thread once all before it are; `words` follow 'name is written: '."""
        self._waiting.append(_Export(path, write, words))
        if self._now is None:
            self._begin()
        else:
            self._label()

    def cancel(self) -> None:
        """Ends the export under way; what waits goes on."""
        if self._ticket is not None:
            self._ticket.cancel()
            self._close()

    def _begin(self) -> None:
        if not self._waiting:
            self._now = self._ticket = None
            return
        self._now = now = self._waiting.popleft()
        self._dialog = self._make_dialog()
        self._label()
        self._ticket = self._jobs.start(JOB, lambda ticket: _guarded(now, ticket), self._on_done)

    def _make_dialog(self) -> QProgressDialog:
        dialog = QProgressDialog("", "Cancel", 0, 100, self._window)
        dialog.setObjectName("export_progress")
        dialog.setWindowTitle("Export")
        dialog.setMinimumDuration(SOON_MS)
        dialog.setMinimumWidth(320)
        dialog.setAutoClose(False)
        dialog.setAutoReset(False)
        dialog.canceled.connect(self.cancel)
        return dialog

    def _label(self) -> None:
        if self._dialog is not None and self._now is not None:
            waiting = f" · {len(self._waiting)} more waiting" if self._waiting else ""
            self._dialog.setLabelText(f"Writing {self._now.path.name}…{waiting}")

    def _close(self) -> None:
        if self._dialog is not None:
            dialog, self._dialog = self._dialog, None
            dialog.canceled.disconnect(self.cancel)
            dialog.close()
            dialog.deleteLater()

    def _on_progress(self, name: str, _what: str, done: int, total: int) -> None:
        if name == JOB and self._dialog is not None:
            self._dialog.setValue(100 * done // max(total, 1))

    def _on_failed(self, name: str, _sentence: str) -> None:
        if name == JOB:
            self._end()

    def _on_done(self, whole: bool) -> None:
        assert self._now is not None, "it is what has ended"
        name, words = self._now.path.name, self._now.words
        said = f"{name} is written{': ' if words else ''}{words}"
        self._session.told.emit(said if whole else f"{name}: the export was cancelled, and nothing is written", False)
        self._end()

    def _end(self) -> None:
        self._close()
        path = None if self._now is None else self._now.path
        self._begin()
        self.ended.emit(path)


def _guarded(export: _Export, ticket: Ticket) -> bool:
    """Raises ValueError with a sentence where the system would not write it."""
    try:
        return export.write(ticket)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ValueError(f"{export.path.name} could not be written: {why}; nothing is left of it") from None
