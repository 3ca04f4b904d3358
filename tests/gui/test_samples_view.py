"""Live reconstructions and samples."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from latentlab.gui.records import Live
from latentlab.gui.session import Session
from latentlab.gui.views.samples_view import SamplesView
from latentlab.gui.widgets.picture_grid import PictureGrid


def shown(qtbot: QtBot, session: Session) -> SamplesView:
    view = SamplesView(session)
    qtbot.addWidget(view)
    qtbot.addWidget(view.header_controls[0])
    view.resize(600, 170)
    view.show()
    qtbot.waitExposed(view)
    return view


def live(step: int) -> Live:
    shades = np.arange(16, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 8, 8), np.uint8)
    return Live(shades + 100, shades + 50, shades + 200, step)


def test_outputs_lie_below_their_inputs(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    with qtbot.waitSignal(view.fact_changed, check_params_cb=lambda fact: fact == "step 2,340"):
        explored.set_live(live(2340))
    pairs = view.findChild(PictureGrid, "live_reconstructions")
    side = int(pairs._plan(1.0)[0])
    drawn = pairs.grab().toImage()
    for column in range(3):
        x = column * (side + 2) + side // 2
        assert drawn.pixelColor(x, side // 2).red() == 100 + column
        assert drawn.pixelColor(x, side + 2 + side // 2).red() == 50 + column


def test_samples_fill_rows_and_follow_the_snapshots(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.set_live(live(1))
    grid = view.findChild(PictureGrid, "live_samples")
    side, columns, rows = grid._plan(1.0)
    assert rows >= 2
    assert columns >= 4
    drawn = grid.grab().toImage()
    assert drawn.pixelColor(3, int(side) + 2 + 3).red() == 200 + columns
    later = live(2)
    explored.set_live(Live(later.inputs, later.outputs, later.samples - 100, 2))
    assert grid.grab().toImage().pixelColor(3, 3).red() == 100


def test_resampling_is_asked_for(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    button = view.header_controls[0]
    assert not button.isEnabled()
    explored.set_live(live(1))
    with qtbot.waitSignal(view.resample_pressed):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_without_pictures_it_says_what_will_be_here(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.set_live(live(1))
    explored.open(None)
    assert any("press Train" in label.text() and label.isVisible() for label in view.findChildren(QLabel))
