"""The strip: what is pressed, what the frames say, and the animation."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QMenu, QPushButton, QSpinBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from latentlab.gui.records import MapImages, Place, Route, Strip
from latentlab.gui.session import Session
from latentlab.gui.views.strip_view import StripView, in_words
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
    choose(qtbot, window, "strip_method", "spherical")
    window.findChild(QSpinBox, "strip_frames").setValue(12)
    with qtbot.waitSignal(view.make_pressed) as made:
        qtbot.mouseClick(make, LEFT)
    assert made.args == ["spherical", 12]


def test_another_method_is_made_at_once_and_that_of_the_strip_is_shown(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    with_ends(explored)
    made: list[tuple[str, int]] = []
    view.make_pressed.connect(lambda *how: made.append(how))
    choose(qtbot, window, "strip_method", "smooth")
    assert made[-1] == ("smooth", 9)
    explored.set_strip(replace(strip(explored), method="spherical"))
    assert view.method == "spherical"


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
    assert [entry.isEnabled() for entry in entries.values()] == [False, True, False], "there is none to save or remove"
    explored.set_route(Route(explored.encoding.mu[:3], np.zeros((3, 2), np.float32)))
    explored.set_walk("path")
    assert all(entry.isEnabled() for entry in entries.values())
    asked: list[str] = []
    view.asked.connect(asked.append)
    for entry in entries.values():
        entry.trigger()
    assert asked == ["path_save", "path_open", "path_remove"]


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


def test_the_bars_are_painted(qtbot: QtBot, explored: Session):
    view, _ = shown(qtbot, explored)
    explored.set_strip(strip(explored))
    row = view.findChild(Film, "strip_film")._row
    drawn = row.grab().toImage()
    for place, frame in enumerate(row.frames):
        bar = [drawn.pixelColor(place * (row.side + 4) + x, row.side + 4).name().upper() for x in range(row.side)]
        assert bar.count(frame.bar) == pytest.approx(row.side * explored.strip.usual[place] / 100, abs=1)
        assert bar.index(frame.bar) == 0
        assert set(bar) <= {frame.bar, theme.current().line}


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
    assert film._row.side >= 40
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
    assert words.endswith("all near the data")


def test_the_caption_fits_and_its_tooltip_explains_it(qtbot: QtBot, explored: Session):
    view, _ = shown(qtbot, explored)
    pixels = strip(explored).pixels.copy()
    pixels[3] = 255
    explored.set_strip(replace(strip(explored), pixels=pixels, waypoints=12))
    caption = view.findChild(ElidedLabel, "strip_caption")
    assert caption.shown() == caption.text(), "in 640 pixels, as in a window of 1280"
    assert "Smoothness: mean squared difference" in caption.toolTip()
    assert "nearest picture of the data" in caption.toolTip()


def test_it_plays_there_and_back_and_stops(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    explored.set_strip(strip(explored))
    player, play = view.findChild(PictureView, "strip_player"), button(window, "strip_play")
    assert not player.isVisible()
    qtbot.mouseClick(play, LEFT)
    assert player.isVisible()
    seen = []
    for _ in range(8):
        seen.append(int(player.pixels[0, 0, 0]) // 20)
        view._advance()
    assert seen == [0, 1, 2, 3, 2, 1, 0, 1]
    qtbot.mouseClick(play, LEFT)
    assert not player.isVisible()
    assert not view._clock.isActive()


def test_another_strip_stops_the_animation(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    explored.set_strip(strip(explored))
    qtbot.mouseClick(button(window, "strip_play"), LEFT)
    explored.set_strip(None)
    assert not view._clock.isActive()
    assert not button(window, "strip_play").isEnabled()
    assert not button(window, "export_gif").isEnabled()


def test_exporting_and_swapping_are_told(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    with_ends(explored)
    explored.set_strip(strip(explored))
    for name, signal in (("export_gif", view.export_gif_pressed), ("strip_swap", view.swap_pressed)):
        with qtbot.waitSignal(signal):
            qtbot.mouseClick(button(window, name), LEFT)


def test_without_a_run_it_says_what_will_be_here(qtbot: QtBot, explored: Session):
    view, _ = shown(qtbot, explored)
    explored.set_strip(strip(explored))
    explored.open(None)
    assert view.findChild(Film, "strip_film").frames == []
    assert any("Open a run" in label.text() and label.isVisible() for label in view.findChildren(QLabel))
