"""The application around the window: pictures of it, errors nobody caught, timings, themes, panels, names, room."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QScrollBar,
    QTabBar,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from latentlab.gui import app
from latentlab.gui.actions import TABLE
from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.named import LONGEST
from latentlab.runs.places import demo_run

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[MainWindow]:
    """The window at 1280x800 with the demo run, all there is to see in it."""
    app.make_application("dark")
    opened = MainWindow(tmp_path / "runs", tmp_path / "data", warm=False)
    opened.resize(1280, 800)
    opened.open(demo_run())
    opened.show()
    session = opened.session
    qtbot.waitUntil(
        lambda: all(
            each is not None for each in (session.picture, session.strip, session.live, session.preview, session.layout)
        ),
        timeout=40_000,
    )
    qtbot.wait(50)
    yield opened
    theme.apply(qapp, "dark")
    assert opened.close()
    opened.deleteLater()


# -- from outside


def run_app(tmp_path: Path, picture: Path, **arguments: object) -> subprocess.CompletedProcess[str]:
    """The application in a process of its own, for a picture."""
    given = {"checkpoints": str(tmp_path / "runs"), "data_dir": str(tmp_path / "data"), "theme": "dark", **arguments}
    code = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from latentlab.gui import app\n"
        "given = json.loads(sys.argv[1])\n"
        "for name in ('checkpoints', 'data_dir', 'screenshot'):\n"
        "    given[name] = Path(given[name])\n"
        "given['size'] = tuple(given['size']) if 'size' in given else None\n"
        "sys.exit(app.run(**given))\n"
    )
    request = json.dumps({**given, "screenshot": str(picture)})
    return subprocess.run(
        [sys.executable, "-c", code, request], capture_output=True, text=True, timeout=90, check=False
    )


def test_a_screenshot_is_written_whole_and_the_timings_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LATENTLAB_TIMINGS", "1")
    picture = tmp_path / "window.png"
    done = run_app(tmp_path, picture, size=[1240, 720])
    assert done.returncode == 0, done.stderr
    with Image.open(picture) as shown:
        shown.load()
        assert shown.size == (1240, 720)
        assert len(np.unique(np.asarray(shown.convert("RGB")).reshape(-1, 3), axis=0)) > 300, "there is something on it"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["window.png"]
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [(line["what"], line["torch_loaded"]) for line in lines] == [("window", False), ("torch", True)]
    assert 0 < lines[0]["s"] < lines[1]["s"]


def test_a_screenshot_that_cannot_be_written_is_an_os_error_and_ends(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(app, "PICTURE_AFTER_S", 0.0)
    picture = app._Screenshot(window, tmp_path / "missing" / "window.png")
    qtbot.waitUntil(lambda: not window.isVisible())
    assert isinstance(picture.error, FileNotFoundError)
    assert not (tmp_path / "missing").exists()


# -- errors that nobody caught


def test_an_error_in_the_window_is_said_once_and_the_window_stands(qtbot: QtBot, window: MainWindow):
    before = sys.excepthook
    hook = app._ExceptionDialog(window)
    try:
        for number in range(5):
            error = RuntimeError(f"paint {number}")
            sys.excepthook(RuntimeError, error, None)
        (box,) = window.findChildren(QMessageBox, "exception_dialog")
        assert box.isVisible()
        assert "safe" in box.text()
        assert "RuntimeError: paint 0" in box.detailedText()
        qtbot.mouseClick(box.button(QMessageBox.StandardButton.Ok), LEFT)
        qtbot.waitUntil(lambda: not window.findChildren(QMessageBox, "exception_dialog"))
        assert window.isVisible()
        sys.excepthook(ValueError, ValueError("again"), None)
        (box,) = window.findChildren(QMessageBox, "exception_dialog")
        box.close()
    finally:
        hook.uninstall()
    assert sys.excepthook is before


# -- themes and panels


def corner(widget: QWidget) -> str:
    """The colour of its ground."""
    return widget.grab().toImage().pixelColor(2, widget.height() - 3).name().upper()


def test_themes_are_switched_while_the_window_is_open(qtbot: QtBot, window: MainWindow):
    canvas = window.views.map.canvas
    for name, colours in (("light", theme.LIGHT), ("dark", theme.DARK), ("light", theme.LIGHT)):
        window.findChild(QAction, f"action_{name}").trigger()
        assert theme.current() is colours
        assert corner(window) == colours.ground.upper()
        assert corner(canvas) == colours.card.upper()
        qtbot.wait(20)


def visible_docks(window: MainWindow) -> set[str]:
    return {dock.objectName().removeprefix("dock_") for dock in window.findChildren(QDockWidget) if dock.isVisible()}


def test_perspectives_show_what_belongs_to_them(qtbot: QtBot, window: MainWindow):
    exploring = {"inspector", "latent", "strip"}
    assert exploring <= visible_docks(window)
    qtbot.mouseClick(window.findChild(QAbstractButton, "perspective_train"), LEFT)
    assert not exploring & visible_docks(window)
    assert {"data", "model", "runs", "curves"} <= visible_docks(window)
    qtbot.mouseClick(window.findChild(QAbstractButton, "perspective_explore"), LEFT)
    assert exploring <= visible_docks(window)


def test_reset_layout_brings_everything_back(qtbot: QtBot, window: MainWindow):
    shown = [dock for dock in window.findChildren(QDockWidget) if not dock.visibleRegion().isEmpty()]
    places = {dock.objectName(): dock.geometry() for dock in shown}
    docks = window.panels
    docks.dock("inspector").close()
    docks.dock("strip").setFloating(True)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, docks.dock("curves"))
    qtbot.wait(20)
    window.findChild(QAction, "action_reset_layout").trigger()
    qtbot.wait(300)  # docks are animated
    assert not docks.dock("strip").isFloating()
    for name, place in places.items():
        dock = window.findChild(QDockWidget, name)
        assert dock.isVisible(), name
        (x, y, width, height), (was_x, was_y, was_width, was_height) = dock.geometry().getRect(), place.getRect()
        assert max(abs(x - was_x), abs(width - was_width)) <= 4, name
        assert max(abs(y - was_y), abs(height - was_height)) <= 40, f"{name}: heights follow what is in the cards"


# -- names and room

CONTROLS = (
    QAbstractButton, QAbstractSpinBox, QAbstractSlider, QComboBox, QLineEdit, QPlainTextEdit, QAbstractItemView,
)  # fmt: skip


def controls(window: QWidget) -> list[QWidget]:
    """What a person can use, without the pieces that Qt makes a control of."""
    found = [each for kind in CONTROLS for each in window.findChildren(kind)]
    return [
        each for each in found if each.window() is window and not isinstance(each, QScrollBar) and not _piece(each)
    ]  # what has another window are the plots' own menus, which are switched off


def _piece(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QComboBox | QAbstractSpinBox | QTabBar) or widget.objectName().startswith("qt_"):
            return True
        parent = parent.parentWidget()
    return False


def test_every_control_has_its_three_names(window: MainWindow):
    nameless = [
        f"{type(each).__name__} {each.objectName() or '(no name)'} in {each.parentWidget().objectName()}: {what}"
        for each in controls(window)
        for what, text in (
            ("object name", each.objectName()), ("accessible name", each.accessibleName()), ("tooltip", each.toolTip()),
        )
        if not text
    ]  # fmt: skip
    assert not nameless
    long = [each.objectName() for each in controls(window) if max(map(len, each.toolTip().split("\n"))) > LONGEST]
    assert not long, "a tooltip of one endless line"
    names = [each.objectName() for each in controls(window)]
    assert len(names) == len(set(names)), sorted({name for name in names if names.count(name) > 1})
    assert len(names) > 40


def test_everything_that_can_be_asked_for_is_in_a_menu_with_its_key(window: MainWindow):
    shown = {action for menu in window.actions_table.menus.values() for action in menu.actions()}
    for entry in TABLE:
        if entry.name:
            action = window.findChild(QAction, f"action_{entry.name}")
            assert action in shown
            assert 0 < max(map(len, action.toolTip().split("\n"))) <= LONGEST
            assert not entry.key or entry.key in action.text() or action.shortcut().toString() == entry.key
    keys = [entry.key for entry in TABLE if entry.key]
    assert len(keys) == len(set(keys))


def needs(widget: QWidget) -> int:
    """The width without which its text is cut off; 0 where it wraps or gives way by design."""
    if isinstance(widget, QLabel):
        wraps = widget.wordWrap() or isinstance(widget, ElidedLabel) or not widget.text()
        return 0 if wraps else widget.sizeHint().width()
    assert isinstance(widget, QAbstractButton)
    return widget.sizeHint().width() if widget.text() else 0


def clipped(window: QWidget) -> list[str]:
    """Visible texts that have less room than they need, or reach out of what holds them."""
    found = []
    for widget in [*window.findChildren(QLabel), *window.findChildren(QAbstractButton)]:
        if not widget.isVisible() or (isinstance(widget, QToolButton) and isinstance(widget.parent(), QTabBar)):
            continue
        parent = widget.parentWidget()
        end = widget.mapTo(parent, QPoint(widget.width(), 0)).x()
        if widget.width() < needs(widget) or (needs(widget) and end > parent.width()):
            text = widget.text()[:40]
            found.append(f"{widget.objectName()} '{text}': {widget.width()} of {needs(widget)} in {parent.width()}")
    return found


@pytest.mark.parametrize("perspective", ["train", "explore"])
def test_no_text_is_cut_off_at_1280_by_800(qtbot: QtBot, window: MainWindow, perspective: str):
    window.panels.perspective(perspective)
    for name in ("curves", "dimensions", "samples", "log"):
        window.panels.dock(name).raise_()
        qtbot.wait(30)
        assert not clipped(window), f"with the tab {name}"
    assert window.size().toTuple() == (1280, 800), "and the window did not have to grow for it"
    for bar in window.findChildren(QTabBar):
        if bar.isVisible():
            assert bar.tabRect(bar.count() - 1).right() <= bar.width(), "every tab is to be seen"
            for at in range(bar.count()):
                assert bar.fontMetrics().horizontalAdvance(bar.tabText(at)) < bar.tabRect(at).width()
