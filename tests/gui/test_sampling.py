"""Samples of a mixture in the window: fitted in a thread, kept with the run, and left when weights change."""

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from latentlab.explore.loaded import Loaded, load
from latentlab.explore.mixture import Mixture, load_mixture, save_mixture
from latentlab.explore.mixture_prior import sample_mixture
from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.threads.encoding import SAMPLES
from latentlab.runs.folder import RunFolder


@pytest.fixture
def window(qtbot: QtBot, trained_run: RunFolder, tmp_path: Path):
    window = MainWindow(trained_run.path.parent, tmp_path / "data", warm=False)
    window.open(trained_run.path)
    window.show()
    qtbot.waitUntil(lambda: window.session.live is not None, timeout=20_000)
    yield window
    window.close_unasked()
    window.deleteLater()


def test_samples_come_from_a_mixture_and_go_back(qtbot: QtBot, window: MainWindow, trained_run: RunFolder):
    session, loaded = window.session, load(trained_run)
    before = session.live
    assert before is not None
    window.views.samples.prior_chosen.emit("mixture")
    assert session.sampling.prior == "mixture"
    assert session.sampling.note
    qtbot.waitUntil(lambda: session.live is not None and session.live.components > 0, timeout=90_000)
    assert session.sampling.note == ""
    kept = load_mixture(trained_run.path)
    assert kept is not None
    assert kept.step == loaded.step
    assert np.array_equal(session.live.samples, mixed(loaded, trained_run, seed=0))
    window.views.samples.resample_pressed.emit()
    qtbot.waitUntil(lambda: np.array_equal(session.live.samples, mixed(loaded, trained_run, seed=1)))
    window.views.samples.prior_chosen.emit("trained")
    qtbot.waitUntil(lambda: session.live.components == 0)


def test_training_goes_on_with_the_prior_that_is_trained(qtbot: QtBot, window: MainWindow, trained_run: RunFolder):
    session = window.session
    parts = np.ones(1), np.zeros((1, 4)), np.ones((1, 4))
    found = Mixture(load(trained_run).step, *(part.astype(np.float32) for part in parts), 0.0, 0.0, 1, 0)
    save_mixture(trained_run.path, found)
    window.views.samples.prior_chosen.emit("mixture")
    qtbot.waitUntil(lambda: session.live is not None and session.live.components > 0, timeout=20_000)
    session.set_training(phase="training")
    assert session.sampling.prior == "trained"
    qtbot.waitUntil(lambda: session.live.components == 0)
    session.set_training(phase="idle")


def test_another_run_begins_with_its_own_prior(qtbot: QtBot, window: MainWindow, trained_run: RunFolder):
    window.views.samples.prior_chosen.emit("mixture")
    window.close_run()
    assert window.session.sampling.prior == "trained"
    window.open(trained_run.path)
    qtbot.waitUntil(lambda: window.session.live is not None, timeout=20_000)
    assert window.session.live.components == 0


def mixed(loaded: Loaded, run: RunFolder, seed: int) -> np.ndarray:
    mixture = load_mixture(run.path)
    assert mixture is not None
    return loaded.decode(sample_mixture(loaded.model, mixture, SAMPLES, seed=seed))
