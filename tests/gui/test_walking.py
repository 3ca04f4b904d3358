"""Paths in the real window: drawn on its map, kept over other maps and weights, in its strip, its GIF and its files."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QComboBox, QSpinBox

from latentlab.explore.charts import UmapChart
from latentlab.explore.paths import through
from latentlab.export.moving_formats import Show
from latentlab.gui.app import make_application
from latentlab.gui.main_window.export_dialog import Wanted
from latentlab.gui.main_window.export_sources import sources
from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.records import Layout
from latentlab.runs.places import demo_run

LEFT = Qt.MouseButton.LeftButton


class Walker:
    """The window with the demo run open on its PCA map, and a mouse on the map."""

    def __init__(self, window: MainWindow, qtbot) -> None:
        self.window, self.session, self.qtbot = window, window.session, qtbot
        self.canvas = window.views.map.canvas
        self.said: list[tuple[str, bool]] = []
        window.session.told.connect(lambda *what: self.said.append(what))

    def wait(self, condition) -> None:
        self.qtbot.waitUntil(condition, timeout=40_000)

    def at(self, share_x: float, share_y: float) -> QPoint:
        """A place in the canvas."""
        return QPoint(round(share_x * self.canvas.width()), round(share_y * self.canvas.height()))

    def key(self, key: Qt.Key) -> None:
        self.canvas.setFocus()
        self.qtbot.keyClick(self.canvas, key)

    def draw(self, *places: QPoint) -> None:
        """By its waypoints."""
        self.key(Qt.Key.Key_T)
        for place in places:
            self.qtbot.mouseClick(self.canvas, LEFT, pos=place)
        self.key(Qt.Key.Key_Return)

    def shows(self, z: np.ndarray) -> bool:
        """The strip leads along these waypoints."""
        strip = self.session.strip
        return strip is not None and np.allclose(strip.z, through(z, len(strip.z), strip.method), atol=1e-5)


@pytest.fixture
def walker(qtbot, qapp, tmp_path: Path) -> Iterator[Walker]:
    make_application("dark")
    window = MainWindow(tmp_path / "runs", tmp_path / "data", warm=False)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    window.mapping.choose("pca")
    window.open(demo_run())
    who = Walker(window, qtbot)
    session = window.session
    who.wait(lambda: session.model_ready and session.strip is not None and session.picture is not None)
    yield who
    assert window.close()
    window.deleteLater()


CORNERS = ((0.4, 0.3), (0.6, 0.4), (0.5, 0.6), (0.7, 0.7))


def test_the_strip_follows_the_path_and_so_does_the_gif(walker: Walker, tmp_path: Path):
    session = walker.session
    between_ends = session.strip.z.copy()
    walker.draw(*(walker.at(*corner) for corner in CORNERS))
    route = session.route
    assert len(route.z) == 4
    for z, place in zip(route.z, route.places, strict=True):
        assert np.allclose(walker.window.mapping.chart.locate(z), place, atol=1e-3), "exactly what lies there"
    walker.wait(lambda: walker.shows(route.z))
    assert session.strip.waypoints == 4
    assert np.array_equal(session.strip.z[0], route.z[0])

    walker.window.findChild(QSpinBox, "strip_frames").setValue(24)
    walker.key(Qt.Key.Key_I)
    walker.wait(lambda: len(session.strip.z) == 24 and walker.shows(route.z))

    file = tmp_path / "walk.gif"
    source = next(each for each in sources(session) if each.key == "strip")
    assert source.count == 48
    walker.window.exporting.export(Wanted(source, ".gif", 48, Show(20, ping_pong=True), 0.0), file)
    walker.wait(file.is_file)
    with Image.open(file) as gif:
        assert gif.n_frames == 2 * 48 - 2

    walk = walker.window.findChild(QComboBox, "strip_walk")
    assert walk.currentText() == "path"
    walk.setFocus()
    walker.qtbot.keyClick(walk, Qt.Key.Key_Up)
    walker.wait(lambda: np.allclose(session.strip.z[[0, -1]], between_ends[[0, -1]]))
    assert session.route is route, "the path is still on the map"


def test_a_waypoint_is_dragged_and_the_rest_of_the_path_stays(walker: Walker):
    session = walker.session
    walker.draw(*(walker.at(*corner) for corner in CORNERS))
    before = session.route.z.copy()
    walker.window.exploring.choose_sample(41)  # elsewhere, also in what the map does not show
    start, end = walker.at(*CORNERS[1]), walker.at(0.65, 0.25)
    walker.qtbot.mousePress(walker.canvas, LEFT, pos=start)
    walker.qtbot.mouseMove(walker.canvas, (start + end) / 2)
    walker.qtbot.mouseMove(walker.canvas, end)
    walker.qtbot.mouseRelease(walker.canvas, LEFT, pos=end)
    after = session.route.z
    assert np.array_equal(after[[0, 2, 3]], before[[0, 2, 3]])
    moved = after[1] - before[1]
    assert np.abs(moved).max() > 0.1
    axes = walker.window.mapping.survey.pca.axes
    assert np.allclose(moved, moved @ axes.T @ axes, atol=1e-4), "what the map does not show of it is kept"
    walker.wait(lambda: walker.shows(after))
    walker.key(Qt.Key.Key_Backspace)
    assert np.array_equal(session.route.z, after[:3])
    walker.window.actions_table.actions["path_remove"].trigger()
    assert session.route is None
    walker.wait(lambda: np.array_equal(session.strip.z[0], session.ends[0].z))


def test_a_path_survives_another_map_and_new_weights(walker: Walker):
    session, mapping = walker.session, walker.window.mapping
    walker.draw(*(walker.at(*corner) for corner in CORNERS))
    z = session.route.z.copy()
    mapping.choose("axes")
    assert np.array_equal(session.route.z, z)
    assert np.allclose(session.route.places, z[:, list(session.layout.dims)])
    coords = np.random.default_rng(0).normal(size=session.layout.coords.shape).astype(np.float32)
    mapping.chart = UmapChart(coords, session.encoding.mu)
    session.set_layout(Layout("umap", coords))
    nearest = [int(np.argmin(np.linalg.norm(session.encoding.mu - each, axis=1))) for each in z]
    assert np.array_equal(session.route.places, coords[nearest])
    walker.wait(lambda: walker.shows(z))
    walker.qtbot.wait(200)  # whatever was asked for before has come
    decoded = []
    session.strip_changed.connect(lambda: decoded.append(session.strip))
    walker.window.exploring.resurvey()
    walker.wait(lambda: bool(decoded))
    assert np.array_equal(session.route.z, z)
    assert walker.shows(z)


def test_a_path_on_umap_is_blended_and_says_so(walker: Walker):
    session, mapping = walker.session, walker.window.mapping
    coords = np.random.default_rng(0).normal(size=session.layout.coords.shape).astype(np.float32)
    mapping.chart = UmapChart(coords, session.encoding.mu)
    session.set_layout(Layout("umap", coords))
    walker.wait(lambda: not walker.window.views.map.points.gliding)
    walker.draw(walker.at(0.45, 0.45), walker.at(0.55, 0.55))
    for z, place in zip(session.route.z, session.route.places.tolist(), strict=True):
        assert np.allclose(z, mapping.chart.read(tuple(place), z).z, atol=1e-4)
    assert "neighbours" in session.place.origin
    assert session.place.gap is not None


def test_a_path_is_saved_and_comes_back_to_the_bit(walker: Walker, tmp_path: Path):
    session, files = walker.session, walker.window.path_files
    walker.draw(*(walker.at(*corner) for corner in CORNERS))
    z = session.route.z.copy()
    walker.window.walking.make("smooth", 9)
    file = tmp_path / "walk.json"
    files.save(str(file))
    walker.wait(lambda: "4 waypoints" in walker.said[-1][0] if walker.said else False)
    walker.window.walking.path.remove()
    walker.window.walking.make("linear", 9)
    files.open(str(file))
    walker.wait(lambda: session.route is not None and np.array_equal(session.route.z, z))
    walker.wait(lambda: session.strip.method == "smooth" and walker.shows(z))
    assert walker.window.findChild(QComboBox, "strip_method").currentText() == "smooth"

    files.save(str(tmp_path / "no-such-folder" / "walk.json"))
    walker.wait(lambda: walker.said[-1] == ("walk.json: No such file or directory", True))
    held = json.loads(file.read_text())
    for text, reason in (
        (json.dumps({**held, "latent_dim": 2, "waypoints": [[0, 1], [2, 3]]}), "2 latent dimensions"),
        (json.dumps({**held, "waypoints": held["waypoints"] * 1000}), "waypoints, and a path has at most 100"),
        ("{", "damaged"),
    ):
        file.write_text(text)
        files.open(str(file))
        assert not walker.said[-1][1] or reason not in walker.said[-1][0], "it is not read while the window waits"
        walker.wait(lambda reason=reason: walker.said[-1][1] and reason in walker.said[-1][0])
        assert np.array_equal(session.route.z, z), "what is there stays"
    file.write_text(json.dumps({**held, "run": "another"}))
    files.open(str(file))
    walker.wait(lambda: "made for another" in walker.said[-1][0])


def test_choosing_path_without_one_takes_up_its_tool(walker: Walker):
    walk = walker.window.findChild(QComboBox, "strip_walk")
    walk.setFocus()
    walker.qtbot.keyClick(walk, Qt.Key.Key_Down)
    assert walker.session.tool == "path"
    assert walk.currentText() == "A → B", "until there is one"
    assert "Draw a path" in walker.said[-1][0]
