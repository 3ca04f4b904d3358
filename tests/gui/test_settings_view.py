"""The form: an edit leaves as the changed field alone; what the session says is shown and not sent back."""

from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QScrollArea, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from latentlab.config import RunConfig, merge
from latentlab.gui.session import Session
from latentlab.gui.views.settings_view import FIELDS, SettingsView, matching_preset
from latentlab.gui.widgets.named import wrapped
from latentlab.presets import PRESETS, preset


@pytest.fixture
def session(qapp: object) -> Session:
    return Session()


@pytest.fixture
def view(session: Session, qtbot: QtBot) -> SettingsView:
    view = SettingsView(session)
    qtbot.addWidget(view)
    view.resize(225, 230)
    view.show()
    qtbot.waitExposed(view)
    return view


def control(view: SettingsView, name: str) -> Any:
    found = view.findChild(QWidget, name)
    assert found is not None, name
    return found


def type_into(qtbot: QtBot, spin: QAbstractSpinBox, text: str) -> None:
    spin.setFocus()
    spin.selectAll()
    qtbot.keyClicks(spin, text)
    qtbot.keyClick(spin, Qt.Key.Key_Return)


def choose(qtbot: QtBot, box: QComboBox, value: str) -> None:
    """By the first letter of its words, which is unique among the choices ahead."""
    qtbot.keyClicks(box, box.itemText(box.findData(value))[0])
    box.clearFocus()  # the next letter begins anew


def edits(view: SettingsView) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    view.config_edited.connect(said.append)
    return said


@pytest.mark.parametrize(
    ("name", "typed", "edit"),
    [
        ("latent_dim", "24", {"model": {"latent_dim": 24}}),
        ("epochs", "7", {"training": {"epochs": 7}}),
        ("batch_size", "256", {"training": {"batch_size": 256}}),
        ("learning_rate", "0.0003", {"training": {"learning_rate": 0.0003}}),
        ("limit", "2000", {"data": {"limit": 2000}}),
        ("beta_schedule.steps", "500", {"objective": {"beta_schedule": {"steps": 500}}}),
        ("seed", "42", {"training": {"seed": 42}}),
    ],
)
def test_a_typed_number_is_one_edit(
    view: SettingsView, qtbot: QtBot, name: str, typed: str, edit: dict[str, Any]
) -> None:
    said = edits(view)
    type_into(qtbot, control(view, name), typed)
    assert said == [edit]


@pytest.mark.parametrize(
    ("name", "value", "edit"),
    [
        ("network", "mlp", {"model": {"network": "mlp"}}),
        ("likelihood", "gaussian", {"model": {"likelihood": "gaussian"}}),
        ("device", "cpu", {"training": {"device": "cpu"}}),
        ("beta_schedule.shape", "linear", {"objective": {"beta_schedule": {"shape": "linear"}}}),
        ("norm", "batch", {"model": {"norm": "batch"}}),
        ("kind", "beta-vae", {"model": {"kind": "beta-vae"}, "objective": {"beta": 2.0}}),
        ("kind", "cvae", {"model": {"kind": "cvae"}, "objective": {"beta": 1.0}}),
    ],
)
def test_a_choice_is_one_edit(view: SettingsView, qtbot: QtBot, name: str, value: str, edit: dict[str, Any]) -> None:
    said = edits(view)
    choose(qtbot, control(view, name), value)
    assert said == [edit]


def test_every_edit_is_a_valid_configuration(view: SettingsView, session: Session, qtbot: QtBot) -> None:
    view.config_edited.connect(lambda edit: session.set_config(RunConfig.parse(merge(session.config.to_dict(), edit))))
    choose(qtbot, control(view, "kind"), "beta-vae")
    type_into(qtbot, control(view, "beta"), "2.5")
    choose(qtbot, control(view, "network"), "mlp")
    assert session.config.objective.beta == 2.5
    qtbot.keyClick(control(view, "kind"), Qt.Key.Key_Home)
    assert session.config.objective.beta == 1.0
    assert not control(view, "beta").isEnabled()


def test_an_edit_that_is_not_accepted_goes_back(view: SettingsView, session: Session, qtbot: QtBot) -> None:
    type_into(qtbot, control(view, "latent_dim"), "24")
    choose(qtbot, control(view, "network"), "mlp")
    assert control(view, "latent_dim").value() == session.config.model.latent_dim
    assert control(view, "network").currentData() == session.config.model.network


def test_beta_is_a_control_where_it_is_free(view: SettingsView, session: Session) -> None:
    assert not control(view, "beta").isEnabled()
    for kind in ("beta-vae", "cvae"):
        session.set_config(RunConfig.parse({"model": {"kind": kind}}))
        assert control(view, "beta").isEnabled()


@pytest.mark.parametrize("name", PRESETS)
def test_what_the_session_says_is_shown_and_not_sent_back(view: SettingsView, session: Session, name: str) -> None:
    said = edits(view)
    view.preset_chosen.connect(said.append)
    config = RunConfig.parse(preset(name))
    session.set_config(config)
    values = config.to_dict()
    for row in FIELDS:
        shown, value = control(view, row.name), row.value(values)
        if isinstance(shown, QComboBox):
            assert shown.currentData() == value
        else:
            assert shown.value() == (value if value is not None else shown.minimum())
    assert control(view, "preset").currentData() == name
    assert said == []


def test_a_preset_is_chosen_by_its_name(view: SettingsView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.preset_chosen, timeout=1000) as said:
        choose(qtbot, control(view, "preset"), "picture")
    assert said.args == ["picture"]
    assert control(view, "preset").currentText() == "Custom"  # until the session follows


def test_what_is_no_preset_is_custom() -> None:
    assert matching_preset(RunConfig().to_dict()) == "custom"
    assert all(matching_preset(RunConfig.parse(values).to_dict()) == name for name, values in PRESETS.items())


def test_no_limit_is_said_in_words_and_can_be_chosen_again(view: SettingsView, session: Session, qtbot: QtBot) -> None:
    assert control(view, "limit").text() == "all images"
    session.set_config(RunConfig.parse({"data": {"limit": 2}}))
    assert control(view, "limit").text() == "2 images"
    said = edits(view)
    control(view, "limit").setFocus()
    qtbot.keyClick(control(view, "limit"), Qt.Key.Key_Down)
    assert said == [{"data": {"limit": None}}]


def test_the_wheel_scrolls_the_form_and_not_a_number_in_passing(view: SettingsView, qtbot: QtBot) -> None:
    said = edits(view)
    scroll = view.findChild(QScrollArea)
    assert scroll is not None
    for name in ("latent_dim", "beta"):
        before, passed = scroll.verticalScrollBar().value(), control(view, name)
        place = QPointF(passed.mapTo(view, passed.rect().center()))
        QTest.wheelEvent(view.windowHandle(), place, QPoint(0, -120))
        assert scroll.verticalScrollBar().value() > before
    control(view, "seed").setFocus()
    scroll.ensureWidgetVisible(control(view, "seed"))
    qtbot.wait(10)
    place = QPointF(control(view, "seed").mapTo(view, control(view, "seed").rect().center()))
    QTest.wheelEvent(view.windowHandle(), place, QPoint(0, 120))
    assert said == [{"training": {"seed": 1}}]  # with the focus, it counts


def test_nothing_is_cut_off_in_the_left_column(view: SettingsView) -> None:
    scroll = view.findChild(QScrollArea)
    assert scroll is not None
    assert scroll.widget().width() <= scroll.viewport().width()
    for row in FIELDS:
        shown = control(view, row.name)
        assert shown.geometry().right() < scroll.viewport().width()
        if isinstance(shown, QSpinBox):
            assert shown.fontMetrics().horizontalAdvance(shown.text()) <= shown.lineEdit().width()


def test_every_control_says_what_it_is(view: SettingsView) -> None:
    for row in FIELDS:
        assert control(view, row.name).accessibleName() == row.words
        assert control(view, row.name).toolTip() == wrapped(row.tip)


def test_while_training_it_says_that_it_is_for_the_next_run(view: SettingsView, session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.fact_changed) as fact:
        session.set_training(phase="training")
    assert fact.args == ["for the next run"]


@pytest.mark.parametrize("height", [150, 173, 190])
def test_no_row_of_the_form_is_cut(view: SettingsView, qtbot: QtBot, height: int) -> None:
    view.resize(240, height)
    (area,) = view.findChildren(QScrollArea)
    qtbot.waitUntil(lambda: area.height() == height)
    scroll, room = area.verticalScrollBar(), area.viewport()
    for step in range(4):
        scroll.setValue(step * scroll.singleStep() if step < 3 else scroll.maximum())
        for row in FIELDS:
            each = control(view, row.name)
            if not each.isVisibleTo(view):
                continue
            rect = QRect(each.mapTo(room, QPoint(0, 0)), each.size())
            assert room.rect().contains(rect) or not room.rect().intersects(rect), (row.name, step)
