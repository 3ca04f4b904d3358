"""The run bar: what can be pressed when, what it says, and that a press is heard."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from latentlab.config import RunConfig
from latentlab.gui.records import OpenRun
from latentlab.gui.session import Session
from latentlab.gui.views.run_bar import RunBar, duration, resolve
from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.named import wrapped

PRESSABLE = ("train", "pause", "stop", "discard", "more")


def a_run(read_only: bool = False) -> OpenRun:
    config = RunConfig.parse({"model": {"kind": "beta-vae", "latent_dim": 16}, "training": {"epochs": 20}})
    return OpenRun(Path("/runs/mine"), "mine", config, (1, 8, 8), ("0", "1"), read_only, "completed", 100, 5)


@pytest.fixture
def session(qapp: object) -> Session:
    return Session()


@pytest.fixture
def bar(session: Session, qtbot: QtBot) -> RunBar:
    bar = RunBar(session)
    qtbot.addWidget(bar)
    bar.resize(1264, 52)
    bar.show()
    return bar


def button(bar: QWidget, name: str) -> QPushButton:
    found = bar.findChild(QPushButton, name)
    assert found is not None
    return found


def text(bar: QWidget, name: str) -> str:
    return bar.findChild(QWidget, name).text()  # type: ignore[union-attr, no-any-return]


def enabled(bar: QWidget) -> set[str]:
    return {name for name in PRESSABLE if button(bar, name).isEnabled()}


def click(qtbot: QtBot, bar: QWidget, name: str) -> None:
    qtbot.mouseClick(button(bar, name), Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("idle", {"train", "more"}),
        ("preparing", {"stop"}),
        ("training", {"pause", "stop", "discard"}),
        ("pausing", {"stop", "discard"}),
        ("paused", {"pause", "stop", "discard"}),
        ("stopping", set()),
    ],
)
def test_what_can_be_pressed_in_each_phase(bar: RunBar, session: Session, phase: str, expected: set[str]) -> None:
    session.open(a_run())
    session.set_training(phase=phase)
    assert enabled(bar) == expected


def test_nothing_to_go_on_with_without_a_run(bar: RunBar) -> None:
    assert enabled(bar) == {"train"}
    assert "Open a run" in button(bar, "more").toolTip()
    assert text(bar, "run_title") == "No run open"


def test_a_read_only_run_does_not_go_on_and_says_why(bar: RunBar, session: Session) -> None:
    session.open(a_run(read_only=True))
    assert "more" not in enabled(bar)
    assert "read-only" in button(bar, "more").toolTip()
    assert text(bar, "run_status") == "epoch 5 of 20 · completed · read-only"


def test_presses_are_said(bar: RunBar, session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bar.train_pressed, timeout=500):
        click(qtbot, bar, "train")
    session.set_training(phase="training")
    with qtbot.waitSignal(bar.pause_pressed, timeout=500):
        click(qtbot, bar, "pause")
    session.set_training(phase="paused")
    with qtbot.waitSignal(bar.resume_pressed, timeout=500), qtbot.assertNotEmitted(bar.pause_pressed):
        click(qtbot, bar, "pause")
    session.set_training(phase="training")
    with qtbot.waitSignal(bar.discard_pressed, timeout=500):
        click(qtbot, bar, "discard")
    with qtbot.waitSignal(bar.stop_pressed, timeout=500):
        click(qtbot, bar, "stop")


def test_more_carries_the_number_of_epochs(bar: RunBar, session: Session, qtbot: QtBot) -> None:
    session.open(a_run())
    with qtbot.waitSignal(bar.more_pressed, timeout=500) as said:
        click(qtbot, bar, "more")
    assert said.args == [5]
    count = bar.findChild(QSpinBox, "more_count")
    assert count is not None
    count.selectAll()
    qtbot.keyClicks(count, "12")
    assert button(bar, "more").text() == "+12 epochs"
    with qtbot.waitSignal(bar.more_pressed, timeout=500) as said:
        qtbot.keyClick(button(bar, "more"), Qt.Key.Key_Space)
    assert said.args == [12]


@pytest.mark.parametrize(("name", "words"), [("stop", "Stopping…"), ("pause", "Pausing…")])
def test_a_press_is_acknowledged_before_anything_answers(
    bar: RunBar, session: Session, qtbot: QtBot, name: str, words: str
) -> None:
    session.set_training(phase="training")
    click(qtbot, bar, name)
    assert button(bar, name).text() == words
    assert not button(bar, name).isEnabled()
    session.set_training(step=7)  # training has gone on in the meantime: the session's word counts
    assert button(bar, name).isEnabled()


def test_the_status_is_one_line_in_words(bar: RunBar, session: Session) -> None:
    session.open(a_run())
    session.set_training(
        phase="training", step=300, total_steps=1000, epoch=5, total_epochs=20,
        images_per_second=8420.3, remaining_s=72.2, device="cpu",
    )  # fmt: skip
    assert text(bar, "run_title") == "mine · beta-VAE · z 16"
    assert text(bar, "run_status") == "epoch 5 of 20 · 8,420 images/s · cpu · 1 min 12 s left"
    session.set_training(phase="stopping")
    assert text(bar, "run_status") == "epoch 5 of 20 · Stopping…"
    session.set_training(phase="preparing", note="Loading fashion-mnist 40 %")
    assert text(bar, "run_status") == "Loading fashion-mnist 40 %"


def test_the_progress_is_that_of_the_training_or_of_an_unfinished_run(session: Session) -> None:
    session.open(replace(a_run(), status="interrupted"))
    assert resolve(session).done == 5 / 20
    session.update_run(status="completed")
    assert resolve(session).done == 0  # nothing is left to wait for
    session.set_training(phase="training", step=300, total_steps=1000)
    assert resolve(session).done == 0.3


@pytest.mark.parametrize("phase", ["idle", "preparing", "training", "pausing", "paused", "stopping"])
def test_being_told_presses_nothing(bar: RunBar, session: Session, qtbot: QtBot, phase: str) -> None:
    signals = (bar.train_pressed, bar.pause_pressed, bar.resume_pressed, bar.stop_pressed, bar.discard_pressed)
    said = []
    for signal in (*signals, bar.more_pressed, bar.perspective_chosen):
        signal.connect(lambda *args: said.append(args))
    session.open(a_run())
    session.set_training(phase=phase)
    bar.set_perspective("train")
    session.open(None)
    assert not said


def test_one_perspective_is_on(bar: RunBar, qtbot: QtBot) -> None:
    train, explore = button(bar, "perspective_train"), button(bar, "perspective_explore")
    assert explore.isChecked()
    with qtbot.waitSignal(bar.perspective_chosen, timeout=500) as said:
        click(qtbot, bar, "perspective_train")
    assert said.args == ["train"]
    assert train.isChecked()
    assert not explore.isChecked()
    bar.set_perspective("explore")
    assert explore.isChecked()
    assert not train.isChecked()


@pytest.mark.parametrize("phase", ["idle", "training", "paused", "stopping"])
def test_nothing_is_cut_off_at_1280(bar: RunBar, session: Session, phase: str) -> None:
    session.open(replace(a_run(), name="fashion-mnist-beta-vae-12"))
    session.set_training(
        phase=phase, step=1, total_steps=2, epoch=99, total_epochs=100,
        images_per_second=123_456.0, remaining_s=3599.0, device="cuda",
    )  # fmt: skip
    bar.layout().activate()  # type: ignore[union-attr]
    for name in (*PRESSABLE, "perspective_train", "perspective_explore"):
        assert button(bar, name).width() >= button(bar, name).sizeHint().width()
    status = bar.findChild(QWidget, "run_status")
    assert status is not None
    assert status.width() >= status.sizeHint().width()


def test_a_narrow_bar_gives_way_in_its_texts_and_tells_them_whole(bar: RunBar, session: Session) -> None:
    session.open(replace(a_run(), name="a-run-with-a-name-that-nobody-would-give-to-one-but-a-test"))
    bar.resize(bar.minimumSizeHint().width(), 52)
    label = bar.findChild(ElidedLabel, "run_title")
    assert label is not None
    assert label.shown().endswith("…")
    assert label.toolTip() == wrapped(label.text())
    bar.resize(2400, 52)
    assert label.shown() == label.text()
    assert label.toolTip() == ""


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (41.6, "42 s"), (60, "1 min 00 s"), (72, "1 min 12 s"), (7500, "2 h 05 min")]
)
def test_durations_are_said_as_people_do(seconds: float, words: str) -> None:
    assert duration(seconds) == words
