"""Undo and redo in the window, by real actions: what was done, nothing that happens by itself, and no other run."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentlab.gui.app import make_application
from latentlab.gui.main_window.window import MainWindow
from latentlab.runs.places import demo_run

LEFT = Qt.MouseButton.LeftButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
STEPS = 100


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[MainWindow]:
    """With the demo open, and what opening did settled."""
    make_application("dark")
    opened = MainWindow(tmp_path / "runs", tmp_path / "data", warm=False)
    opened.resize(1280, 800)
    opened.mapping.choose("pca")
    opened.open(demo_run())
    opened.show()
    qtbot.waitUntil(lambda: opened.session.picture is not None and opened.session.images is not None, timeout=40_000)
    settled(qtbot, opened)
    yield opened
    assert opened.close()
    opened.deleteLater()


def settled(qtbot: QtBot, window: MainWindow) -> None:
    """Until what was done has become a step."""
    qtbot.waitUntil(lambda: window.undoing.undoing != "" and not window.views.map.points.gliding)


def shown(window: MainWindow) -> dict[str, Any]:
    """All that can be undone, for a comparison."""
    session, canvas = window.session, window.views.map.canvas
    a, b = session.ends
    return {
        "z": session.place.z.tolist(),
        "place": (session.place.position, session.place.origin, session.place.sample),
        "ends": (a.z.tolist(), a.position, b.z.tolist(), b.position),
        "selected": session.selected,
        "group": session.group.tolist(),
        "visible": None if session.visible is None else session.visible.tolist(),
        "view": None if canvas.fitted else canvas.viewpoint,
    }


def wheel(window: MainWindow, notches: int) -> None:
    canvas = window.views.map.canvas
    at = QPointF(canvas.rect().center()) + QPointF(30, -20)
    event = QWheelEvent(
        at, canvas.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def drag(qtbot: QtBot, window: MainWindow, start: QPoint, *steps: QPoint) -> None:
    canvas = window.views.map.canvas
    qtbot.mousePress(canvas, LEFT, pos=start)
    for step in steps:
        qtbot.mouseMove(canvas, step)
    qtbot.mouseRelease(canvas, LEFT, pos=steps[-1])


def actions(qtbot: QtBot, window: MainWindow, chance: np.random.Generator) -> list[Callable[[], object]]:
    """What a person does: each changes something, nearly always."""
    canvas = window.views.map.canvas

    def somewhere() -> QPoint:
        return QPoint(*(int(x) for x in chance.integers(80, (canvas.width() - 40, canvas.height() - 40))))

    def key(letter: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        canvas.setFocus()
        qtbot.keyClick(canvas, letter, modifier)

    def box() -> None:
        window.session.set_tool("box")
        drag(qtbot, window, somewhere(), somewhere(), somewhere())
        window.session.set_tool("decode")

    def slide() -> None:
        slider = window.views.sliders.findChild(object, f"z{int(window.session.order()[0])}")
        slider.setFocus()
        qtbot.keyClick(slider, Qt.Key.Key_Right if chance.random() < 0.5 else Qt.Key.Key_Left)

    return [
        lambda: drag(qtbot, window, somewhere(), somewhere(), somewhere(), somewhere()),
        lambda: window.exploring.choose_sample(int(chance.integers(len(window.session.encoding)))),
        lambda: wheel(window, int(chance.choice([-1, 1, 2]))),
        lambda: key(Qt.Key.Key_A),
        lambda: key(Qt.Key.Key_B),
        lambda: key(Qt.Key.Key_Home),
        lambda: key(Qt.Key.Key_C),
        lambda: key(Qt.Key.Key_H, CONTROL),
        lambda: key(Qt.Key.Key_H, CONTROL | SHIFT),
        lambda: key(Qt.Key.Key_I, CONTROL),
        lambda: key(Qt.Key.Key_F),
        lambda: key(Qt.Key.Key_Escape),
        box,
        slide,
    ]


def press(qtbot: QtBot, window: MainWindow, redo: bool = False) -> None:
    canvas = window.views.map.canvas
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Z, CONTROL | SHIFT if redo else CONTROL)


def menu(window: MainWindow, name: str) -> tuple[str, bool]:
    action = window.findChild(QAction, f"action_{name}")
    return action.text(), action.isEnabled()


def test_a_hundred_mixed_actions_are_undone_to_the_first_state_and_redone_to_the_last(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
):
    window.undoing._soon.setInterval(0)  # the person is slow: each of these is a step of its own
    chance = np.random.default_rng(3)
    choices = actions(qtbot, window, chance)
    states = [shown(window)]
    assert menu(window, "undo") == ("Undo", False), "opening a run is nothing that can be undone"
    while len(states) <= STEPS:
        choices[int(chance.integers(len(choices)))]()
        settled(qtbot, window)
        if shown(window) != states[-1]:
            states.append(shown(window))
    kinds = {name for name in states[0] if len({str(state[name]) for state in states}) > 2}
    assert kinds == set(states[0]), "every part was changed"
    for state in reversed(states[:-1]):
        press(qtbot, window)
        assert shown(window) == state
    assert not menu(window, "undo")[1]
    for state in states[1:]:
        press(qtbot, window, redo=True)
        assert shown(window) == state
    assert not menu(window, "redo")[1]


def test_a_drag_is_one_step_and_the_menu_says_what_would_be_undone(qtbot: QtBot, window: MainWindow):
    before, middle = shown(window), window.views.map.canvas.rect().center()
    drag(qtbot, window, middle, *(middle + QPoint(4 * n, 3 * n) for n in range(1, 30)))
    assert menu(window, "undo")[1], "at once, before it is known to be over"
    settled(qtbot, window)
    after = shown(window)
    assert menu(window, "undo") == ("Undo move in latent space", True)
    press(qtbot, window)
    assert shown(window) == before
    assert menu(window, "undo") == ("Undo", False)
    assert menu(window, "redo") == ("Redo move in latent space", True)
    press(qtbot, window, redo=True)
    assert shown(window) == after


def test_the_picture_follows_what_is_undone(qtbot: QtBot, window: MainWindow):
    before = window.session.picture.copy()
    window.exploring.choose_sample(1234)
    qtbot.waitUntil(lambda: not np.array_equal(window.session.picture, before))
    reconstruction = window.session.reconstruction
    press(qtbot, window)  # within the time in which another change would belong to the same step
    qtbot.waitUntil(lambda: np.array_equal(window.session.picture, before))
    qtbot.waitUntil(lambda: window.session.reconstruction is not None)
    assert window.session.reconstruction is not reconstruction


def test_something_new_after_undoing_drops_what_was_undone(qtbot: QtBot, window: MainWindow):
    window.exploring.choose_sample(70)
    settled(qtbot, window)
    press(qtbot, window)
    assert menu(window, "redo")[1]
    window.selecting.pick(np.array([3, 5]))
    settled(qtbot, window)
    assert menu(window, "redo") == ("Redo", False)
    assert menu(window, "undo") == ("Undo selection of points", True)


def test_another_layout_is_no_step_and_what_is_undone_is_found_on_it(qtbot: QtBot, window: MainWindow):
    session = window.session
    window.exploring.choose_sample(70)
    settled(qtbot, window)
    window.exploring.reset()
    settled(qtbot, window)
    window.mapping.choose("axes")
    settled(qtbot, window)
    assert menu(window, "undo") == ("Undo move in latent space", True)
    press(qtbot, window)
    assert session.place.z.tolist() == session.encoding.mu[70].tolist()
    assert session.place.position == pytest.approx(session.layout.coords[70].tolist(), abs=1e-5)
    assert menu(window, "redo")[1]


def test_points_that_are_exchanged_are_found_again_by_their_image(qtbot: QtBot, window: MainWindow):
    """Half of the rows leave the map: what was selected of the others comes back in other rows."""
    session = window.session
    window.selecting.pick(np.array([10, 21, 40]))
    settled(qtbot, window)
    index = session.encoding.index[[10, 40]].tolist()
    window.selecting.clear()
    settled(qtbot, window)
    old = session.encoding
    even = slice(0, None, 2)
    session.set_encoding(type(old)(old.index[even], old.mu[even], old.kl_per_dim, old.step))
    settled(qtbot, window)
    press(qtbot, window)
    assert session.encoding.index[session.group].tolist() == index


def test_nothing_of_a_run_can_be_undone_in_another(qtbot: QtBot, window: MainWindow, trained_run: Any):
    window.exploring.choose_sample(70)
    settled(qtbot, window)
    assert menu(window, "undo")[1]
    window.open(trained_run.path)
    qtbot.waitUntil(lambda: window.session.run.name == "small" and window.session.place is not None, timeout=40_000)
    settled(qtbot, window)
    assert menu(window, "undo") == ("Undo", False)
    press(qtbot, window)
    assert window.session.run.name == "small"
