"""What is asked for from another thread happens before the next batch."""

import queue
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from latentlab.events import Changed, Event, Failed, Finished, Measured, Paused, Resumed, Snapshot, Started, Warned
from latentlab.runs.folder import open_run
from latentlab.training.control import Control

PATIENCE = 20.0  # seconds that a test waits for an event of a busy machine
LONG = {"training": {"epochs": 100_000, "checkpoint_every": 100_000}}


class Worker:
    """A run training in a thread of its own, as in the window."""

    def __init__(self, workshop: Any, control: Control, **sections: Any) -> None:
        self.run = workshop.new(workshop.config(**{**LONG, **sections}))
        self.control = control
        self.seen: list[Event] = []
        self._events: queue.Queue[Event] = queue.Queue()
        train = {"control": control, "react": self._events.put}
        self._thread = threading.Thread(target=workshop.train, args=(self.run,), kwargs=train)
        self._thread.start()

    def until(self, kind: type[Event]) -> Any:
        """The next event of this kind."""
        while True:
            event = self._events.get(timeout=PATIENCE)
            self.seen.append(event)
            if isinstance(event, kind):
                return event
            assert not isinstance(event, Failed | Finished), event

    def silent(self, seconds: float) -> bool:
        """Whether nothing happens for so long."""
        try:
            self.seen.append(self._events.get(timeout=seconds))
        except queue.Empty:
            return True
        return False

    def end(self) -> None:
        self.control.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@pytest.fixture
def worker(workshop: Any) -> Iterator[Worker]:
    worker = Worker(workshop, Control(snapshots=True))
    yield worker
    worker.end()


def test_a_pause_shows_the_weights_and_waits(worker: Worker) -> None:
    worker.until(Measured)
    worker.control.pause()
    paused = worker.until(Paused)
    snapshot = worker.until(Snapshot)
    assert snapshot.step == paused.step
    assert worker.silent(0.3)
    worker.control.resume()
    assert worker.until(Resumed).step == paused.step
    assert worker.until(Measured).step <= paused.step + 1


def test_time_spent_in_a_pause_is_not_training_time(worker: Worker) -> None:
    worker.until(Measured)
    worker.control.pause()
    worker.until(Snapshot)
    before = [event for event in worker.seen if isinstance(event, Measured)][-1]
    assert worker.silent(0.7)
    worker.control.resume()
    assert worker.until(Measured).time_s - before.time_s < 0.6


def test_a_stop_ends_a_pause(worker: Worker) -> None:
    worker.control.pause()
    worker.until(Paused)
    worker.control.stop()
    finished = worker.until(Finished)
    assert finished.reason == "stopped"
    assert not any(isinstance(event, Resumed) for event in worker.seen)
    assert worker.run.checkpoints.steps() == [finished.step]


def test_wishes_take_effect_before_the_next_batch(workshop: Any) -> None:
    """Asked for while the event of a step is looked at, so that the very next step is known."""
    run = workshop.new(workshop.config(model={"kind": "beta-vae"}))
    control = Control()

    def react(event: Event) -> None:
        if isinstance(event, Measured) and event.split == "train" and event.step in (2, 5):
            threads = {2: lambda: control.set(beta=9.0, lr=1e-4), 5: control.stop}
            asking = threading.Thread(target=threads[event.step])
            asking.start()
            asking.join()

    events = workshop.train(run, control=control, react=react)
    changed = next(event for event in events if isinstance(event, Changed))
    assert (changed.step, changed.beta, changed.learning_rate) == (2, 9.0, 1e-4)
    third = next(event for event in events if isinstance(event, Measured) and event.step == 3)
    assert (third.beta, third.learning_rate) == (9.0, 1e-4)
    assert third.objective == pytest.approx(third.reconstruction + 9.0 * third.kl, rel=1e-5)
    assert third.neg_elbo == pytest.approx(third.reconstruction + third.kl)
    assert events[-1].step == 5
    (change,) = open_run(run.path).record.changes
    assert (change.step, change.beta, change.learning_rate) == (2, 9.0, 1e-4)


def test_a_stop_is_heard_during_validation(workshop: Any) -> None:
    """Four batches of validation: stopping at the second leaves the epoch to be ended later."""
    run = workshop.new(workshop.config(data={"limit": 1400, "val_fraction": 0.7}))
    control = Control()
    events: list[Event] = []

    def react(event: Event) -> None:
        if isinstance(event, Measured) and event.step == events_to_epoch_end:
            control.pause()
        if isinstance(event, Paused):
            control.resume()
            control.stop()
        events.append(event)

    events_to_epoch_end = 14  # ceil(420 / 32)
    workshop.train(run, control=control, react=react)
    assert isinstance(events[-1], Finished)
    assert (events[-1].step, events[-1].epoch) == (14, 0)
    assert all(event.split == "train" for event in events if isinstance(event, Measured))


def test_snapshots_are_given_when_asked_for_but_not_too_often(workshop: Any) -> None:
    control = Control()
    worker = Worker(workshop, control)
    try:
        for _ in range(3):
            control.request_snapshot()
            worker.until(Snapshot)
        assert not any(isinstance(event, Paused) for event in worker.seen)
        first, *_, last = (event for event in worker.seen if isinstance(event, Snapshot))
        records = {event.step: event.time_s for event in worker.seen if isinstance(event, Measured)}
        assert last.step > first.step + 1
        assert (
            records[last.step] - records.get(first.step, 0.0) >= 0.35
        )  # two gaps of 0.2 s, less the steps around them
    finally:
        worker.end()


def test_snapshots_are_frozen(workshop: Any) -> None:
    run = workshop.new(workshop.config(model={"norm": "batch"}))
    taken: list[tuple[Snapshot, dict[str, torch.Tensor]]] = []

    def react(event: Event) -> None:
        if isinstance(event, Snapshot):
            taken.append((event, {name: value.clone() for name, value in event.state.items()}))

    events = workshop.train(run, control=Control(snapshots=True), react=react)
    assert [event.epoch for event in events if isinstance(event, Snapshot)] == [1, 2, 3, 3]
    for snapshot, before in taken:
        assert all(torch.equal(snapshot.state[name], before[name]) for name in before)
    first, last = taken[0][0].state, taken[-1][0].state
    assert any("running_mean" in name for name in first), "buffers are part of a snapshot"
    assert all(not torch.equal(first[name], last[name]) for name in first)


def test_without_snapshots_none_are_made(workshop: Any) -> None:
    events = workshop.train(workshop.new(workshop.config()))
    assert not any(isinstance(event, Snapshot) for event in events)


@pytest.mark.parametrize("wish", [{"beta": -1.0}, {"beta": float("nan")}, {"lr": 0.0}, {"lr": float("inf")}])
def test_impossible_wishes_are_refused_at_once(wish: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"beta|learning rate"):
        Control().set(**wish)


def test_a_vae_keeps_beta_one(workshop: Any) -> None:
    control = Control()
    control.set(beta=3.0)
    events = workshop.train(workshop.new(workshop.config()), control=control)
    assert isinstance(events[0], Started)
    assert any(isinstance(event, Warned) and "beta" in event.message for event in events)
    assert all(event.beta == 1.0 for event in events if isinstance(event, Measured))


def test_pause_and_resume_between_two_looks_is_nothing(workshop: Any) -> None:
    control = Control()
    control.pause()
    control.resume()
    events = workshop.train(workshop.new(workshop.config()), control=control)
    assert not any(isinstance(event, Paused | Resumed) for event in events)
