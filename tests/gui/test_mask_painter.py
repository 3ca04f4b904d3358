"""A mask is painted by mouse and keyboard, or chosen."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from latentlab.gui.widgets.mask_painter import PRESETS, MaskPainter, preset


def test_a_mask_is_painted_by_mouse_and_keyboard(qtbot: QtBot):
    painter = MaskPainter(80, "painter", "To be masked")
    qtbot.addWidget(painter)
    painter.set_pixels(np.zeros((1, 8, 8), np.uint8))
    painter.show()
    left = Qt.MouseButton.LeftButton
    painter.tool = "rectangle"
    qtbot.mousePress(painter, left, pos=QPoint(15, 25))
    qtbot.mouseMove(painter, QPoint(75, 75))
    qtbot.mouseMove(painter, QPoint(45, 55))
    qtbot.mouseRelease(painter, left, pos=QPoint(45, 55))
    expected = np.zeros((8, 8), bool)
    expected[2:6, 1:5] = True
    assert np.array_equal(painter.covered, expected)
    painter.tool = "brush"
    qtbot.mousePress(painter, left, Qt.KeyboardModifier.ControlModifier, pos=QPoint(35, 35))
    qtbot.mouseRelease(painter, left, pos=QPoint(35, 35))
    assert not painter.covered[3, 3]
    assert painter.covered[5, 1]
    painter.cover(np.zeros((8, 8), bool))
    painter.setFocus()
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Space):
        qtbot.keyClick(painter, key)
    row, column = np.argwhere(painter.covered).mean(axis=0)
    assert (row, column) == (2, 1), "two to the left of where the brush was last, and one up"
    qtbot.keyClick(painter, Qt.Key.Key_Delete)
    assert not painter.covered.any()


@pytest.mark.parametrize("name", PRESETS)
def test_presets_mask_what_they_say(name: str):
    mask = preset(name, 8, 6)
    share = {"nothing": 0, "a quarter": 0.25}.get(name, 0.5)
    assert mask.mean() == pytest.approx(share if name != "the middle" else 16 / 48)
    if name.endswith("half"):
        rows, columns = np.argwhere(mask).mean(axis=0)
        assert {"left": columns < 2.5, "right": columns > 2.5, "top": rows < 3.5, "bottom": rows > 3.5}[name.split()[0]]
