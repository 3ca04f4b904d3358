"""The map by mouse and keys: what is under the cursor is always the very image, whatever happened to the points."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from latentlab.gui.records import Layout, MapImages, Place
from latentlab.gui.session import Session
from latentlab.gui.views.map import points
from latentlab.gui.views.map.view import MapView
from latentlab.gui.widgets import floating_card, theme
from latentlab.gui.widgets.card import Card
from latentlab.images import Dataset

LEFT, MIDDLE, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.NoButton
GRID = 20


def grid(order: np.ndarray | None = None) -> np.ndarray:
    """400 places, far enough apart for each to be hit, taken by the rows in this order."""
    places = np.stack(np.meshgrid(np.arange(GRID), np.arange(GRID)), axis=-1).reshape(-1, 2).astype(np.float32)
    return places if order is None else places[order]


class Hand:
    """A mouse on the map."""

    def __init__(self, qtbot: QtBot, view: MapView, session: Session, digits: Dataset, panel: Card) -> None:
        self.qtbot, self.view, self.session, self.digits, self.panel = qtbot, view, session, digits, panel
        self.surface = view.canvas
        self.moves: list[tuple[float, float, bool]] = []
        self.chosen: list[int] = []
        self.ends: list[str] = []
        view.moved.connect(lambda x, y, snap: self.moves.append((x, y, snap)))
        view.point_chosen.connect(self.chosen.append)
        view.end_asked.connect(self.ends.append)

    def pixel(self, row: int) -> QPoint:
        """Where the point of this row is drawn."""
        return self.view.canvas.to_pixels(*self.view.points.coords[row].tolist()).toPoint()

    def inside(self, row: int) -> bool:
        return self.surface.rect().adjusted(2, 2, -2, -2).contains(self.pixel(row))

    def hover(self, point: QPoint) -> None:
        self.qtbot.mouseMove(self.surface, point + QPoint(1, 0))  # one that does not move is no event
        self.qtbot.mouseMove(self.surface, point)

    def rest(self) -> None:
        """Until the points and the card have come to where they belong."""
        self.qtbot.waitUntil(lambda: not self.view.points.gliding)
        self.qtbot.wait(20)

    def drag(self, button: Qt.MouseButton, start: QPoint, end: QPoint) -> None:
        self.qtbot.mousePress(self.surface, button, pos=start)
        for share in (0.3, 0.7, 1.0):
            self.qtbot.mouseMove(self.surface, (QPointF(start) + share * QPointF(end - start)).toPoint())
        self.qtbot.mouseRelease(self.surface, button, pos=end)

    def wheel(self, point: QPoint, notches: int) -> None:
        there = QPointF(self.surface.mapToGlobal(point))
        event = QWheelEvent(
            QPointF(point), there, QPoint(), QPoint(0, 120 * notches), NO_BUTTON, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(self.surface, event)

    def empty_place(self) -> QPoint:
        """Between four points."""
        return (self.pixel(0) + self.pixel(GRID + 1)) / 2


@pytest.fixture
def hand(qtbot: QtBot, qapp, digits: Dataset, explored: Session, monkeypatch: pytest.MonkeyPatch) -> Hand:
    theme.apply(qapp, "dark")
    monkeypatch.setattr(floating_card, "AFTER", 1)
    monkeypatch.setattr(floating_card, "GRACE", 5)
    monkeypatch.setattr(points, "GLIDE", 10)
    view, card = MapView(explored), Card("Map")
    for control in view.header_controls:
        card.heading.add_control(control)
    card.body.addWidget(view)
    qtbot.addWidget(card)
    card.resize(900, 860)
    card.show()
    qtbot.waitExposed(card)
    explored.set_layout(Layout("pca", grid()))
    qtbot.wait(20)
    return Hand(qtbot, view, explored, digits, card)


def check_card(hand: Hand) -> None:
    """What the card says and shows belongs together, and to the point that is ringed."""
    card = hand.view.card
    if not card.isVisible() or "#" not in card.title.text():
        return
    index = int(card.title.text().rpartition("#")[2])
    image = hand.digits.at(np.array([index]))
    if card.picture.pixels is not None:
        assert np.array_equal(card.picture.pixels, image.pixels[0]), f"another picture than that of #{index}"
        assert card.title.text() == f"{image.class_names[image.labels[0]]} · #{index}"
    if hand.view.hover.row is not None:
        assert hand.session.encoding.index[hand.view.hover.row] == index


def check_hover(hand: Hand, row: int) -> None:
    """The point of this row, where it is drawn now, brings its own card."""
    hand.hover(hand.pixel(row))
    hand.qtbot.waitUntil(hand.view.card.isVisible, timeout=2000)
    hand.qtbot.wait(10)
    assert f"#{hand.session.encoding.index[row]}" in hand.view.card.title.text()
    assert np.array_equal(hand.view.marks.hovered.places, hand.view.points.coords[[row]])
    check_card(hand)


def test_the_card_is_of_the_very_image_after_new_colours_and_new_places(hand: Hand):
    session, view = hand.session, hand.view
    for row in (0, 57, 399):
        check_hover(hand, row)
    for choice in range(view.colour.count()):
        view.colour.setCurrentIndex(choice)
        view.colour.activated.emit(choice)
    check_hover(hand, 211)
    order = np.random.default_rng(1).permutation(len(session.encoding))
    session.set_layout(Layout("umap", grid(order)))
    hand.rest()
    for row in (0, 57, 399):
        assert np.allclose(view.points.coords[row], grid(order)[row])
        check_hover(hand, row)
    theme.apply(QApplication.instance(), "light")
    check_hover(hand, 5)


def test_the_card_goes_with_its_point_and_away_with_its_run(hand: Hand):
    check_hover(hand, 57)
    before = hand.view.card.pos()
    hand.session.set_layout(Layout("umap", grid(np.arange(400)[::-1])))
    hand.rest()
    assert hand.view.card.pos() != before
    check_card(hand)
    hand.session.open(None)
    assert not hand.view.card.isVisible()
    assert hand.view.hover.row is None


def test_points_of_images_that_have_not_come_yet_have_no_picture_rather_than_a_wrong_one(hand: Hand):
    some = hand.digits.at(np.arange(900, 1300))  # as many, but others
    hand.session.set_images(MapImages(some.index, some.pixels, some.labels))
    hand.hover(hand.pixel(30))
    hand.qtbot.waitUntil(hand.view.card.isVisible)
    assert hand.view.card.title.text() == f"#{hand.session.encoding.index[30]}"
    assert hand.view.card.picture.pixels is None
    hand.session.set_encoding(replace(hand.session.encoding, index=some.index))
    assert hand.view.card.title.text().endswith("#930"), "what stands there is another image now"
    assert np.array_equal(hand.view.card.picture.pixels, some.pixels[30])


def test_a_click_selects_what_is_drawn_there_and_empty_space_decodes(hand: Hand):
    hand.session.set_layout(Layout("umap", grid(np.random.default_rng(2).permutation(400))))
    hand.rest()
    for row in (3, 200, 398):
        hand.qtbot.mouseClick(hand.surface, LEFT, pos=hand.pixel(row))
    assert hand.chosen == [3, 200, 398]
    assert not hand.moves
    hand.session.set_layout(Layout("pca", grid()))
    hand.rest()
    place = hand.empty_place()
    hand.qtbot.mouseClick(hand.surface, LEFT, pos=place)
    assert hand.moves[-1] == pytest.approx((0.5, 0.5, False), abs=0.05)
    hand.qtbot.mouseClick(hand.surface, LEFT, Qt.KeyboardModifier.ShiftModifier, pos=hand.pixel(7))
    assert hand.moves[-1] == pytest.approx((*grid()[7], True), abs=0.05)
    assert hand.chosen == [3, 200, 398], "Shift snaps, it does not select"


def test_a_drag_goes_through_latent_space_and_does_not_select(hand: Hand):
    hand.drag(LEFT, hand.pixel(21), hand.pixel(21 + 3 * GRID + 3))
    assert hand.moves[-1][:2] == pytest.approx((4, 4), abs=0.05)
    assert len(hand.moves) == 3
    assert not hand.chosen
    hand.session.set_place(Place(hand.session.encoding.mu[3], "exact", (4.0, 4.0)))
    assert hand.view.marks.cursor.places.tolist() == [[4.0, 4.0]]


def test_the_cursor_takes_the_colour_of_how_usual_its_place_is_and_rings_the_strength_of_their_share(hand: Hand):
    z, marks = hand.session.encoding.mu[3], hand.view.marks
    rows, weights = np.array([21, 22, 41]), np.array([0.6, 0.3, 0.1], np.float32)
    for usual, gap, colour in (
        (20.0, 30.0, "usual"),
        (20.0, 97.0, "unusual"),
        (20.0, 99.0, "bad"),
        (99.0, None, "bad"),
    ):
        hand.session.set_place(Place(z, "a blend", (2.5, 1.5), rows, usual, weights=weights, gap=gap))
        drawn, centre = hand.surface.grab().toImage(), hand.surface.to_pixels(2.5, 1.5).toPoint()
        ring = {drawn.pixelColor(centre + QPoint(x, 0)).name().upper() for x in range(3, 8)}
        assert getattr(theme.current(), colour) in ring
    assert np.array_equal(marks.neighbours.places, hand.view.points.coords[rows])
    strengths = marks.neighbours.strengths.tolist()
    assert strengths[0] == pytest.approx(1.0)
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[-1] < 0.5
    theme.apply(QApplication.instance(), "light")
    assert marks.cursor.colour == theme.LIGHT.bad, "and of the theme that is shown"


def test_the_card_under_the_cursor_fades_in_a_gap_of_the_map(hand: Hand):
    hand.qtbot.mousePress(hand.surface, LEFT, pos=hand.empty_place())
    for gap, faint in ((10.0, False), (100.0, True)):
        hand.session.set_place(Place(hand.session.encoding.mu[3], "a blend", (0.5, 0.5), usual=20.0, gap=gap))
        hand.session.set_picture(np.full((1, 8, 8), 200, np.uint8))
        card = hand.view.card
        assert card.isVisible()
        assert (card.picture.grab().toImage().pixelColor(20, 20).red() < 150) == faint
        assert ("in a gap of the map · blend: near the data" in card.lines[1].text()) == faint
    hand.qtbot.mouseRelease(hand.surface, LEFT, pos=hand.empty_place())
    check_hover(hand, 57)
    assert hand.view.card.picture._opacity == 1.0, "a picture of the data is shown wholly"


def test_the_wheel_zooms_at_the_cursor(hand: Hand):
    point = hand.pixel(150)
    before, scale = hand.view.canvas.to_map(QPointF(point)), hand.view.canvas.pixel_size()
    hand.wheel(point, 3)
    assert hand.view.canvas.pixel_size() == pytest.approx(scale / 1.2**3, rel=0.01)
    after = hand.view.canvas.to_map(QPointF(point))
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=2 * scale)


def test_the_wheel_can_be_turned_for_ever(hand: Hand, recwarn: pytest.WarningsRecorder):
    for notches in (300, -900, 600):
        hand.wheel(hand.pixel(150), notches)
        hand.view.grab()
        assert 0 < hand.view.canvas.pixel_size() < np.inf
    assert not recwarn.list
    hand.view.fit()
    assert all(hand.inside(row) for row in range(400))


@pytest.mark.parametrize("way", ["middle", "space"])
def test_the_map_is_panned_by_the_middle_button_and_by_space(hand: Hand, way: str):
    canvas, start, by = hand.view.canvas, hand.pixel(150), QPoint(60, -35)
    canvas.setFocus()
    if way == "space":
        hand.qtbot.keyPress(canvas, Qt.Key.Key_Space)
    hand.drag(LEFT if way == "space" else MIDDLE, start, start + by)
    if way == "space":
        hand.qtbot.keyRelease(canvas, Qt.Key.Key_Space)
    moved = hand.pixel(150) - start
    assert abs(moved.x() - by.x()) <= 3
    assert abs(moved.y() - by.y()) <= 3
    assert not hand.moves + hand.chosen, "nothing was decoded or selected"
    hand.drag(LEFT, hand.pixel(150), hand.pixel(150) + by)
    assert hand.moves, "and afterwards the left button decodes again"


def test_space_that_is_let_go_of_elsewhere_does_not_pan_for_ever(hand: Hand):
    hand.view.canvas.setFocus()
    hand.qtbot.keyPress(hand.view.canvas, Qt.Key.Key_Space)
    hand.view.colour.setFocus()
    hand.drag(LEFT, hand.pixel(150), hand.pixel(170))
    assert hand.moves


def test_a_double_click_on_empty_space_shows_all_points(hand: Hand):
    scale = hand.view.canvas.pixel_size()
    hand.wheel(hand.pixel(22), 6)
    assert not all(hand.inside(row) for row in range(400))
    hand.qtbot.mouseDClick(hand.surface, LEFT, pos=(hand.pixel(22) + hand.pixel(22 + GRID + 1)) / 2)
    assert all(hand.inside(row) for row in range(400))
    assert hand.view.canvas.pixel_size() == pytest.approx(scale)
    hand.view.window().resize(700, 640)
    hand.qtbot.wait(30)
    assert all(hand.inside(row) for row in range(400)), "and goes on showing them in another size"


@pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard")  # offscreen, any menu
def test_the_context_menu_goes_there_and_sets_an_end(hand: Hand):
    for row, words in ((30, "Set A here: the strip begins"), (31, "Set B here: the strip ends")):
        hand.view.canvas.customContextMenuRequested.emit(hand.pixel(row))
        menu = hand.view.findChild(QMenu, "map_menu")
        (action,) = [each for each in menu.actions() if each.text() == words]
        hand.qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())
        hand.qtbot.waitUntil(lambda: hand.view.findChild(QMenu, "map_menu") is None)
    assert hand.chosen == [30, 31]
    assert hand.ends == ["A", "B"]
    hand.view.canvas.customContextMenuRequested.emit(hand.empty_place())
    menu = hand.view.findChild(QMenu, "map_menu")
    assert hand.moves[-1][:2] == pytest.approx((0.5, 0.5), abs=0.05)
    hand.qtbot.keyClick(menu, Qt.Key.Key_Escape)
    hand.qtbot.waitUntil(lambda: hand.view.findChild(QMenu, "map_menu") is None)


operations = st.lists(
    st.tuples(
        st.sampled_from(["hover", "leave", "colour", "layout", "zoom", "pan", "images", "encoding", "theme"]),
        st.integers(0, 399),
    ),
    min_size=3,
    max_size=15,
)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(todo=operations)
def test_whatever_happens_the_card_never_shows_the_wrong_image(hand: Hand, todo: list[tuple[str, int]]):
    for what, number in todo:
        operate(hand, what, number)
        check_card(hand)
        hand.qtbot.wait(number % 8)
        check_card(hand)
    start = int(hand.session.encoding.index[0])
    operate(hand, "images", start % 400)
    operate(hand, "encoding", start % 400)
    hand.view.fit()
    hand.rest()
    check_hover(hand, todo[0][1])
    hand.view.canvas.left.emit()
    hand.qtbot.wait(10)


def operate(hand: Hand, what: str, number: int) -> None:
    session, view = hand.session, hand.view
    some = hand.digits.at(np.arange(number, number + 400))
    if what == "hover":
        hand.hover(hand.pixel(number) if hand.inside(number) else hand.surface.rect().center())
    elif what == "leave":
        view.canvas.left.emit()
    elif what == "colour":
        view.colour.setCurrentIndex(number % view.colour.count())
        view.colour.activated.emit(view.colour.currentIndex())
    elif what == "layout":
        session.set_layout(Layout("umap", grid(np.random.default_rng(number).permutation(400))))
    elif what == "zoom":
        hand.wheel(hand.surface.rect().center(), number % 5 - 2)
    elif what == "pan":
        middle = hand.surface.rect().center()
        hand.drag(MIDDLE, middle, middle + QPoint(number % 80 - 40, number % 50 - 25))
    elif what == "images":  # of another map, before its encoding or after it
        session.set_images(MapImages(some.index, some.pixels, some.labels))
    elif what == "encoding":
        session.set_encoding(replace(session.encoding, index=some.index))
    else:
        theme.apply(QApplication.instance(), "light" if number % 2 else "dark")
