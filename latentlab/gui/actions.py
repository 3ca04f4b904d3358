"""One table of everything that can be asked for by a menu or a key."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QShortcut
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

from latentlab.explore.overlays.kinds import KINDS
from latentlab.gui.widgets.named import wrapped

OVERLAYS = tuple(enumerate(KINDS, start=1))


@dataclass(frozen=True)
class Entry:
    """An action: its name in the code, its menu and words, its key, and what it does. A '-' in words separates.

    menu: of MENUS, or 'Map/Layout' for one within it.
    one_of: the name of the group of which one is in force, and has a mark.
    """

    name: str
    menu: str
    words: str
    key: str = ""
    tip: str = ""
    one_of: str = ""


TABLE = (
    Entry("open", "Run", "Open run…", "Ctrl+O", "Open the folder of a run"),
    Entry("close_run", "Run", "Close run", "Ctrl+W", "Close the run that is open; nothing is lost"),
    Entry("own_pictures", "Run", "Use a folder of pictures…", "Ctrl+Shift+O", "Learn from your own pictures"),
    Entry("", "Run", "-"),
    Entry("quit", "Run", "Quit", "Ctrl+Q"),
    Entry("undo", "Edit", "Undo", "Ctrl+Z", "Of the place in latent space, A, B, the selection and the map's view"),
    Entry("redo", "Edit", "Redo", "Ctrl+Shift+Z", "What was undone last, again"),
    Entry("", "Edit", "-"),
    Entry("copy_picture", "Edit", "Copy the picture", "Ctrl+C", "What is decoded at the place in hand"),
    Entry("copy_strip", "Edit", "Copy the strip", "Ctrl+Shift+S", "Its frames side by side"),
    Entry(
        "copy_panel", "Edit", "Copy the panel's picture", "Ctrl+Shift+C", "Of the panel with the keyboard, or the map"
    ),
    Entry("train", "Train", "Train", "Ctrl+Return", "Train a new run with the settings on the left"),
    Entry("pause", "Train", "Pause or go on", "P", "Hold the training; everything can be explored meanwhile"),
    Entry("stop", "Train", "Stop and keep", "Ctrl+.", "End the training after this batch and keep the run"),
    Entry("discard", "Train", "Stop and discard", "", "End the training and throw the run away"),
    Entry("more", "Train", "Train more epochs", "Ctrl+M", "Go on with the open run"),
    Entry("tool_decode", "Map", "Tool: decode", "D", "Drag through latent space; click to select a sample", "tool"),
    Entry("tool_select", "Map", "Tool: select", "V", "Click points or drag over them to select them", "tool"),
    Entry("tool_box", "Map", "Tool: box", "M", "Drag a box around the points to be selected", "tool"),
    Entry("tool_lasso", "Map", "Tool: lasso", "L", "Draw around the points to be selected", "tool"),
    Entry("tool_path", "Map", "Tool: path", "T", "Draw a path for the strip, or click its waypoints", "tool"),
    Entry("", "Map", "-"),
    Entry("select_all", "Map", "Select all points shown", "Ctrl+A"),
    Entry("select_invert", "Map", "Invert the selection", "Ctrl+I", "Of the points shown, those that are not selected"),
    Entry("select_class", "Map", "Select the sample's class", "C", "All points shown of the selected sample's class"),
    Entry("select_near", "Map", "Select the sample's neighbours", "N", "The nearest to the sample in latent space"),
    Entry("clear", "Map", "Clear the selection", "Esc", "First the points selected together, then the sample"),
    Entry("only_selected", "Map", "Show only the selection", "Ctrl+H", "Hide all points that are not selected"),
    Entry("show_hidden", "Map", "Show what is hidden", "Ctrl+Shift+H", "Every class and every point again"),
    Entry("export_selection", "Map", "Export the selection…", "Ctrl+E", "As a table, as latents or as pictures"),
    Entry("", "Map", "-"),
    Entry("fit", "Map", "Fit all points", "F", "Fit the map into its panel"),
    Entry("thumbnails", "Map", "Thumbnails: off, zoomed in or always", "U", "Pictures in place of points"),
    Entry("thumbnail_kind", "Map", "Thumbnails: images or reconstructions", "Shift+U", "The other of the two"),
    Entry("trails", "Map", "Trails while training", "Y", "Fading tails behind the points that move"),
    Entry("epoch_back", "Map", "One epoch back", "[", "Everything as the weights of the epoch before show it"),
    Entry("epoch_on", "Map", "One epoch on", "]", "Towards the newest weights"),
    Entry("epoch_newest", "Map", "Newest weights", "End", "Out of the past, to what the training has come to"),
    Entry("umap", "Map/Layout", "Map: UMAP", "1"),
    Entry("pca", "Map/Layout", "Map: PCA", "2"),
    Entry("axes", "Map/Layout", "Map: two latent dimensions", "3"),
    Entry("tsne", "Map/Layout", "Map: t-SNE", "4", "Needs openTSNE, which is optional"),
    Entry("anew", "Map/Layout", "Lay out anew", "", "UMAP or t-SNE once more from the PCA plane, from nothing"),
    Entry("cancel_layout", "Map/Layout", "Cancel the layout", "", "End the fit under way; what is shown stays"),
    *(
        Entry(f"overlay_{each.name}", "Map/Overlays", f"Overlay: {each.words}", f"Alt+{n}", each.tip)
        for n, each in OVERLAYS
    ),
    Entry("options", "Map", "Options…", "O", "How the map is laid out, and what else is drawn on it"),
    Entry("random", "Explore", "Random z", "R", "A sample of the prior"),
    Entry("reset", "Explore", "Reset z", "Home", "Every latent dimension to 0"),
    Entry("set_a", "Explore", "Set A here", "A", "This place begins the strip"),
    Entry("set_b", "Explore", "Set B here", "B", "This place ends the strip"),
    Entry("strip", "Explore", "Make the strip", "I", "From A to B, or along the path"),
    Entry("gif", "Explore", "Export pictures…", "G", "The strip, a walk or samples: an animation, a sheet, a folder"),
    Entry("export_latents", "Explore", "Export all latents…", "Ctrl+Shift+E", "A table: mu and log_var of every image"),
    Entry("export_curves", "Explore", "Export the curves…", "", "A table of all records of the training"),
    Entry("path_save", "Explore", "Save the path…", "", "What the strip leads through, to be opened again"),
    Entry("path_open", "Explore", "Open a path…", "", "With the run it was made for, or one of as many dimensions"),
    Entry("path_remove", "Explore", "Remove the path", "", "The strip leads from A to B again"),
    Entry("play", "Explore/Strip", "Play the strip, or stop it", "K", "As an animation, in its place"),
    Entry("strip_back", "Explore/Strip", "One frame back", ",", "The frame before becomes the place in hand"),
    Entry("strip_on", "Explore/Strip", "One frame on", ".", "The next frame becomes the place in hand"),
    Entry("strip_compare", "Explore/Strip", "Compare ways", "Shift+I", "Linear, spherical and geodesic, or one again"),
    Entry("strip_geodesic", "Explore/Strip", "Go along the geodesic", "", "Where the decoded picture changes least"),
    Entry("strip_way", "Explore/Strip", "Way…", "Shift+W", "Waypoints, frames beyond the ends, how it is played"),
    Entry(
        "waypoint_add", "Explore/Strip", "Add the place as a waypoint", "W", "Before the last one, or between A and B"
    ),
    Entry("path_reverse", "Explore/Strip", "Walk the other way round", "", "A and B change places"),
    Entry("arithmetic_apply", "Explore/Arithmetic", "Add a direction", "Shift+D", "Of what sets two groups apart"),
    Entry("arithmetic_sum", "Explore/Arithmetic", "a − b + c", "Shift+S", "What a has and b has not, added to c"),
    Entry("arithmetic_labels", "Explore/Arithmetic", "One style, every label", "Shift+L", "For a conditional VAE"),
    Entry("arithmetic_make", "Explore/Arithmetic", "New direction", "Shift+N", "From two groups of images"),
    Entry("", "Explore/Arithmetic", "-"),
    Entry("fill_a", "Explore/Arithmetic", "Put the sample into a", "Shift+1", "Or the current place, where none is"),
    Entry("fill_b", "Explore/Arithmetic", "Put the sample into b", "Shift+2", "Or the current place, where none is"),
    Entry("fill_c", "Explore/Arithmetic", "Put the sample into c", "Shift+3", "Or the current place, where none is"),
    Entry("result_go", "Explore/Arithmetic", "Go to the result", "Shift+G", "It becomes the current place"),
    Entry("result_a", "Explore/Arithmetic", "Result as A", "Shift+A", "The strip begins there"),
    Entry("result_b", "Explore/Arithmetic", "Result as B", "Shift+B", "The strip ends there"),
    Entry("", "Explore/Arithmetic", "-"),
    Entry("group_selection", "Explore/Arithmetic", "Selection as a group…", "", "The selected points, under a name"),
    Entry("group_file", "Explore/Arithmetic", "Group from a file…", "", "Dataset indices as CSV or JSON"),
    Entry("direction_anew", "Explore/Arithmetic", "Make the direction anew", "", "By the weights of now"),
    Entry("direction_rename", "Explore/Arithmetic", "Rename the direction…"),
    Entry("direction_delete", "Explore/Arithmetic", "Delete the direction…"),
    Entry("direction_export", "Explore/Arithmetic", "Export the directions…", "", "With their groups, as JSON"),
    Entry("direction_import", "Explore/Arithmetic", "Import directions…", "", "Of a run with as many dimensions"),
    Entry("own_open", "Explore/Image", "Encode an image…", "Shift+E", "An image file of your own, beside the data"),
    Entry("own_paste", "Explore/Image", "Paste an image", "Ctrl+V", "Encode what is in the clipboard"),
    Entry("own_invert", "Explore/Image", "Invert your image", "Shift+V", "Exchange its light and dark"),
    Entry("own_back", "Explore/Image", "Back to your image", "", "Inspect it again"),
    Entry("own_remove", "Explore/Image", "Remove your image"),
    Entry("", "Explore/Image", "-"),
    Entry("draw_around", "Explore/Image", "Draw around the image again", "Shift+R", "Other draws from its posterior"),
    Entry("fill_in", "Explore/Image", "Fill in the masked part, or stop", "Shift+F", "The mask is in the inspector"),
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
MENUS = ("Run", "Edit", "Train", "Map", "Explore", "View", "Help")


class Actions(QObject):
    """The menus and keys of a window. Plain letters act only where no field or button has the focus."""

    def __init__(self, window: QMainWindow, handlers: dict[str, Callable[[], object]]) -> None:
        super().__init__(window)
        self._letters: list[QShortcut] = []
        self.menus: dict[str, QMenu] = {}
        self.actions: dict[str, QAction] = {}
        self._groups: dict[str, QActionGroup] = {}
        for title in MENUS:
            self._menu(window, title)
        for entry in TABLE:
            if entry.words == "-":
                self._menu(window, entry.menu).addSeparator()
            else:
                self._add(window, entry, handlers[entry.name])
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._on_focus)

    def _menu(self, window: QMainWindow, path: str) -> QMenu:
        if path not in self.menus:
            within, _, title = path.rpartition("/")
            menu = QMenu(title if within else f"&{title}", window)
            menu.setObjectName(f"menu_{path.lower().replace('/', '_')}")
            menu.setToolTipsVisible(True)
            (self.menus[within] if within else window.menuBar()).addMenu(menu)
            self.menus[path] = menu
        return self.menus[path]

    def _add(self, window: QMainWindow, entry: Entry, handler: Callable[[], object]) -> None:
        action = QAction(entry.words, window)
        action.setObjectName(f"action_{entry.name}")
        action.setToolTip(wrapped(entry.tip or entry.words))
        action.triggered.connect(lambda: handler())
        if entry.one_of:
            action.setCheckable(True)
            self._groups.setdefault(entry.one_of, QActionGroup(window)).addAction(action)
        plain = bool(entry.key) and "+" not in entry.key
        if plain:
            action.setText(f"{entry.words}\t{entry.key}")  # shown, while the key itself depends on the focus
            shortcut = QShortcut(QKeySequence(entry.key), window)
            shortcut.activated.connect(lambda: handler())
            self._letters.append(shortcut)
        elif entry.key:
            action.setShortcut(QKeySequence(entry.key))
        self._menu(window, entry.menu).addAction(action)
        self.actions[entry.name] = action

    def mark(self, name: str) -> None:
        """This one of its group is in force."""
        if name in self.actions:
            self.actions[name].setChecked(True)

    def _on_focus(self, _old: QWidget | None, new: QWidget | None) -> None:
        typing = isinstance(new, QAbstractButton | QAbstractSpinBox | QComboBox | QLineEdit | QPlainTextEdit)
        for shortcut in self._letters:
            shortcut.setEnabled(not typing)


COLUMNS = (("Map",), ("Explore", "Edit", "Train", "Run", "View", "Help"))  # of the sheet
MOUSE = (
    ("Shift", "on the map: snap to samples; on a slider: fine"),
    ("Shift, Ctrl", "selecting on the map: add, take away"),
    ("Space", "with a drag: move the map, as the middle button"),
    ("Wheel", "zoom at the cursor"),
)


def sheet() -> str:
    """All keys, as rich text in two columns."""
    columns = [[(e.key, e.words) for menu in menus for e in TABLE if e.key and e.menu.split("/")[0] == menu]
               for menus in COLUMNS]  # fmt: skip
    columns[-1] += MOUSE
    return f"<table><tr>{''.join(f'<td>{_rows(column)}</td>' for column in columns)}</tr></table>"


def _rows(keys: list[tuple[str, str]]) -> str:
    """A line each, which a narrow box does not break."""
    lines = [(key, f"{words}   ".replace(" ", "&nbsp;")) for key, words in keys]
    rows = "".join(f"<tr><td><b>{key}</b>&nbsp;&nbsp;</td><td>{words}</td></tr>" for key, words in lines)
    return f"<table>{rows}</table>"
