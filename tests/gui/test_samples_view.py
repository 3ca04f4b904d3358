"""Live reconstructions and samples."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from latentlab.gui.records import Live, Sampling
from latentlab.gui.session import Session
from latentlab.gui.views.samples_view import SamplesView
from latentlab.gui.widgets.picture_grid import PictureGrid


def shown(qtbot: QtBot, session: Session) -> SamplesView:
    view = SamplesView(session)
    qtbot.addWidget(view)
    for control in view.header_controls:
        qtbot.addWidget(control)
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
    button = view.header_controls[-1]
    assert not button.isEnabled()
    explored.set_live(live(1))
    with qtbot.waitSignal(view.resample_pressed):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_without_pictures_it_says_what_will_be_here(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.set_live(live(1))
    explored.open(None)
    assert any("press Train" in label.text() and label.isVisible() for label in view.findChildren(QLabel))


def prior_buttons(view: SamplesView) -> dict[str, QPushButton]:
    found = view.header_controls[0].findChildren(QPushButton)
    return {button.objectName().removeprefix("prior_"): button for button in found}


def words(view: SamplesView) -> str:
    return next(label.text() for label in view.findChildren(QLabel) if "samples:" in label.text())


def test_a_mixture_is_asked_for_and_what_holds_is_shown(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.set_live(live(1))
    buttons = prior_buttons(view)
    assert buttons["trained"].isChecked()
    assert words(view) == "samples: z drawn from N(0, I), decoded"
    with qtbot.waitSignal(view.prior_chosen, check_params_cb=lambda prior: prior == "mixture"):
        qtbot.mouseClick(buttons["mixture"], Qt.MouseButton.LeftButton)
    assert buttons["trained"].isChecked(), "nobody has answered yet"
    explored.set_sampling(Sampling("mixture", "fitting mixtures 50%"))
    assert buttons["mixture"].isChecked()
    assert any(label.text() == "fitting mixtures 50%" for label in view.findChildren(QLabel))
    explored.set_sampling(Sampling("mixture"))
    one = live(1)
    explored.set_live(Live(one.inputs, one.outputs, one.samples, 1, components=16))
    assert words(view) == "samples: z drawn from 16 fitted Gaussians, decoded"


def test_no_mixture_can_be_chosen_without_a_run_or_while_one_trains(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    mixture = prior_buttons(view)["mixture"]
    assert mixture.isEnabled()
    explored.set_training(phase="training")
    assert not mixture.isEnabled()
    assert "the\ntraining has ended" in mixture.toolTip()
    explored.set_training(phase="idle")
    assert mixture.isEnabled()
    explored.set_sampling(Sampling("mixture"))
    explored.open(None)
    assert not mixture.isEnabled()
    assert "open a run" in mixture.toolTip()
    assert prior_buttons(view)["trained"].isChecked()


def test_a_prior_for_each_class_is_not_called_n_0_i(qtbot: QtBot, explored_cvae: Session):
    run = explored_cvae.run
    assert run is not None
    learnt = run.config.model_copy(update={"model": run.config.model.model_copy(update={"prior": "conditional"})})
    explored_cvae.open(replace(run, config=learnt))
    view = shown(qtbot, explored_cvae)
    assert prior_buttons(view)["trained"].text() == "Learnt prior"
    assert "learnt prior" in words(view)
