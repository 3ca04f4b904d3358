"""The demo's first seconds: what a quick person does stays, and all else is filled in as for a slow one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from latentlab.gui.app import make_application
from latentlab.gui.main_window.window import MainWindow
from latentlab.runs.places import demo_run


@pytest.fixture
def window(qtbot: QtBot, qapp, tmp_path: Path) -> Iterator[MainWindow]:
    make_application("dark")
    window = MainWindow(tmp_path / "runs", tmp_path / "data", warm=False)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    window.mapping.choose("pca")
    yield window
    assert window.close()
    window.deleteLater()


def opened(window: MainWindow, qtbot: QtBot, at_once: Callable[[], object]) -> None:
    """The demo, open to the end; at_once: what the person does the moment that it is there."""
    session, done = window.session, []
    session.run_changed.connect(lambda: done or (session.run and (done.append(True), at_once())))
    window.open(demo_run())
    qtbot.waitUntil(lambda: session.strip is not None and session.reconstruction is not None, timeout=40_000)


def test_a_slider_that_is_moved_at_once_stays_and_the_strip_comes_all_the_same(window: MainWindow, qtbot: QtBot):
    session = window.session
    opened(window, qtbot, lambda: window.views.sliders.dim_moved.emit(7, 1.5))
    assert session.place.z[7] == 1.5
    assert np.count_nonzero(session.place.z) == 1
    assert session.place.position is not None, "it is marked on the map"
    assert session.place.usual is not None
    a, b = session.ends
    assert (a.sample, session.selected) == (0, 0)
    assert session.label_of(a.sample) != session.label_of(b.sample)
    assert np.array_equal(session.strip.z[[0, -1]], np.stack([a.z, b.z]))


def test_an_end_that_is_set_at_once_stays(window: MainWindow, qtbot: QtBot):
    session = window.session

    def at_once() -> None:
        window.views.sliders.dim_moved.emit(7, 1.5)
        window.actions_table.actions["set_b"].trigger()

    opened(window, qtbot, at_once)
    a, b = session.ends
    assert a.sample == 0
    assert b.z[7] == 1.5
    assert np.array_equal(session.strip.z[[0, -1]], np.stack([a.z, b.z]))


def test_the_same_run_opened_again_begins_again(window: MainWindow, qtbot: QtBot):
    session = window.session
    opened(window, qtbot, lambda: None)
    first = session.place
    assert (first.sample, session.selected) == (0, 0)
    window.views.sliders.dim_moved.emit(7, 1.5)
    window.close_run()
    assert session.ends == (None, None)
    opened(window, qtbot, lambda: None)
    assert np.array_equal(session.place.z, first.z)
    assert None not in session.ends
