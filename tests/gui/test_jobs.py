"""Jobs and trainings in threads of the window: whose answer comes, what becomes of a failure, and that they end."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentlab.config import RunConfig
from latentlab.events import Failed, Finished, Measured, Paused, Resumed, Saved, Snapshot, Started
from latentlab.gui.threads.jobs import Jobs, Ticket
from latentlab.gui.threads.training import Trainer
from latentlab.runs.folder import RunFolder, create_run, free_name
from latentlab.runs.record import new_record


@pytest.fixture
def jobs(qapp) -> Iterator[Jobs]:
    some = Jobs()
    yield some
    some.close()
    some.deleteLater()


def test_a_newer_job_of_the_same_name_replaces_the_older(qtbot, jobs: Jobs):
    answers: list[str] = []
    release = threading.Event()

    def slow(ticket: Ticket) -> str:
        release.wait(5)
        ticket.progress("late", 1, 2)
        return "old" if not ticket.cancelled() else "old, although it was told"

    said: list[tuple[Any, ...]] = []
    jobs.progressed.connect(lambda *values: said.append(values))
    first = jobs.start("open", slow, answers.append)
    other = jobs.start("preview", lambda _: "another name", answers.append)
    jobs.start("open", lambda _: "new", answers.append)
    assert first.cancelled()
    assert not other.cancelled()
    qtbot.waitUntil(lambda: len(answers) == 2)
    release.set()
    qtbot.wait(50)
    assert sorted(answers) == ["another name", "new"]
    assert not said
    assert not jobs.running("open")


def test_an_answer_that_already_waits_is_not_delivered_once_it_was_replaced(qtbot, jobs: Jobs):
    answers: list[str] = []
    jobs.start("open", lambda _: "old", answers.append)
    time.sleep(0.1)
    jobs.start("open", lambda _: "new", answers.append)
    qtbot.waitUntil(lambda: bool(answers))
    qtbot.wait(30)
    assert answers == ["new"]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("there is no run 'x'"), "there is no run 'x'"),
        (PermissionError(13, "Permission denied", "/somewhere"), "[Errno 13] Permission denied: '/somewhere'"),
        (KeyError(), "KeyError"),
    ],
)
def test_a_failure_becomes_a_sentence(qtbot, jobs: Jobs, error: Exception, sentence: str):
    def fail(_ticket: Ticket) -> None:
        raise error

    said: list[tuple[str, str]] = []
    jobs.failed.connect(lambda name, text: said.append((name, text)))
    jobs.start("pictures", fail, pytest.fail)
    qtbot.waitUntil(lambda: bool(said))
    assert said == [("pictures", sentence)]
    jobs.start("pictures", lambda _: "works again", lambda text: said.append(("pictures", text)))
    qtbot.waitUntil(lambda: len(said) == 2)


def test_closing_cancels_and_waits_and_then_nothing_begins(qtbot, jobs: Jobs):
    def until_told(ticket: Ticket) -> None:
        while not ticket.cancelled():
            time.sleep(0.005)

    answers: list[None] = []
    for name in ("gif", "open", "open"):
        jobs.start(name, until_told, answers.append)
    jobs.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("job ")]
    ran: list[bool] = []
    late = jobs.start("runs", lambda _: ran.append(True), answers.append)
    qtbot.wait(30)
    assert late.cancelled()
    assert not jobs.running("runs")
    assert not ran
    assert not answers


# -- training

CONFIG = {"model": {"network": "mlp", "hidden": [16], "latent_dim": 3}, "training": {"device": "cpu", "batch_size": 64}}


class Listener:
    """A training and what it has told."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.events: list[Any] = []
        self.ended: list[Path | None] = []
        trainer.events.connect(self.events.extend)
        trainer.ended.connect(self.ended.append)

    def has(self, kind: type) -> bool:
        return any(isinstance(event, kind) for event in self.events)


@pytest.fixture
def training(qapp) -> Iterator[Listener]:
    trainer = Trainer()
    yield Listener(trainer)
    trainer.close()
    trainer.deleteLater()


def start(listener: Listener, digits, root: Path, epochs: int) -> None:
    config = RunConfig.parse({**CONFIG, "training": {**CONFIG["training"], "epochs": epochs}})
    listener.trainer.start(config, digits, lambda: create_run(root, new_record(free_name(root, "run"), config, digits)))


def test_a_training_tells_everything_in_order_and_ends_once(qtbot, digits, training: Listener, tmp_path: Path):
    start(training, digits, tmp_path, 2)
    qtbot.waitUntil(lambda: bool(training.ended), timeout=30_000)
    kinds = [type(event) for event in training.events]
    assert kinds[0] is Started
    assert kinds[-1] is Finished
    assert {Measured, Snapshot, Saved} <= set(kinds)
    steps = [event.step for event in training.events]
    assert steps == sorted(steps)
    assert training.ended == [tmp_path / "run-1"]
    with RunFolder(tmp_path / "run-1").lock():
        pass  # it was let go
    start(training, digits, tmp_path, 1)  # at once, with the thread perhaps still on its way out
    qtbot.waitUntil(lambda: len(training.ended) == 2, timeout=30_000)
    assert training.ended[1] == tmp_path / "run-2"


def test_pause_resume_and_close_in_mid_training_keep_the_run(qtbot, digits, training: Listener, tmp_path: Path):
    start(training, digits, tmp_path, 100_000)
    qtbot.waitUntil(lambda: training.has(Measured), timeout=30_000)
    training.trainer.control.pause()
    qtbot.waitUntil(lambda: training.has(Paused) and isinstance(training.events[-1], Snapshot))
    qtbot.wait(50)
    count = len(training.events)
    qtbot.wait(100)
    assert len(training.events) == count, "a paused training is still"
    training.trainer.control.resume()
    qtbot.waitUntil(lambda: training.has(Resumed))
    training.trainer.close()
    assert not training.trainer.running
    assert RunFolder(tmp_path / "run-1").record.status == "stopped"
    qtbot.waitUntil(lambda: bool(training.ended))


def test_what_cannot_be_trained_is_a_sentence_and_leaves_no_folder(qtbot, digits, training: Listener, tmp_path: Path):
    unlabelled = digits.train.take(np.arange(10))
    bare = type(digits)("bare", type(unlabelled)(unlabelled.pixels, unlabelled.index), digits.test)
    config = RunConfig.parse({**CONFIG, "model": {"kind": "cvae"}})
    training.trainer.start(config, bare, lambda: create_run(tmp_path, new_record("run", config, bare)))
    qtbot.waitUntil(lambda: bool(training.ended))
    assert training.ended == [None]
    (event,) = training.events
    assert isinstance(event, Failed)
    assert "needs labels" in event.message
    assert not list(tmp_path.iterdir())


def test_a_run_that_another_process_trains_is_left_alone(qtbot, digits, training: Listener, trained_run: RunFolder):
    with trained_run.lock():
        training.trainer.start(trained_run.record.config, digits, lambda: RunFolder(trained_run.path))
        qtbot.waitUntil(lambda: bool(training.ended))
    (event,) = training.events
    assert isinstance(event, Failed)
    assert "small" in event.message
    assert RunFolder(trained_run.path).record.status == "completed"
