"""Going on after an end, however it came, gives the same bits as never having stopped."""

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from latentlab.events import EpochEnded, Event, Finished, Measured, Saved, Snapshot, Started, Warned
from latentlab.runs.folder import RunFolder, open_run
from latentlab.training.control import Control

Same = Callable[[RunFolder, RunFolder], None]
MODELS: dict[str, dict[str, Any]] = {
    "mlp": {},
    "conv": {"network": "conv", "hidden": [4, 8], "norm": "batch", "binarize": "fresh"},
    "cvae": {"kind": "cvae", "likelihood": "gaussian"},
}

SCHEDULE = {"shape": "cyclical", "cycles": 2}
OPTIONS: dict[str, dict[str, Any]] = {
    "running mean, batch norm": {"model": {"norm": "batch"}, "training": {"ema": 0.9}},
    "schedules": {
        "model": {"kind": "beta-vae"},
        "objective": {"beta": 3.0, "beta_schedule": SCHEDULE, "free_bits": 0.1},
        "training": {"learning_rate_schedule": {"shape": "one-cycle"}},
    },
    "capacity": {"model": {"kind": "beta-vae"}, "objective": {"kind": "capacity", "capacity": 5.0}},
    "several draws": {"objective": {"kind": "iwae", "samples": 3}},
    "clipping, decay": {"training": {"clip_norm": 1.0, "weight_decay": 0.1, "ema": 0.99}},
    "augmentation": {"data": {"augment": ["flip", "crop"]}},
    "recomputing": {"model": {"network": "conv", "hidden": [4, 8]}, "training": {"recompute": True}},
    "bfloat16": {"model": {"network": "conv", "hidden": [4, 8]}, "training": {"precision": "bfloat16"}},
    "a prior for each class": {"model": {"kind": "cvae", "prior": "conditional"}},
    "residual, group norm": {"model": {"network": "residual", "hidden": [8], "norm": "group", "decoder": "upsample"}},
    "optimal sigma": {"model": {"likelihood": "gaussian", "sigma": "optimal"}},
    "discretised logistic": {"model": {"likelihood": "discretized-logistic"}},
}


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_resumes_to_the_same_bits(workshop: Any, same: Same, option: str) -> None:
    """Stopped in mid-epoch, and with the records of both sides of the stop in one mean."""
    sections = OPTIONS[option]
    config = workshop.config(**{**sections, "training": {"log_every": 4, **sections.get("training", {})}})
    straight, halting = workshop.new(config), workshop.new(config)
    workshop.train(straight)
    control = Control()

    def request(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 1:
            control.request_snapshot()
        if isinstance(event, Snapshot):
            control.stop()

    assert workshop.train(halting, control=control, react=request)[-1].step < 12
    assert isinstance(workshop.train(halting)[-1], Finished)
    same(straight, halting)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("moment", ["mid-epoch", "before validation", "epoch's end"])
def test_stop_and_resume_is_bit_identical_to_not_stopping(workshop: Any, same: Same, model: str, moment: str) -> None:
    config = workshop.config(model=MODELS[model])
    straight, halting = workshop.new(config), workshop.new(config)
    workshop.train(straight)
    control = Control()

    def stop(event: Event) -> None:
        reached = {
            "mid-epoch": isinstance(event, Measured) and event.step == 6,
            "before validation": isinstance(event, Measured) and event.step == 8,
            "epoch's end": isinstance(event, EpochEnded) and event.epoch == 2,
        }
        if reached[moment]:
            control.stop()

    first = workshop.train(halting, control=control, react=stop)
    assert first[-1] == Finished(first[-1].step, first[-1].epoch, "stopped", first[-1].seconds)
    assert first[-1].step == (6 if moment == "mid-epoch" else 8)
    assert open_run(halting.path).record.status == "stopped"
    second = workshop.train(halting)
    assert second[0].step == first[-1].step
    assert isinstance(second[-1], Finished)
    assert second[-1].reason == "completed"
    same(straight, halting)


def test_the_generator_may_be_closed_after_any_event(workshop: Any, same: Same) -> None:
    config = workshop.config(training={"epochs": 2, "checkpoint_every": 2})
    straight = workshop.new(config)
    events = workshop.train(straight)
    assert len(events) > 12
    for count in range(1, len(events)):
        closed = workshop.new(config)
        assert len(workshop.train(closed, close_after=count)) == count
        assert open_run(closed.path).record.status == "stopped"
        workshop.train(closed)
        same(straight, closed)


def test_a_record_over_a_stop_counts_the_steps_on_both_sides(workshop: Any, same: Same) -> None:
    config = workshop.config(training={"log_every": 3})
    straight, halting = workshop.new(config), workshop.new(config)
    workshop.train(straight)
    control = Control()
    workshop.train(halting, control=control, react=lambda event: isinstance(event, EpochEnded) and control.stop())
    workshop.train(halting)
    same(straight, halting)


def test_a_damaged_checkpoint_costs_only_itself(workshop: Any, same: Same) -> None:
    config = workshop.config()
    straight, hurt = workshop.new(config), workshop.new(config)
    workshop.train(straight)
    workshop.train(hurt)
    weights = hurt.checkpoints.path(12) / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    events = workshop.train(hurt)
    assert isinstance(events[0], Started)
    assert events[0].step == 8
    warning = next(event for event in events if isinstance(event, Warned))
    assert "step-000000012" in warning.message
    assert "model.safetensors" in warning.message
    same(straight, hurt)


def test_with_every_checkpoint_damaged_nothing_is_lost_and_it_says_so(workshop: Any) -> None:
    run = workshop.new(workshop.config())
    workshop.train(run)
    for step in run.checkpoints.steps():
        (run.checkpoints.path(step) / "state.json").write_text("{}")
    before = run.metrics.path.read_bytes()
    (event,) = workshop.train(run)
    assert "no checkpoint" in event.message
    assert "state.json" in event.message
    assert run.metrics.path.read_bytes() == before


def test_more_epochs_after_the_end_are_like_having_asked_for_them_at_first(workshop: Any, same: Same) -> None:
    straight, longer = workshop.new(workshop.config(training={"epochs": 5})), workshop.new(workshop.config())
    workshop.train(straight)
    workshop.train(longer)
    events = workshop.train(longer, epochs=5)
    assert events[0].total_epochs == 5
    assert open_run(longer.path).record.config.training.epochs == 5
    same(straight, longer)


def test_nothing_is_done_where_all_epochs_are(workshop: Any) -> None:
    run = workshop.new(workshop.config())
    workshop.train(run)
    before = run.metrics.path.read_bytes()
    events = workshop.train(run)
    assert [type(event) for event in events] == [Started, Finished]
    assert run.metrics.path.read_bytes() == before
    assert open_run(run.path).record.status == "completed"


def test_what_was_recorded_after_the_checkpoint_is_cut(workshop: Any, same: Same) -> None:
    config = workshop.config()
    straight, killed = workshop.new(config), workshop.new(config)
    workshop.train(straight)
    control = Control()
    control.set(lr=0.5)
    control.set(lr=1e-3)

    def change_back(event: Event) -> None:
        if isinstance(event, Measured) and event.step == 9:
            control.set(lr=0.5)

    workshop.train(killed, control=control, react=change_back)
    shutil.rmtree(killed.checkpoints.path(12))  # as though it had been killed before saving that one
    assert [change.step for change in open_run(killed.path).record.changes] == [0, 9]
    events = workshop.train(killed)
    assert events[0].step == 8
    assert [change.step for change in open_run(killed.path).record.changes] == [0]
    same(straight, killed)


def test_killed_before_its_first_checkpoint_a_run_begins_again(workshop: Any, same: Same) -> None:
    config = workshop.config()
    straight, killed = workshop.new(config), workshop.new(config)
    workshop.train(straight)
    workshop.train(killed)
    shutil.rmtree(killed.checkpoints.folder)
    workshop.train(killed)
    same(straight, killed)


def test_the_knobs_stay_where_they_were_turned_to(workshop: Any, same: Same) -> None:
    config = workshop.config(model={"kind": "beta-vae"}, objective={"beta": 4.0})
    straight, halting = workshop.new(config), workshop.new(config)
    for run in (straight, halting):
        control = Control()
        control.set(beta=2.5, lr=2e-3)
        stop = control.stop if run is halting else lambda: None
        workshop.train(run, control=control, react=lambda event, stop=stop: isinstance(event, EpochEnded) and stop())
    events = workshop.train(halting)
    measured = next(event for event in events if isinstance(event, Measured))
    assert (measured.beta, measured.learning_rate) == (2.5, 2e-3)
    same(straight, halting)


def test_the_best_checkpoint_outlives_newer_ones(workshop: Any) -> None:
    run = workshop.new(workshop.config(training={"epochs": 6, "learning_rate": 5e-3}))
    control = Control()

    def spoil(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            control.set(lr=2.0)

    events = workshop.train(run, control=control, react=spoil)
    validations = {
        event.step: event.neg_elbo for event in events if isinstance(event, Measured) and event.split == "validation"
    }
    best = min(validations, key=lambda step: validations[step])
    assert best == 8
    saved = [event for event in events if isinstance(event, Saved)]
    assert [event.step for event in saved if event.best][-1] == best
    assert run.checkpoints.steps() == [8, 20, 24]


def test_other_images_than_before_are_noticed(workshop: Any) -> None:
    from dataclasses import replace

    import numpy as np

    run = workshop.new(workshop.config())
    workshop.train(run)
    train = workshop.dataset.train
    other = replace(workshop.dataset, train=replace(train, pixels=255 - np.asarray(train.pixels)))
    events = workshop.train(run, epochs=4, dataset=other)
    assert any(isinstance(event, Warned) and "images" in event.message for event in events)
