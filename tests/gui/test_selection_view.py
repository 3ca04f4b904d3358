"""The map's points as a table: what it lists, how it is walked through by keys, and that it only makes what is seen."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from latentlab.gui.records import Encoding, MapImages, PointFacts
from latentlab.gui.session import Session
from latentlab.gui.views.selection import table
from latentlab.gui.views.selection.view import SelectionView, summary
from latentlab.gui.widgets.card import Card

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(qtbot: QtBot, explored: Session) -> SelectionView:
    return shown(qtbot, explored)


def shown(qtbot: QtBot, session: Session) -> SelectionView:
    view, card = SelectionView(session), Card("Selection")
    for control in view.header_controls:
        card.heading.add_control(control)
    card.body.addWidget(view)
    qtbot.addWidget(card)
    card.resize(480, 240)
    card.show()
    qtbot.waitExposed(card)
    view.table.setFocus()
    view.holder = card  # or it would go, and the view with it
    return view


def listed(view: SelectionView) -> list[int]:
    return view.model.rows.tolist()


def titles(view: SelectionView) -> list[str]:
    model = view.model
    return [model.headerData(place, Qt.Orientation.Horizontal) for place in range(model.columnCount())]


def texts(view: SelectionView, line: int) -> list[str]:
    return [view.model.index(line, place).data() for place in range(view.model.columnCount())]


def test_it_lists_the_selection_or_all_that_is_shown(view: SelectionView, explored: Session):
    assert listed(view) == list(range(400))
    explored.select_group(np.array([9, 3, 300]))
    assert listed(view) == [3, 9, 300]
    explored.select_group(np.empty(0, np.int64))
    mask = np.zeros(400, bool)
    mask[[5, 6]] = True
    explored.set_visible(mask)
    assert listed(view) == [5, 6]
    encoding = explored.encoding
    name = explored.label_of(5)
    assert texts(view, 0) == [
        "",
        f"#{encoding.index[5]}",
        name,
        f"{encoding.reconstruction[5]:.2f}",
        f"{encoding.kl[5]:.2f}",
    ]


def test_more_columns_come_with_what_becomes_known(view: SelectionView, explored: Session):
    assert titles(view) == ["", "Index", "Label", "Error", "KL"]
    density = np.linspace(-3, 2, 400).astype(np.float32)
    explored.set_facts(PointFacts(100, density=density))
    assert titles(view) == ["", "Index", "Label", "Error", "KL", "Density"]
    assert texts(view, 7)[-1] == f"{density[7]:.2f}"
    explored.set_facts(None)
    assert "Density" not in titles(view)


@pytest.mark.parametrize("column", [1, 3, 4])
def test_a_column_sorts_by_its_values_both_ways_and_keeps_its_order(
    view: SelectionView, explored: Session, column: int
):
    chance = np.random.default_rng(0)
    terms = chance.uniform(1, 99, 400).astype(np.float32)
    explored.set_encoding(replace(explored.encoding, reconstruction=terms, kl=1 / terms))
    values = {1: explored.encoding.index, 3: terms, 4: 1 / terms}[column]
    view.table.selectRow(0)
    view.table.setCurrentIndex(view.model.index(0, column))
    for largest_first in (False, True):
        press(view, Qt.Key.Key_S)
        order = np.argsort(-values if largest_first else values, kind="stable")
        assert listed(view) == order.tolist()
    explored.select_group(np.arange(0, 400, 7))
    assert np.array_equal(values[view.model.rows], np.sort(values[::7])[::-1]), "other rows are sorted as the last"


def press(view: SelectionView, key: Qt.Key) -> None:
    QTest.keyClick(view.table, key)


def test_figures_that_are_not_numbers_come_last(view: SelectionView, explored: Session):
    terms = np.linspace(1, 5, 400).astype(np.float32)
    terms[[3, 77]] = np.nan
    explored.set_encoding(replace(explored.encoding, reconstruction=terms))
    for order in Qt.SortOrder:
        view.table.sortByColumn(3, order)
        assert set(listed(view)[-2:]) == {3, 77}


def test_the_keys_walk_go_and_set_the_ends(view: SelectionView, explored: Session):
    chosen: list[int] = []
    ends: list[tuple[int, str]] = []
    view.row_chosen.connect(chosen.append)
    view.end_asked.connect(lambda *end: ends.append(end))
    explored.select_group(np.array([20, 40, 60]))
    view.table.setCurrentIndex(view.model.index(0, 1))
    press(view, Qt.Key.Key_Down)
    press(view, Qt.Key.Key_Return)
    assert chosen == [40]
    press(view, Qt.Key.Key_A)
    press(view, Qt.Key.Key_Down)
    press(view, Qt.Key.Key_B)
    assert ends == [(40, "A"), (60, "B")]


def test_delete_takes_rows_out_and_stays_where_it_was(view: SelectionView, explored: Session):
    view.removed.connect(lambda rows: explored.select_group(np.setdiff1d(explored.group, rows)))
    press(view, Qt.Key.Key_Delete)
    assert listed(view) == list(range(400)), "nothing is selected: there is nothing to take out of"
    explored.select_group(np.array([20, 40, 60, 80]))
    view.table.setCurrentIndex(view.model.index(1, 1))
    press(view, Qt.Key.Key_Delete)
    assert explored.group.tolist() == [20, 60, 80]
    assert view.table.currentIndex().row() == 1
    press(view, Qt.Key.Key_Delete)
    press(view, Qt.Key.Key_Delete)
    assert explored.group.tolist() == [20]


def test_the_sample_that_is_chosen_on_the_map_is_found_in_the_table(view: SelectionView, explored: Session):
    explored.select(250)
    assert view.model.rows[view.table.currentIndex().row()] == 250


def test_the_line_above_says_what_is_selected(view: SelectionView, explored: Session, qtbot: QtBot):
    facts: list[str] = []
    view.fact_changed.connect(facts.append)
    rows = np.flatnonzero(explored.images.labels == 3)[:10]
    other = np.flatnonzero(explored.images.labels == 8)[:4]
    explored.select_group(np.concatenate([rows, other]))
    both = explored.group
    summary = view.findChild(QLabel, "selection_summary").text()
    mean = explored.encoding.reconstruction[both].mean()
    assert summary == f"mean error {mean:.1f}, KL {explored.encoding.kl[both].mean():.1f} nats · 3: 10 · 8: 4"
    assert facts[-1] == "14 of 400 selected"


def test_classes_come_by_their_count_and_then_by_name(explored: Session):
    run, images = explored.run, explored.images
    names = ("shirt", "bag", "coat", *run.class_names[3:])
    explored.open(replace(run, class_names=names))
    encoding = Encoding(images.index, np.zeros((400, 6), np.float32), np.zeros(6, np.float32), 1)
    explored.set_encoding(encoding)
    labels = np.full(400, 2)
    labels[:3], labels[3:6], labels[6] = 0, 1, 5
    explored.set_images(MapImages(images.index, images.pixels, labels))
    assert summary(explored, np.arange(9)) == ["bag: 3", "shirt: 3", "coat: 2", "5: 1"]


def test_the_buttons_ask_and_are_off_where_they_could_do_nothing(view: SelectionView, explored: Session, qtbot: QtBot):
    asked: list[str] = []
    for name in ("export", "invert", "clear"):
        getattr(view, f"{name}_pressed").connect(lambda name=name: asked.append(name))
    explored.select_group(np.array([1]))
    for name in ("export", "invert", "clear"):
        qtbot.mouseClick(view.window().findChild(QPushButton, f"selection_{name}"), LEFT)
    assert asked == ["export", "invert", "clear"]
    explored.select_group(np.empty(0, np.int64))
    assert not view.window().findChild(QPushButton, "selection_clear").isEnabled()


def test_it_says_what_would_fill_it(view: SelectionView, explored: Session):
    words = [label for label in view.findChildren(QLabel) if "hidden" in label.text() or "No points" in label.text()]
    assert not any(label.isVisible() for label in words)
    explored.set_visible(np.zeros(400, bool))
    visible = [label.text() for label in view.findChildren(QLabel) if label.isVisible()]
    assert any("Every point is hidden" in text for text in visible)
    explored.open(None)
    visible = [label.text() for label in view.findChildren(QLabel) if label.isVisible()]
    assert any("No points yet" in text for text in visible)


def test_of_seventy_thousand_rows_only_those_that_are_seen_are_drawn(
    explored: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    count, drawn = 70_000, []
    fitted = table.fitted
    monkeypatch.setattr(table, "fitted", lambda *given: drawn.append(1) or fitted(*given))
    terms = np.arange(count, dtype=np.float32)
    index = np.arange(count) + 5
    explored.set_encoding(Encoding(index, np.zeros((count, 6), np.float32), np.ones(6, np.float32), 1, terms, terms))
    explored.set_images(MapImages(index, np.zeros((count, 1, 8, 8), np.uint8), np.zeros(count, np.int64)))
    view = shown(qtbot, explored)
    view.grab()
    assert len(listed(view)) == count
    assert 3 <= len(drawn) < 30
    view.table.scrollToBottom()
    view.grab()
    assert len(drawn) < 60


def test_while_it_is_not_to_be_seen_it_does_nothing_and_then_catches_up(view: SelectionView, explored: Session):
    view.window().hide()
    explored.select_group(np.array([4, 5]))
    assert listed(view) == list(range(400))
    view.window().show()
    assert listed(view) == [4, 5]
