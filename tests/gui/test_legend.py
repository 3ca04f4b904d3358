"""The legend by mouse and keys: what is pressed there is hidden, shown or selected, and the counts are right."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QPushButton
from pytestqt.qtbot import QtBot

from latentlab.gui.session import Session
from latentlab.gui.views.map.view import MapView
from latentlab.gui.widgets.card import Card
from latentlab.gui.widgets.legend import MOST, Legend

LEFT = Qt.MouseButton.LeftButton
ALT = Qt.KeyboardModifier.AltModifier


class Shown:
    """A map whose session follows its legend."""

    def __init__(self, qtbot: QtBot, session: Session) -> None:
        from latentlab.gui.records import Layout

        self.view, self.card = MapView(session), Card("Map")
        for control in self.view.header_controls:
            self.card.heading.add_control(control)
        self.card.body.addWidget(self.view)
        qtbot.addWidget(self.card)
        self.card.resize(680, 500)
        self.card.show()
        qtbot.waitExposed(self.card)
        self.view.shown.connect(session.set_visible)
        self.view.picked.connect(lambda rows, how: session.select_group(rows))
        session.set_layout(Layout("pca", session.encoding.mu[:, :2]))
        self.session, self.qtbot = session, qtbot
        self.labels = session.images.labels

    @property
    def buttons(self) -> list:
        return self.view.legend.buttons

    def visible(self) -> np.ndarray:
        mask = self.session.visible
        return np.ones(len(self.labels), bool) if mask is None else mask

    def classes(self) -> list[int]:
        return sorted(set(self.labels[self.visible()].tolist()))


@pytest.fixture
def shown(qtbot: QtBot, explored: Session) -> Shown:
    return Shown(qtbot, explored)


def test_entries_say_how_many_there_are_and_a_click_hides_and_shows(shown: Shown):
    counts = np.bincount(shown.labels, minlength=10)
    assert [button.counted() for button in shown.buttons] == [f"{count:,}" for count in counts]
    shown.qtbot.mouseClick(shown.buttons[7], LEFT)
    assert shown.classes() == [0, 1, 2, 3, 4, 5, 6, 8, 9]
    assert shown.buttons[7].hidden
    assert shown.buttons[7].accessibleName() == f"7: {counts[7]} points, hidden"
    shown.qtbot.mouseClick(shown.buttons[7], LEFT)
    assert shown.session.visible is None


def test_what_is_partly_hidden_comes_back_whole(shown: Shown):
    mask = shown.labels != 3
    some = np.flatnonzero(shown.labels == 3)[:4]
    mask[some] = True
    shown.session.set_visible(mask)
    assert shown.buttons[3].counted() == f"4 of {(shown.labels == 3).sum()}"
    shown.qtbot.mouseClick(shown.buttons[3], LEFT)
    assert shown.session.visible is None


@pytest.mark.parametrize("way", ["double click", "alt", "enter"])
def test_one_alone_and_all_again(shown: Shown, way: str):
    button = shown.buttons[4]

    def ask() -> None:
        if way == "double click":
            shown.qtbot.mouseClick(button, LEFT)  # as a person's double click begins
            shown.qtbot.mouseDClick(button, LEFT)
        elif way == "alt":
            shown.qtbot.mouseClick(button, LEFT, ALT)
        else:
            button.setFocus()
            shown.qtbot.keyClick(button, Qt.Key.Key_Return)

    ask()
    assert shown.classes() == [4]
    ask()
    assert shown.session.visible is None


def test_the_keys_go_along_the_entries(shown: Shown):
    tabbed = [button for button in shown.buttons if button.focusPolicy() == Qt.FocusPolicy.TabFocus]
    assert tabbed == [shown.buttons[0]], "Tab comes to one of them"
    shown.buttons[0].setFocus()
    for key, place in ((Qt.Key.Key_Right, 1), (Qt.Key.Key_Down, 2), (Qt.Key.Key_Left, 1), (Qt.Key.Key_Left, 0)):
        shown.qtbot.keyClick(shown.card.window().focusWidget(), key)
        assert shown.buttons[place].hasFocus()
    shown.qtbot.keyClick(shown.buttons[0], Qt.Key.Key_Left)
    assert shown.buttons[-1].hasFocus()
    shown.qtbot.keyClick(shown.buttons[-1], Qt.Key.Key_Right)
    assert shown.buttons[0].hasFocus(), "round and round"
    shown.qtbot.keyClick(shown.buttons[0], Qt.Key.Key_Left)
    shown.qtbot.keyClick(shown.buttons[-1], Qt.Key.Key_Space)
    assert 9 not in shown.classes()


@pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard")
def test_its_menu_selects_what_is_shown_of_an_entry(shown: Shown):
    shown.session.set_visible(np.arange(len(shown.labels)) < 200)
    button = shown.buttons[2]
    button.menu_asked.emit(button.mapToGlobal(button.rect().center()))
    menu = shown.view.legend.findChild(QMenu, "legend_menu")
    menu.actions()[0].trigger()
    menu.close()
    assert shown.session.group.tolist() == [row for row in range(200) if shown.labels[row] == 2]


def test_values_are_hidden_by_their_bins(shown: Shown):
    at = shown.view.colour.findData("kl")
    shown.view.colour.setCurrentIndex(at)
    shown.view.colour.activated.emit(at)
    values, bins = shown.session.encoding.kl, shown.view.points.colouring.entries()
    assert sum(button.count[0] for button in shown.buttons) == len(values)
    shown.qtbot.mouseClick(shown.buttons[0], LEFT)
    hidden = ~shown.visible()
    assert np.array_equal(hidden, bins == 0)
    assert values[hidden].max() < values[~hidden].min(), "the smallest are hidden"


def test_when_everything_is_hidden_there_is_a_way_back(shown: Shown):
    way_back = shown.view.findChild(QPushButton, "map_show_all")
    assert not way_back.isVisible()
    for button in shown.buttons:
        shown.qtbot.mouseClick(button, LEFT)
    assert not shown.visible().any()
    assert shown.view.note.isVisible()
    assert "hidden" in shown.view.note.text()
    assert shown.view.canvas.rect().contains(way_back.geometry())
    assert not way_back.geometry().intersects(shown.view.note.geometry())
    shown.qtbot.mouseClick(way_back, LEFT)
    assert shown.session.visible is None
    assert not way_back.isVisible()
    assert not shown.view.note.isVisible()


def test_a_filter_stays_when_the_colours_say_something_else(shown: Shown):
    shown.qtbot.mouseClick(shown.buttons[5], LEFT)
    before = shown.visible().copy()
    at = shown.view.colour.findData("reconstruction")
    shown.view.colour.setCurrentIndex(at)
    shown.view.colour.activated.emit(at)
    assert np.array_equal(shown.visible(), before)
    assert sum(button.count[1] for button in shown.buttons) == before.sum()


def test_more_classes_than_there_is_room_for_are_counted_in_words(qtbot: QtBot):
    legend = Legend()
    qtbot.addWidget(legend)
    legend.resize(500, 100)
    legend.set_entries([(f"class {number}", "#123456") for number in range(MOST + 25)])
    legend.set_counts([(number, number) for number in range(MOST + 25)])
    assert len(legend.buttons) == MOST + 1
    assert legend.buttons[-1].name == "and 25 more"
    assert not legend.buttons[-1].isEnabled()
    assert all(button.geometry().right() <= 500 for button in legend.buttons)
    assert legend.sizeHint().height() > max(button.geometry().bottom() for button in legend.buttons) - 1
