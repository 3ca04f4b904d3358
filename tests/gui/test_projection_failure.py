"""A map's process that is killed, cancelled, or still at work when the window closes: real ones, known by their PID."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from latentlab.explore.map_cache import load_map
from latentlab.gui.app import make_application
from latentlab.gui.main_window.window import MainWindow
from latentlab.runs.folder import RunFolder

PATIENCE = 180_000  # milliseconds: the process imports and compiles, on a busy machine
Wait = Callable[[Callable[[], object]], None]


@pytest.fixture
def wait(qtbot: QtBot) -> Wait:
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE)


@pytest.fixture
def window(qtbot: QtBot, qapp, trained_run: RunFolder, wait: Wait) -> Iterator[MainWindow]:
    """A window with the run "small", the PCA of which is seen, while UMAP is at work."""
    make_application("dark")
    opened = MainWindow(trained_run.path.parent, trained_run.path.parent / "data", warm=False)
    opened.show()
    opened.open("small")
    wait(lambda: opened.projector.busy and opened.session.strip is not None)
    yield opened
    opened.close()
    opened.deleteLater()


def pid(window: MainWindow) -> int:
    process = window.projector._process
    assert process is not None
    assert process.pid is not None
    return process.pid


def alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def button(window: MainWindow) -> QPushButton:
    found = window.findChild(QPushButton, "map_note_action")
    assert isinstance(found, QPushButton)
    return found


def test_killed_in_mid_fit_it_says_so_and_loses_nothing(qtbot: QtBot, window: MainWindow, wait: Wait):
    session = window.session
    assert session.map_action == "cancel"
    window.exploring.choose_sample(17)
    session.select_group(np.array([3, 17, 40]))
    before = session.place, session.strip, session.ends, session.layout
    progress: list[float] = []
    window.projector.progressed.connect(lambda _job, share: progress.append(share))
    wait(lambda: progress)
    assert "%" in session.map_note
    assert window.projector.busy, "in the middle of it"
    killed = pid(window)
    os.kill(killed, signal.SIGKILL)
    wait(lambda: session.map_action == "retry")
    assert not alive(killed)
    assert "UMAP" in session.map_note
    assert "\n" not in session.map_note
    assert not session.map_note.endswith(".")
    assert button(window).isVisible()
    assert button(window).text() == "Retry"
    assert session.selected == 17
    assert session.group.tolist() == [3, 17, 40]
    assert (session.place, session.strip, session.ends, session.layout) == before
    assert session.layout.kind == "pca"
    window.opening._encode()  # the points come once more: nothing begins by itself
    surveyed = session.encoding
    wait(lambda: session.encoding is not surveyed)
    assert not window.projector.busy
    assert session.map_action == "retry"

    qtbot.mouseClick(button(window), Qt.MouseButton.LeftButton)
    assert session.map_action == "cancel"
    assert pid(window) != killed
    wait(lambda: session.layout.kind == "umap")
    assert session.map_note == ""
    assert not button(window).isVisible()
    assert session.selected == 17
    assert np.array_equal(session.strip.pixels, before[1].pixels)


def test_cancelled_it_ends_and_what_is_shown_stays(qtbot: QtBot, window: MainWindow):
    number, layout = pid(window), window.session.layout
    assert alive(number)
    qtbot.mouseClick(button(window), Qt.MouseButton.LeftButton)
    assert not alive(number)
    assert window.projector._process is None
    assert window.session.layout is layout
    assert "cancelled" in window.session.map_note
    assert button(window).text() == "Retry"
    window.mapping.choose("pca")
    assert window.session.map_note == "", "who asks for another map has been told"


def test_closed_in_mid_fit_no_process_is_left(window: MainWindow):
    number = pid(window)
    assert alive(number)
    assert window.close()
    assert not alive(number)
    assert load_map(RunFolder(window._root / "small")) is None, "a map that was never made is not kept"
