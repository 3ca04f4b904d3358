"""The menu that opens on the map under the mouse."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

Entry = tuple[str, Callable[[], object]] | None  # words, and what they do; None: a line between


def popup(parent: QWidget, at: QPoint, entries: Sequence[Entry]) -> None:
    """Opens at this point of the screen."""
    menu = QMenu(parent)
    menu.setObjectName("map_menu")
    for entry in entries:
        if entry is None:
            menu.addSeparator()
        else:
            menu.addAction(*entry)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(at)
