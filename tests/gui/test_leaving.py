"""Closing the window while a run trains: the question, its three answers, and that it does not outlive its reason."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QMessageBox
from pytestqt.qtbot import QtBot

from latentlab.gui.main_window.window import MainWindow
from latentlab.runs.folder import RunFolder

PATIENCE = 40_000  # milliseconds


@pytest.fixture
def train(qtbot: QtBot, window: MainWindow) -> Callable[[int], Path]:
    """Trains so many epochs on digits, and gives the run's folder once it is under way."""

    def begin(epochs: int) -> Path:
        settings = {"data": {"name": "digits"}, "training": {"epochs": epochs}, "model": {"hidden": [16]}}
        window.edit(settings)
        window.running.train()
        qtbot.waitUntil(lambda: window.session.training.step > 0, timeout=PATIENCE)
        path = window.running.trainer.path
        assert path is not None
        return path

    return begin


def questions(window: MainWindow) -> list[QMessageBox]:
    return [box for box in window.findChildren(QMessageBox, "leaving_dialog") if box.isVisible()]


def answer(window: MainWindow, name: str) -> None:
    (box,) = questions(window)
    button = box.findChild(QAbstractButton, name)
    assert button is not None
    button.click()


def gone(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=PATIENCE)
    assert not questions(window)
    assert not window.running.trainer.running


def test_kept_and_left(qtbot: QtBot, window: MainWindow, train: Callable[[int], Path]):
    path = train(100_000)
    assert not window.close()
    assert path.name in questions(window)[0].text()
    answer(window, "keep_and_quit")
    gone(qtbot, window)
    assert RunFolder(path).record.status == "stopped"
    assert RunFolder(path).checkpoints.steps()


def test_discarded_and_left(
    qtbot: QtBot, window: MainWindow, train: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "trash"))
    path = train(100_000)
    assert not window.close()
    answer(window, "discard_and_quit")
    gone(qtbot, window)
    assert not path.exists()


def test_it_goes_on_training(qtbot: QtBot, window: MainWindow, train: Callable[[int], Path]):
    train(100_000)
    assert not window.close()
    assert not window.close()
    assert len(questions(window)) == 1, "asked twice, it is one question"
    answer(window, "go_on_training")
    step = window.session.training.step
    qtbot.waitUntil(lambda: window.session.training.step > step, timeout=PATIENCE)
    assert window.isVisible()
    assert not questions(window)
    window.running.stop()
    qtbot.waitUntil(lambda: not window.session.training.active, timeout=PATIENCE)
    qtbot.wait(50)
    assert window.isVisible(), "whoever has thought better of leaving is not thrown out later"


def test_the_question_ends_with_the_training(qtbot: QtBot, window: MainWindow, train: Callable[[int], Path]):
    path = train(30)
    assert not window.close()
    gone(qtbot, window)
    assert RunFolder(path).record.status == "completed"
