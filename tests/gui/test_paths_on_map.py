"""Paths on the map: drawn, clicked, changed and taken back by hand, and the strip that follows them."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentlab.gui.records import Layout, Place, Route
from latentlab.gui.session import Session
from latentlab.gui.views.map.view import MapView
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.card import Card

LEFT = Qt.MouseButton.LeftButton


class Hand:
    """A mouse on the map with the path tool in hand; `routes` are what the view asked for."""

    def __init__(self, qtbot: QtBot, session: Session) -> None:
        self.qtbot, self.session, self.view = qtbot, session, MapView(session)
        self.panel = Card("Map")
        for control in self.view.header_controls:
            self.panel.heading.add_control(control)
        self.panel.body.addWidget(self.view)
        qtbot.addWidget(self.panel)
        self.panel.resize(700, 640)
        self.panel.show()
        qtbot.waitExposed(self.panel)
        self.canvas = self.view.canvas
        self.drawn: list[np.ndarray] = []
        self.moved: list[tuple[int, float, float]] = []
        self.shortened = 0
        paths = self.view.paths
        paths.drawn.connect(self.drawn.append)
        paths.drawn.connect(lambda places: session.set_route(Route(np.zeros((len(places), 6)), np.float32(places))))
        paths.moved.connect(lambda *at: self.moved.append(at))
        paths.shortened.connect(self._shorten)

    def _shorten(self) -> None:
        self.shortened += 1

    def at(self, x: float, y: float) -> QPoint:
        return self.canvas.to_pixels(x, y).toPoint()

    def click(self, x: float, y: float, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.qtbot.mouseClick(self.canvas, LEFT, keys, self.at(x, y))

    def stroke(self, *places: tuple[float, float]) -> None:
        self.qtbot.mousePress(self.canvas, LEFT, pos=self.at(*places[0]))
        for place in places[1:]:
            self.qtbot.mouseMove(self.canvas, self.at(*place))
        self.qtbot.mouseRelease(self.canvas, LEFT, pos=self.at(*places[-1]))

    def key(self, key: Qt.Key) -> None:
        self.qtbot.keyClick(self.canvas, key)


@pytest.fixture
def hand(qtbot: QtBot, qapp: QApplication, explored: Session) -> Hand:
    theme.apply(qapp, "dark")
    hand = Hand(qtbot, explored)
    explored.set_layout(Layout("umap", np.random.default_rng(0).uniform(0, 10, (400, 2)).astype(np.float32)))
    explored.set_tool("path")
    hand.canvas.setFocus()
    qtbot.wait(20)
    return hand


def near(places: np.ndarray, *wanted: tuple[float, float]) -> bool:
    return places.shape == (len(wanted), 2) and np.allclose(places, wanted, atol=0.06)


@pytest.mark.parametrize("end", ["enter", "double click"])
def test_clicked_waypoints_become_a_path(hand: Hand, end: str):
    for place in ((1, 1), (3, 5), (6, 4), (8, 8)):
        hand.click(*place)
    hand.key(Qt.Key.Key_Backspace)
    hand.click(9, 2)
    assert not hand.drawn, "it is not at its end yet"
    if end == "enter":
        hand.key(Qt.Key.Key_Return)
    else:
        before = hand.canvas.pixel_size()
        hand.qtbot.mouseDClick(hand.canvas, LEFT, pos=hand.at(9, 2))
        assert hand.canvas.pixel_size() == before, "the map is not fitted by it"
    (places,) = hand.drawn
    assert near(places, (1, 1), (3, 5), (6, 4), (9, 2))
    hand.key(Qt.Key.Key_Return)
    assert len(hand.drawn) == 1, "it is ended once"


def test_a_drawn_line_becomes_few_waypoints_at_its_corners(hand: Hand):
    jitter = np.random.default_rng(1).normal(0, 0.01, (60, 2))
    corner = np.concatenate(
        [np.c_[np.linspace(1, 8, 30), np.full(30, 2)], np.c_[np.full(30, 8), np.linspace(2, 9, 30)]]
    )
    hand.stroke(*(corner + jitter).tolist())
    (places,) = hand.drawn
    assert 3 <= len(places) <= 5
    assert np.allclose(places[[0, -1]], [[1, 2], [8, 9]], atol=0.1)
    assert np.linalg.norm(places - (8, 2), axis=1).min() < 0.2
    angle = np.linspace(0, 40, 500)
    hand.stroke(*(5 + 0.1 * angle[:, None] * np.c_[np.cos(angle), np.sin(angle)]).tolist())
    assert len(hand.drawn[-1]) == 12, "even a spiral has no more"


def test_escape_gives_up_what_is_under_way_and_enter_needs_two(hand: Hand):
    cleared: list[bool] = []
    hand.view.cleared.connect(lambda: cleared.append(True))
    hand.click(1, 1)
    hand.click(4, 4)
    hand.key(Qt.Key.Key_Escape)
    hand.key(Qt.Key.Key_Return)
    hand.click(2, 2)
    hand.click(2, 2)
    hand.key(Qt.Key.Key_Return)
    assert not hand.drawn
    assert not cleared
    hand.session.set_tool("decode")
    hand.session.set_tool("path")
    hand.click(6, 6)
    hand.key(Qt.Key.Key_Return)
    assert not hand.drawn, "another tool in between gives it up as well"


def test_a_path_under_way_outlasts_new_weights_but_not_other_images(hand: Hand):
    encoding = hand.session.encoding
    hand.session.set_encoding(replace(encoding))
    hand.click(1, 1)
    hand.session.set_encoding(replace(encoding, mu=encoding.mu + 0.1, step=200))
    hand.click(8, 8)
    hand.key(Qt.Key.Key_Return)
    assert near(hand.drawn[0], (1, 1), (8, 8))
    hand.click(1, 8)
    hand.session.set_encoding(replace(encoding, index=encoding.index + 1))
    hand.click(8, 1)
    hand.key(Qt.Key.Key_Return)
    assert len(hand.drawn) == 1


def test_shift_snaps_to_the_nearest_sample(hand: Hand):
    hand.click(1, 1, Qt.KeyboardModifier.ShiftModifier)
    hand.click(8, 8)
    hand.key(Qt.Key.Key_Enter)
    coords = hand.session.layout.coords
    nearest = coords[np.argmin(np.linalg.norm(coords - (1, 1), axis=1))]
    assert np.allclose(hand.drawn[0][0], nearest, atol=1e-5)


def test_a_number_is_dragged_and_the_others_stay(hand: Hand):
    for place in ((1, 1), (3, 5), (6, 4)):
        hand.click(*place)
    hand.key(Qt.Key.Key_Return)
    hand.stroke((3, 5), (4, 6), (5, 7))
    assert {number for number, _, _ in hand.moved} == {1}
    assert hand.moved[-1][1:] == pytest.approx((5, 7), abs=0.06)
    assert len(hand.drawn) == 1, "no new path was drawn"
    hand.key(Qt.Key.Key_Backspace)
    assert hand.shortened == 1


def test_the_path_is_seen_with_its_numbers_in_both_themes(hand: Hand, qapp: QApplication):
    hand.session.set_layout(Layout("pca", np.array([[0, 0], [10, 10]] * 200, np.float32)))
    hand.qtbot.waitUntil(lambda: not hand.view.points.gliding)
    bare = hand.canvas.grab().toImage()
    hand.session.set_route(Route(np.zeros((2, 6), np.float32), np.array([[2, 2], [8, 2]], np.float32)))
    hand.session.set_walk("path")
    for mode in ("dark", "light"):
        theme.apply(qapp, mode)
        drawn = hand.canvas.grab().toImage()
        middle = hand.at(5, 2)
        column = {drawn.pixelColor(middle + QPoint(0, y)).name().upper() for y in range(-2, 3)}
        assert any(theme.contrast(colour, theme.current().card) > 4.5 for colour in column), "the line"
        ring = {drawn.pixelColor(hand.at(2, 2) + QPoint(x, 0)).name().upper() for x in range(6, 11)}
        assert theme.current().accent in ring, "a handle"
    assert bare.pixelColor(hand.at(5, 2)).name().upper() == theme.DARK.card
    hand.session.set_route(None)
    assert hand.canvas.grab().toImage().pixelColor(hand.at(5, 2)).name().upper() == theme.LIGHT.card


def test_with_another_tool_clicks_and_keys_are_its_own(hand: Hand):
    hand.session.set_tool("decode")
    moves: list[tuple[float, float, bool]] = []
    hand.view.moved.connect(lambda *at: moves.append(at))
    hand.session.set_route(Route(np.zeros((2, 6), np.float32), np.array([[2, 2], [8, 2]], np.float32)))
    hand.session.set_place(Place(hand.session.encoding.mu[0]))
    hand.stroke((2, 2), (4, 4), (5, 5))
    hand.key(Qt.Key.Key_Backspace)
    hand.key(Qt.Key.Key_Return)
    assert moves
    assert not hand.moved
    assert not hand.drawn
    assert not hand.shortened


def test_the_walk_that_the_strip_does_not_follow_is_fainter(hand: Hand):
    hand.session.set_layout(Layout("pca", np.array([[0, 0], [10, 10]] * 200, np.float32)))
    hand.qtbot.waitUntil(lambda: not hand.view.points.gliding)
    for end, place in (("A", (2.0, 8.0)), ("B", (8.0, 8.0))):
        hand.session.set_end(end, Place(hand.session.encoding.mu[0], position=place))
    hand.session.set_route(Route(np.zeros((2, 6), np.float32), np.array([[2, 2], [8, 2]], np.float32)))

    def contrast(x: float, y: float) -> float:
        drawn, middle = hand.canvas.grab().toImage(), hand.at(x, y)
        around = [drawn.pixelColor(middle + QPoint(dx, dy)).name() for dx in range(-6, 7) for dy in range(-2, 3)]
        return max(theme.contrast(colour, theme.current().card) for colour in around)

    hand.session.set_walk("path")
    path, ends = contrast(5, 2), contrast(5, 8)
    hand.session.set_walk("ends")
    assert contrast(5, 8) > 2 * ends
    assert path > 2 * contrast(5, 2)


def test_the_card_says_what_a_click_does_with_this_tool(hand: Hand):
    for tool, words in (("path", "click for a waypoint"), ("decode", "click to select"), ("box", "")):
        hand.session.set_tool(tool)
        hand.view.hover.set_row(7)
        hand.qtbot.waitUntil(hand.view.card.isVisible)
        assert hand.view.card.lines[1].text() == words


def test_a_path_by_way_of_places_keeps_the_letters_of_a_and_b(qtbot: QtBot, explored: Session):
    hand = Hand(qtbot, explored)
    coords = np.random.default_rng(0).uniform(-1, 1, (len(explored.encoding), 2)).astype(np.float32)
    explored.set_layout(Layout("pca", coords))
    a, b = (Place(explored.encoding.mu[row], position=place) for row, place in ((1, (-0.5, 0.0)), (2, (0.5, 0.0))))
    explored.set_end("A", a)
    explored.set_end("B", b)
    places = np.array([a.position, (0.0, 0.5), b.position], np.float32)
    explored.set_route(Route(explored.encoding.mu[[1, 3, 2]], places, tied=True))
    explored.set_walk("path")
    marks = hand.canvas.marks
    assert marks.walked
    assert not marks.joined, "no straight line joins them"
    explored.set_route(replace(explored.route, tied=False))
    assert not marks.walked
