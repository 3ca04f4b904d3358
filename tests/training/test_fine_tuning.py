"""A run that begins with another's weights: with the best ones, once, and only where they fit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from latentlab.events import EpochEnded, Event, Failed, Started
from latentlab.runs.folder import RunFolder, open_run
from latentlab.training.control import Control
from latentlab.training.preparation import prepare

Same = Callable[[RunFolder, RunFolder], None]


@pytest.fixture
def source(workshop: Any) -> RunFolder:
    """A run whose best checkpoint, of step 8, is not its newest, of step 24."""
    run = workshop.new(workshop.config(training={"epochs": 6, "learning_rate": 5e-3}))
    control = Control()

    def spoil(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            control.set(lr=2.0)

    workshop.train(run, control=control, react=spoil)
    assert run.checkpoints.steps() == [8, 20, 24]
    return run


def weights(run: RunFolder, step: int) -> dict[str, torch.Tensor]:
    return load_file(run.checkpoints.path(step) / "model.safetensors")


@pytest.mark.parametrize("ema", [0.0, 0.9])
@pytest.mark.parametrize("by", ["name", "path"])
def test_it_begins_with_the_best_weights(workshop: Any, source: RunFolder, ema: float, by: str) -> None:
    name = source.name if by == "name" else str(source.path)
    run = workshop.new(workshop.config(training={"start_from": name, "ema": ema}))
    training = prepare(run.record.config, workshop.dataset, run)
    wanted = weights(source, 8)
    for model in (training.learner.model, training.learner.shown):
        assert all(torch.equal(value, wanted[name]) for name, value in model.state_dict().items())
    assert training.progress.step == 0
    assert open_run(run.path).record.started_from == f"{source.name}, step 8"


def test_a_name_is_looked_for_beside_the_run_wherever_the_folder_went(
    workshop: Any, source: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not where the process stands, and not where the run was made."""
    run = workshop.new(workshop.config(training={"start_from": source.name}))
    moved = workshop.root.rename(tmp_path / "moved")
    (tmp_path / source.name).mkdir()
    monkeypatch.chdir(tmp_path)
    run = open_run(moved / run.name)
    training = prepare(run.record.config, workshop.dataset, run)
    wanted = weights(open_run(moved / source.name), 8)
    assert all(torch.equal(value, wanted[name]) for name, value in training.learner.model.state_dict().items())


def test_resuming_does_not_begin_anew(workshop: Any, source: RunFolder, same: Same) -> None:
    config = workshop.config(training={"start_from": source.name, "ema": 0.9})
    straight, halting = workshop.new(config), workshop.new(config)
    workshop.train(straight)
    control = Control()
    workshop.train(halting, control=control, react=lambda event: isinstance(event, EpochEnded) and control.stop())
    source.checkpoints.path(8).rename(source.path / "elsewhere")
    assert isinstance(workshop.train(halting)[0], Started)
    same(straight, halting)
    assert open_run(halting.path).record.started_from == f"{source.name}, step 8"


def test_a_damaged_best_gives_way_to_the_newest(workshop: Any, source: RunFolder) -> None:
    (source.checkpoints.path(8) / "model.safetensors").write_bytes(b"")
    run = workshop.new(workshop.config(training={"start_from": source.name}))
    prepare(run.record.config, workshop.dataset, run)
    assert open_run(run.path).record.started_from == f"{source.name}, step 24"


def test_another_objective_may_begin_with_the_weights(workshop: Any, source: RunFolder) -> None:
    model, objective = {"kind": "beta-vae", "binarize": "fresh"}, {"beta": 4.0}
    run = workshop.new(workshop.config(model=model, objective=objective, training={"start_from": source.name}))
    assert workshop.train(run)[-1].reason == "completed"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"latent_dim": 5}, "their latent dim is 3, this one's 5"),
        ({"hidden": [16, 8]}, "their hidden is 16, this one's 16-8"),
        ({"network": "conv"}, "their network is mlp, this one's conv"),
        ({"activation": "tanh"}, "their activation is leaky-relu, this one's tanh"),
        ({"likelihood": "gaussian"}, "their likelihood is bernoulli, this one's gaussian"),
        ({"kind": "cvae"}, "they are those of a vae"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    workshop: Any, source: RunFolder, model: dict[str, Any], said: str
) -> None:
    run = workshop.new(workshop.config(model=model, training={"start_from": source.name}))
    (event,) = workshop.train(run)
    assert isinstance(event, Failed)
    assert event.message.startswith(f"the weights of {source.name} do not fit this run: ")
    assert said in event.message


def test_images_of_another_shape_are_refused(workshop: Any) -> None:
    model = {"network": "conv", "hidden": [4, 4]}
    other = workshop.new(workshop.config(model=model))
    workshop.train(other)
    for step in other.checkpoints.steps():
        place = other.checkpoints.path(step)
        files = {path.name: path.read_bytes() for path in place.iterdir() if path.name != "manifest.json"}
        description = {**json.loads(files["config.json"]), "image_shape": [1, 9, 9]}
        other.checkpoints.write(step, {**files, "config.json": json.dumps(description).encode()})
    (event,) = workshop.train(workshop.new(workshop.config(model=model, training={"start_from": other.name})))
    assert event.message == f"the weights of {other.name} are for images of 1x9x9 (channels, height, width), not 1x8x8"


def test_there_must_be_weights(workshop: Any) -> None:
    empty = workshop.new(workshop.config())
    run = workshop.new(workshop.config(training={"start_from": empty.name}))
    (event,) = workshop.train(run)
    assert event.message == f"there are no weights of {empty.name} to begin with: it has no checkpoint yet"
    run = workshop.new(workshop.config(training={"start_from": "nowhere"}))
    (event,) = workshop.train(run)
    assert "there is no run 'nowhere'" in event.message


def test_the_demo_s_weights_are_to_be_had(workshop: Any) -> None:
    demo = open_run("digits-demo")
    sections = {"model": demo.record.config.model.model_dump(), "training": {"start_from": "digits-demo", "epochs": 1}}
    run = workshop.new(workshop.config(**sections))
    assert workshop.train(run)[-1].reason == "completed"
    assert open_run(run.path).record.started_from.startswith("digits-demo, step ")
