"""The strip: what is pressed, what the frames say, and the animation."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QMenu, QPushButton, QSpinBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from latentlab.gui.records import MapImages, Place, Route, Strip
from latentlab.gui.session import Session
from latentlab.gui.states.strip import COMPARED
from latentlab.gui.views.strip.player import frame_at
from latentlab.gui.views.strip.rows import ComparedRows
from latentlab.gui.views.strip.view import StripView
from latentlab.gui.views.strip.words import class_in_words, in_words
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.film import Film
from latentlab.gui.widgets.picture import PictureView

LEFT = Qt.MouseButton.LeftButton


def shown(qtbot: QtBot, session: Session) -> tuple[StripView, QWidget]:
    """The view with its header controls above it, as a dock shows them."""
    view, window = StripView(session), QWidget()
    column = QVBoxLayout(window)
    for control in view.header_controls:
        column.addWidget(control)
    column.addWidget(view)
    qtbot.addWidget(window)
    window.resize(640, 480)
    window.show()
    qtbot.waitExposed(window)
    return view, window


def button(window: QWidget, name: str) -> QPushButton:
    return window.findChild(QPushButton, name)


def choose(qtbot: QtBot, window: QWidget, name: str, text: str) -> None:
    combo = window.findChild(QComboBox, name)
    combo.setFocus()
    key = Qt.Key.Key_Down if combo.findText(text) > combo.currentIndex() else Qt.Key.Key_Up
    while combo.currentText() != text:
        qtbot.keyClick(combo, key)


def strip(session: Session, usual: tuple[float, ...] = (10, 97, 99, 50)) -> Strip:
    count = len(usual)
    z = np.linspace(session.encoding.mu[3], session.encoding.mu[9], count)
    pixels = np.stack([np.full((1, 8, 8), 20 * place % 240, np.uint8) for place in range(count)])
    return Strip(pixels, z.astype(np.float32), np.arange(count) * 7, np.array(usual, np.float32), 0.0041)


def with_ends(session: Session) -> None:
    session.set_end("A", Place(session.encoding.mu[3]))
    session.set_end("B", Place(session.encoding.mu[9]))


def test_it_can_be_made_once_both_ends_are_set(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    make = button(window, "strip_make")
    assert not make.isEnabled()
    assert "press A and B" in view._empty.text()
    explored.set_end("A", Place(explored.encoding.mu[3]))
    assert not make.isEnabled()
    assert "press B" in view._empty.text()
    explored.set_end("B", Place(explored.encoding.mu[9]))
    with qtbot.waitSignal(view.make_pressed):
        qtbot.mouseClick(make, LEFT)


def test_what_is_chosen_is_told_and_what_holds_is_shown(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    view.changed.connect(lambda changes: explored.strips.change(**changes))
    choose(qtbot, window, "strip_method", "smooth")
    assert explored.strips.settings.way == "smooth"
    window.findChild(QSpinBox, "strip_frames").setValue(12)
    assert explored.strips.settings.frames == 12
    choose(qtbot, window, "strip_method", "compare")
    assert explored.strips.settings.compare
    assert explored.strips.settings.way == "geodesic", "the one before it in the list stays the strip's own"
    explored.strips.change(way="spherical", compare=False, frames=5)
    assert window.findChild(QComboBox, "strip_method").currentText() == "spherical"
    assert window.findChild(QSpinBox, "strip_frames").value() == 5


def test_it_leads_from_a_to_b_or_along_a_path(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    walk = window.findChild(QComboBox, "strip_walk")
    asked: list[str] = []
    view.walk_chosen.connect(asked.append)
    choose(qtbot, window, "strip_walk", "path")
    explored.walk_changed.emit()  # there is no path: it stays
    assert walk.currentText() == "A → B"
    explored.set_route(Route(explored.encoding.mu[:3], np.zeros((3, 2), np.float32)))
    explored.set_walk("path")
    assert walk.currentText() == "path"
    assert button(window, "strip_make").isEnabled(), "though neither A nor B is set"
    choose(qtbot, window, "strip_walk", "A → B")
    assert asked == ["path", "ends"]
    explored.set_walk("ends")
    assert not button(window, "strip_make").isEnabled()


def test_the_menu_asks_for_what_can_be_done_with_a_path(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    entries = {entry.text(): entry for entry in window.findChild(QMenu, "strip_menu").actions()}
    enabled = [entry.isEnabled() for entry in entries.values()]
    assert enabled == [False, True, False, False, False], "there is none to save or remove"
    explored.set_route(Route(explored.encoding.mu[:3], np.zeros((3, 2), np.float32)))
    explored.set_walk("path")
    assert all(entry.isEnabled() for entry in entries.values())
    asked: list[str] = []
    view.asked.connect(asked.append)
    for entry in entries.values():
        entry.trigger()
    assert asked == ["path_save", "path_open", "path_remove", "path_reverse", "waypoint_add"]


def test_frames_carry_their_colour_and_the_nearest_picture(qtbot: QtBot, explored: Session):
    view, _ = shown(qtbot, explored)
    explored.set_strip(strip(explored))
    frames = view.findChild(Film, "strip_film").frames
    colours = theme.current()
    assert [frame.bar for frame in frames] == [colours.usual, colours.unusual, colours.bad, colours.usual]
    for place, frame in enumerate(frames):
        assert np.array_equal(frame.pixels, explored.strip.pixels[place])
        assert np.array_equal(frame.below, explored.images.pixels[7 * place])
        assert f"#{100 + 7 * place} ·" in frame.words


def test_borders_and_bars_are_painted(qtbot: QtBot, explored: Session):
    view, _ = shown(qtbot, explored)
    explored.set_strip(strip(explored))
    row = view.findChild(Film, "strip_film")._row
    drawn = row.grab().toImage()
    for place, frame in enumerate(row.frames):
        cell = row.cell(place)
        y = cell.bottom() - 1
        bar = [drawn.pixelColor(cell.left() + x, y).name().upper() for x in range(cell.width())]
        assert bar.count(frame.bar) == pytest.approx(cell.width() * explored.strip.usual[place] / 100, abs=1)
        assert bar.index(frame.bar) == 0
        assert set(bar) <= {frame.bar, theme.current().line}
        edge = [(cell.center().x(), cell.top()), (cell.left(), cell.center().y()), (cell.right(), cell.center().y())]
        assert {drawn.pixelColor(x, y).name().upper() for x, y in edge} == {frame.bar}


def test_nearest_pictures_are_found_by_index(qtbot: QtBot, explored: Session):
    view, _ = shown(qtbot, explored)
    images = explored.images
    explored.set_strip(strip(explored))
    back = np.arange(len(images.index))[::-1]
    explored.set_images(MapImages(images.index[back], images.pixels[back], images.labels[back]))
    frames = view.findChild(Film, "strip_film").frames
    assert np.array_equal(frames[2].below, images.pixels[14])


def test_many_frames_scroll_and_few_are_large(qtbot: QtBot, explored: Session):
    view, _ = shown(qtbot, explored)
    film = view.findChild(Film, "strip_film")
    explored.set_strip(strip(explored, (10.0,) * 4))
    assert film._row.side >= 48
    assert not film.horizontalScrollBar().maximum()
    explored.set_strip(strip(explored, (10.0,) * 60))
    assert film._row.side >= 32
    qtbot.waitUntil(lambda: film.horizontalScrollBar().maximum() > 0)


def test_smoothness_is_said_in_words_and_so_is_what_is_off_the_data(explored: Session):
    even = strip(explored)
    assert in_words(even) == "smoothness 0.0041 · even steps · 2 of 4 frames off the data"
    pixels = even.pixels.copy()
    pixels[3] = 255
    jump = replace(even, pixels=pixels, usual=np.array([10, 60, 89, 90], np.float32), waypoints=5)
    words = in_words(jump)
    assert words.startswith("5 waypoints · smoothness")
    assert "frames 3 to 4: 2.9 × the mean step" in words
    bent = replace(even, method="geodesic", length=2.0, straight=2.5, note="a note")
    assert in_words(bent).startswith("a note · length 2.00, straight 2.50 (−20%) · smoothness")
    assert "straight" not in in_words(replace(even, length=2.5, straight=2.5))
    assert words.endswith("all near the data")


def test_the_caption_fits_and_its_tooltip_explains_it(qtbot: QtBot, explored: Session):
    view, _ = shown(qtbot, explored)
    pixels = strip(explored).pixels.copy()
    pixels[3] = 255
    explored.set_strip(replace(strip(explored), pixels=pixels, waypoints=12))
    caption = view.findChild(ElidedLabel, "strip_caption")
    assert caption.shown().startswith("smoothness 0.0041"), "in 640 pixels, as in a window of 1280"
    assert "…" not in caption.shown()
    assert caption.text() in caption.toolTip().replace("\n", " ")
    assert "Smoothness: mean squared difference" in caption.toolTip()
    assert "nearest picture of the data" in caption.toolTip().replace("\n", " ")


def test_it_plays_in_its_place_and_nothing_moves(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    explored.set_strip(strip(explored))
    player, film = view.findChild(PictureView, "strip_player"), view.findChild(Film, "strip_film")
    play = button(window, "strip_play")
    before = (player.geometry(), film.geometry(), film._row.side, play.geometry())
    qtbot.mouseClick(play, LEFT)
    assert view.player.running
    seen = []
    for _ in range(8):
        seen.append(int(player.pixels[0, 0, 0]) // 20)
        assert film.marked == seen[-1]
        view.player.advance()
    assert seen == [0, 1, 2, 3, 2, 1, 0, 1]
    assert (player.geometry(), film.geometry(), film._row.side, play.geometry()) == before
    qtbot.mouseClick(play, LEFT)
    assert not view.player.running
    assert (player.geometry(), film.geometry(), film._row.side, play.geometry()) == before


def test_it_can_be_played_round_and_round(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    explored.set_strip(strip(explored))
    view.popup.findChild(QComboBox, "strip_playing").textActivated.emit("loop")
    view.popup.findChild(QSpinBox, "strip_speed").setValue(20)
    assert view.player._clock.interval() == 50
    view.toggle()
    seen = []
    for _step in range(6):
        seen.append(window.findChild(Film, "strip_film").marked)
        view.player.advance()
    assert seen == [0, 1, 2, 3, 0, 1]
    view.player.stop()
    assert [frame_at(step, 1, "there and back") for step in range(3)] == [0, 0, 0]


def test_another_strip_goes_on_playing_and_none_stops(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    explored.set_strip(strip(explored))
    qtbot.mouseClick(button(window, "strip_play"), LEFT)
    explored.set_strip(strip(explored, (10.0,) * 7))
    assert view.player.running
    explored.set_strip(None)
    assert not view.player.running
    assert not button(window, "strip_play").isEnabled()
    assert not button(window, "export_gif").isEnabled()


def test_frames_are_chosen_by_mouse_and_keys_and_the_place_in_hand_is_marked(qtbot: QtBot, explored: Session):
    view, _ = shown(qtbot, explored)
    explored.set_strip(strip(explored))
    film = view.findChild(Film, "strip_film")
    asked: list[tuple[str, int]] = []
    view.frame_asked.connect(lambda what, _strip, at: asked.append((what, at)))
    view.frame_asked.connect(lambda what, of, at: explored.set_place(Place(of.z[at])))
    qtbot.mouseClick(film._row, LEFT, pos=film._row.cell(1).center())
    assert film.marked == 1
    qtbot.keyClick(film, Qt.Key.Key_Right)
    qtbot.keyClick(film, Qt.Key.Key_Right)
    qtbot.keyClick(film, Qt.Key.Key_Right)
    qtbot.keyClick(film, Qt.Key.Key_Left)
    assert asked == [("go", 1), ("go", 2), ("go", 3), ("go", 3), ("go", 2)]
    assert film.marked == 2
    below = film._row.cell(3).center()
    below.setY(film._row.height() - 3)
    qtbot.mouseClick(film._row, LEFT, pos=below)
    assert asked[-1] == ("nearest", 3)
    explored.set_place(Place(explored.strip.z[0] + 1))
    assert film.marked is None, "the place in hand is no frame of it"


def test_ways_are_compared_side_by_side(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    one = strip(explored)
    lengths = (2.5, 2.7, 2.0)
    rows = tuple(
        replace(one, method=way, length=length, straight=2.5) for way, length in zip(COMPARED, lengths, strict=True)
    )
    explored.strips.set_compared(rows)
    explored.set_strip(rows[0])
    assert not view.findChild(Film, "strip_film").isVisible()
    films = [window.findChild(Film, f"strip_film_{way}") for way in COMPARED]
    assert all(film.isVisible() and len(film.frames) == 4 for film in films)
    labels = view.findChild(ComparedRows).findChildren(QLabel)
    said = [label.text() for label in labels if label.isVisible()]
    for length in ("2.50", "2.70", "2.00"):
        assert sum(length in text and "0.0041" in text for text in said) == 1
    assert [text for text in said if "▾" in text] == [text for text in said if text.strip().startswith("2.00")]
    asked: list[tuple[str, int]] = []
    view.frame_asked.connect(lambda _what, of, at: asked.append((of.method, at)))
    qtbot.mouseClick(films[2]._row, LEFT, pos=films[2]._row.cell(1).center())
    assert asked == [("geodesic", 1)]
    explored.strips.set_compared(())
    assert view.findChild(Film, "strip_film").isVisible()


def test_beyond_the_ends_frames_have_letters_and_words(qtbot: QtBot, explored: Session):
    view, _ = shown(qtbot, explored)
    explored.set_strip(replace(strip(explored, (10.0,) * 6), beyond=1))
    frames = view.findChild(Film, "strip_film").frames
    assert [frame.letter for frame in frames] == ["", "A", "", "", "B", ""]
    assert "beyond the first end" in frames[0].words
    assert "beyond" not in frames[1].words
    assert "beyond the last end" in frames[5].words


def test_the_class_of_the_frames_is_said(explored_cvae: Session):
    run, one = explored_cvae.run, strip(explored_cvae)
    assert class_in_words(replace(one, classes=3), run) == "class 3 throughout"
    assert in_words(replace(one, classes=(3, 7)), run).endswith("class 3 to 7, mixed between")
    assert class_in_words(one, run) == ""


@pytest.mark.qt_log_ignore("This plugin does not support grabbing")  # the offscreen one, of every pop-up
def test_the_class_can_be_held_or_mixed(qtbot: QtBot, explored_cvae: Session):
    view, window = shown(qtbot, explored_cvae)
    explored_cvae.strips.end_classes = (3, 7)
    view.open_way()
    choice = view.popup.findChild(QComboBox, "strip_class")
    assert choice.isVisible()
    assert choice.itemText(0) == "0 for all frames"
    assert choice.itemText(1).endswith("3 to 7")
    view.changed.connect(lambda changes: explored_cvae.strips.change(**changes))
    qtbot.keyClick(choice, Qt.Key.Key_Down)
    assert explored_cvae.strips.settings.mixed
    assert window.isVisible()
    view.popup.close()


@pytest.mark.qt_log_ignore("This plugin does not support grabbing")  # the offscreen one, of every pop-up
def test_the_pop_up_lists_waypoints_that_keys_move_and_take_away(qtbot: QtBot, explored: Session):
    view, _ = shown(qtbot, explored)
    with_ends(explored)
    mu = explored.encoding.mu
    z = np.stack([mu[3], mu[5], mu[6], mu[9]])
    explored.set_route(Route(z, np.zeros((4, 2), np.float32), tied=True))
    explored.set_walk("path")
    view.open_way()
    rows = view.popup.list
    assert [rows.item(row).text()[0] for row in range(rows.count())] == ["A", "2", "3", "B"]
    assert all(rows.item(row).icon().isNull() for row in range(4)), "none was decoded yet"
    explored.strips.waypoints = np.zeros((4, 1, 8, 8), np.uint8)
    explored.set_strip(strip(explored))
    assert not any(rows.item(row).icon().isNull() for row in range(4))
    did: list[tuple] = []
    view.popup.moved.connect(lambda *what: did.append(("move", *what)))
    view.popup.dropped.connect(lambda row: did.append(("drop", row)))
    view.popup.gone_to.connect(lambda row: did.append(("go", row)))
    rows.setCurrentRow(1)
    qtbot.keyClick(rows, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    qtbot.keyClick(rows, Qt.Key.Key_Delete)
    qtbot.keyClick(rows, Qt.Key.Key_Return)
    assert did == [("move", 1, 2), ("drop", 2), ("go", 2)]
    movable = [bool(rows.item(row).flags() & Qt.ItemFlag.ItemIsDragEnabled) for row in range(4)]
    assert movable == [False, True, True, False]
    view.popup.close()


@pytest.mark.qt_log_ignore("This plugin does not support grabbing")  # the offscreen one, of every pop-up
def test_exporting_and_turning_round_are_told(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    with_ends(explored)
    explored.set_strip(strip(explored))
    with qtbot.waitSignal(view.export_gif_pressed):
        qtbot.mouseClick(button(window, "export_gif"), LEFT)
    view.open_way()
    with qtbot.waitSignal(view.asked) as asked:
        qtbot.mouseClick(view.popup.swap, LEFT)
    assert asked.args == ["path_reverse"]
    view.popup.close()


def test_without_a_run_it_says_what_will_be_here(qtbot: QtBot, explored: Session):
    view, _ = shown(qtbot, explored)
    explored.set_strip(strip(explored))
    explored.open(None)
    assert view.findChild(Film, "strip_film").frames == []
    assert any("Open a run" in label.text() and label.isVisible() for label in view.findChildren(QLabel))
