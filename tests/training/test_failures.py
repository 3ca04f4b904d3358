"""What goes wrong ends in one sentence, and what was saved before is still there."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from latentlab.events import Event, Failed, Finished, Measured, Saved
from latentlab.images import Dataset
from latentlab.runs.folder import RunFolder, open_run
from latentlab.training.control import Control
from latentlab.training.devices import choose_device, describe
from latentlab.training.loop import train
from latentlab.training.meter import NotFinite
from latentlab.training.preparation import prepare

Same = Callable[[RunFolder, RunFolder], None]


class Failing:
    """Pixels of which a reading fails."""

    def __init__(self, pixels: NDArray[np.uint8], reading: int, error: BaseException) -> None:
        self._pixels, self._reading, self._error = pixels, reading, error
        self.shape = pixels.shape

    def __getitem__(self, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        self._reading -= 1
        if self._reading == 0:
            raise self._error
        return self._pixels[positions]


def failing(workshop: Any, reading: int, error: BaseException) -> Dataset:
    """The 110 images of SMALL, of which the so-many-th reading fails; the first one is the fingerprint's."""
    from latentlab.images import limited

    train = limited(workshop.dataset.train, 110, seed=0)
    store = Failing(np.asarray(train.pixels), reading, error)
    return replace(workshop.dataset, train=replace(train, pixels=store))


def test_an_interrupt_keeps_a_checkpoint_and_passes_on(workshop: Any, same: Same) -> None:
    config = workshop.config()
    straight, interrupted = workshop.new(config), workshop.new(config)
    workshop.train(straight)
    with pytest.raises(KeyboardInterrupt):
        workshop.train(interrupted, dataset=failing(workshop, 7, KeyboardInterrupt()))
    assert open_run(interrupted.path).record.status == "stopped"
    assert interrupted.checkpoints.steps() == [4, 5]  # four steps, a validation, a step: the next reading failed
    workshop.train(interrupted)
    same(straight, interrupted)


def test_an_error_is_said_and_recorded(workshop: Any, same: Same) -> None:
    config = workshop.config()
    straight, failed = workshop.new(config), workshop.new(config)
    workshop.train(straight)
    events = workshop.train(failed, dataset=failing(workshop, 7, RuntimeError("the picture is gone\nand so on")))
    assert isinstance(events[-1], Failed)
    assert events[-1].step == 5
    assert (
        events[-1].message
        == "training failed at step 5: RuntimeError: the picture is gone; the checkpoint of step 4 is kept"
    )
    record = open_run(failed.path).record
    assert (record.status, record.message) == ("failed", events[-1].message)
    workshop.train(failed)
    assert open_run(failed.path).record.message is None
    same(straight, failed)


def test_a_loss_that_is_no_number_ends_the_training(workshop: Any) -> None:
    config = workshop.config(model={"hidden": [64] * 10}, training={"epochs": 100})
    run = workshop.new(config)
    control = Control()
    events = workshop.train(run, control=control, react=lambda event: isinstance(event, Saved) and control.set(lr=10.0))
    assert isinstance(events[-1], Failed)
    assert "most likely the learning rate 10 (try 0.001)" in events[-1].message
    assert not any(np.isnan(event.neg_elbo) for event in events if isinstance(event, Measured))
    path, damaged = run.checkpoints.newest_good()
    assert path is not None
    assert damaged == []
    assert f"the checkpoint of step {max(run.checkpoints.steps())} is kept" in events[-1].message
    from latentlab.models.weights import load_model

    assert all(bool(torch.isfinite(weight).all()) for weight in load_model(path).model.parameters())


def test_broken_weights_are_never_saved(workshop: Any) -> None:
    """The loss of a step is that of the weights before it, so it may be finite when the weights no longer are."""
    run = workshop.new(workshop.config())
    training = prepare(run.record.config, workshop.dataset, run)
    with torch.no_grad():
        next(training.learner.model.parameters())[0] = torch.nan
    with pytest.raises(NotFinite):
        training.save()
    assert run.checkpoints.steps() == []


def test_a_full_disk_costs_only_what_was_not_saved(workshop: Any, same: Same, monkeypatch: pytest.MonkeyPatch) -> None:
    config = workshop.config()
    straight, crowded = workshop.new(config), workshop.new(config)
    workshop.train(straight)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def react(event: Event) -> None:
        if isinstance(event, Saved):
            monkeypatch.setattr(os, "fsync", full)

    events = workshop.train(crowded, react=react)
    monkeypatch.undo()
    assert isinstance(events[-1], Failed)
    assert events[-1].message == "the disk is full: make room and resume the run; the checkpoint of step 4 is kept"
    assert crowded.checkpoints.steps() == [4]
    crowded.checkpoints.verify(crowded.checkpoints.path(4))
    workshop.train(crowded)
    same(straight, crowded)


def test_a_disk_that_is_full_from_the_first(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = workshop.new(workshop.config())
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    events = workshop.train(run, dataset=failing(workshop, 3, error))
    assert events[-1].message == "the disk is full: make room and resume the run; no checkpoint was saved yet"


def test_a_read_only_run_is_left_alone(workshop: Any) -> None:
    run = workshop.new(workshop.config())
    workshop.train(run)
    open_run(run.path).update(read_only=True)
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    run = open_run(run.path)
    (event,) = train(run.record.config, workshop.dataset, run)
    assert isinstance(event, Failed)
    assert "read-only" in event.message
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


def test_a_checkpoint_of_another_model_is_refused(workshop: Any) -> None:
    run = workshop.new(workshop.config())
    workshop.train(run)
    (event,) = train(workshop.config(model={"latent_dim": 5}), workshop.dataset, open_run(run.path))
    assert isinstance(event, Failed)
    assert "does not fit" in event.message
    assert run.checkpoints.steps() == [8, 12]
    assert open_run(run.path).record.config == workshop.config()


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_named(workshop: Any, kind: str) -> None:
    there = torch.cuda.is_available() if kind == "cuda" else torch.backends.mps.is_available()
    if there:
        pytest.skip("it is there")
    with pytest.raises(ValueError, match=kind.upper()):
        choose_device(kind)  # type: ignore[arg-type]
    (event,) = workshop.train(workshop.new(workshop.config(training={"device": kind})))
    assert isinstance(event, Failed)
    assert kind.upper() in event.message


def test_there_is_always_a_device() -> None:
    assert describe(choose_device("auto"))
    assert describe(choose_device("cpu")) == "cpu (1 thread)"


def test_after_a_failure_nothing_more_comes(workshop: Any) -> None:
    events = workshop.train(workshop.new(workshop.config()), dataset=failing(workshop, 3, RuntimeError("no")))
    assert sum(isinstance(event, Failed | Finished) for event in events) == 1
