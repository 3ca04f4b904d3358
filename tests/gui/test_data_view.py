"""The view of the data: what is chosen leaves as a signal, what arrives is shown and not sent back."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from latentlab.config import RunConfig
from latentlab.data.sources import names
from latentlab.gui.records import Preview
from latentlab.gui.session import Session
from latentlab.gui.views.data_view import SOURCE_NAMES, DataView, Thumbnails


@pytest.fixture
def session(qapp: object) -> Session:
    return Session()


@pytest.fixture
def view(session: Session, qtbot: QtBot) -> DataView:
    view = DataView(session)
    qtbot.addWidget(view)
    view.resize(225, 110)
    view.show()
    return view


def combo(view: DataView) -> QComboBox:
    found = view.findChild(QComboBox, "source")
    assert found is not None
    return found


def words(view: DataView) -> str:
    return " ".join(label.text() for label in view.findChildren(QLabel) if label.isVisible())


def test_every_source_there_is_can_be_chosen() -> None:
    assert set(SOURCE_NAMES) >= set(names())


def test_a_chosen_source_is_said(view: DataView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.source_chosen, timeout=1000) as said:
        qtbot.keyClick(combo(view), Qt.Key.Key_M)
    assert said.args == ["mnist"]


def test_a_chosen_folder_is_said(view: DataView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/pictures/cats")
    with qtbot.waitSignal(view.folder_chosen, timeout=1000) as said, qtbot.assertNotEmitted(view.source_chosen):
        qtbot.keyClick(combo(view), Qt.Key.Key_End)
    assert said.args == ["/pictures/cats"]


def test_choosing_no_folder_leaves_everything(view: DataView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    with qtbot.assertNotEmitted(view.folder_chosen):
        qtbot.keyClick(combo(view), Qt.Key.Key_End)
    assert combo(view).currentData() == "digits"


def test_what_the_session_says_is_shown_and_not_sent_back(view: DataView, session: Session) -> None:
    said: list[str] = []
    view.source_chosen.connect(said.append)
    view.folder_chosen.connect(said.append)
    session.set_config(RunConfig.parse({"data": {"source": "fashion-mnist"}}))
    assert combo(view).currentText() == "Fashion-MNIST"
    session.set_config(RunConfig.parse({"data": {"source": "folder", "path": "/pictures"}}))
    assert combo(view).currentData() == "folder"
    assert "/pictures" in words(view)
    assert said == []


def test_facts_and_counts_are_shown(view: DataView, session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.fact_changed) as fact:
        session.set_preview(Preview("digits", None, "1,437 + 360", "8x8 grey · 10 classes"))
    assert fact.args == ["1,437 + 360"]
    assert "8x8 grey · 10 classes" in words(view)


def test_the_preview_of_another_source_is_not_shown_as_this_one(view: DataView, session: Session) -> None:
    session.set_preview(Preview("mnist", None, "60,000 + 10,000", "28x28 grey"))
    assert "28x28" not in words(view)
    assert "Reading Digits" in words(view)


def test_a_problem_is_said_in_place_of_the_facts(view: DataView, session: Session) -> None:
    session.set_preview(Preview("digits", facts="8x8 grey", problem="There are no pictures in this folder."))
    assert words(view) == "There are no pictures in this folder."


@pytest.mark.parametrize(("channels", "side", "shown"), [(1, 8, 32), (1, 28, 28), (3, 32, 32), (3, 64, 32)])
def test_thumbnails_are_whole_multiples_never_smoothed(qtbot: QtBot, channels: int, side: int, shown: int) -> None:
    small = np.random.default_rng(0).integers(0, 256, (3, channels, min(side, 32), min(side, 32)), dtype=np.uint8)
    pixels = small.repeat(side // small.shape[2], axis=2).repeat(side // small.shape[3], axis=3)
    row = Thumbnails()
    qtbot.addWidget(row)
    row.set_pixels(pixels)
    row.resize(200, row.sizeHint().height())
    assert row.sizeHint().height() == shown
    image = row.grab().toImage()
    scale = shown // small.shape[2]
    for y, x in ((0, 0), (7, 5), (shown - 1, shown - 1)):
        colour = QColor(image.pixel(shown + Thumbnails.GAP + x, y))
        expected = np.broadcast_to(small[1], (3, *small.shape[2:]))[:, y // scale, x // scale]
        assert (colour.red(), colour.green(), colour.blue()) == tuple(expected)


def test_a_dropped_folder_is_said(view: DataView, qtbot: QtBot, tmp_path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(view, enter)
    assert enter.isAccepted()
    with qtbot.waitSignal(view.folder_chosen, timeout=500) as said:
        QApplication.sendEvent(view, QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, buttons, keys))
    assert said.args == [str(tmp_path)]
