"""The map's tools in the window: chosen by button, key and menu, drawn with, given up, and taken away."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog, QProgressDialog, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from latentlab.gui.app import make_application
from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.records import Layout, Place, PointFacts
from latentlab.gui.session import Session

LEFT = Qt.MouseButton.LeftButton
PLAIN, SHIFT, CONTROL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


class Desk:
    """A window in which the digits of a session that no model made are shown on a grid."""

    def __init__(self, qtbot: QtBot, window: MainWindow, explored: Session) -> None:
        self.qtbot, self.window, self.session = qtbot, window, window.session
        self.view, self.canvas = window.views.map, window.views.map.canvas
        self.session.open(explored.run)
        self.session.set_encoding(explored.encoding)
        self.session.set_images(explored.images)
        places = np.stack(np.meshgrid(np.arange(20), np.arange(20)), axis=-1).reshape(-1, 2).astype(np.float32)
        self.session.set_layout(Layout("umap", places))
        qtbot.waitUntil(lambda: not self.view.points.gliding)
        self.canvas.setFocus()
        self.moves: list[tuple[float, float, bool]] = []
        self.view.moved.connect(lambda *move: self.moves.append(move))

    def at(self, x: float, y: float) -> QPoint:
        """Where this place of the map is seen on the canvas; the points are at whole numbers."""
        self.canvas.repaint()  # a person clicks on what is to be seen, and pictures are found where they are drawn
        return self.canvas.to_pixels(x, y).toPoint()

    def drag(self, places: list[tuple[float, float]], keys: Qt.KeyboardModifier = PLAIN, drop: bool = True) -> None:
        points = [self.at(*place) for place in places]
        self.qtbot.mousePress(self.canvas, LEFT, keys, points[0])
        for point in points[1:]:
            self.qtbot.mouseMove(self.canvas, point)
        if drop:
            self.qtbot.mouseRelease(self.canvas, LEFT, keys, points[-1])

    def key(self, key: Qt.Key, keys: Qt.KeyboardModifier = PLAIN) -> None:
        self.qtbot.keyClick(self.canvas, key, keys)

    def tool(self, name: str) -> QToolButton:
        return self.view.findChild(QToolButton, f"tool_{name}")

    def group(self) -> list[int]:
        return self.session.group.tolist()


@pytest.fixture
def desk(qtbot: QtBot, qapp, tmp_path: Path, explored: Session) -> Iterator[Desk]:
    make_application("dark")
    window = MainWindow(tmp_path / "runs", tmp_path / "data", warm=False)
    window.opening.painted = lambda: None  # no model is wanted here, so torch need not come
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    qtbot.waitUntil(lambda: window.session.preview is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not window.jobs.running("curves") and not window.jobs.running("runs"), timeout=20_000)
    yield Desk(qtbot, window, explored)
    assert window.close()
    window.deleteLater()


def test_a_tool_is_chosen_by_key_by_button_and_in_the_menu(desk: Desk):
    actions = desk.window.actions_table.actions
    for key, name in (("V", "select"), ("M", "box"), ("L", "lasso"), ("D", "decode")):
        desk.key(Qt.Key(ord(key)))
        assert desk.session.tool == name
        assert desk.tool(name).isChecked()
        assert actions[f"tool_{name}"].isChecked()
        assert f"({key})" in desk.tool(name).accessibleName()
    desk.qtbot.mouseClick(desk.tool("lasso"), LEFT)
    assert desk.session.tool == "lasso"
    assert desk.canvas.cursor().shape() == Qt.CursorShape.CrossCursor
    actions["tool_lasso"].trigger()
    assert actions["tool_lasso"].isChecked(), "the one in hand stays in hand"
    assert [name for name in ("decode", "select", "box", "lasso") if desk.tool(name).isChecked()] == ["lasso"]


def test_box_lasso_and_stroke_select_and_do_not_decode(desk: Desk):
    desk.session.set_tool("box")
    desk.drag([(2.6, 2.6), (5.4, 4.4)])
    box = [20 * y + x for y in (3, 4) for x in (3, 4, 5)]
    assert desk.group() == box
    desk.session.set_tool("lasso")
    desk.drag([(9.5, 9.5), (11.5, 9.5), (11.5, 11.5), (9.5, 11.5)], SHIFT)
    lasso = [20 * y + x for y in (10, 11) for x in (10, 11)]
    assert desk.group() == sorted(box + lasso)
    desk.session.set_tool("select")
    desk.drag([(3, 3), (5, 3)], CONTROL)
    assert desk.group() == sorted(box[3:] + lasso)
    desk.qtbot.mouseClick(desk.canvas, LEFT, SHIFT, desk.at(0, 0))
    assert desk.group() == sorted([0, *box[3:], *lasso])
    desk.qtbot.mouseClick(desk.canvas, LEFT, PLAIN, desk.at(7, 7))
    assert desk.group() == [147]
    desk.qtbot.mouseClick(desk.canvas, LEFT, PLAIN, desk.at(0.5, -0.95))
    assert desk.group() == [], "empty space lets go"
    assert not desk.moves
    assert desk.session.selected is None


def test_the_count_inside_is_said_while_it_is_drawn_and_shown(desk: Desk):
    facts: list[str] = []
    desk.view.fact_changed.connect(facts.append)
    desk.session.set_tool("box")
    before = desk.canvas.grab().toImage()
    desk.drag([(2.6, 2.6), (5.4, 4.4)], drop=False)
    assert facts[-1] == "6 inside"
    assert desk.canvas.grab().toImage() != before, "the outline is to be seen"
    assert desk.group() == []
    desk.qtbot.mouseRelease(desk.canvas, LEFT, PLAIN, desk.at(5.4, 4.4))
    assert facts[-1] == "6 of 400 selected"


def test_escape_gives_up_the_drawing_then_the_selection_then_the_place(desk: Desk):
    desk.session.set_tool("lasso")
    desk.session.select(7)
    desk.session.select_group(np.array([1, 2]))
    desk.session.set_place(Place(desk.session.encoding.mu[3], "", (3.0, 3.0)))
    desk.drag([(9.5, 9.5), (11.5, 9.5), (11.5, 11.5)], drop=False)
    desk.key(Qt.Key.Key_Escape)
    desk.qtbot.mouseRelease(desk.canvas, LEFT, PLAIN, desk.at(11.5, 11.5))
    assert desk.group() == [1, 2], "what was given up selects nothing"
    desk.key(Qt.Key.Key_Escape)
    assert desk.group() == []
    assert desk.session.selected == 7
    desk.key(Qt.Key.Key_Escape)
    assert desk.session.selected is None
    assert desk.session.place.position is None


def test_all_invert_class_and_only_the_selection(desk: Desk):
    labels = desk.session.images.labels
    desk.session.set_visible(labels != 4)
    desk.key(Qt.Key.Key_A, CONTROL)
    assert desk.group() == np.flatnonzero(labels != 4).tolist()
    desk.session.select_group(np.array([0, 1, 2]))
    desk.key(Qt.Key.Key_I, CONTROL)
    assert desk.group() == [row for row in range(3, 400) if labels[row] != 4]
    desk.session.select(5)
    desk.key(Qt.Key.Key_C)
    assert desk.group() == np.flatnonzero(labels == labels[5]).tolist()
    desk.key(Qt.Key.Key_H, CONTROL)
    assert np.array_equal(desk.session.visible, labels == labels[5])
    desk.key(Qt.Key.Key_H, CONTROL | SHIFT)
    assert desk.session.visible is None
    assert desk.group(), "and they are still selected"


def test_the_neighbours_are_those_in_latent_space(desk: Desk):
    from latentlab.gui.threads.encoding import survey

    desk.window.mapping.survey = survey(desk.session.encoding)
    desk.session.select(33)
    desk.key(Qt.Key.Key_N)
    mu = desk.session.encoding.mu
    nearest = np.argsort(((mu - mu[33]) ** 2).sum(axis=1))[:51]
    assert desk.group() == sorted(nearest.tolist())


def test_what_is_hidden_can_be_neither_picked_nor_kept(desk: Desk):
    mask = np.ones(400, bool)
    mask[63] = False
    desk.session.select_group(np.array([63, 64]))
    desk.window.selecting.show_only(mask)
    assert desk.group() == [64]
    desk.session.set_tool("box")
    desk.drag([(2.6, 2.6), (5.4, 4.4)])
    assert desk.group() == [64, 65, 83, 84, 85]
    desk.session.set_tool("decode")
    desk.qtbot.mouseMove(desk.canvas, desk.at(3, 3) + QPoint(4, 0))
    desk.qtbot.mouseMove(desk.canvas, desk.at(3, 3))
    assert desk.view.hover.row != 63


def test_the_selection_is_taken_away_as_it_was_asked_for(desk: Desk, tmp_path: Path):
    told: list[str] = []
    desk.session.told.connect(lambda words, _bad: told.append(words))
    desk.session.select_group(np.array([3, 9, 27]))
    desk.key(Qt.Key.Key_E, CONTROL)
    dialog = desk.window.findChild(QFileDialog, "selection_dialog")
    assert "3 points" in dialog.windowTitle()
    dialog.reject()
    desk.window.taking.export(tmp_path / "some.npy", "latents")
    desk.session.select_group(np.array([5]))  # meanwhile
    desk.qtbot.waitUntil(lambda: any("some.npy is written: 3 points" in words for words in told), timeout=20_000)
    assert np.array_equal(np.load(tmp_path / "some.npy"), desk.session.encoding.mu[[3, 9, 27]])


def test_an_export_has_the_facts_of_the_weights_that_encoded_the_points_and_no_others(desk: Desk, tmp_path: Path):
    told: list[str] = []
    desk.session.told.connect(lambda words, _bad: told.append(words))
    desk.session.select_group(np.array([3, 9]))
    encoding, density = desk.session.encoding, np.arange(len(desk.session.encoding), dtype=np.float32)

    def columns(name: str) -> list[str]:
        desk.window.taking.export(tmp_path / name, "table")
        desk.qtbot.waitUntil(lambda: any(f"{name} is written" in words for words in told), timeout=20_000)
        return (tmp_path / name).read_text().splitlines()[0].split(",")

    desk.session.set_facts(PointFacts(encoding.step, density=density))
    assert "density" in columns("now.csv")
    desk.session.set_encoding(replace(encoding, step=encoding.step + 1))  # the points have moved on
    assert "density" not in columns("later.csv")
    assert desk.session.facts.density is density, "though they are still shown"


def test_an_export_is_cancelled_by_its_dialog(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import threading

    from latentlab.export import selection

    told: list[str] = []
    desk.session.told.connect(lambda words, _bad: told.append(words))
    begun, go_on = threading.Event(), threading.Event()
    name = selection.picture_name

    def slowly(index: int, label: str) -> str:
        begun.set()
        go_on.wait(10)
        return name(index, label)

    monkeypatch.setattr(selection, "picture_name", slowly)
    desk.window.taking.export(tmp_path / "pictures", "pictures")
    assert begun.wait(20)
    dialog = desk.window.findChild(QProgressDialog, "export_progress")
    dialog.findChild(QPushButton).click()
    go_on.set()
    desk.qtbot.waitUntil(lambda: any("cancelled" in words for words in told), timeout=20_000)
    assert not (tmp_path / "pictures").exists()
    assert not list(tmp_path.glob(".*.tmp"))
