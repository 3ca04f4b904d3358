"""Training from the window: start, pause, go on, stop and keep, discard, more epochs; and what comes back."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from latentlab.config import RunConfig, merge
from latentlab.events import (
    Changed,
    EpochEnded,
    Event,
    Failed,
    Finished,
    Measured,
    Paused,
    Resumed,
    Saved,
    Snapshot,
    Started,
    Warned,
)
from latentlab.gui.main_window.library import Library, Pictures, following, read_run
from latentlab.gui.main_window.opening import Opening
from latentlab.gui.main_window.pace import MapPace
from latentlab.gui.session import Session
from latentlab.gui.states.amount import preferred
from latentlab.gui.threads.jobs import Jobs, Ticket
from latentlab.gui.threads.model_thread import FromSnapshot
from latentlab.gui.threads.training import Trainer
from latentlab.images import Dataset
from latentlab.runs.folder import RunFolder, create_run, free_name
from latentlab.runs.record import new_record
from latentlab.runs.removal import NoTrash, for_good, to_trash

BETWEEN_SNAPSHOTS_MS = 480  # what is shown follows at least twice a second, and no oftener than it is seen


class Running(QObject):
    """One training at a time, in the worker thread."""

    started = Signal()
    ended = Signal()

    def __init__(
        self,
        session: Session,
        library: Library,
        jobs: Jobs,
        opening: Opening,
        root: Path,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._library, self._jobs, self._opening, self._root = session, library, jobs, opening, root
        self.trainer = Trainer(self)
        self.trainer.events.connect(self._on_events)
        self.trainer.ended.connect(self._on_ended)
        self._began = 0.0
        self._first_step = self._step = 0
        self.new = False  # this training made the run, so that it may be thrown away
        self._discard = False
        self._failed = False
        self._next_snapshot = QTimer(self)
        self._next_snapshot.setSingleShot(True)
        self._next_snapshot.setInterval(BETWEEN_SNAPSHOTS_MS)
        self._next_snapshot.timeout.connect(self._ask_snapshot)
        self.pace = MapPace()
        self._record_time = 0.0  # of training, at the last record
        opening.mapped.connect(lambda fits: self.pace.answered(fits))
        opening.placed.connect(lambda: self.pace.fitted())

    # -- what the person asks for

    def train(self) -> None:
        """A new run with the settings."""
        config, choice = self._session.config, preferred()

        def prepare(ticket: Ticket) -> tuple[Dataset, Pictures]:
            dataset = self._library.load(config.data, config.training.seed, ticket)
            return dataset, following(dataset, choice)

        def begin(found: tuple[Dataset, Pictures]) -> None:
            dataset, shown = found

            def make_run() -> RunFolder:
                stem = f"{dataset.name}-{config.model.kind}"
                return create_run(self._root, new_record(free_name(self._root, stem), config, dataset))

            self._launch(config, dataset, shown, make_run, new=True)

        self._prepare(config, prepare, begin)

    def more(self, epochs: int) -> None:
        """The open run goes on."""
        run = self._session.run
        if run is None or run.read_only:
            self._session.told.emit("Open a run of your own first: the demo cannot be trained further", True)
            return
        total = {"training": {"epochs": max(run.epoch, 0) + epochs}}
        config = RunConfig.parse(merge(run.config.to_dict(), total))
        choice = self._session.amount.wanted or preferred()

        def prepare(ticket: Ticket) -> tuple[Dataset, Pictures]:
            dataset = self._library.load(config.data, config.training.seed, ticket)
            return dataset, following(dataset, choice)

        def begin(found: tuple[Dataset, Pictures]) -> None:
            self._launch(config, *found, lambda: RunFolder(run.path), new=False)

        self._prepare(config, prepare, begin)

    def pause(self) -> None:
        if self.trainer.control is not None and self._session.training.phase == "training":
            self._session.set_training(phase="pausing")
            self.trainer.control.pause()

    def resume(self) -> None:
        if self.trainer.control is not None and self._session.training.phase in ("paused", "pausing"):
            self.trainer.control.resume()
            if self._session.training.phase == "pausing":  # it had not come to it yet, and may not notice at all
                self._session.set_training(phase="training")

    def stop(self) -> None:
        """Stop and keep; a training that has not begun yet is called off."""
        if self._jobs.running("prepare"):
            self._jobs.cancel("prepare")
            self._session.set_training(phase="idle", note="")
        elif self.trainer.control is not None and self._session.training.active:
            self._session.set_training(phase="stopping", note="Stopping…")
            self.trainer.control.stop()

    def discard(self) -> None:
        """Stop, and throw the run away, if this training made it."""
        self._discard = self.new
        self.stop()

    def close(self) -> None:
        self.trainer.close()

    # -- how it goes

    def _prepare(
        self,
        config: RunConfig,
        work: Callable[[Ticket], tuple[Dataset, Pictures]],
        then: Callable[[tuple[Dataset, Pictures]], None],
    ) -> None:
        if self._session.training.active:
            self._session.told.emit("One run at a time: stop this one first", True)
            return
        self._session.set_training(phase="preparing", note=f"Reading {config.data.path or config.data.source}…")
        self._jobs.start("prepare", work, then)

    def _launch(
        self, config: RunConfig, dataset: Dataset, shown: Pictures, make_run: Callable[[], RunFolder], new: bool
    ) -> None:
        self._pictures, self.new, self._discard, self._failed = shown, new, False, False
        self._step = 0
        self.pace = MapPace()
        self._session.set_training(phase="preparing", note="Starting…")
        self.trainer.start(config, dataset, make_run)

    def _on_events(self, events: list[Event]) -> None:
        self._record(events)
        for event in events:
            self._step = event.step
            self._on_event(event)

    def _record(self, events: list[Event]) -> None:
        """The curves, without what training has undone: a change at an earlier step than it had come to says so."""
        step = self._step
        records: list[dict[str, Any]] = []
        for event in events:
            if isinstance(event, Changed) and event.step < step:
                self._session.cut_records(event.step)
                records = [record for record in records if record["step"] <= event.step]
            if isinstance(event, Measured):
                records.append(event.to_record())
            step = event.step
        if records:
            self._session.add_records(records)

    def _on_event(self, event: Event) -> None:
        session = self._session
        match event:
            case Started():
                self._on_started(event)
            case Measured() if event.split == "train":
                self._on_measured(event)
            case EpochEnded():
                session.set_training(epoch=event.epoch)
                session.update_run(epoch=event.epoch)
            case Snapshot():
                self._on_snapshot(event)
            case Paused() if session.training.phase == "pausing":
                session.set_training(phase="paused")
            case Resumed() if session.training.phase != "stopping":
                session.set_training(phase="training")
            case Changed():
                session.set_training(epoch=event.epoch)  # training may have gone back
                session.update_run(epoch=event.epoch)
                session.logged.emit(f"From step {event.step}: beta {event.beta:g}, lr {event.learning_rate:g}")
            case Warned():
                session.told.emit(event.message, False)
            case Saved():
                session.logged.emit(f"Checkpoint of step {event.step} kept{' (best)' if event.best else ''}")
            case Finished():
                session.logged.emit(f"{event.reason.capitalize()} at epoch {event.epoch} in {event.seconds:.1f} s")
            case Failed():
                self._failed = True
                session.told.emit(event.message, True)

    def _on_started(self, event: Started) -> None:
        session = self._session
        assert self.trainer.path is not None, "a run that trains has a folder"
        opened = read_run(RunFolder(self.trainer.path))
        if session.run is None or session.run.path != opened.run.path:
            self._opening.begin(opened, self._pictures)
        else:
            self._opening.bringing.go_on(self._pictures)
        session.update_run(status="training", config=opened.run.config)
        self._began, self._first_step = time.monotonic(), event.step
        session.set_training(
            phase="training", note="", step=event.step, total_steps=event.total_steps, epoch=event.epoch,
            total_epochs=event.total_epochs, device=event.device, elapsed_s=0.0, remaining_s=None,
        )  # fmt: skip
        assert self.trainer.control is not None
        self.trainer.control.request_snapshot()  # the first one at once: nobody wants to look at an empty map
        self.started.emit()
        session.logged.emit(
            f"Training {opened.run.name} on {event.device}: {event.parameters:,} parameters, "
            f"{event.train_images:,} + {event.validation_images:,} images"
        )

    def _on_measured(self, event: Measured) -> None:
        self.pace.measured(event.time_s - self._record_time, event.images_per_second)
        self._record_time = event.time_s
        state = self._session.training
        elapsed = time.monotonic() - self._began
        done, left = event.step - self._first_step, state.total_steps - event.step
        self._session.set_training(
            step=event.step,
            images_per_second=event.images_per_second,
            elapsed_s=elapsed,
            remaining_s=elapsed / done * left if done else None,
        )

    def _on_snapshot(self, event: Snapshot) -> None:
        """Decoding follows every snapshot; the map as often as it may without costing the training much."""
        run, control = self._session.run, self.trainer.control
        if run is None or control is None:
            return
        resting = self._session.training.phase in ("pausing", "paused")  # no other snapshot comes for a while
        with_map = self._session.history.shown is None and (self.pace.due() or resting)
        self._opening.follow(FromSnapshot(run.config, run.image_shape, run.class_names, event), with_map)
        self._next_snapshot.start()

    def _ask_snapshot(self) -> None:
        if self.trainer.control is not None:
            self.trainer.control.request_snapshot()

    def _on_ended(self, path: Path | None) -> None:
        self._session.set_training(phase="idle", note="", remaining_s=None)
        if path is not None and self._discard:
            self._opening.close()
            self._throw_away(path)
        elif path is not None and path.is_dir() and not self._failed:
            self._session.update_run(status=RunFolder(path).record.status)
            self._opening.settle(self._step)
        elif path is not None and path.is_dir():
            self._session.update_run(status=RunFolder(path).record.status)
        elif path is not None:  # its folder was taken away meanwhile
            self._opening.close()
        self.ended.emit()

    def _throw_away(self, path: Path) -> None:
        try:
            try:
                to_trash(str(path), self._root)
            except NoTrash:
                for_good(str(path), self._root)
        except (OSError, ValueError) as error:
            self._session.told.emit(str(error), True)
        else:
            self._session.told.emit(f"{path.name} was thrown away", False)
