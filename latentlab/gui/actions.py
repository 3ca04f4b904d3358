"""One table of everything that can be asked for by a menu or a key."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QWidget,
)


@dataclass(frozen=True)
class Entry:
    """An action: its name in the code, its menu and words, its key, and what it does. A '-' in words separates."""

    name: str
    menu: str
    words: str
    key: str = ""
    tip: str = ""


TABLE = (
    Entry("open", "Run", "Open run…", "Ctrl+O", "Open the folder of a run"),
    Entry("close_run", "Run", "Close run", "Ctrl+W", "Close the run that is open; nothing is lost"),
    Entry("own_pictures", "Run", "Use a folder of pictures…", "Ctrl+Shift+O", "Learn from your own pictures"),
    Entry("", "Run", "-"),
    Entry("quit", "Run", "Quit", "Ctrl+Q"),
    Entry("train", "Train", "Train", "Ctrl+Return", "Train a new run with the settings on the left"),
    Entry("pause", "Train", "Pause or go on", "P", "Hold the training; everything can be explored meanwhile"),
    Entry("stop", "Train", "Stop and keep", "Ctrl+.", "End the training after this batch and keep the run"),
    Entry("discard", "Train", "Stop and discard", "", "End the training and throw the run away"),
    Entry("more", "Train", "Train more epochs", "Ctrl+M", "Go on with the open run"),
    Entry("fit", "Explore", "Show all points", "F", "Fit the map into its panel"),
    Entry("umap", "Explore", "Map: UMAP", "1"),
    Entry("pca", "Explore", "Map: PCA", "2"),
    Entry("axes", "Explore", "Map: two latent dimensions", "3"),
    Entry("", "Explore", "-"),
    Entry("random", "Explore", "Random z", "R", "A sample of the prior"),
    Entry("reset", "Explore", "Reset z", "Home", "Every latent dimension to 0"),
    Entry("set_a", "Explore", "Set A here", "A", "This place begins the strip"),
    Entry("set_b", "Explore", "Set B here", "B", "This place ends the strip"),
    Entry("strip", "Explore", "Make the strip from A to B", "I"),
    Entry("gif", "Explore", "Export the strip as GIF…", "G"),
    Entry("clear", "Explore", "Clear the selection", "Esc"),
    Entry("light", "View", "Light theme"),
    Entry("dark", "View", "Dark theme"),
    Entry("system", "View", "Theme of the system"),
    Entry("", "View", "-"),
    Entry("perspective_train", "View", "Perspective: Train", "Ctrl+1"),
    Entry("perspective_explore", "View", "Perspective: Explore", "Ctrl+2"),
    Entry("reset_layout", "View", "Reset layout", "Ctrl+0", "Put every panel back where it was"),
    Entry("keys", "Help", "Keys", "?", "The sheet of keys"),
    Entry("about", "Help", "About LatentLab"),
)
MENUS = ("Run", "Train", "Explore", "View", "Help")


class Actions(QObject):
    """The menus and keys of a window. Plain letters act only where no field or button has the focus."""

    def __init__(self, window: QMainWindow, handlers: dict[str, Callable[[], object]]) -> None:
        super().__init__(window)
        self._letters: list[QShortcut] = []
        self.menus: dict[str, QMenu] = {}
        self.actions: dict[str, QAction] = {}
        bar = window.menuBar()
        for title in MENUS:
            menu = QMenu(f"&{title}", window)
            menu.setObjectName(f"menu_{title.lower()}")
            menu.setToolTipsVisible(True)
            bar.addMenu(menu)
            self.menus[title] = menu
        for entry in TABLE:
            if entry.words == "-":
                self.menus[entry.menu].addSeparator()
            else:
                self._add(window, entry, handlers[entry.name])
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._on_focus)

    def _add(self, window: QMainWindow, entry: Entry, handler: Callable[[], object]) -> None:
        action = QAction(entry.words, window)
        action.setObjectName(f"action_{entry.name}")
        action.setToolTip(entry.tip or entry.words)
        action.triggered.connect(lambda: handler())
        plain = bool(entry.key) and "+" not in entry.key
        if plain:
            action.setText(f"{entry.words}\t{entry.key}")  # shown, while the key itself depends on the focus
            shortcut = QShortcut(QKeySequence(entry.key), window)
            shortcut.activated.connect(lambda: handler())
            self._letters.append(shortcut)
        elif entry.key:
            action.setShortcut(QKeySequence(entry.key))
        self.menus[entry.menu].addAction(action)
        self.actions[entry.name] = action

    def _on_focus(self, _old: QWidget | None, new: QWidget | None) -> None:
        typing = isinstance(new, QAbstractButton | QAbstractSpinBox | QComboBox | QLineEdit | QPlainTextEdit)
        for shortcut in self._letters:
            shortcut.setEnabled(not typing)


def sheet() -> str:
    """All keys, as rich text."""
    rows = "".join(f"<tr><td><b>{e.key}</b>&nbsp;&nbsp;</td><td>{e.words}</td></tr>" for e in TABLE if e.key)
    more = (
        "<tr><td><b>Shift</b>&nbsp;&nbsp;</td><td>on the map: snap to the nearest sample; on a slider: fine</td></tr>"
        "<tr><td><b>Space</b>&nbsp;&nbsp;</td><td>with a drag: move the map (so does the middle button)</td></tr>"
        "<tr><td><b>Wheel</b>&nbsp;&nbsp;</td><td>zoom at the cursor</td></tr>"
    )
    return f"<table>{rows}{more}</table>"
