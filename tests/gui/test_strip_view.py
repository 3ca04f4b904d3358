"""The strip: what is pressed, what the frames say, and the animation."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from latentlab.gui.records import MapImages, Place, Strip
from latentlab.gui.session import Session
from latentlab.gui.views.strip_view import StripView, in_words
from latentlab.gui.widgets import theme
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


def strip(session: Session, usual: tuple[float, ...] = (10, 92, 99, 50)) -> Strip:
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
    qtbot.mouseClick(button(window, "strip_spherical"), LEFT)
    window.findChild(QSpinBox, "strip_frames").setValue(12)
    with qtbot.waitSignal(view.make_pressed) as made:
        qtbot.mouseClick(make, LEFT)
    assert made.args == ["spherical", 12]


def test_methods_exclude_one_another_and_are_told(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    with qtbot.waitSignal(view.method_chosen, check_params_cb=lambda name: name == "spherical"):
        qtbot.mouseClick(button(window, "strip_spherical"), LEFT)
    assert not button(window, "strip_linear").isChecked()
    assert view.method == "spherical"


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
    bars = [drawn.pixelColor(place * (row.side + 4) + 5, row.side + 4).name().upper() for place in range(4)]
    assert bars == [frame.bar for frame in row.frames]


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
    assert film._row.side >= 56
    assert not film.horizontalScrollBar().maximum()
    explored.set_strip(strip(explored, (10.0,) * 60))
    assert film._row.side >= 40
    qtbot.waitUntil(lambda: film.horizontalScrollBar().maximum() > 0)


def test_smoothness_is_said_in_words(explored: Session):
    even = strip(explored)
    assert "smoothness 0.0041 · even steps" in in_words(even)
    pixels = even.pixels.copy()
    pixels[3] = 255
    jump = Strip(pixels, even.z, even.nearest, even.usual, 0.2)
    assert "from frame 3 to 4" in in_words(jump)


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
