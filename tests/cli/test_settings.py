"""latentlab settings lists what can be set, and a misspelt setting is answered with the nearest."""

from collections.abc import Callable
from typing import Any

import pytest

from latentlab.config import RunConfig


def leaves(values: dict[str, Any], prefix: str = "") -> list[str]:
    return [
        name
        for key, value in values.items()
        for name in (leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"])
    ]


def test_every_setting_is_listed_with_what_it_may_be(call: Callable[..., Any]) -> None:
    lines = call("settings").out.splitlines()
    assert [line.split(" ")[0].rstrip(":") for line in lines[::2]] == leaves(RunConfig().to_dict())
    assert all(line.strip() for line in lines[1::2])
    assert "model.norm (--norm): none, batch, group, layer; default none" in lines
    assert "training.ema (--ema): a number at least 0 and below 1; default 0.0" in lines
    assert "objective.capacity_schedule.shape: constant, linear, cosine, cyclical; default linear" in lines


def test_a_word_chooses(call: Callable[..., Any]) -> None:
    lines = call("settings", "beta-schedule").out.splitlines()[::2]
    assert len(lines) == 6
    assert all(line.startswith("objective.beta_schedule.") for line in lines)
    assert "latentlab settings" in call("settings", "colour").refused()


@pytest.mark.parametrize(
    ("words", "wrong", "nearest"),
    [
        ("train --set model.nrm=batch", "model.nrm", "model.norm"),
        ("train --set training.norm=batch", "training.norm", "model.norm"),
        ("train --set modle.norm=batch", "modle.norm", "model.norm"),
        ("train --set objective.beta_schedule.shap=linear", "beta_schedule.shap", "objective.beta_schedule.shape"),
        ("train --config mine.yaml", "training.epoch", "training.epochs"),
        ("sweep --over training.lerning_rate=1,2", "training.lerning_rate", "training.learning_rate"),
    ],
)
def test_a_misspelt_setting_is_answered_with_the_nearest(
    call: Callable[..., Any], tmp_path: Any, words: str, wrong: str, nearest: str
) -> None:
    (tmp_path / "mine.yaml").write_text("model: {}\ntraining: {epoch: 3}\n")
    before, _, after = call(*words.split()).refused().partition("; the nearest ")
    assert wrong in before
    assert nearest in after.replace(";", ",").replace(" ", ",").split(",")
