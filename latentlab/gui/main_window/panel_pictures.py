"""Pictures of the window's panels, as files and on the clipboard, and what is decoded on the clipboard."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QObject, Qt
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter
from PySide6.QtWidgets import QApplication, QDockWidget, QFileDialog, QMenu, QWidget

from latentlab.explore.grids import grid
from latentlab.gui.main_window.export_queue import ExportQueue
from latentlab.gui.session import Session
from latentlab.gui.threads.jobs import Ticket
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.card import Heading
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.picture import image
from latentlab.runs.files import write_whole

KINDS = {
    "Picture (*.png)": (".png", 1),
    "Picture, 2 × as fine (*.png)": (".png", 2),
    "Picture, 4 × as fine (*.png)": (".png", 4),
}
"""By the dialog's words: the suffix, and pixels per pixel of the window."""
DRAWINGS = {"curves": {"Drawing, to be magnified at will (*.svg)": (".svg", 1)}}
"""Kinds that only these panels have."""
COPIED = 2  # times as fine as on the screen
SIDE = 256  # pixels: a picture that is copied is magnified by a whole factor to about this


@dataclass(frozen=True)
class _Panel:
    name: str
    title: str
    widget: QWidget


class PanelPictures(QObject):
    """The panels are those of the window at the moment: what closes or comes later is known by then.

    over_map: tools that lie over the map, and are on no picture of it.
    """

    def __init__(
        self, session: Session, queue: ExportQueue, map_view: QWidget, over_map: tuple[QWidget, ...], window: QWidget
    ) -> None:
        super().__init__(window)
        self._session, self._queue, self._window = session, queue, window
        self._map, self._over = map_view, over_map

    # -- the menus

    def add_to(self, menu: QMenu) -> None:
        """A menu at its end with an entry for each panel, and a menu on every panel's heading."""
        within = QMenu("Export a picture of", menu)
        within.setObjectName("menu_explore_picture_of")
        within.setToolTipsVisible(True)
        within.aboutToShow.connect(lambda: self._fill(within))
        self._fill(within)
        menu.addSeparator()
        menu.addMenu(within)
        for panel in self._panels()[1:]:
            holder = panel.widget.parentWidget()
            heading = None if holder is None else holder.findChild(Heading)
            if heading is not None:
                self._offer_on(heading, panel.name)

    def _fill(self, menu: QMenu) -> None:
        menu.clear()
        for panel in self._panels():
            entry = menu.addAction(f"{panel.title}…")
            entry.setObjectName(f"picture_of_{panel.name}")
            entry.setEnabled(panel.widget.isVisible())
            entry.setToolTip(f"As it is to be seen now: {panel.title}")
            entry.triggered.connect(partial(self.ask, panel.name))

    def _offer_on(self, heading: QWidget, name: str) -> None:
        """A right click on this heading offers the panel's picture; where it is a dock's, also the list of docks."""
        heading.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        heading.customContextMenuRequested.connect(lambda at: self.heading_menu(name).popup(heading.mapToGlobal(at)))

    def heading_menu(self, name: str) -> QMenu:
        """What is offered on the panel's heading."""
        menu = QMenu(self._window)
        menu.setObjectName("panel_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Export its picture…", partial(self.ask, name))
        menu.addAction("Copy its picture", partial(self.copy, name))
        docks = self._window.findChildren(QDockWidget)
        if name != "map":
            menu.addSeparator()
            menu.addActions([dock.toggleViewAction() for dock in docks])
        return menu

    # -- into files

    def ask(self, name: str) -> None:
        """A dialog for the file, and how fine."""
        panel = self._find(name)
        dialog = QFileDialog(self._window, f"Export a picture of: {panel.title}")
        dialog.setObjectName("panel_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        kinds = {**KINDS, **DRAWINGS.get(name, {})}
        dialog.setNameFilters(list(kinds))
        dialog.selectNameFilter(list(kinds)[1])
        dialog.setDefaultSuffix("png")
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix(kinds[kind][0][1:]))
        run = "latentlab" if self._session.run is None else self._session.run.name
        dialog.selectFile(f"{run}-{panel.name}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda file: self.export(name, Path(file), kinds[dialog.selectedNameFilter()][1]))
        dialog.open()

    def export(self, name: str, path: Path, scale: int = 1) -> None:
        """Draws the panel as it is now, and writes it with `scale` pixels for each of the window's; the curves also as
        an .svg."""
        if path.suffix.lower() == ".svg" and name in DRAWINGS:
            self._export_curves(path)
            return
        if path.suffix.lower() != ".png":
            path = path.with_name(f"{path.name}.png")
        picture = self.picture(name, scale)

        def write(_: Ticket) -> bool:
            write_whole(path, _png(picture))
            return True

        self._queue.add(path, write, f"{picture.width()} × {picture.height()} pixels")

    def _export_curves(self, path: Path) -> None:
        curves, run = self._session.curves, self._session.run
        records, title = [*curves.train, *curves.validation], "LatentLab" if run is None else run.name

        def write(_: Ticket) -> bool:
            from latentlab.export.curves_drawing import save_curves

            save_curves(path, records, title)
            return True

        self._queue.add(path, write, "lines and text, to be magnified at will")

    # -- onto the clipboard

    def copy(self, name: str) -> None:
        panel = self._find(name)
        QGuiApplication.clipboard().setImage(self.picture(name, COPIED))
        self._session.told.emit(f"The picture is on the clipboard: {panel.title}", False)

    def copy_focused(self) -> None:
        """Of the panel in which the keyboard is; of the map, where it is in none."""
        widget = QApplication.focusWidget()
        here = next((p for p in self._panels()[1:] if widget is not None and p.widget.isAncestorOf(widget)), None)
        self.copy("map" if here is None else here.name)

    def copy_decoded(self) -> None:
        """What lies at the place in hand, magnified without smoothing."""
        pixels = self._session.picture
        if pixels is None:
            self._session.told.emit("There is no picture yet: open a run, and go to a place on its map", False)
            return
        QGuiApplication.clipboard().setImage(image(pixels, max(SIDE // max(pixels.shape[1:]), 1)))
        self._session.told.emit("The decoded picture is on the clipboard", False)

    def copy_strip(self) -> None:
        """Its frames side by side."""
        strip = self._session.strip
        if strip is None:
            self._session.told.emit("There is no strip yet: set A and B, or draw a path, first", False)
            return
        scale = max(SIDE // 2 // max(strip.pixels.shape[2:]), 1)
        sheet = grid(strip.pixels, len(strip.pixels), scale=scale)
        QGuiApplication.clipboard().setImage(image(sheet.transpose(2, 0, 1)))
        self._session.told.emit(f"The strip is on the clipboard: {len(strip.pixels)} frames", False)

    # -- drawing

    def picture(self, name: str, scale: int) -> QImage:
        """The panel as it is to be seen, with `scale` pixels for each of the window's."""
        widget = self._find(name).widget
        picture = QImage(widget.size() * scale, QImage.Format.Format_RGB32)
        picture.setDevicePixelRatio(scale)
        picture.fill(theme.qcolor(theme.current().card))
        with self._fine(widget, scale, bare=name == "map"):
            widget.render(picture, renderFlags=QWidget.RenderFlag.DrawChildren)
        picture.setDevicePixelRatio(1)
        return picture

    @contextmanager
    def _fine(self, widget: QWidget, scale: int, bare: bool) -> Iterator[None]:
        """The map's points are as fine as the picture, where it is on it. bare: without the tools that lie over it."""
        canvas = self._map.findChild(MapCanvas)
        if canvas is None or not widget.isAncestorOf(canvas):
            yield
            return
        over = [each for each in self._over if bare and each.isVisible()]
        for each in over:
            each.hide()
        try:
            with canvas.finer(scale):
                yield
        finally:
            for each in over:
                each.show()

    def _find(self, name: str) -> _Panel:
        return next(panel for panel in self._panels() if panel.name == name)

    def _panels(self) -> list[_Panel]:
        """The window, the map, and every dock's view."""
        docks = self._window.findChildren(QDockWidget)
        named = [
            _Panel(dock.objectName().removeprefix("dock_"), dock.windowTitle(), dock.widget())
            for dock in docks
            if dock.widget() is not None
        ]
        return [_Panel("window", "Whole window", self._window), _Panel("map", "Map", self._map), *named]


def _png(picture: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, b"png").write(picture)
    return bytes(buffer.data().data())
