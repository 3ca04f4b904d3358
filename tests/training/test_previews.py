"""Pictures in the run folder: of the same images and the same noise each time, of what is shown, never in the way."""

import errno
import os
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.events import Event, Failed, Measured
from latentlab.models.build import to_float, to_pixels
from latentlab.models.weights import load_model
from latentlab.runs.folder import RunFolder
from latentlab.training import training as under_test
from latentlab.training.control import Control
from latentlab.training.preparation import prepare

KINDS = ("interpolations", "reconstructions", "samples")
NOTHING_LEARNT = {"epochs": 3, "learning_rate": 1e-30, "pictures_every": 1}


def pictures(run: RunFolder) -> dict[str, np.ndarray]:
    """By path within the folder of pictures."""
    folder = run.path / "pictures"
    return {str(path.relative_to(folder)): np.asarray(Image.open(path)) for path in sorted(folder.rglob("*.png"))}


def test_they_come_every_so_many_epochs(workshop: Any) -> None:
    run = workshop.new(workshop.config(training={"epochs": 5, "pictures_every": 2}))
    workshop.train(run)
    drawn = pictures(run)
    assert list(drawn) == [f"{kind}/epoch-000{epoch}.png" for kind in KINDS for epoch in (2, 4)]
    assert all(picture.dtype == np.uint8 and picture.shape[2] == 3 for picture in drawn.values())
    assert not list(run.path.rglob("*.tmp"))


@pytest.mark.parametrize("model", [{"binarize": "fresh"}, {"kind": "cvae", "prior": "conditional"}])
def test_only_the_model_changes_from_one_to_the_next(workshop: Any, model: dict[str, Any]) -> None:
    """With a vanishing learning rate nothing does."""
    run = workshop.new(workshop.config(model=model, training=NOTHING_LEARNT))
    workshop.train(run)
    drawn = pictures(run)
    for kind in KINDS:
        first, *later = (drawn[f"{kind}/epoch-000{epoch}.png"] for epoch in (1, 2, 3))
        assert all(np.array_equal(first, picture) for picture in later)


def test_reconstructions_are_of_held_out_images_by_what_is_shown(workshop: Any) -> None:
    config = workshop.config(training={"epochs": 2, "pictures_every": 2, "ema": 0.9, "learning_rate": 1e-2})
    run = workshop.new(config)
    workshop.train(run)
    newest, _ = run.checkpoints.newest_good()
    assert newest is not None
    training = prepare(config, workshop.dataset, run)
    images = training.reader.read(training.validation_positions[[place * 11 // 10 for place in range(10)]])
    model = load_model(newest).model
    with torch.no_grad():
        wanted = to_pixels(model.decode(model.encode(to_float(images.pixels)).mu)).numpy()
    picture = pictures(run)["reconstructions/epoch-0002.png"]
    tile = 56 + 2  # pixels, with the gap
    for column in range(10):
        for row, expected in ((0, images.pixels.numpy()), (1, wanted)):
            shown = picture[2 + row * tile :, 2 + column * tile :][:56:7, :56:7, 0]
            assert np.array_equal(shown, expected[column, 0])


def test_they_do_not_disturb_training(workshop: Any, same: Any) -> None:
    model = {"norm": "batch", "binarize": "fresh"}
    drawn, bare = (workshop.new(workshop.config(model=model, training={"pictures_every": n})) for n in (1, 0))
    workshop.train(drawn)
    workshop.train(bare)
    assert not (bare.path / "pictures").exists()
    same(drawn, bare)


def test_resuming_draws_over_them(workshop: Any) -> None:
    config = workshop.config(training={"epochs": 4, "pictures_every": 1, "checkpoint_every": 4})
    straight, halting = workshop.new(config), workshop.new(config)
    workshop.train(straight)
    control = Control()

    def stop(event: Event) -> None:
        if isinstance(event, Measured) and event.step == 6:
            control.stop()

    workshop.train(halting, control=control, react=stop)
    (halting.path / "pictures/samples/epoch-0002.png").write_bytes(b"what a later epoch left that was undone")
    workshop.train(halting)
    here, there = pictures(straight), pictures(halting)
    assert here.keys() == there.keys()
    assert all(np.array_equal(here[name], there[name]) for name in here)


def test_few_images_are_enough(workshop: Any) -> None:
    run = workshop.new(workshop.config(data={"limit": 2, "val_fraction": 0.0}, training=NOTHING_LEARNT))
    assert not any(isinstance(event, Failed) for event in workshop.train(run))
    one = workshop.new(workshop.config(data={"limit": 2, "val_fraction": 0.5}, training=NOTHING_LEARNT))
    assert not any(isinstance(event, Failed) for event in workshop.train(one))
    assert pictures(one)["reconstructions/epoch-0001.png"].shape == (2 * 58 + 2, 58 + 2, 3)


def test_a_full_disk_is_said(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(under_test, "write_whole", full)
    run = workshop.new(workshop.config(training={"pictures_every": 2}))
    events = workshop.train(run)
    assert isinstance(events[-1], Failed)
    assert events[-1].message == "the disk is full: make room and resume the run; the checkpoint of step 4 is kept"
    monkeypatch.undo()
    assert workshop.train(run)[-1].reason == "completed"
    assert len(pictures(run)) == 3
