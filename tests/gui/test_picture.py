"""Pictures: pixel by pixel, never smoothed, and found by their index."""

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.film import LEAST, side_of
from latentlab.gui.widgets.picture import (
    PictureView,
    diverging,
    image,
    row_of,
    shrunk,
    signed_error,
    whole_multiple,
)

RAMP = np.arange(64, dtype=np.uint8).reshape(1, 8, 8) * 4


def test_every_pixel_becomes_a_square_of_its_own_grey(qtbot: QtBot):
    drawn = image(RAMP, 5)
    assert (drawn.width(), drawn.height()) == (40, 40)
    for row in range(40):
        for column in range(40):
            assert drawn.pixelColor(column, row).red() == RAMP[0, row // 5, column // 5]


def test_colour_keeps_its_channels_and_the_memory_is_its_own():
    pixels = np.zeros((3, 2, 2), np.uint8)
    pixels[:, 0, 1] = (10, 20, 30)
    drawn = image(pixels)
    pixels[:] = 255
    del pixels
    gc.collect()
    assert drawn.pixelColor(1, 0).getRgb()[:3] == (10, 20, 30)
    assert drawn.pixelColor(0, 0).getRgb()[:3] == (0, 0, 0)


@settings(deadline=None)
@given(st.integers(8, 128), st.integers(8, 400))
def test_the_scale_is_whole_and_fits(size: int, room: int):
    scale = whole_multiple((size, size), room, room)
    assert size * scale <= room + 1e-9
    assert (scale if scale >= 1 else 1 / scale) == pytest.approx(round(scale if scale >= 1 else 1 / scale))


@settings(deadline=None)
@given(st.integers(8, 128), st.integers(8, 300), st.integers(30, 300))
def test_frames_of_a_film_fit_its_height(size: int, across: int, high: int):
    side = side_of(size, across, high)
    assert 1 <= side <= high
    if min(across, high) >= max(size, LEAST) + size:
        assert side % size == 0


def test_shrinking_averages_blocks():
    assert shrunk(np.array([[[0, 100], [100, 200]]], np.uint8), 2).tolist() == [[[100]]]


def test_a_view_is_as_large_as_its_picture(qtbot: QtBot):
    view = PictureView(84)
    qtbot.addWidget(view)
    assert view.width() == 84
    view.set_pixels(np.zeros((1, 28, 28), np.uint8))
    assert view.width() == 84
    view.set_pixels(RAMP)
    assert (view.width(), view.height()) == (80, 80)
    assert view.grab().toImage().pixelColor(75, 75).red() == RAMP[0, 7, 7]


def test_no_error_is_the_ground_and_the_signs_differ():
    input_ = np.full((1, 1, 3), 100, np.uint8)
    output = np.array([[[100, 255, 0]]], np.uint8)
    error = signed_error(input_, output)
    assert error[0, 0] == 0
    assert error[0, 1] > 0 > error[0, 2]
    colours = diverging(error)
    assert tuple(colours[:, 0, 0]) == theme.rgb(theme.current().card)
    assert colours[2, 0, 1] > colours[0, 0, 1], "too light is blue"
    assert colours[0, 0, 2] > colours[2, 0, 2], "too dark is red"


def test_rows_are_found_by_index_whatever_the_guess():
    index = np.array([7, 3, 9], np.int64)
    assert row_of(index, 3, guess=1) == 1
    assert row_of(index, 9, guess=0) == 2
    assert row_of(index, 7) == 0
    assert row_of(index, 4, guess=2) is None
