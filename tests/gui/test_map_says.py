"""What the map says and marks by itself: ends and selection, what it shows, and what would fill it."""

from dataclasses import dataclass

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from latentlab.gui.records import Layout, Place
from latentlab.gui.session import Session
from latentlab.gui.views.map.view import MapView
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.card import Card


@dataclass
class Shown:
    """The map in its panel, of 400 points."""

    view: MapView
    panel: Card
    session: Session
    qtbot: QtBot


@pytest.fixture
def shown(qtbot: QtBot, qapp, explored: Session) -> Shown:
    theme.apply(qapp, "dark")
    view, card = MapView(explored), Card("Map")
    for control in view.header_controls:
        card.heading.add_control(control)
    card.body.addWidget(view)
    qtbot.addWidget(card)
    card.resize(900, 860)
    card.show()
    qtbot.waitExposed(card)
    explored.set_layout(Layout("pca", np.random.default_rng(0).uniform(0, 1, (400, 2)).astype(np.float32)))
    return Shown(view, card, explored, qtbot)


def test_ends_and_selection_are_marked_where_they_are(shown: Shown):
    places = shown.session.layout.coords
    shown.session.set_end("A", Place(shown.session.encoding.mu[1], "", (1.0, 2.0)))
    shown.session.select(42)
    marks = shown.view.marks
    assert (marks.a, marks.b) == ((1.0, 2.0), None)
    shown.session.set_layout(Layout("umap", places[::-1]))
    shown.qtbot.waitUntil(lambda: not shown.view.points.gliding)
    assert np.array_equal(marks.selected.places, places[[399 - 42]])
    shown.session.select(None)
    assert not len(marks.selected.places)


def test_the_map_is_chosen_by_its_buttons_and_says_what_it_shows(shown: Shown):
    asked: list[str] = []
    shown.view.layout_chosen.connect(asked.append)
    for button in shown.view.axes:
        shown.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked == ["umap", "pca", "axes", "tsne"]
    shown.session.set_layout(Layout("axes", shown.session.encoding.mu[:, [5, 3]], (5, 3)))
    assert shown.view.axes[2].text() == "z 5 × z 3"
    assert shown.view.axes[2].isChecked()


def test_an_empty_map_says_what_would_fill_it(shown: Shown):
    shown.session.open(None)
    assert shown.view.note.isVisible()
    assert "Train" in shown.view.note.text()
    shown.session.set_map_note("There is no folder " + "/pictures" * 40)
    note = shown.view.note
    assert shown.view.canvas.rect().contains(note.geometry())
    assert note.heightForWidth(note.width()) <= note.height(), "the whole sentence is to be read"
