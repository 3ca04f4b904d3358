"""One training in memory: its parts, and what is done with them together. Everything it writes, it writes here."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latentlab.config import RunConfig
from latentlab.evaluation.health import findings
from latentlab.events import Measured, Saved, Snapshot, Split, Started
from latentlab.images import Dataset, Indices
from latentlab.models.build import count_parameters
from latentlab.models.schedules import rate_factor, weight_factor
from latentlab.runs.files import write_whole
from latentlab.runs.folder import RunFolder
from latentlab.runs.history import History
from latentlab.runs.png import png_bytes
from latentlab.runs.record import ChangeRecord
from latentlab.training import checkpoint, last_good, previews
from latentlab.training.batches import ImageReader, batch_count, epoch_order, least_batch
from latentlab.training.devices import describe
from latentlab.training.distributed import ALONE, Ranks
from latentlab.training.divergence import worst_reconstruction
from latentlab.training.last_good import FORGIVEN_AFTER, MOST_ROLLBACKS, Copies
from latentlab.training.learner import Knobs, Learner
from latentlab.training.meter import Meter, NotFinite
from latentlab.training.progress import Progress

REMEMBERED_PER_EPOCH = 8  # training records that the health rules see
SNAPSHOT_GAP = 0.2  # seconds, at least, between two snapshots that were asked for


@dataclass
class Training:
    """The parts of a run in memory, and what is done with them together.

    Where it does not write (one of several processes that train together), it does all else just the same.
    """

    config: RunConfig
    dataset: Dataset
    run: RunFolder
    learner: Learner
    reader: ImageReader
    train_positions: Indices
    validation_positions: Indices
    meter: Meter
    progress: Progress
    ranks: Ranks = ALONE
    warnings: list[str] = field(default_factory=list)
    history: list[Measured] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)
    _unsaid: dict[str, str] = field(default_factory=dict)  # by its kind
    _saved: tuple[object, ...] | None = None
    _copies: Copies = field(default_factory=Copies)
    _sound: bool = True  # in all processes that train together, when they last met
    stepping: bool = False  # weights may be a step ahead of the counters
    _clock: float = field(default_factory=time.perf_counter)
    _snapshot_time: float = float("-inf")

    @property
    def writes(self) -> bool:
        """This process keeps the run folder."""
        return self.ranks.writes

    @property
    def steps_per_epoch(self) -> int:
        size, least = self.config.training.batch_size, least_batch(self.config, self.ranks)
        return batch_count(len(self.train_positions), size, least)

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.config.training.epochs

    @property
    def knobs(self) -> Knobs:
        """What the next step is done with: the person's values, and schedules over the steps first planned."""
        objective, progress = self.config.objective, self.progress
        step, total = progress.step, progress.planned_steps
        return Knobs(
            beta=progress.beta * weight_factor(objective.beta_schedule, step, total),
            capacity=(objective.capacity or 0.0) * weight_factor(objective.capacity_schedule, step, total),
            learning_rate=progress.learning_rate
            * rate_factor(self.config.training.learning_rate_schedule, step, total),
        )

    @property
    def order(self) -> Indices:
        """The positions of the present epoch, shuffled."""
        return epoch_order(self.train_positions, self.config.training.seed, self.progress.epoch)

    @property
    def record_due(self) -> bool:
        """After every `log_every` steps; where an epoch is shorter than that, at its end too."""
        every, steps = self.config.training.log_every, self.steps_per_epoch
        return self.progress.step % every == 0 or (steps < every and self.progress.batch == steps)

    @property
    def copy_due(self) -> bool:
        """A new copy of a good state is to be kept in memory."""
        return self.progress.step % last_good.steps_between(self.learner.device.type) == 0

    @property
    def checkpoint_due(self) -> bool:
        """After every `checkpoint_every` epochs, and after the last one."""
        settings, epoch = self.config.training, self.progress.epoch
        return epoch % settings.checkpoint_every == 0 or epoch >= settings.epochs

    @property
    def pictures_due(self) -> bool:
        every = self.config.training.pictures_every
        return bool(every) and self.progress.epoch % every == 0

    @property
    def snapshot_allowed(self) -> bool:
        return time.perf_counter() - self._snapshot_time >= SNAPSHOT_GAP

    def started(self) -> Started:
        progress, learner = self.progress, self.learner
        return Started(
            progress.step,
            progress.epoch,
            run=self.run.name,
            device=describe(learner.device) + ("" if self.ranks.alone else f", {self.ranks.world} processes"),
            parameters=count_parameters(learner.model),
            train_images=len(self.train_positions),
            validation_images=len(self.validation_positions),
            total_steps=self.total_steps,
            total_epochs=self.config.training.epochs,
        )

    def snapshot(self) -> Snapshot:
        """A frozen copy of the weights as they are now."""
        state = self.learner.snapshot()
        self._snapshot_time = time.perf_counter()
        precision = self.learner.precision if self.learner.device.type == "cpu" else "float32"
        return Snapshot(self.progress.step, self.progress.epoch, state, precision)

    def tick(self, count: bool = True) -> None:
        """Add the time since the last tick to the time spent training; with `count` false, leave it out (a pause)."""
        now = time.perf_counter()
        self.progress.seconds += (now - self._clock) if count else 0.0
        self._clock = now

    def note(self, **fields: object) -> None:
        """Change these fields of run.json. Raises OSError, and ValueError where the run is read-only."""
        if self.writes:
            self.run.update(**fields)

    def turn(self, beta: float, learning_rate: float) -> None:
        """Set the knobs for the steps to come, and note it in run.json. Raises OSError."""
        self.progress.beta, self.progress.learning_rate = beta, learning_rate
        change = ChangeRecord(step=self.progress.step, beta=beta, learning_rate=learning_rate)
        self.note(changes=[*self.run.record.changes, change])

    def record(self, split: Split, meter: Meter, knobs: Knobs) -> Measured:
        """The meter's means, appended to metrics.jsonl; clears the meter. Raises NotFinite and OSError."""
        meter.gather(self.ranks)
        means = meter.means()
        if means.reconstruction > worst_reconstruction(self.config.model, self.dataset.shape):
            raise NotFinite(f"the loss grew beyond bounds (to {means.objective:.2g} nats per image)")
        if split == "train":
            self._copies.recorded(self.progress.step)
            if self.progress.step - self.progress.rollback_step >= FORGIVEN_AFTER:
                self.progress.rollbacks = 0
        self.tick()
        measured = Measured(
            self.progress.step,
            self.progress.epoch,
            split=split,
            time_s=self.progress.seconds,
            neg_elbo=means.neg_elbo,
            reconstruction=means.reconstruction,
            kl=means.kl,
            kl_per_dim=means.kl_per_dim,
            objective=means.objective,
            beta=knobs.beta,
            learning_rate=knobs.learning_rate,
            images_per_second=meter.images_per_second,
        )
        meter.clear()
        self._remember(measured)
        if self.writes:
            self.run.metrics.append(measured.to_record())
        return measured

    def unsaid(self) -> list[str]:
        """A sentence on each thing that is not as it should be, as far as the curves show; each kind is said once."""
        if not self.writes:
            return []
        found = self._unsaid | {finding.kind: finding.sentence for finding in findings(self.history)}
        if (reason := self.learner.failed_capture) is not None:
            found["capture"] = f"this GPU's steps are launched one kernel at a time, which is slower: {reason}"
        return self.once(found)

    def once(self, found: Mapping[str, str]) -> list[str]:
        """Of these sentences by kind, those of a kind that was not told before."""
        new = [sentence for kind, sentence in found.items() if kind not in self._told]
        self._told |= found.keys()
        return new

    def together(self) -> None:
        """What processes that train together must do before a state is measured or kept: all of them, at one place."""
        if self.ranks.alone:
            return
        self.learner.agree()
        self.meter.gather(self.ranks)
        broken = not (self.learner.finite() and self.meter.finite())
        self._sound = not self.ranks.any(broken, self.learner.device)
        if not self.writes:
            self.meter.clear()  # the first one holds it all

    def save(self) -> Saved | None:
        """Write a checkpoint, unless just this state is saved already. Raises NotFinite and OSError."""
        if not self._sound:
            raise NotFinite("the loss became infinite or not a number")
        mark = self._mark()
        if mark == self._saved or not self.writes:
            return None
        self.tick()
        written = checkpoint.save(self.run, self.config, self.dataset, self.learner, self.progress, self.meter)
        self._saved = mark
        return Saved(self.progress.step, self.progress.epoch, path=str(written.path), best=written.best)

    def save_what_is_good(self) -> Saved | None:
        """Save as `save` does; where the present weights are broken, what the last copy holds. Raises OSError."""
        try:
            return self.save()
        except NotFinite:
            knobs = self.progress.beta, self.progress.learning_rate
            self.undo()
            self.turn(*knobs)  # the change that brought them may be among what is undone
            return self.save()

    def draw(self) -> list[Path]:
        """Write the pictures of this epoch, over older ones of the same epoch. Returns their paths. Raises OSError."""
        if not self.writes:
            return []
        positions = previews.shown_positions(self.validation_positions, self.train_positions)
        images, seed = self.reader.read(positions), self.config.training.seed
        try:
            pictures = previews.drawn(self.learner.shown.eval(), images, seed)
        finally:
            self.learner.model.train()
        paths = []
        for name, picture in pictures.items():
            folder = self.run.path / "pictures" / name
            folder.mkdir(parents=True, exist_ok=True)
            paths.append(folder / f"epoch-{self.progress.epoch:04d}.png")
            write_whole(paths[-1], png_bytes(picture))
        return paths

    def keep_copy(self) -> None:
        """Keep everything as it is now, in memory, to go back to. Raises NotFinite where a weight is no number."""
        self._copies.keep(last_good.taken(self.learner, self.meter, self.progress))

    def go_back(self, trouble: NotFinite) -> str:
        """Undo all steps since the last copy, and go on with half the learning rate. Returns what to tell the person.

        Raises `trouble` where that was done three times already, or there is no copy.
        """
        if self._copies.good is None or self.progress.rollbacks >= MOST_ROLLBACKS:
            raise trouble
        broken = self.progress.step
        self.undo()
        progress = self.progress
        progress.rollbacks += 1
        progress.rollback_step = progress.step
        self.turn(progress.beta, progress.learning_rate / 2)
        return (
            f"{trouble} near step {broken}: went back to step {progress.step} and goes on with half the learning rate, "
            f"{progress.learning_rate:g} (time {progress.rollbacks} of at most {MOST_ROLLBACKS})"
        )

    def undo(self) -> None:
        """Put everything back where the last copy was taken, its curves and changes too. Raises OSError."""
        good = self._copies.good
        assert good is not None, "a copy was kept"
        self._copies.forget_what_waits()
        self._sound, self.stepping = True, False
        self.progress = last_good.gone_back(good, self.learner, self.meter, self.progress)
        self.forget_what_follows()

    def forget_what_follows(self) -> None:
        """Cut curves, changes and past weights of what came after the present step. Raises OSError."""
        self._cut_metrics()
        if self.writes:
            self._cut_history()
        self.history.clear()
        for record in self.run.metrics.read():
            if (measured := Measured.from_record(record)) is not None:
                self._remember(measured)
        self.note(changes=[change for change in self.run.record.changes if change.step <= self.progress.step])

    def resumed(self) -> bool:
        """Go to the newest sound checkpoint, if there is one. Raises ValueError where none can be read or fits."""
        path, damaged = self.run.checkpoints.newest_good()
        self.warnings += damaged
        if path is None and damaged:
            raise ValueError(f"no checkpoint of {self.run.name} can be read: {damaged[0]}; train it again")
        if path is None:
            return False
        restored = checkpoint.restore(self.run, path, self.config, self.learner, self.meter)
        if not self.writes:
            self.meter.clear()  # what was counted so far is the first process's
        self.progress = restored.progress
        self.progress.planned_steps = self.progress.planned_steps or self.steps_per_epoch * restored.epochs
        self._saved = self._mark()
        if self.run.record.dataset.fingerprint != self.dataset.fingerprint:
            self.warnings.append("the images are not those that this run began with")
        if restored.precision != self.learner.precision:
            self.warnings.append(
                f"this run was trained in {restored.precision} and goes on in {self.learner.precision} on this machine"
            )
        return True

    def _cut_history(self) -> None:
        """What cannot be removed now, since someone reads it, ends no training: it goes with the next epoch kept."""
        try:
            History(self.run.path).cut_after(self.progress.step)
        except OSError as error:
            self._unsaid["history uncut"] = f"a past epoch that is undone is still there: {error.strerror or error}"

    def _cut_metrics(self) -> None:
        """Forget the records after the present step, and a validation of this step where that is yet to be done."""
        step, to_validate = self.progress.step, self.progress.batch >= self.steps_per_epoch

        def wanted(record: dict[str, Any]) -> bool:
            undone = to_validate and record["split"] == "validation"
            return bool(record["step"] < step or (record["step"] == step and not undone))

        if self.writes:
            self.run.metrics.keep(wanted)

    def _remember(self, measured: Measured) -> None:
        """Keep it for the health rules, of training a few of each epoch: a long run has a million records."""
        settings = self.config.training
        gap = max(1, self.steps_per_epoch // (REMEMBERED_PER_EPOCH * settings.log_every)) * settings.log_every
        if measured.split == "validation" or not self.history or measured.step % gap == 0:
            self.history.append(measured)

    def _mark(self) -> tuple[object, ...]:
        progress = self.progress
        return progress.step, progress.epoch, progress.beta, progress.learning_rate
