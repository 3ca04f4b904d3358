"""What the health rules find is said while training goes on, each kind once."""

from typing import Any

import pytest

from latentlab.events import Event, Finished, Measured, Warned
from latentlab.training.preparation import prepare

COLLAPSING: dict[str, Any] = {
    "model": {"kind": "beta-vae"},
    "objective": {"beta": 200.0},
    "training": {"epochs": 84, "checkpoint_every": 100, "learning_rate": 1e-2, "log_every": 10},
}


def warnings(events: list[Event]) -> list[Warned]:
    return [event for event in events if isinstance(event, Warned)]


def test_a_collapse_is_said_once(workshop: Any) -> None:
    run = workshop.new(workshop.config(**COLLAPSING))
    events = workshop.train(run)
    assert isinstance(events[-1], Finished)
    (warning,) = warnings(events)
    assert warning.message.startswith("posterior collapse: no latent dimension carries anything (KL ")
    assert "a smaller beta (it is 200)" in warning.message
    assert 150 <= warning.step < 330, "as soon as the rule may speak"
    assert len(warnings(workshop.train(run, epochs=86))) == 1, "who resumes is told too"


def test_a_healthy_run_is_told_nothing(workshop: Any) -> None:
    healthy = {**COLLAPSING, "objective": {"beta": 0.5}}
    assert warnings(workshop.train(workshop.new(workshop.config(**healthy)))) == []


@pytest.mark.parametrize("log_every", [1, 3])
def test_a_few_records_of_each_epoch_are_remembered(workshop: Any, log_every: int) -> None:
    config = workshop.config(data={"limit": 1400}, training={"batch_size": 8, "log_every": log_every})
    run = workshop.new(config)
    events = workshop.train(run)
    training = prepare(config, workshop.dataset, run)
    validations = [event for event in events if isinstance(event, Measured) and event.split == "validation"]
    assert [record for record in training.history if record.split == "validation"] == validations
    steps = [record.step for record in training.history if record.split == "train"]
    assert 16 <= len(steps) <= 3 * 9
    assert steps[0] == log_every
