"""The log: lines with their time, not to be written into, and not without end."""

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from latentlab.gui.session import Session
from latentlab.gui.views.log_view import LINES, LogView


@pytest.fixture
def session(qapp: object) -> Session:
    return Session()


@pytest.fixture
def view(session: Session, qtbot: QtBot) -> LogView:
    view = LogView(session)
    qtbot.addWidget(view)
    view.resize(400, 120)
    view.show()
    return view


def log(view: LogView) -> QPlainTextEdit:
    found = view.findChild(QPlainTextEdit, "log")
    assert found is not None
    return found


def test_lines_come_with_their_time(view: LogView, session: Session) -> None:
    session.logged.emit("Saved step 469")
    session.logged.emit("<b>Paused</b>")
    lines = log(view).toPlainText().splitlines()
    assert [re.fullmatch(r"\d\d:\d\d:\d\d  (.+)", line).group(1) for line in lines] == [  # type: ignore[union-attr]
        "Saved step 469",
        "<b>Paused</b>",
    ]


def test_it_cannot_be_written_into(view: LogView, session: Session, qtbot: QtBot) -> None:
    session.logged.emit("Saved")
    before = log(view).toPlainText()
    qtbot.keyClicks(log(view), "x")
    qtbot.keyClick(log(view), Qt.Key.Key_Backspace)
    assert log(view).toPlainText() == before


def test_it_says_what_will_stand_there(view: LogView) -> None:
    assert "will stand here" in log(view).placeholderText()


def test_old_lines_go(view: LogView, session: Session) -> None:
    for number in range(LINES + 20):
        session.logged.emit(str(number))
    assert log(view).blockCount() == LINES
    assert log(view).toPlainText().endswith(str(LINES + 19))


@pytest.mark.parametrize("scrolled_up", [False, True])
def test_it_follows_its_end_unless_scrolled_up(view: LogView, session: Session, scrolled_up: bool) -> None:
    for number in range(50):
        session.logged.emit(str(number))
    bar = log(view).verticalScrollBar()
    bar.setValue(0 if scrolled_up else bar.maximum())
    session.logged.emit("new")
    assert bar.value() == (0 if scrolled_up else bar.maximum())
