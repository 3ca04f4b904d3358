"""The list of runs: clicks and Enter open, the open one is marked, and nothing is opened by being told."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QListView, QToolButton
from pytestqt.qtbot import QtBot

from latentlab.config import RunConfig
from latentlab.gui.records import OpenRun
from latentlab.gui.session import Session
from latentlab.gui.views.runs_view import OPEN, ROW_HEIGHT, RunsView, second_line, spoken, status_word
from latentlab.gui.widgets import theme
from latentlab.runs.folder import RunSummary

RUNS = (
    RunSummary("fashion-2", Path("/runs/a"), "interrupted", "fashion-mnist", "beta-vae", 16, 2.0, 6, 20, 9, 238.43),
    RunSummary("digits-demo", Path("/runs/b"), "completed", "digits", "vae", 10, 1.0, 60, 60, 9, 27.9, read_only=True),
    RunSummary("torn", Path("/runs/c"), "unreadable", note="run.json is damaged"),
)


def opened(summary: RunSummary) -> OpenRun:
    return OpenRun(summary.path, summary.name, RunConfig(), (1, 8, 8), (), False, "completed")


@pytest.fixture
def session(qapp: object) -> Session:
    return Session()


@pytest.fixture
def view(session: Session, qtbot: QtBot) -> RunsView:
    view = RunsView(session)
    qtbot.addWidget(view)
    for control in view.header_controls:
        qtbot.addWidget(control)
    view.resize(225, 200)
    view.show()
    qtbot.waitExposed(view)
    return view


def rows(view: RunsView) -> QListView:
    found = view.findChild(QListView, "runs")
    assert found is not None
    return found


def click(qtbot: QtBot, view: RunsView, row: int) -> None:
    listed = rows(view)
    place = listed.visualRect(listed.model().index(row, 0)).center()
    qtbot.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_without_runs_it_says_how_to_come_by_one(view: RunsView, session: Session) -> None:
    assert any("press Train" in label.text() for label in view.findChildren(QLabel) if label.isVisible())
    session.set_runs(RUNS)
    assert rows(view).isVisible()


def test_a_click_opens_the_run_under_it(view: RunsView, session: Session, qtbot: QtBot) -> None:
    session.set_runs(RUNS)
    for row, run in enumerate(RUNS):
        with qtbot.waitSignal(view.run_chosen, timeout=500) as said:
            click(qtbot, view, row)
        assert said.args == [str(run.path)]


def test_a_double_click_opens_once(view: RunsView, session: Session, qtbot: QtBot) -> None:
    said: list[str] = []
    view.run_chosen.connect(said.append)
    view.run_chosen.connect(lambda path: session.open(opened(next(r for r in RUNS if str(r.path) == path))))
    session.set_runs(RUNS)
    place = rows(view).visualRect(rows(view).model().index(1, 0)).center()
    qtbot.mouseClick(rows(view).viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(rows(view).viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert said == ["/runs/b"]


def test_enter_opens_the_run_that_has_the_focus(view: RunsView, session: Session, qtbot: QtBot) -> None:
    session.set_runs(RUNS)
    session.open(opened(RUNS[0]))
    rows(view).setFocus()
    qtbot.keyClick(rows(view), Qt.Key.Key_Down)
    with qtbot.waitSignal(view.run_chosen, timeout=500) as said:
        qtbot.keyClick(rows(view), Qt.Key.Key_Return)
    assert said.args == ["/runs/b"]


def test_the_open_run_is_marked_and_nothing_is_sent_back(view: RunsView, session: Session) -> None:
    said: list[str] = []
    view.run_chosen.connect(said.append)
    session.set_runs(RUNS)
    session.open(opened(RUNS[1]))
    model = rows(view).model()
    assert [model.index(row, 0).data(OPEN) for row in range(3)] == [False, True, False]
    tile = rows(view).visualRect(model.index(1, 0)).topLeft()
    shown = rows(view).viewport().grab().toImage().pixelColor(tile.x() + 8, tile.y() + 9)
    assert shown == theme.qcolor(theme.current().accent)
    session.set_runs(RUNS[1:])
    assert rows(view).currentIndex().row() == 0
    session.open(None)
    assert said == []


def test_the_buttons_of_the_heading(view: RunsView, session: Session, qtbot: QtBot) -> None:
    refresh, close = view.header_controls
    assert isinstance(refresh, QToolButton)
    with qtbot.waitSignal(view.refresh_pressed, timeout=500):
        qtbot.mouseClick(refresh, Qt.MouseButton.LeftButton)
    assert not close.isEnabled()
    session.open(opened(RUNS[0]))
    with qtbot.waitSignal(view.close_pressed, timeout=500):
        qtbot.mouseClick(close, Qt.MouseButton.LeftButton)


def test_the_fact_is_their_number(view: RunsView, session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.fact_changed) as fact:
        session.set_runs(RUNS)
    assert fact.args == ["3"]


def test_what_a_row_says() -> None:
    assert [second_line(run) for run in RUNS] == ["238.4 · epoch 6 of 20", "27.9 · epoch 60 of 60", "cannot be read"]
    assert [status_word(run) for run in RUNS] == ["interrupted", "read-only", ""]
    assert "run.json is damaged" in spoken(RUNS[2])
    assert "epoch 6 of 20" in spoken(RUNS[0])


@pytest.mark.parametrize("height", [95, 120, 137, 200])
def test_no_row_is_cut(view: RunsView, session: Session, qtbot: QtBot, height: int) -> None:
    session.set_runs(RUNS * 3)
    view.resize(225, height)
    listed = rows(view)
    for step in (0, 1, 100):
        listed.verticalScrollBar().setValue(step)
        seen = [listed.visualRect(listed.model().index(row, 0)) for row in range(9)]
        room = listed.viewport().rect()
        whole = [room.contains(rect) for rect in seen]
        assert sum(whole) == (height - 2) // ROW_HEIGHT
        assert whole == [room.intersects(rect) for rect in seen]
