"""The strip in the real window: geodesics, ways side by side, frames that are gone to, places between and beyond."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from latentlab.gui.app import make_application
from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.widgets.film import Film
from latentlab.runs.places import demo_run

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot, qapp, tmp_path: Path) -> Iterator[MainWindow]:
    """With the demo run open on its PCA map, and a strip of it."""
    make_application("dark")
    window = MainWindow(tmp_path / "runs", tmp_path / "data", warm=False)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    window.mapping.choose("pca")
    window.open(demo_run())
    session = window.session
    qtbot.waitUntil(
        lambda: session.model_ready and session.strip is not None and session.strip.length is not None, timeout=40_000
    )
    yield window
    assert window.close()
    window.deleteLater()


def test_a_geodesic_is_found_and_compared_and_gives_up_where_there_is_nothing_to_walk(window: MainWindow, qtbot):
    session, actions = window.session, window.actions_table.actions
    straight = session.strip
    seen: list[str] = []
    session.strips.note_changed.connect(lambda: seen.append(session.strips.note))
    actions["strip_geodesic"].trigger()
    qtbot.waitUntil(lambda: session.strip.method == "geodesic", timeout=40_000)
    assert seen[0].startswith("straight until the geodesic is there")
    assert session.strips.note == ""
    strip = session.strip
    assert strip.length < strip.straight
    assert strip.straight == pytest.approx(straight.length, rel=0.01), "the length that the straight strip told"
    assert np.array_equal(strip.z[[0, -1]], straight.z[[0, -1]])

    height = window.views.strip.height()
    actions["strip_compare"].trigger()
    qtbot.waitUntil(lambda: len(session.strips.compared) == 3, timeout=40_000)
    assert [each.method for each in session.strips.compared] == ["linear", "spherical", "geodesic"]
    qtbot.waitUntil(lambda: session.strips.compared[1].length is not None, timeout=40_000)
    assert session.strip is session.strips.compared[2], "the strip's own way is still the geodesic"
    assert window.views.strip.height() == height
    actions["strip_compare"].trigger()
    qtbot.waitUntil(lambda: not session.strips.compared, timeout=40_000)

    session.set_end("B", session.ends[0])
    qtbot.waitUntil(lambda: "same place" in session.strip.note, timeout=40_000)
    window.exploring.choose_sample(40)
    window.exploring.set_end("B")
    qtbot.waitUntil(lambda: session.strip.method == "geodesic" and not session.strip.note, timeout=40_000)


def test_frames_are_gone_to_and_become_ends_and_waypoints(window: MainWindow, qtbot):
    session, actions = window.session, window.actions_table.actions
    film = window.findChild(Film, "strip_film")
    qtbot.mouseClick(film._row, LEFT, pos=film._row.cell(3).center())
    third = session.strip.z[3].copy()
    assert np.array_equal(session.place.z, third)
    assert session.place.position is not None, "and found on the map"
    assert film.marked == 3
    actions["strip_on"].trigger()
    assert np.array_equal(session.place.z, session.strip.z[4])
    below = film._row.cell(0).center()
    below.setY(film._row.height() - 2)
    nearest = int(session.strip.nearest[0])
    qtbot.mouseClick(film._row, LEFT, pos=below)
    assert session.selected == nearest

    window.exploring.choose_sample(77)
    middle = session.place.z
    actions["waypoint_add"].trigger()
    assert session.walk == "path"
    assert np.array_equal(session.route.z[1], middle)
    qtbot.waitUntil(lambda: session.strip.waypoints == 3, timeout=40_000)
    window.exploring.choose_sample(99)
    actions["set_a"].trigger()
    assert session.walk == "path", "what was put between stays"
    assert np.array_equal(session.route.z[:2], np.stack([session.ends[0].z, middle]))
    qtbot.waitUntil(lambda: np.array_equal(session.strip.z[0], session.ends[0].z), timeout=40_000)
    actions["path_remove"].trigger()
    session.strips.change(beyond=2, frames=5)
    qtbot.waitUntil(lambda: session.strip.beyond == 2, timeout=40_000)
    a, b = session.ends
    assert np.array_equal(session.strip.z[[2, 6]], np.stack([a.z, b.z]))
    assert np.allclose(np.diff(session.strip.z, axis=0), (b.z - a.z) / 4, atol=1e-4)


def test_choosing_in_the_header_makes_it_so(window: MainWindow, qtbot):
    session = window.session
    method = window.findChild(QComboBox, "strip_method")
    method.setFocus()
    qtbot.keyClick(method, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: session.strip.method == "spherical", timeout=40_000)
    qtbot.waitUntil(lambda: session.strip.straight is not None, timeout=40_000)  # measured once it is shown
