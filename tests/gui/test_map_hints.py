"""What keeps a stranger on the map: cards on its marks, a view that is never lost, a menu that says what it does."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from latentlab.gui.records import Layout, Place, Route, Strip
from latentlab.gui.session import Session
from latentlab.gui.views.map.view import MapView
from latentlab.gui.widgets import floating_card
from latentlab.gui.widgets.card import Card

NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def view(qtbot: QtBot, explored: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[MapView]:
    monkeypatch.setattr(floating_card, "AFTER", 1)
    monkeypatch.setattr(floating_card, "GRACE", 5)
    view = MapView(explored)
    panel = Card("Map")
    for control in view.header_controls:
        panel.heading.add_control(control)
    panel.body.addWidget(view)
    qtbot.addWidget(panel)
    panel.resize(720, 640)
    panel.show()
    qtbot.waitExposed(panel)
    places = np.stack(np.meshgrid(np.arange(20), np.arange(20)), axis=-1).reshape(-1, 2).astype(np.float32)
    explored.set_layout(Layout("pca", places))
    qtbot.wait(10)
    yield view
    panel.close()


def end(x: float, y: float, origin: str) -> Place:
    return Place(np.zeros(6, np.float32), origin, (x, y))


def hover(qtbot: QtBot, view: MapView, x: float, y: float) -> None:
    at = view.canvas.to_pixels(x, y).toPoint()
    qtbot.mouseMove(view.canvas, at + QPoint(1, 0))  # one that does not move is no event
    qtbot.mouseMove(view.canvas, at)


def wheel(view: MapView, at: QPointF, notches: int) -> None:
    event = QWheelEvent(
        at, QPointF(view.canvas.mapToGlobal(at)), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, NONE,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.canvas, event)


def words(view: MapView) -> list[str]:
    return [view.card.title.text(), *(line.text() for line in view.card.lines if line.isVisibleTo(view.card))]


# -- cards on marks


def test_an_end_says_which_it_is_and_shows_its_picture(qtbot: QtBot, view: MapView, explored: Session):
    frames = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 8, 8), np.uint8)
    explored.set_end("A", end(3.5, 3.5, "sample #7"))
    explored.set_end("B", end(9, 9, "set by the sliders"))
    explored.set_strip(Strip(frames, np.zeros((3, 6), np.float32), np.zeros(3, np.int64), np.zeros(3), 0.1))
    hover(qtbot, view, 3.5, 3.5)
    qtbot.waitUntil(view.card.isVisible)
    assert words(view)[:2] == ["A · the strip begins here", "sample #7"]
    assert np.array_equal(view.card.picture.pixels, frames[0])
    hover(qtbot, view, 9, 9)  # where a sample lies beneath it
    qtbot.waitUntil(lambda: words(view)[:2] == ["B · the strip ends here", "set by the sliders"])
    assert np.array_equal(view.card.picture.pixels, frames[2])
    hover(qtbot, view, 10, 9)
    qtbot.waitUntil(lambda: "#" in view.card.title.text())
    hover(qtbot, view, 3.5, 3.5)
    qtbot.waitUntil(lambda: view.card.title.text().startswith("A"))
    hover(qtbot, view, -0.9, 9.5)
    qtbot.waitUntil(lambda: not view.card.isVisible())


def test_ends_in_one_place_stand_side_by_side(qtbot: QtBot, view: MapView, explored: Session):
    for letter in "AB":
        explored.set_end(letter, end(9.5, 9.5, f"origin of {letter}"))
    at = view.canvas.letters()
    assert (at["B"] - at["A"]).x() > 16
    assert at["A"].y() == at["B"].y() == view.canvas.to_pixels(9.5, 9.5).y()
    for letter in "AB":
        place = view.canvas.to_map(at[letter])
        hover(qtbot, view, place.x(), place.y())
        qtbot.waitUntil(lambda letter=letter: words(view)[1:2] == [f"origin of {letter}"])


def test_while_the_strip_follows_a_path_its_waypoints_say_so_and_nothing_joins_a_and_b(
    qtbot: QtBot, view: MapView, explored: Session
):
    explored.set_end("A", end(3.5, 3.5, "sample #7"))
    explored.set_end("B", end(15.5, 3.5, "sample #8"))
    between = view.canvas.to_pixels(9.5, 3.5).toPoint()
    line = QRect(between - QPoint(8, 2), between + QPoint(8, 2))
    joined = view.canvas.grab(line).toImage()
    explored.set_route(
        Route(np.zeros((3, 6), np.float32), np.array([(1.5, 9.5), (9.5, 14.5), (17.5, 9.5)], np.float32))
    )
    explored.set_walk("path")
    apart = view.canvas.grab(line).toImage()
    assert joined != apart
    assert len({apart.pixel(x, y) for x in range(apart.width()) for y in range(apart.height())}) == 1, "nothing there"
    hover(qtbot, view, 9.5, 14.5)
    qtbot.waitUntil(view.card.isVisible)
    assert words(view)[:2] == ["Waypoint 2 of 3", "the strip leads through it"]
    hover(qtbot, view, 3.5, 3.5)
    qtbot.waitUntil(lambda: words(view)[:2] == ["A · the strip begins here", "not in use: the strip follows the path"])
    explored.set_walk("ends")
    assert view.canvas.grab(line).toImage() == joined
    hover(qtbot, view, 9.5, 14.5)
    qtbot.waitUntil(lambda: words(view)[:2] == ["Waypoint 2 of 3", "not in use: the strip goes from A to B"])


def test_the_card_lies_over_none_of_the_marks(qtbot: QtBot, view: MapView, explored: Session):
    pixel = view.canvas.pixel_size()
    explored.set_end("A", end(9 + 50 * pixel, 9 - 40 * pixel, "a"))  # right below
    explored.set_end("B", end(9 - 50 * pixel, 9 - 40 * pixel, "b"))  # left below
    hover(qtbot, view, 9, 9)
    qtbot.waitUntil(view.card.isVisible)
    covered = view.card.geometry()
    for letter in (view.marks.a, view.marks.b):
        assert not covered.contains(view.canvas.to_pixels(*letter).toPoint())
    assert view.canvas.rect().contains(covered)
    assert not covered.contains(view.canvas.to_pixels(9, 9).toPoint())


# -- a view that is never lost


def test_the_wheel_ends_where_there_is_nothing_more_to_be_seen(view: MapView):
    middle = QPointF(view.canvas.rect().center())
    whole = view.canvas.pixel_size()
    wheel(view, middle, -40)
    assert 2 < view.canvas.pixel_size() / whole < 6, "the points keep a fair part of the view"
    far = view.canvas.pixel_size()
    wheel(view, middle, -1)
    assert view.canvas.pixel_size() == far
    wheel(view, middle, 80)
    near = view.canvas.pixel_size()
    assert 20 < whole / near < 2000
    wheel(view, middle, 5)
    assert view.canvas.pixel_size() == near


def test_nobody_pans_away_from_all_points_for_good(qtbot: QtBot, view: MapView, explored: Session):
    canvas = view.canvas
    for _ in range(30):
        qtbot.mousePress(canvas, Qt.MouseButton.MiddleButton, pos=QPoint(600, 300))
        qtbot.mouseMove(canvas, QPoint(20, 300))
        qtbot.mouseRelease(canvas, Qt.MouseButton.MiddleButton, pos=QPoint(20, 300))
    assert canvas.to_map(QPointF(canvas.rect().center())).x() <= 19 * 1.5 + 1e-6
    wheel(view, QPointF(690, 300), 12)
    qtbot.waitUntil(lambda: "press F" in view.note.text())
    assert view.note.isVisible()
    view.fit()
    qtbot.waitUntil(lambda: not view.note.isVisible())


def test_zooming_within_a_map_that_has_shrunk_does_not_jump(view: MapView, explored: Session):
    middle = QPointF(view.canvas.rect().center())
    wheel(view, middle, -40)
    far = view.canvas.pixel_size()
    explored.set_layout(Layout("pca", explored.layout.coords / 100))
    wheel(view, middle, -1)
    assert view.canvas.pixel_size() == far
    wheel(view, middle, 1)
    assert view.canvas.pixel_size() == pytest.approx(far / 1.2)


# -- a menu that says what it does


@pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard")  # offscreen, any menu
def test_the_menu_says_what_would_be_let_go_of(qtbot: QtBot, view: MapView, explored: Session):
    def entries() -> list[str]:
        view.canvas.customContextMenuRequested.emit(view.canvas.to_pixels(0.5, 0.5).toPoint())
        menu = view.findChild(QMenu, "map_menu")
        found = [action.text() for action in menu.actions()]
        qtbot.keyClick(menu, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: view.findChild(QMenu, "map_menu") is None)
        return found

    assert not [words for words in entries() if "Clear" in words or "Deselect" in words or "hidden" in words]
    explored.select(3)
    assert "Deselect the sample" in entries()
    explored.select_group(np.arange(12))
    assert "Clear the selection (12)" in entries()
    explored.set_visible(np.arange(400) > 5)
    assert "Show what is hidden" in entries()
