"""Moments at which something else is under way: opening, closing, training, exporting, and folders that go away."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentlab.explore.loaded import load
from latentlab.export.moving_formats import Show
from latentlab.gui.main_window.export_dialog import Wanted
from latentlab.gui.main_window.export_sources import sources
from latentlab.gui.main_window.window import MainWindow
from latentlab.runs.folder import RunFolder, create_run
from latentlab.runs.record import new_record


@pytest.fixture
def told(window: MainWindow) -> list[str]:
    sentences: list[str] = []
    window.session.told.connect(lambda sentence, _error: sentences.append(sentence))
    return sentences


def ready(window: MainWindow, name: str) -> bool:
    session = window.session
    return (
        session.run is not None
        and session.run.name == name
        and session.picture is not None
        and session.encoding is not None
    )


def open_small(window: MainWindow, wait) -> None:
    window.open("small")
    wait(lambda: ready(window, "small"))


def train(window: MainWindow, wait, epochs: int) -> Path:
    """A new run with the settings of "small" and so many epochs; returns its folder once it trains."""
    open_small(window, wait)
    window.edit({"training": {"epochs": epochs}})
    window.running.train()
    wait(lambda: window.session.training.phase == "training" or window.session.run.name != "small")
    return window.session.run.path


def idle(window: MainWindow) -> bool:
    return window.session.training.phase == "idle" and not window.running.trainer.running


def test_when_a_training_ends_the_map_is_of_its_last_weights(qtbot, window: MainWindow, wait):
    path = train(window, wait, 3)
    wait(lambda: idle(window) and window.session.run.status == "completed")
    last = RunFolder(path).checkpoints.steps()[-1]
    wait(lambda: window.session.encoding is not None and window.session.encoding.step == last)
    loaded = load(path)
    images = window.session.images
    assert np.allclose(window.session.encoding.mu, loaded.encode(images.pixels), atol=1e-5)


def test_closing_in_mid_training_keeps_the_run_and_ends_everything(qtbot, window: MainWindow, wait):
    path = train(window, wait, 100_000)
    wait(lambda: window.session.training.step > 0)
    assert window.close_unasked()
    assert RunFolder(path).record.status == "stopped"
    assert RunFolder(path).checkpoints.steps()
    qtbot.wait(100)  # what the thread said last is delivered to a closed window


@pytest.mark.parametrize("moment", ["preparing", "starting", "paused"])
def test_closing_while_a_training_begins_or_rests(qtbot, window: MainWindow, wait, moment: str):
    open_small(window, wait)
    window.edit({"training": {"epochs": 100_000}})
    window.running.train()
    assert window.session.training.phase == "preparing"
    if moment == "starting":
        wait(lambda: window.running.trainer.running)
    elif moment == "paused":
        wait(lambda: window.session.training.phase == "training")
        window.running.pause()
        wait(lambda: window.session.training.phase == "paused")
    assert window.close_unasked()
    assert not window.running.trainer.running
    qtbot.wait(100)
    left = [path for path in window._root.iterdir() if path.name != "small"]
    assert all(RunFolder(path).record.status == "stopped" for path in left)
    assert len(left) == (0 if moment == "preparing" else 1)


def test_closing_in_mid_export_leaves_a_whole_file_or_none(qtbot, window: MainWindow, wait, tmp_path: Path):
    open_small(window, wait)
    wait(lambda: window.session.strip is not None)
    file = tmp_path / "walk.gif"
    strip = sources(window.session)[0]
    window.exporting.export(Wanted(strip, ".gif", 48, Show(20, 8, ping_pong=True), 0.0), file)
    wait(lambda: window.exports.busy or file.exists())
    assert window.close_unasked()
    assert not [path for path in tmp_path.iterdir() if path.is_file() and path != file], "nor what it was made from"
    if file.exists():
        with Image.open(file) as gif:
            assert gif.n_frames > 40


def test_a_pause_that_is_lifted_at_once_leaves_nothing_waiting(qtbot, window: MainWindow, wait):
    train(window, wait, 100_000)
    wait(lambda: window.session.training.phase == "training")
    for _ in range(5):
        window.running.pause()
        window.running.resume()
        assert window.session.training.phase == "training"
    step = window.session.training.step
    wait(lambda: window.session.training.step > step)
    assert window.session.training.phase == "training"
    window.running.stop()
    wait(lambda: idle(window))


def test_a_training_that_is_paused_shows_the_map_of_where_it_stands(
    qtbot, window: MainWindow, wait, monkeypatch: pytest.MonkeyPatch
):
    """No other snapshot comes for a while, so that this one is surveyed though it is not yet time for one."""
    train(window, wait, 100_000)
    wait(lambda: window.session.run.name != "small" and window.session.encoding is not None)
    monkeypatch.setattr(window.running.pace, "due", lambda: False)
    step = window.session.training.step
    wait(lambda: window.session.training.step > step + 50)
    window.running.pause()
    wait(lambda: window.session.training.phase == "paused")
    wait(lambda: window.session.encoding.step == window.session.run.step > step)
    window.running.stop()
    wait(lambda: idle(window))


def test_of_two_runs_opened_at_once_only_the_last_is_shown(qtbot, window: MainWindow, wait, digits, tmp_path: Path):
    other = shutil.copytree(window._root / "small", window._root / "other")
    config = RunFolder(other).record.config
    create_run(window._root, new_record("untrained", config, digits))
    for _ in range(3):
        for name in ("small", "untrained", "other"):
            window.open(name)
            qtbot.wait(3)
    wait(lambda: ready(window, "other"))
    loaded = load(other)
    wait(lambda: np.array_equal(window.session.picture, loaded.decode(window.session.place.z[None])[0]))
    window.open("small")
    window.open("untrained")  # its weights do not come, nor may those of the other
    wait(lambda: window.session.run.name == "untrained")
    qtbot.wait(300)
    assert not window.session.model_ready
    assert window.session.encoding is None
    assert window.session.picture is None


def test_a_training_that_begins_while_a_run_is_opened_is_what_is_shown(qtbot, window: MainWindow, wait):
    window.edit({"model": {"network": "mlp", "hidden": [16]}, "training": {"epochs": 2}})
    window.open("small")
    window.running.train()
    window.open("small")  # in vain: a training is under way
    wait(lambda: idle(window) and ready(window, "digits-vae-1"))
    assert window.session.run.status == "completed"
    last = RunFolder(window.session.run.path).checkpoints.steps()[-1]
    wait(lambda: window.session.run.step == last)


def test_a_run_that_is_deleted_while_it_is_open(qtbot, window: MainWindow, wait, told: list[str]):
    open_small(window, wait)
    shutil.rmtree(window._root / "small")
    before = window.session.picture
    window.exploring.random()
    wait(lambda: window.session.picture is not before)  # what was loaded can be explored on
    window.running.more(2)
    wait(lambda: any("small" in sentence for sentence in told))
    wait(lambda: idle(window))
    assert "\n" not in told[-1]
    wait(lambda: all(row.name != "small" for row in window.session.runs))


def test_a_run_that_is_deleted_while_it_trains(qtbot, window: MainWindow, wait, told: list[str]):
    path = train(window, wait, 100_000)
    wait(lambda: window.session.training.step > 0)
    shutil.rmtree(path, ignore_errors=True)
    window.running.stop()
    wait(lambda: idle(window))
    if told:
        assert "\n" not in told[-1]
    else:  # it was asked to be kept, and so it is there again
        assert load(path).step == RunFolder(path).checkpoints.steps()[-1]


def test_a_run_whose_pictures_are_gone_can_still_be_walked_through(
    qtbot, window: MainWindow, wait, told: list[str], tmp_path: Path
):
    gone = tmp_path / "gone"
    run = RunFolder(window._root / "small")
    data = run.record.config.data.model_copy(update={"source": "folder", "path": str(gone)})
    run.update(config=run.record.config.model_copy(update={"data": data}))
    window.open("small")
    wait(lambda: window.session.model_ready and any("gone" in sentence for sentence in told))
    assert window.session.curves.train
    assert "gone" in window.session.map_note, "the map says why it is empty"
    window.exploring.random()
    wait(lambda: window.session.picture is not None)
    window.running.more(1)
    wait(lambda: idle(window))
    assert RunFolder(run.path).record.status == "completed", "nothing was touched"


def test_a_map_that_could_not_be_made_does_not_keep_the_next_from_being_made(window: MainWindow):
    pace = window.running.pace
    assert pace.due()
    assert not pace.due(), "one at a time"
    window.encoder.failed.emit("the weights are not finite")
    assert pace.began is None
