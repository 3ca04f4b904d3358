"""Everything one training holds, made new or put where the newest sound checkpoint stood."""

import time
from dataclasses import dataclass, field

from latentlab.config import RunConfig
from latentlab.events import Measured, Saved, Snapshot, Split, Started
from latentlab.images import Dataset, Indices, held_out, limited, split_sizes
from latentlab.models import build
from latentlab.models.schedules import rate_factor, weight_factor
from latentlab.runs.folder import RunFolder
from latentlab.training import checkpoint
from latentlab.training.batches import ImageReader, epoch_order, spans
from latentlab.training.devices import choose_device, describe
from latentlab.training.learner import Knobs, Learner
from latentlab.training.meter import Meter
from latentlab.training.progress import Progress

SNAPSHOT_GAP = 0.2  # seconds, at least, between two snapshots that were asked for


@dataclass
class Training:
    """The parts of a run in memory, and what is done with them together."""

    config: RunConfig
    dataset: Dataset
    run: RunFolder
    learner: Learner
    reader: ImageReader
    train_positions: Indices
    validation_positions: Indices
    meter: Meter
    progress: Progress
    warnings: list[str] = field(default_factory=list)
    _saved: tuple[object, ...] | None = None
    _clock: float = field(default_factory=time.perf_counter)
    _snapshot_time: float = float("-inf")

    @property
    def steps_per_epoch(self) -> int:
        return len(spans(len(self.train_positions), self.config.training.batch_size))

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.config.training.epochs

    @property
    def knobs(self) -> Knobs:
        """What the next step is done with, schedules included."""
        objective, step, total = self.config.objective, self.progress.step, self.total_steps
        return Knobs(
            self.progress.beta * weight_factor(objective.beta_schedule, step, total),
            (objective.capacity or 0.0) * weight_factor(objective.capacity_schedule, step, total),
            self.progress.learning_rate * rate_factor(self.config.training.learning_rate_schedule, step, total),
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
    def snapshot_allowed(self) -> bool:
        return time.perf_counter() - self._snapshot_time >= SNAPSHOT_GAP

    def started(self) -> Started:
        progress, learner = self.progress, self.learner
        return Started(
            progress.step,
            progress.epoch,
            run=self.run.name,
            device=describe(learner.device),
            parameters=build.count_parameters(learner.model),
            train_images=len(self.train_positions),
            validation_images=len(self.validation_positions),
            total_steps=self.total_steps,
            total_epochs=self.config.training.epochs,
        )

    def snapshot(self) -> Snapshot:
        """A frozen copy of the weights as they are now."""
        state = self.learner.snapshot()
        self._snapshot_time = time.perf_counter()
        return Snapshot(self.progress.step, self.progress.epoch, state)

    def record(self, split: Split, meter: Meter, knobs: Knobs) -> Measured:
        """The meter's means, appended to metrics.jsonl; clears the meter. Raises NotFinite and OSError."""
        means = meter.means()
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
        self.run.metrics.append(measured.to_record())
        return measured

    def save(self) -> Saved | None:
        """Write a checkpoint, unless just this state is saved already. Raises NotFinite and OSError."""
        mark = self._mark()
        if mark == self._saved:
            return None
        self.tick()
        written = checkpoint.save(self.run, self.config, self.dataset, self.learner, self.progress, self.meter)
        self._saved = mark
        return Saved(self.progress.step, self.progress.epoch, path=str(written.path), best=written.best)

    def tick(self, count: bool = True) -> None:
        """Add the time since the last tick to the time spent training; with `count` false, leave it out (a pause)."""
        now = time.perf_counter()
        self.progress.seconds += (now - self._clock) if count else 0.0
        self._clock = now

    def resume(self) -> None:
        """Go to the newest sound checkpoint, where there is one, and forget what was recorded after it."""
        path, damaged = self.run.checkpoints.newest_good()
        self.warnings += damaged
        if path is None and damaged:
            raise ValueError(f"no checkpoint of {self.run.name} can be read: {damaged[0]}; train it again")
        if path is not None:
            self.progress = checkpoint.restore(self.run, path, self.config, self.learner, self.meter)
            self._saved = self._mark()
            if self.run.record.dataset.fingerprint != self.dataset.fingerprint:
                self.warnings.append("the images are not those that this run began with")
        self._cut_metrics()
        changes = [change for change in self.run.record.changes if change.step <= self.progress.step]
        self.run.update(changes=changes)

    def _cut_metrics(self) -> None:
        """Forget the records after the checkpoint, and a validation of its very step where that is yet to be done."""
        metrics, step = self.run.metrics, self.progress.step
        metrics.cut_after(step)
        if self.progress.batch >= self.steps_per_epoch:
            mine = [record for record in metrics.read() if record["step"] == step and record["split"] == "train"]
            metrics.cut_after(step - 1)
            for record in mine:
                metrics.append(record)

    def _mark(self) -> tuple[object, ...]:
        progress = self.progress
        return progress.step, progress.epoch, progress.beta, progress.learning_rate


def check(config: RunConfig, dataset: Dataset) -> None:
    """Raises ValueError for what would stop this training before its first step."""
    choose_device(config.training.device)
    if not len(dataset.train):
        raise ValueError(f"{dataset.name} has no images to train on")
    if config.model.kind == "cvae" and not dataset.num_classes:
        raise ValueError(f"a CVAE needs labels and {dataset.name} has none; choose the model vae or beta-vae")
    train, _ = split_sizes(len(dataset.train), config.data.limit, config.data.val_fraction)
    if config.model.norm == "batch" and min(train, config.training.batch_size) == 1:
        raise ValueError("batch normalisation cannot learn from one image at a time: take larger batches, or norm none")
    build.check(config.model, dataset.shape, dataset.num_classes)


def prepare(config: RunConfig, dataset: Dataset, run: RunFolder) -> Training:
    """The run's training at its beginning or, where it has checkpoints, at the newest sound one. Raises ValueError."""
    check(config, dataset)
    settings = config.training
    device = choose_device(settings.device)
    images = limited(dataset.train, config.data.limit, settings.seed)
    train_positions, validation_positions = held_out(images, config.data.val_fraction, settings.seed)
    learner = Learner(config, dataset, device)
    training = Training(
        config=config,
        dataset=dataset,
        run=run,
        learner=learner,
        reader=ImageReader(images, device, labelled=learner.conditional),
        train_positions=train_positions,
        validation_positions=validation_positions,
        meter=Meter(config.model.latent_dim, device),
        progress=Progress(config.objective.beta, settings.learning_rate),
    )
    training.resume()
    schedule = config.objective.beta_schedule
    if schedule.shape != "constant" and (schedule.steps or 0) > training.total_steps:
        steps = f"{schedule.steps} steps but the training {training.total_steps}"
        training.warnings.append(f"the warm-up of beta takes {steps}: beta will not be reached")
    return training
