"""What training leaves for a person to go back to: the weights that were shown at each epoch's end."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from latentlab.events import Snapshot, Warned
from latentlab.runs import history
from latentlab.runs.history import History
from latentlab.training import history as kept_by_training
from latentlab.training.control import Control


@pytest.mark.parametrize("ema", [None, 0.9])
def test_each_epoch_is_kept_as_it_was_shown_and_before_the_first_step(workshop: Any, ema: float | None):
    run = workshop.new(workshop.config(training={"ema": ema} if ema else {}))
    events = workshop.train(run, control=Control(snapshots=True))
    shown = {event.epoch: event for event in events if isinstance(event, Snapshot)}
    past = History(run.path).epochs()
    assert [each.epoch for each in past] == [0, 1, 2, 3]
    assert [each.step for each in past] == [0, 4, 8, 12]
    for each in past[1:]:
        kept = load_file(each.path)
        assert shown[each.epoch].step == each.step
        assert kept.keys() == shown[each.epoch].state.keys()
        assert all(torch.equal(kept[name], value) for name, value in shown[each.epoch].state.items())
    first, last = load_file(past[0].path), load_file(past[-1].path)
    assert any(not torch.equal(first[name], last[name]) for name in first)


def test_going_on_keeps_it_and_cuts_what_is_behind(workshop: Any):
    run = workshop.new(workshop.config())
    workshop.train(run)
    kept = contents(run.path)
    assert list(kept) == [0, 1, 2, 3]
    workshop.train(run, epochs=5)
    longer = contents(run.path)
    assert longer == {**kept, 4: longer[4], 5: longer[5]}
    shutil.rmtree(run.checkpoints.path(20))
    workshop.train(run, epochs=4)  # from the end of epoch 4: there is no fifth any more
    assert contents(run.path) == {**kept, 4: longer[4]}


def test_what_cannot_be_cut_is_said_and_gone_with_the_next_epoch(workshop: Any, monkeypatch: pytest.MonkeyPatch):
    run = workshop.new(workshop.config())
    workshop.train(run, epochs=4)
    shutil.rmtree(run.checkpoints.path(16))
    before = contents(run.path)
    removed = Path.unlink

    def in_use(path: Path, missing_ok: bool = False) -> None:
        if path.name == "epoch-000004-step-000000016.safetensors":
            raise PermissionError(13, "The process cannot access the file", str(path))
        removed(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", in_use)
    events = workshop.train(run, epochs=4)
    assert events[-1].epoch == 4
    said = [event.message for event in events if isinstance(event, Warned)]
    assert said == ["a past epoch that is undone is still there: The process cannot access the file"]
    assert contents(run.path) == before, "the same steps once more"


def contents(run: Path) -> dict[int, bytes]:
    return {past.epoch: past.path.read_bytes() for past in History(run).epochs()}


def test_a_history_that_cannot_be_written_is_said_once_and_ends_nothing(workshop: Any, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(History, "write", full)
    run = workshop.new(workshop.config())
    events = workshop.train(run)
    assert events[-1].epoch == 3
    said = [event.message for event in events if isinstance(event, Warned) and "gone back to" in event.message]
    assert said == ["this epoch cannot be gone back to: No space left on device"]


def test_thinning_is_said_once(workshop: Any, monkeypatch: pytest.MonkeyPatch):
    probe = workshop.new(workshop.config())
    workshop.train(probe)
    size = History(probe.path).epochs()[0].path.stat().st_size
    monkeypatch.setattr(History.__init__, "__defaults__", (4 * size,))
    run = workshop.new(workshop.config(training={"epochs": 9}))
    events = workshop.train(run)
    kept = [past.epoch for past in History(run.path).epochs()]
    assert kept[0] == 0
    assert kept[-1] == 9
    assert len(kept) <= 4
    assert sum(isinstance(event, Warned) and "let go of" in event.message for event in events) == 1
    monkeypatch.setattr(History.__init__, "__defaults__", (2 * size,))
    run = workshop.new(workshop.config())
    events = workshop.train(run)
    assert History(run.path).epochs() == []
    assert sum(isinstance(event, Warned) and "gone back to" in event.message for event in events) == 1
    assert history.LIMIT == 1 << 30


def test_weights_that_are_too_large_are_not_even_put_into_one_piece(workshop: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(History.__init__, "__defaults__", (1000,))
    monkeypatch.setattr(kept_by_training, "state_bytes", lambda _state: pytest.fail("they were copied"))
    run = workshop.new(workshop.config())
    events = workshop.train(run)
    assert events[-1].epoch == 3
    assert [event.message for event in events if isinstance(event, Warned)] == [
        "past epochs cannot be gone back to: their weights take 0 MB each"
    ]


def test_a_run_that_is_to_keep_none_keeps_none(workshop: Any):
    run = workshop.new(workshop.config(training={"history": False}))
    workshop.train(run)
    assert not History(run.path).folder.exists()
