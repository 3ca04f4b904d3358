"""Schedules in a training: what is in force at each step, over the steps that were planned first."""

import json
from typing import Any

import numpy as np
import pytest

from latentlab.config import RateSchedule, WeightSchedule
from latentlab.events import Changed, Event, Measured, Warned
from latentlab.models.schedules import rate_factor, weight_factor
from latentlab.runs.folder import RunFolder
from latentlab.training.control import Control
from latentlab.training.preparation import prepare

TOTAL = 12  # steps of SMALL


def in_force(events: list[Event]) -> tuple[list[float], list[float]]:
    """beta and the learning rate of each step."""
    steps = [event for event in events if isinstance(event, Measured) and event.split == "train"]
    return [step.beta for step in steps], [step.learning_rate for step in steps]


@pytest.mark.parametrize("shape", ["linear", "cosine", "cyclical"])
def test_each_step_has_its_beta_and_rate(workshop: Any, shape: str) -> None:
    config = workshop.config(
        model={"kind": "beta-vae"},
        objective={"beta": 4.0, "beta_schedule": {"shape": shape}},
        training={"learning_rate": 2e-3, "learning_rate_schedule": {"shape": shape}},
    )
    events = workshop.train(workshop.new(config))
    betas, rates = in_force(events)
    beta, rate = WeightSchedule(shape=shape), RateSchedule(shape=shape)
    assert betas == [4.0 * weight_factor(beta, step, TOTAL) for step in range(TOTAL)]
    assert rates == [2e-3 * rate_factor(rate, step, TOTAL) for step in range(TOTAL)]
    for event in (event for event in events if isinstance(event, Measured)):
        assert event.objective == pytest.approx(event.reconstruction + event.beta * event.kl, rel=1e-5)


def test_a_rate_of_nothing_moves_nothing(workshop: Any) -> None:
    """The rate of a schedule is what Adam steps with, not only what is written down."""
    schedule = {"shape": "linear", "start": 1.0, "end": 0.0, "steps": 4}
    run = workshop.new(workshop.config(training={"learning_rate_schedule": schedule}))
    validations = [e for e in workshop.train(run) if isinstance(e, Measured) and e.split == "validation"]
    assert len({event.neg_elbo for event in validations}) == 1
    assert [event.learning_rate for event in validations] == [0.0] * 3
    assert all(event.beta == 1.0 for event in validations)


def test_a_capacity_rises_with_the_steps(workshop: Any) -> None:
    objective = {"kind": "capacity", "capacity": 24.0, "capacity_weight": 10.0}
    config = workshop.config(model={"kind": "beta-vae"}, objective=objective)
    training = prepare(config, workshop.dataset, workshop.new(config))
    held = []
    for step in range(14):
        training.progress.step = step
        held.append(training.knobs.capacity)
    assert held == pytest.approx([2.0 * step for step in range(13)] + [24.0])
    events = workshop.train(workshop.new(config))
    for event in (event for event in events if isinstance(event, Measured) and event.split == "train"):
        away = abs(event.kl - 2.0 * (event.step - 1))
        assert event.objective == pytest.approx(event.reconstruction + 10.0 * away, rel=1e-4)


def test_more_epochs_hold_the_last_value(workshop: Any) -> None:
    config = workshop.config(
        model={"kind": "beta-vae"},
        objective={"beta": 4.0, "beta_schedule": {"shape": "linear"}},
        training={"learning_rate_schedule": {"shape": "cosine"}},
    )
    run = workshop.new(config)
    workshop.train(run)
    betas, rates = in_force(workshop.train(run, epochs=5))
    assert betas == [4.0] * 8
    assert rates == pytest.approx([1e-5] * 8)
    betas, _ = in_force(workshop.train(run, epochs=6))
    assert betas == [4.0] * 4


def state_of(run: RunFolder) -> tuple[int, dict[str, Any]]:
    step = max(run.checkpoints.steps())
    return step, json.loads(run.checkpoints.read(run.checkpoints.path(step), "state.json"))


def test_a_run_of_the_first_schema_is_planned_by_its_epochs_then(workshop: Any) -> None:
    schedule = {"beta_schedule": {"shape": "linear"}}
    run = workshop.new(workshop.config(objective=schedule))
    workshop.train(run)
    step, state = state_of(run)
    assert (state["schema_version"], state["planned_steps"], state["precision"]) == (2, TOTAL, "float32")
    place = run.checkpoints.path(step)
    files = {path.name: path.read_bytes() for path in place.iterdir() if path.name != "manifest.json"}
    new = ("planned_steps", "rollbacks", "precision")
    old = {**{key: value for key, value in state.items() if key not in new}, "schema_version": 1}
    run.checkpoints.write(step, {**files, "state.json": json.dumps(old).encode()})
    betas, _ = in_force(workshop.train(run, epochs=5))
    assert betas == [1.0] * 8
    assert state_of(run)[1]["planned_steps"] == TOTAL


def test_a_checkpoint_of_a_newer_latentlab_is_refused(workshop: Any) -> None:
    run = workshop.new(workshop.config())
    workshop.train(run)
    for step in run.checkpoints.steps():
        place = run.checkpoints.path(step)
        files = {path.name: path.read_bytes() for path in place.iterdir() if path.name != "manifest.json"}
        state = {**json.loads(files["state.json"]), "schema_version": 99}
        run.checkpoints.write(step, {**files, "state.json": json.dumps(state).encode()})
    (event,) = workshop.train(run, epochs=5)
    assert "written by a newer LatentLab" in event.message


def test_a_person_turns_the_value_and_the_schedule_goes_on(workshop: Any) -> None:
    config = workshop.config(
        model={"kind": "beta-vae"},
        objective={"beta": 4.0, "beta_schedule": {"shape": "linear"}},
        training={"learning_rate_schedule": {"shape": "linear", "end": 0.0}},
    )
    control = Control()

    def turn(event: Event) -> None:
        if isinstance(event, Measured) and event.step == 6:
            control.set(beta=2.0, lr=1e-2)

    events = workshop.train(workshop.new(config), control=control, react=turn)
    changed = next(event for event in events if isinstance(event, Changed))
    assert (changed.beta, changed.learning_rate) == (2.0, 1e-2)
    betas, rates = in_force(events)
    assert betas == pytest.approx([(4.0 if step < 6 else 2.0) * step / 12 for step in range(12)])
    assert rates == pytest.approx([(1e-3 if step < 6 else 1e-2) * (1 - step / 12) for step in range(12)])


def test_a_schedule_that_will_not_finish_is_said_once(workshop: Any) -> None:
    config = workshop.config(training={"learning_rate_schedule": {"shape": "one-cycle", "steps": 100}})
    run = workshop.new(config)
    (warning,) = (event.message for event in workshop.train(run) if isinstance(event, Warned))
    assert "100 steps" in warning
    assert not any(isinstance(event, Warned) for event in workshop.train(run)), "nothing is left to do"
    assert np.isfinite(in_force(workshop.train(run, epochs=4))[1]).all()
