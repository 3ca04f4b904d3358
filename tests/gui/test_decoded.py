"""Which weights decoded the picture: its step, and its age while a run trains."""

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from latentlab.config import RunConfig
from latentlab.events import Snapshot
from latentlab.gui.main_window.exploring import Exploring
from latentlab.gui.session import Session
from latentlab.gui.states import decoded as decoded_module
from latentlab.gui.threads.model_thread import FromRun, FromSnapshot
from latentlab.gui.views.inspector.place import PlacePart


class Decoder(QObject):
    """Says what it is told to."""

    decoded = Signal(str, int, object, object, int)
    drawn = Signal(object)
    opened = Signal(object, int)

    def ask(self, *_request: object) -> None:
        pass


class Mapping:
    survey = chart = None


def snapshot(step: int) -> FromSnapshot:
    return FromSnapshot(RunConfig(), (1, 8, 8), (), Snapshot(step, 1, {}))


@pytest.fixture
def answer(explored: Session) -> Callable[..., None]:
    decoder = Decoder(explored)
    Exploring(explored, Mapping(), decoder, explored)

    def say(step: int, weights: object = None) -> None:
        if weights is not None:
            decoder.opened.emit(weights, step)
        decoder.decoded.emit("place", 1, np.zeros((1, 1, 8, 8), np.uint8), explored.place, step)

    return say


def test_the_step_is_of_the_weights_that_decoded_and_another_run_forgets_it(explored: Session, answer):
    assert explored.decoded.step is None
    answer(100, FromRun(explored.run.path))
    assert (explored.decoded.step, explored.decoded.age) == (100, None)
    explored.open(explored.run)
    assert explored.decoded.step is None


def test_the_age_is_of_the_snapshot_that_decoded(explored: Session, answer, monkeypatch: pytest.MonkeyPatch):
    now = [50.0]
    monkeypatch.setattr(decoded_module.time, "monotonic", lambda: now[0])
    answer(200, snapshot(200))
    now[0] += 0.75
    assert explored.decoded.age == pytest.approx(0.75)
    answer(300, snapshot(300))
    assert explored.decoded.age == pytest.approx(0.0)
    answer(200)
    assert explored.decoded.age is None, "of weights before these nothing is said"


def test_the_inspector_says_both(qtbot: QtBot, explored: Session, answer, monkeypatch: pytest.MonkeyPatch):
    now = [50.0]
    monkeypatch.setattr(decoded_module.time, "monotonic", lambda: now[0])
    part = PlacePart(explored)
    qtbot.addWidget(part)
    said = lambda: [label.text() for label in part.findChildren(QLabel) if "Decoded" in label.text()]  # noqa: E731
    assert said() == ["Decoded here"]
    answer(1200, snapshot(1200))
    assert said() == ["Decoded by step 1,200"]
    now[0] += 0.3
    explored.set_training(phase="training", step=1210)
    assert said() == ["Decoded by step 1,200, 0.3 s old"]
    explored.set_training(phase="idle")
    assert said() == ["Decoded by step 1,200"]
