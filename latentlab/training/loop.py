"""Training as a generator of events: ask for the next one, and training goes on to it.

    for event in train(config, dataset, run, control): ...

It prints nothing and knows no window. What is asked for through `control` is looked at before every batch.
"""

import contextlib
import logging
import time
from collections.abc import Generator, Iterator
from typing import Literal

from latentlab.config import RunConfig, merge
from latentlab.events import Changed, EpochEnded, Event, Failed, Finished, Measured, Paused, Resumed, Warned
from latentlab.images import Dataset
from latentlab.runs.folder import RunFolder
from latentlab.training.control import Control
from latentlab.training.distributed import ALONE, Ranks
from latentlab.training.failures import explain
from latentlab.training.history import remember
from latentlab.training.meter import Meter, NotFinite
from latentlab.training.preparation import prepare
from latentlab.training.training import Training

VALIDATION_BATCH = 256  # images, at most
VALIDATION_BATCHES = 4  # times the size of training's: without gradients so many take less memory than one with

logger = logging.getLogger(__name__)


class Stopping(Exception):
    """A stop was asked for."""


def train(
    config: RunConfig, dataset: Dataset, run: RunFolder, control: Control | None = None, ranks: Ranks = ALONE
) -> Generator[Event, None, None]:
    """Train `run` up to `config.training.epochs` in total, from its newest sound checkpoint where there is one.

    The caller holds the run's lock. Uses the training part of `dataset` alone. Writes metrics, checkpoints, pictures
    and run.json itself. An error becomes a last `Failed` event; KeyboardInterrupt, and closing the generator, save a
    checkpoint and pass on.

    Several processes train one run where each calls this with its own `ranks`: they take their steps together, the
    first one keeps the run folder, and the events of all are the same but for those that tell of files.
    """
    control = control or Control()
    began = time.perf_counter()
    training: Training | None = None
    try:
        if ranks.writes:
            run.update(status="training", message=None)
        training = prepare(config, dataset, run, ranks)
        yield training.started()
        for message in training.warnings:
            yield Warned(*_where(training), message=message)
        reason: Literal["completed", "stopped"] = "completed"
        try:
            yield from _run(training, control)
        except Stopping:
            reason = "stopped"
        yield from _end(training, control, reason)
    except (KeyboardInterrupt, GeneratorExit):
        _keep(run, training)
        raise
    except Exception as error:
        yield _fail(error, run, training)
        return
    yield Finished(*_where(training), reason=reason, seconds=time.perf_counter() - began)


def _run(training: Training, control: Control) -> Iterator[Event]:
    """All epochs, with what breaks undone. Raises NotFinite where that does not help, and Stopping."""
    yield from _remember(training)
    while training.progress.epoch < training.config.training.epochs:
        try:
            yield from _learn(training, control)
            yield from _end_epoch(training, control)
        except NotFinite as trouble:
            yield from _go_back(training, control, trouble)


def _learn(training: Training, control: Control) -> Iterator[Event]:
    """The steps of the present epoch that are not yet done."""
    progress, meter = training.progress, training.meter
    batches = training.reader.batches(training.order, training.config.training.batch_size, first=progress.batch)
    with contextlib.closing(batches):
        for _ in range(progress.batch, training.steps_per_epoch):
            yield from _attend(training, control)
            knobs = training.knobs
            with meter.timed():
                batch = next(batches)
                training.stepping = True
                meter.add(training.learner.step(batch, knobs), len(batch))
                progress.stepped()
                training.stepping = False
            if training.record_due:
                yield training.record("train", meter, knobs)
            if training.copy_due:
                training.keep_copy()


def _end_epoch(training: Training, control: Control) -> Iterator[Event]:
    """Validation, then what a person sees and keeps of an epoch."""
    training.together()
    measured = (yield from _validate(training, control)) if len(training.validation_positions) else None
    training.progress.epoch_ended(None if measured is None else measured.neg_elbo)
    if measured is not None:
        yield measured
    yield EpochEnded(*_where(training))
    for message in training.unsaid():
        yield Warned(*_where(training), message=message)
    if control.snapshots:
        yield training.snapshot()
    yield from _remember(training)
    if training.pictures_due:
        training.draw()
    if training.checkpoint_due:
        saved = training.save()
        training.keep_copy()
        if saved:
            yield saved


def _remember(training: Training) -> Iterator[Event]:
    for message in remember(training):
        yield Warned(*_where(training), message=message)


def _validate(training: Training, control: Control) -> Generator[Event, None, Measured]:
    """The true terms (beta = 1) over all held-out images, with the same noise every time."""
    learner, size = training.learner, training.config.training.batch_size
    meter, noise = Meter(training.config.model.latent_dim, learner.device), learner.validation_noise()
    batches = training.reader.batches(training.validation_positions, min(VALIDATION_BATCH, VALIDATION_BATCHES * size))
    with contextlib.closing(batches):
        for batch in batches:
            yield from _attend(training, control)
            with meter.timed():
                meter.add(learner.measure(batch, noise), len(batch))
    return training.record("validation", meter, training.knobs._replace(beta=1.0))


def _go_back(training: Training, control: Control, trouble: NotFinite) -> Iterator[Event]:
    """Undo what broke and go on with half the learning rate. Raises `trouble` where that was done too often."""
    message = training.go_back(trouble)
    progress = training.progress
    yield Warned(*_where(training), message=message)
    yield Changed(*_where(training), beta=progress.beta, learning_rate=progress.learning_rate)
    if control.snapshots:
        yield training.snapshot()


def _attend(training: Training, control: Control) -> Iterator[Event]:
    """Do what was asked for since the last batch. Raises Stopping."""
    if control.paused and not control.stopped:
        yield from _pause(training, control)
    if training.ranks.alone:
        stopped = control.stopped
    else:  # all of them stop, at the same step
        stopped = training.record_due and training.ranks.any(control.stopped, training.learner.device)
    if stopped:
        raise Stopping
    yield from _change(training, control)
    if control.snapshot_wanted and training.snapshot_allowed:
        control.snapshot_given()
        yield training.snapshot()


def _pause(training: Training, control: Control) -> Iterator[Event]:
    """Show the weights as they are and wait."""
    training.tick()
    yield Paused(*_where(training))
    if control.snapshots:
        yield training.snapshot()
    control.wait()
    training.tick(count=False)
    if not control.stopped:
        yield Resumed(*_where(training))


def _change(training: Training, control: Control) -> Iterator[Event]:
    """Turn the knobs, and note it in run.json. What the configuration would not allow is refused with a warning."""
    change, progress = control.take_change(), training.progress
    if change.beta is None and change.lr is None:
        return
    beta = progress.beta if change.beta is None else change.beta
    rate = progress.learning_rate if change.lr is None else change.lr
    knobs = {"objective": {"beta": beta}, "training": {"learning_rate": rate}}
    try:
        RunConfig.parse(merge(training.config.to_dict(), knobs))
    except ValueError as error:
        yield Warned(*_where(training), message=f"not changed: {error}")
        return
    if change.lr is not None:
        progress.rollbacks = 0  # a person's own rate is a new beginning
    training.turn(beta, rate)
    yield Changed(*_where(training), beta=beta, learning_rate=rate)


def _end(training: Training, control: Control, reason: Literal["completed", "stopped"]) -> Iterator[Event]:
    """Keep what was learnt, and say so."""
    training.together()
    if saved := training.save_what_is_good():
        yield saved
    if control.snapshots:
        yield training.snapshot()
    training.note(status=reason)


def _keep(run: RunFolder, training: Training | None) -> None:
    """Interrupted: save without yielding anything. A failure is noted in run.json, where that can be written."""
    status, message = "stopped", None
    try:
        if training is not None and training.ranks.alone:
            if training.stepping:  # the weights may be a step ahead: resuming would take that one twice
                training.undo()
            training.save_what_is_good()
    except Exception as error:
        status, message = "failed", _sentence(error, run, training)
    if training is None or training.writes:
        with contextlib.suppress(OSError, ValueError):
            run.update(status=status, message=message)


def _fail(error: Exception, run: RunFolder, training: Training | None) -> Failed:
    """The last event of a training that cannot go on; what was saved before stays."""
    logger.debug("training failed", exc_info=error)
    sentence = _sentence(error, run, training)
    if training is None or training.writes:
        with contextlib.suppress(OSError, ValueError):
            run.update(status="failed", message=sentence)
    return Failed(*((0, 0) if training is None else _where(training)), message=sentence)


def _sentence(error: Exception, run: RunFolder, training: Training | None) -> str:
    return explain(error, training, max(run.checkpoints.steps(), default=None))


def _where(training: Training) -> tuple[int, int]:
    return training.progress.step, training.progress.epoch
