"""Going back through a run's epochs: what there is to go back to, and which of it is shown."""

from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from latentlab.gui.main_window.opening import Opening
from latentlab.gui.session import Session
from latentlab.gui.threads.jobs import Jobs
from latentlab.gui.threads.model_thread import FromHistory
from latentlab.runs.history import History, PastEpoch

NO_RUN = "Open a run first: then its epochs can be gone back through"
NONE_KEPT = "keeps no past epochs to go back to; a run that you train here does"
FOLLOWS_MS = 400  # after an epoch, for its weights are written then; and no oftener than that


class GoingBack(QObject):
    """Keeps `session.history` in step with the open run's folder, and answers `go` and `step`.

    While a past epoch is shown a training goes on unseen. The newest weights are shown again by `go(None)`.
    """

    def __init__(self, session: Session, jobs: Jobs, opening: Opening, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._jobs, self._opening = session, jobs, opening
        self._past: dict[int, PastEpoch] = {}
        self._path: Path | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(FOLLOWS_MS)
        self._soon.timeout.connect(self._look)
        session.run_changed.connect(self._on_run)
        session.training_changed.connect(self._say_newest)
        session.model_ready_changed.connect(self._say_newest)

    def go(self, epoch: int | None) -> None:
        """Everything as of this epoch; None, and the epoch that they are of: as of the newest weights."""
        run, history = self._session.run, self._session.history
        if epoch in self._past and epoch not in history.places:
            epoch = None
        if run is None or epoch == history.shown or (epoch is not None and epoch not in self._past):
            return
        self._session.set_history(shown=epoch)
        past = None if epoch is None else self._past[epoch]
        self._opening.go_back(None if past is None else FromHistory(run.config, run.image_shape, run.class_names, past))

    def step(self, by: int) -> None:
        """So many epochs further back (negative) or on."""
        places = self._session.history.places
        if places:
            self.go(places[min(max(self._session.history.at + by, 0), len(places) - 1)])
        elif not self._jobs.running("history"):  # which is read within a moment of opening
            run = self._session.run
            words = NO_RUN if run is None else f"{run.name} {NONE_KEPT}"
            self._session.told.emit(words, False)

    def give_up(self) -> None:
        """The weights of the epoch that is shown cannot be read."""
        shown = self._session.history.shown
        if shown is not None:
            self.go(None)
            self._session.told.emit(f"Epoch {shown} cannot be read: these are the newest weights", True)

    def close(self) -> None:
        self._soon.stop()

    def _on_run(self) -> None:
        run = self._session.run
        if run is None or run.path != self._path:
            self._path, self._past = (None if run is None else run.path), {}
            self._look()
        elif not self._soon.isActive():
            self._soon.start()

    def _look(self) -> None:
        path = self._path
        if path is not None:
            self._jobs.start(
                "history", lambda _ticket: History(path).epochs(), lambda found: self._on_found(path, found)
            )

    def _on_found(self, path: Path, found: list[PastEpoch]) -> None:
        if path != self._path or self._session.run is None:
            return
        self._past = {past.epoch: past for past in found}
        shown = self._session.history.shown
        if shown is not None and shown not in self._past:
            self._session.told.emit(f"Epoch {shown} is not kept any more: these are the newest weights", False)
            self.go(None)
        steps = tuple(past.step for past in self._past.values())
        self._session.set_history(epochs=tuple(self._past), steps=steps, newest=self._newest())

    def _newest(self) -> int | None:
        at_rest = self._session.training.phase in ("idle", "preparing")
        return self._opening.newest_step if at_rest else None

    def _say_newest(self) -> None:
        """Once nothing trains any more, the newest weights may be those of the last epoch, or of a step after it."""
        if self._session.run is not None:
            self._session.set_history(newest=self._newest())
