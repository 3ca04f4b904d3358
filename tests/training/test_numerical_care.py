"""A loss that breaks is undone, three times at most; what is said names the likely cause; healthy runs never see it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from latentlab.config import ModelConfig, RunConfig
from latentlab.events import Changed, EpochEnded, Event, Failed, Finished, Measured, Saved, Warned
from latentlab.runs.folder import RunFolder, open_run
from latentlab.training import last_good, loop
from latentlab.training.control import Control
from latentlab.training.divergence import FACTOR, worst_reconstruction
from latentlab.training.failures import likely_cause
from latentlab.training.training import Training

Same = Callable[[RunFolder, RunFolder], None]
HUNDRED_STEPS = {"training": {"epochs": 25, "checkpoint_every": 25}}


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[Training]:
    """The trainings that the loop has prepared so far: what a test puts a NaN into."""
    made: list[Training] = []
    prepare = loop.prepare

    def noted(*arguments: Any) -> Training:
        made.append(prepare(*arguments))
        return made[-1]

    monkeypatch.setattr(loop, "prepare", noted)
    return made


def spoil(training: Training) -> None:
    with torch.no_grad():
        next(training.learner.model.parameters()).view(-1)[0] = torch.nan


def spoiling(trainings: list[Training], *steps: int) -> Callable[[Event], None]:
    """A reaction that puts a NaN into a weight the first time that each of these steps is recorded."""
    left = list(steps)

    def react(event: Event) -> None:
        if isinstance(event, Measured) and event.split == "train" and event.step in left:
            left.remove(event.step)
            spoil(trainings[-1])

    return react


def warnings(events: list[Event]) -> list[str]:
    return [event.message for event in events if isinstance(event, Warned)]


def test_a_weight_that_is_no_number_is_undone(
    workshop: Any, trainings: list[Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_good, "STEPS_BETWEEN", {"cpu": 20})
    run = workshop.new(workshop.config(**HUNDRED_STEPS))
    events = workshop.train(run, react=spoiling(trainings, 50))
    assert isinstance(events[-1], Finished)
    assert events[-1].step == 100
    assert warnings(events) == [
        "the loss became infinite or not a number near step 51: went back to step 40 and goes on with half the "
        "learning rate, 0.0005 (time 1 of at most 3)"
    ]
    changed = next(event for event in events if isinstance(event, Changed))
    assert (changed.step, changed.learning_rate) == (40, 5e-4)
    (change,) = open_run(run.path).record.changes
    assert (change.step, change.learning_rate) == (40, 5e-4)
    records = [record for record in run.metrics.read() if record["split"] == "train"]
    assert [record["step"] for record in records] == list(range(1, 101)), "undone steps are cut"
    assert [record["learning_rate"] for record in records] == [1e-3] * 40 + [5e-4] * 60


def test_what_is_undone_is_as_though_it_had_not_been(workshop: Any, trainings: list[Training], same: Same) -> None:
    """The same bits as a run whose learning rate was halved there by hand: noise, order and moments went back too."""
    config = workshop.config(model={"binarize": "fresh", "norm": "batch"}, training={"epochs": 5, "log_every": 5})
    undone, straight = workshop.new(config), workshop.new(config)
    workshop.train(undone, react=spoiling(trainings, 15))
    control = Control()

    def halve(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 3:
            control.set(lr=5e-4)

    events = workshop.train(straight, control=control, react=halve)
    assert next(event.step for event in events if isinstance(event, Changed)) == 12
    same(undone, straight)


@pytest.mark.parametrize("moment", ["after going back", "much later"])
def test_a_run_that_was_undone_resumes_to_the_same_bits(
    workshop: Any, trainings: list[Training], same: Same, moment: str
) -> None:
    config = workshop.config(training={"epochs": 5, "ema": 0.9})
    straight, halting = workshop.new(config), workshop.new(config)
    workshop.train(straight, react=spoiling(trainings, 6))
    react, control = spoiling(trainings, 6), Control()

    def stop(event: Event) -> None:
        react(event)
        if isinstance(event, Warned) if moment == "after going back" else event.step == 14:
            control.stop()

    assert workshop.train(halting, control=control, react=stop)[-1].reason == "stopped"
    workshop.train(halting)
    assert trainings[-1].progress.rollbacks == 1
    same(straight, halting)
    assert open_run(straight.path).record.changes == open_run(halting.path).record.changes


def test_after_three_times_it_ends_with_the_likely_cause(workshop: Any, trainings: list[Training]) -> None:
    run = workshop.new(workshop.config(training={"epochs": 9}))

    def react(event: Event) -> None:
        if isinstance(event, Measured) and event.step == 6:
            spoil(trainings[-1])

    events = workshop.train(run, react=react)
    assert [message.partition("(")[2] for message in warnings(events)] == [f"time {n} of at most 3)" for n in (1, 2, 3)]
    assert isinstance(events[-1], Failed)
    assert events[-1].message == (
        "the loss became infinite or not a number near step 7, though the learning rate was halved 3 times: most "
        "likely the learning rate 0.001 (try 0.0001, or a clip norm of 10); if not, the data, where pictures are all "
        "alike or all noise; the checkpoint of step 4 is kept"
    )
    assert open_run(run.path).record.status == "failed"
    assert run.checkpoints.steps() == [4]


def test_a_person_s_own_learning_rate_is_a_new_beginning(workshop: Any, trainings: list[Training]) -> None:
    control = Control()
    react = spoiling(trainings, 5, 9)

    def turn(event: Event) -> None:
        react(event)
        if isinstance(event, Measured) and event.step == 7:
            control.set(lr=2e-3)

    events = workshop.train(workshop.new(workshop.config()), control=control, react=turn)
    assert [message.partition("(")[2] for message in warnings(events)] == ["time 1 of at most 3)"] * 2
    assert [event.learning_rate for event in events if isinstance(event, Changed)] == [5e-4, 2e-3, 1e-3]


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_learning_rate_ten(workshop: Any, network: str) -> None:
    model = {"network": network, "hidden": [16, 16]}
    run = workshop.new(workshop.config(model=model, training={"learning_rate": 10.0, "log_every": 10, "epochs": 20}))
    events = workshop.train(run)
    assert [event.learning_rate for event in events if isinstance(event, Changed)] == [5.0, 2.5, 1.25]
    assert all("grew beyond bounds" in message for message in warnings(events))
    assert isinstance(events[-1], Failed)
    assert "halved 3 times: most likely the learning rate 10 (try 0.001)" in events[-1].message


HEALTHY: dict[str, dict[str, Any]] = {
    "vae": {},
    "large learning rate": {"training": {"learning_rate": 1e-2}},
    "gaussian": {"model": {"likelihood": "gaussian"}, "training": {"learning_rate": 1e-2}},
    "gaussian of small sigma": {"model": {"likelihood": "gaussian", "sigma": 0.01}},
    "optimal sigma": {"model": {"likelihood": "gaussian", "sigma": "optimal"}},
    "plain autoencoder": {
        "model": {"kind": "beta-vae"},
        "objective": {"beta": 0.0},
        "training": {"learning_rate": 1e-2},
    },
    "heavy beta that comes late": {
        "model": {"kind": "beta-vae"},
        "objective": {"beta": 500.0, "beta_schedule": {"shape": "cyclical"}},
        "training": {"learning_rate": 1e-2},
    },
    "capacity": {
        "model": {"kind": "beta-vae"},
        "objective": {"kind": "capacity", "capacity": 25.0, "capacity_weight": 1e6},
        "training": {"learning_rate": 1e-2},
    },
    "batch norm": {"model": {"norm": "batch"}, "training": {"learning_rate": 1e-2}},
}


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_runs_are_left_alone(workshop: Any, name: str) -> None:
    sections = {"data": {"limit": 600}, **HEALTHY[name]}
    sections["training"] = {"epochs": 8, "checkpoint_every": 8, **sections.get("training", {})}
    config = workshop.config(**sections)
    events = workshop.train(workshop.new(config))
    assert isinstance(events[-1], Finished), events[-1]
    assert warnings(events) == []
    bound = worst_reconstruction(config.model, workshop.dataset.shape)
    largest = max(event.reconstruction for event in events if isinstance(event, Measured))
    assert largest < bound / 2


def test_the_bound_is_ten_times_the_cost_of_guessing() -> None:
    shape = (3, 8, 8)
    assert worst_reconstruction(ModelConfig(), shape) == pytest.approx(FACTOR * 192 * np.log(256))
    small = ModelConfig(likelihood="gaussian", sigma=0.1)
    assert worst_reconstruction(small, shape) == pytest.approx(FACTOR * 192 * (np.log(256) + 50))


@pytest.mark.parametrize(
    ("sections", "rate", "precision", "first"),
    [
        ({}, 10.0, "bfloat16", "most likely the learning rate 10 (try 0.001)"),
        ({}, 1e-3, "bfloat16", "most likely the precision bfloat16 (try float32)"),
        ({"model": {"likelihood": "gaussian", "sigma": 0.001}}, 1e-3, "float32", "most likely the Gaussian's sigma"),
        ({"model": {"likelihood": "gaussian", "sigma": "optimal"}}, 1e-3, "float32", "most likely the Gaussian's opt"),
        ({}, 1e-4, "float32", "most likely the learning rate 0.0001 (try 1e-05"),
    ],
)
def test_the_likely_cause_comes_first(sections: dict[str, Any], rate: float, precision: str, first: str) -> None:
    cause = likely_cause(RunConfig.parse(sections), rate, precision)
    assert cause.startswith(first)
    assert cause.endswith("the data, where pictures are all alike or all noise")


@pytest.mark.parametrize("end", ["stop", "close", "last step"])
def test_the_end_of_a_broken_run_keeps_what_was_good(
    workshop: Any, trainings: list[Training], monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Where the weights break and it ends before anybody looks; the best checkpoint is finite too."""
    monkeypatch.setattr(last_good, "STEPS_BETWEEN", {"cpu": 5})
    run = workshop.new(workshop.config(training={"epochs": 4}, data={"val_fraction": 0.0, "limit": 99}))
    control, done = Control(), []

    def react(event: Event) -> None:
        if isinstance(event, Measured) and event.step == (16 if end == "last step" else 7) and not done:
            done.append(spoil(trainings[-1]))
            if end == "stop":
                control.stop()

    close_after = 10 if end == "close" else None  # the started event, 4 steps, 2 for the epoch, 3 steps
    events = workshop.train(run, control=control, react=react, close_after=close_after)
    newest, _ = run.checkpoints.newest_good()
    assert newest is not None
    assert newest.name == ("step-000000016" if end == "last step" else "step-000000005")
    weights = load_file(newest / "model.safetensors")
    assert all(bool(torch.isfinite(value).all()) for value in weights.values())
    if end == "last step":
        assert len(warnings(events)) == 1
        assert isinstance(events[-1], Finished)


def test_the_best_checkpoint_is_never_a_broken_one(workshop: Any, trainings: list[Training]) -> None:
    """Broken after a validation that was the best so far, and before it is saved."""
    run = workshop.new(workshop.config(training={"epochs": 4}))
    done: list[Event] = []

    def react(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 3 and not done:
            done.append(event)
            spoil(trainings[-1])

    events = workshop.train(run, react=react)
    assert "the weights became infinite or not a number near step 12: went back to step 8" in warnings(events)[0]
    for saved in (event for event in events if isinstance(event, Saved)):
        path = run.checkpoints.path(saved.step)
        if path.exists():
            assert all(bool(torch.isfinite(w).all()) for w in load_file(path / "model.safetensors").values())
    assert [record["step"] for record in run.metrics.read() if record["split"] == "validation"] == [4, 8, 12, 16]


def test_images_all_alike_are_learnt_by_heart_without_breaking(workshop: Any) -> None:
    train = workshop.dataset.train
    alike = replace(workshop.dataset, train=replace(train, pixels=np.zeros_like(np.asarray(train.pixels))))
    for sigma in ("learned", "optimal"):
        config = workshop.config(model={"likelihood": "gaussian", "sigma": sigma}, training={"epochs": 10})
        events = workshop.train(workshop.new(config, alike), dataset=alike)
        assert isinstance(events[-1], Finished), (sigma, events[-1])


def test_a_copy_of_a_state_whose_loss_is_bad_is_not_gone_back_to(
    workshop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy of step 12 holds finite weights, but the record of that step shows that they are of no use."""
    monkeypatch.setattr(last_good, "STEPS_BETWEEN", {"cpu": 4})
    control = Control()

    def too_fast(event: Event) -> None:
        if isinstance(event, Measured) and event.step == 8:
            control.set(lr=10.0)

    config = workshop.config(data={"val_fraction": 0.0}, training={"epochs": 10, "log_every": 4})
    events = workshop.train(workshop.new(config), control=control, react=too_fast)
    first = next(message for message in warnings(events) if "went back" in message)
    assert "near step 12: went back to step 4 " in first


def test_a_setback_is_forgiven_after_enough_sound_steps(
    workshop: Any, trainings: list[Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_good, "STEPS_BETWEEN", {"cpu": 4})
    monkeypatch.setattr("latentlab.training.training.FORGIVEN_AFTER", 15)
    run = workshop.new(workshop.config(**HUNDRED_STEPS))
    events = workshop.train(run, react=spoiling(trainings, 10, 30, 50, 70, 90))
    assert isinstance(events[-1], Finished)
    assert [message.rpartition("(")[2] for message in warnings(events)] == ["time 1 of at most 3)"] * 5


def test_a_running_statistic_that_is_no_number_counts_as_broken(
    workshop: Any, trainings: list[Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = workshop.new(workshop.config(model={"norm": "batch"}, training={"ema": 0.9}))
    workshop.train(run, epochs=1)
    workshop.train(run, epochs=1)
    learner = trainings[-1].learner if trainings else None
    assert learner is not None
    assert learner.finite()
    for model in (learner.model, learner.shown):
        value = next(value for name, value in model.named_buffers() if "running_var" in name)
        before = value[0].item()
        value[0] = torch.nan
        assert not learner.finite()
        value[0] = before
