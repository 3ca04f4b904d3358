"""Closing the window while a run trains: a question that is about this run, and goes away with its training."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from latentlab.gui.main_window.running import Running
from latentlab.gui.session import Session

Role = QMessageBox.ButtonRole


class Leaving(QObject):
    """`free` comes once nothing trains any more, after somebody has asked to leave and has not thought better of it.

    Nobody is kept waiting by a question that has no object left: where the training ends while it is asked, it is
    answered.
    """

    free = Signal()

    def __init__(self, session: Session, running: Running, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._running, self._window = session, running, window
        self._box: QMessageBox | None = None
        self._waiting = False
        # queued: the training's own end, throwing away included, comes first
        session.training_changed.connect(self._look, Qt.ConnectionType.QueuedConnection)

    def ask(self) -> None:
        """Stop and keep, discard, or go on training. Returns at once."""
        if self._box is not None:
            self._box.activateWindow()
            return
        run = self._session.run
        name = "A run" if run is None else f"“{run.name}”"
        icon, window = QMessageBox.Icon.Question, self._window
        self._box = box = QMessageBox(icon, "LatentLab", f"{name} is training.", parent=window)
        box.setObjectName("leaving_dialog")
        box.setInformativeText("It can be stopped and kept: any time later it goes on from where it was.")
        keep = box.addButton("Stop, keep and quit", Role.AcceptRole)
        keep.setObjectName("keep_and_quit")
        if self._running.new:
            discard = box.addButton("Discard and quit", Role.DestructiveRole)
            discard.setObjectName("discard_and_quit")
            discard.clicked.connect(lambda: self._leave(self._running.discard))
        stay = box.addButton("Go on training", Role.RejectRole)
        stay.setObjectName("go_on_training")
        box.setDefaultButton(keep)
        box.setEscapeButton(stay)
        keep.clicked.connect(lambda: self._leave(self._running.stop))
        box.finished.connect(self._forget)
        box.open()

    def _leave(self, stop: Callable[[], None]) -> None:
        self._waiting = True
        stop()

    def _forget(self) -> None:
        if self._box is not None:
            self._box.deleteLater()
            self._box = None

    def _look(self) -> None:
        if self._session.training.active or not (self._waiting or self._box is not None):
            return
        if self._box is not None:
            self._box.close()
        self._forget()
        self._waiting = False
        self.free.emit()
