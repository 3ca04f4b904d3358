"""Going back through the epochs in the window: everything is as the weights of that epoch make it, and comes back."""

import shutil
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QListView, QWidget
from pytestqt.qtbot import QtBot

from latentlab.explore.decode import decode
from latentlab.explore.encode import encode
from latentlab.explore.loaded import load
from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.views.runs_view import SUMMARY, second_line, status_word
from latentlab.models.latent_model import LatentModel
from latentlab.models.weights import from_bytes
from latentlab.runs.folder import RunFolder
from latentlab.runs.history import FOLDER, History

Wait = Callable[[Callable[[], object]], None]


@pytest.fixture
def window(window: MainWindow) -> MainWindow:
    """A window in which the run "small" is open, of two epochs."""
    window.open("small")
    return window


def key(qtbot: QtBot, window: MainWindow, which: Qt.Key) -> None:
    window.views.map.canvas.setFocus()
    qtbot.keyClick(window.views.map.canvas, which)


def model_of(run: RunFolder, epoch: int) -> LatentModel:
    past = {past.epoch: past for past in History(run.path).epochs()}[epoch]
    model = load(run).model
    model.load_state_dict(from_bytes(past.path.read_bytes()))
    return model.eval()


def shows(window: MainWindow, model: LatentModel) -> bool:
    """Map, picture under the cursor and strip are all what these weights make of it."""
    session = window.session
    if session.encoding is None or session.strip is None or session.place is None or session.layout is None:
        return False
    dataset = window.library._last
    assert dataset is not None
    encoded = encode(model, dataset[1].at(session.encoding.index))
    assert encoded is not None
    return (
        np.allclose(session.encoding.mu, encoded.mu, atol=1e-4)
        and np.array_equal(session.picture, decode(model, session.place.z[None])[0])
        and np.array_equal(session.strip.pixels, decode(model, session.strip.z))
        and len(session.layout.coords) == len(encoded.mu)
    )


def test_each_epoch_is_shown_by_its_own_weights_and_the_newest_come_back(
    qtbot: QtBot, window: MainWindow, wait: Wait, trained_run: RunFolder
):
    session, scrubber = window.session, window.views.map.scrubber
    newest = load(trained_run).model
    wait(lambda: session.history.epochs == (0, 1, 2) and shows(window, newest))
    assert scrubber.isVisible()
    assert scrubber.words.text() == "2 of 2"
    session.set_training(phase="preparing")  # another run; this one is still shown
    assert scrubber.words.text() == "2 of 2"
    session.set_training(phase="idle")
    curves = window.panels.dock("curves")
    wait(lambda: hasattr(curves.view, "curve"))
    crosshair = curves.view._plots[0]._crosshair
    for epoch in (1, 0):
        key(qtbot, window, Qt.Key.Key_BracketLeft)
        assert session.history.shown == epoch
        assert scrubber.words.text() == f"{epoch} of 2"
        wait(lambda epoch=epoch: shows(window, model_of(trained_run, epoch)))
        assert crosshair.isVisible()
        assert (
            crosshair.value()
            == session.run.step
            == {past.epoch: past.step for past in History(trained_run.path).epochs()}[epoch]
        )
    key(qtbot, window, Qt.Key.Key_BracketLeft)
    assert session.history.shown == 0, "there is nothing before the beginning"
    key(qtbot, window, Qt.Key.Key_BracketRight)
    assert session.history.shown == 1
    key(qtbot, window, Qt.Key.Key_End)
    wait(lambda: shows(window, newest))
    assert session.history.shown is None
    assert not crosshair.isVisible()
    assert not np.allclose(encode_rows(model_of(trained_run, 0), window), session.encoding.mu, atol=1e-2)


def encode_rows(model: LatentModel, window: MainWindow) -> np.ndarray:
    encoded = encode(model, window.library._last[1].at(window.session.encoding.index))
    assert encoded is not None
    return encoded.mu


def test_the_slider_and_its_button_do_the_same(qtbot: QtBot, window: MainWindow, wait: Wait, trained_run: RunFolder):
    session, scrubber = window.session, window.views.map.scrubber
    wait(lambda: session.history.epochs and session.picture is not None and session.encoding is not None)
    newest = window.findChild(QAbstractButton, "epoch_newest")
    assert not newest.isEnabled()
    middle = scrubber.slider.height() // 2
    qtbot.mouseClick(scrubber.slider, Qt.MouseButton.LeftButton, pos=QPoint(2, middle))
    assert session.history.shown == 0
    wait(lambda: shows(window, model_of(trained_run, 0)))
    scrubber.slider.setFocus()
    qtbot.keyClick(scrubber.slider, Qt.Key.Key_Right)
    assert session.history.shown == 1
    qtbot.mouseClick(newest, Qt.MouseButton.LeftButton)
    assert session.history.shown is None
    assert scrubber.slider.value() == 2
    wait(lambda: shows(window, load(trained_run).model))


def test_a_training_goes_on_unseen_while_an_epoch_is_looked_at(qtbot: QtBot, window: MainWindow, wait: Wait):
    session, scrubber = window.session, window.views.map.scrubber
    wait(lambda: session.encoding is not None)
    window.edit({"training": {"epochs": 100_000}})
    window.running.train()
    wait(lambda: session.run.name != "small" and len(session.history.epochs) > 2 and session.encoding is not None)
    assert scrubber.words.text().endswith("of 100000 · newest")
    window.history.go(0)
    run = RunFolder(session.run.path)
    wait(lambda: run.checkpoints.steps() and shows(window, model_of(run, 0)))
    epoch, coords = session.training.epoch, session.layout.coords
    wait(lambda: session.training.epoch > epoch + 3)
    assert scrubber.words.text() == "0 of 100000 · training goes on"
    assert session.layout.coords is coords
    assert session.encoding.step == 0
    window.running.stop()
    wait(lambda: session.training.phase == "idle" and not window.running.trainer.running)
    assert session.history.shown == 0
    key(qtbot, window, Qt.Key.Key_End)
    wait(lambda: shows(window, load(run).model))
    assert session.encoding.step == run.checkpoints.steps()[-1]


def test_what_a_training_came_to_in_mid_epoch_is_another_place_than_its_last_epoch(
    qtbot: QtBot, window: MainWindow, wait: Wait
):
    session, scrubber = window.session, window.views.map.scrubber
    wait(lambda: session.encoding is not None)
    window.edit({"training": {"epochs": 100_000, "batch_size": 8}})
    window.running.train()
    wait(lambda: session.run.name != "small" and len(session.history.epochs) > 2)
    window.running.stop()
    wait(lambda: session.training.phase == "idle" and not window.running.trainer.running)
    run = RunFolder(session.run.path)
    newest, (*_, last) = load(run), History(run.path).epochs()
    assert newest.step > last.step, "in mid-epoch"

    def both_are_there() -> None:
        wait(lambda: session.history.epochs[-1:] == (last.epoch,) and shows(window, newest.model))
        assert scrubber.words.text() == f"{last.epoch} of 100000 · newest"
        assert scrubber.slider.value() == scrubber.slider.maximum()
        key(qtbot, window, Qt.Key.Key_BracketLeft)
        assert session.history.shown == last.epoch
        assert scrubber.words.text() == f"{last.epoch} of 100000"
        wait(lambda: shows(window, model_of(run, last.epoch)))
        key(qtbot, window, Qt.Key.Key_BracketRight)
        assert session.history.shown is None
        wait(lambda: shows(window, newest.model))

    both_are_there()
    window.close_run()
    window.open(run.path)
    both_are_there()
    scrubber.slider.setFocus()
    qtbot.keyClick(scrubber.slider, Qt.Key.Key_Left)
    assert session.history.shown == last.epoch


def test_bar_list_and_slider_tell_a_paused_training_alike(qtbot: QtBot, window: MainWindow, wait: Wait):
    session = window.session
    wait(lambda: session.encoding is not None)
    window.edit({"training": {"epochs": 100_000, "batch_size": 8}})
    window.running.train()
    wait(lambda: session.run.name != "small" and session.training.epoch > 1)
    window.running.pause()
    wait(lambda: session.training.phase == "paused")
    wait(lambda: any(row.path == session.run.path for row in session.runs))
    wait(lambda: len(session.history.epochs) > 1)  # which are kept is read in a thread

    def alike(status: str) -> None:
        words = f"epoch {session.run.epoch} of 100000"
        listed = window.findChild(QListView, "runs").model()
        rows = [listed.index(row, 0).data(SUMMARY) for row in range(listed.rowCount())]
        (row,) = [row for row in rows if row.path == session.run.path]
        assert second_line(row).endswith(words)
        assert status_word(row) == status
        assert window.findChild(QWidget, "run_status").text() == f"{words} · {status}"
        assert f"epoch {window.views.map.scrubber.words.text()}" == f"{words} · newest"

    alike("paused")
    session.update_run(epoch=session.run.epoch + 1)
    session.set_training(epoch=session.run.epoch)
    alike("paused")
    session.set_training(epoch=session.run.epoch + 1)
    session.update_run(epoch=session.training.epoch)
    alike("paused")


def test_a_run_that_was_cut_short_shows_the_weights_that_were_saved_at_their_place(
    qtbot: QtBot, window: MainWindow, wait: Wait, trained_run: RunFolder
):
    """Killed between two checkpoints: its last epochs are kept, but training would go on from the one before."""
    session = window.session
    past = History(trained_run.path)
    for epoch in (3, 4):
        past.write(epoch, epoch * past.epochs()[1].step, past.epochs()[1].path.read_bytes())
    window.close_run()
    window.open("small")
    wait(lambda: session.history.epochs == (0, 1, 2, 3, 4) and shows(window, load(trained_run).model))
    assert session.history.places == (0, 1, None, 3, 4)
    key(qtbot, window, Qt.Key.Key_BracketRight)
    assert session.history.shown == 3
    wait(lambda: shows(window, model_of(trained_run, 3)))
    key(qtbot, window, Qt.Key.Key_End)
    wait(lambda: shows(window, load(trained_run).model))


def test_a_run_without_a_history_has_no_slider(qtbot: QtBot, window: MainWindow, wait: Wait, trained_run: RunFolder):
    shutil.rmtree(trained_run.path / FOLDER)
    window.close_run()
    window.open("small")
    wait(lambda: window.session.picture is not None and not window.jobs.running("history"))
    assert not window.views.map.scrubber.isVisible()
    told: list[str] = []
    window.session.told.connect(lambda sentence, _error: told.append(sentence))
    for which in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
        key(qtbot, window, which)
    assert told == 2 * ["small keeps no past epochs to go back to; a run that you train here does"]
    assert window.session.history.shown is None
    window.close_run()
    key(qtbot, window, Qt.Key.Key_BracketLeft)
    assert told[2:] == ["Open a run first: then its epochs can be gone back through"]


def test_an_epoch_that_cannot_be_read_is_said(window: MainWindow, wait: Wait, trained_run: RunFolder):
    wait(lambda: window.session.history.epochs and window.session.picture is not None)
    told: list[str] = []
    window.session.told.connect(lambda sentence, _error: told.append(sentence))
    History(trained_run.path).epochs()[0].path.write_bytes(b"torn")
    window.history.go(0)
    wait(lambda: told)
    assert "damaged" in told[0]
    wait(lambda: shows(window, load(trained_run).model))
    assert window.session.history.shown is None, "the newest weights come back by themselves"
