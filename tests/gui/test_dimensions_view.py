"""KL per dimension: sorted bars, how many count, and a collapse in words."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QLabel, QToolTip
from pytestqt.qtbot import QtBot

from latentlab.config import RunConfig
from latentlab.gui.records import Encoding, OpenRun
from latentlab.gui.session import Session
from latentlab.gui.views.dimensions_view import DimensionsView, verdict
from latentlab.gui.widgets.bars import Bars, round_steps


@pytest.fixture
def session(qapp: object) -> Session:
    session = Session()
    config = RunConfig.parse({"model": {"latent_dim": 4}})
    session.open(OpenRun(Path("/runs/a"), "a", config, (1, 8, 8), (), False, "completed"))
    return session


@pytest.fixture
def view(session: Session, qtbot: QtBot) -> DimensionsView:
    view = DimensionsView(session)
    qtbot.addWidget(view)
    view.resize(600, 170)
    view.show()
    qtbot.waitExposed(view)
    return view


def bars(view: DimensionsView) -> Bars:
    found = view.findChild(Bars, "dimension_bars")
    assert found is not None
    return found


def encoding(kl: list[float]) -> Encoding:
    mu = np.zeros((3, len(kl)), np.float32)
    return Encoding(np.arange(3), mu, np.array(kl, np.float32), 1)


def under(view: DimensionsView, x: float) -> str:
    bar = bars(view).bar_at(QPointF(x, 40))
    return bar.name if bar else ""


def test_without_kl_it_says_what_would_bring_it(view: DimensionsView) -> None:
    assert any("press Train" in label.text() for label in view.findChildren(QLabel) if label.isVisible())


def test_bars_are_sorted_and_the_inactive_counted(view: DimensionsView, session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.fact_changed, timeout=1000) as fact:
        session.set_encoding(encoding([0.5, 0.001, 3.0, 1.5]))
    assert fact.args == ["3 of 4 active"]
    left, right = 40, 600
    seen = [under(view, x) for x in range(left, right, 4)]
    order = [name for number, name in enumerate(seen) if name and name != seen[number - 1]]
    assert order == ["z2", "z3", "z0", "z1"]
    assert "3 of 4 dimensions above 0.01 nats, 5.0 nats in total." in bars(view).accessibleDescription()


def test_the_tooltip_tells_the_bar_under_the_mouse(view: DimensionsView, session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.fact_changed, timeout=1000):
        session.set_encoding(encoding([0.5, 0.001, 3.0, 1.5]))
    place = QPoint(45, 40)
    QApplication.sendEvent(bars(view), QHelpEvent(QEvent.Type.ToolTip, place, bars(view).mapToGlobal(place)))
    qtbot.waitUntil(lambda: QToolTip.text() == "z2: 3.000 nats", timeout=1000)
    QToolTip.hideText()
    qtbot.waitUntil(lambda: not QToolTip.isVisible(), timeout=2000)


def test_it_follows_the_training(view: DimensionsView, session: Session, qtbot: QtBot) -> None:
    record = {"step": 1, "split": "train", "kl_per_dim": [0.0, 0.0, 0.0, 2.0]}
    with qtbot.waitSignal(view.fact_changed, timeout=1000) as fact:
        session.add_records([record])
    assert fact.args == ["1 of 4 active"]
    facts: list[str] = []
    view.fact_changed.connect(facts.append)
    for _ in range(30):
        session.add_records([record])
        qtbot.wait(10)
    assert 1 <= len(facts) <= 5


def test_a_collapse_is_said_with_what_helps(view: DimensionsView, session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.fact_changed, timeout=1000):
        session.set_encoding(encoding([0.001, 0.0, 0.002, 0.0]))
    shown = " ".join(label.text() for label in view.findChildren(QLabel) if label.isVisible())
    assert "Collapsed" in shown
    assert "warm-up" in shown
    assert verdict(np.zeros(4, np.float32))[1]
    assert not verdict(np.array([2.0, 0.0, 0.0, 0.0, 0.0], np.float32))[1]


@settings(deadline=None)
@given(st.floats(-1e5, 1e5), st.floats(1e-6, 1e6), st.integers(1, 12))
def test_round_steps_lie_inside_and_are_few(low: float, span: float, at_most: int) -> None:
    high = low + span
    marks = round_steps(low, high, at_most)
    assert len(marks) <= at_most + 1
    slack = 1e-6 * max(span, abs(low), abs(high))
    assert all(low - slack <= mark <= high + slack for mark in marks)
