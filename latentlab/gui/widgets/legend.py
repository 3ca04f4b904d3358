"""The legend of a map, in as many rows as it needs: it says what the colours mean, and hides and shows by them."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.legend_entry import LegendEntry
from latentlab.gui.widgets.legend_scale import BESIDE, HEIGHT, ScaleWords, band, paint_words

BETWEEN = 8  # pixels
MOST = 40  # entries; more are counted in words


class Legend(QWidget):
    """Entries can be pressed once their counts are known. Tab comes to them, the arrows go along them."""

    toggled = Signal(int)  # this entry is to be hidden, or shown again
    only_asked = Signal(int, bool)  # it alone is to be shown; where it is already, all; True: by a double click
    selected = Signal(int, str)  # what it stands for is to be selected: 'set', 'add' or 'remove'
    all_asked = Signal()  # everything is to be shown

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("legend")
        self.setAccessibleName("Legend of the map")
        self._entries: list[tuple[str, str]] = []
        self._scale: ScaleWords | None = None
        self._shades: list[tuple[str, ...]] = []
        self._counts: list[tuple[int, int]] = []
        self._buttons: list[LegendEntry] = []
        self._height = 0
        self._at = 0  # the entry that Tab comes to
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._arrange)

    def set_entries(
        self,
        entries: list[tuple[str, str]],
        scale: ScaleWords | None = None,
        shades: Sequence[tuple[str, ...]] = (),
    ) -> None:
        """entries: (name, '#RRGGBB') each. Counts are forgotten where the names are others.

        Of a scale the first entries are the parts of one band, each with its shades, and its words stand beside them.
        """
        self._scale, self._shades = scale, list(shades)
        if [name for name, _ in entries] != [name for name, _ in self._entries]:
            self._counts = []
        self._entries = list(entries)
        self._fill()

    def set_counts(self, counts: list[tuple[int, int]]) -> None:
        """Of each entry, how many points there are and how many of them are shown."""
        assert len(counts) == len(self._entries), "counts are of these entries"
        self._counts = counts
        self._fill()

    def entries(self) -> list[tuple[str, str]]:
        return list(self._entries)

    @property
    def buttons(self) -> list[LegendEntry]:
        """What is to be seen of the entries."""
        return [button for button in self._buttons if button.isVisibleTo(self)]

    def sizeHint(self) -> QSize:
        return QSize(100, self._height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def _fill(self) -> None:
        more = len(self._entries) - MOST
        rest = [(f"and {more} more", theme.current().muted)] if more > 0 else []
        shown = [*self._entries[:MOST], *rest]
        while len(self._buttons) < len(shown):
            self._add()
        for place, button in enumerate(self._buttons):
            button.setVisible(place < len(shown))
            if place < len(shown):
                known = place < min(len(self._counts), MOST)
                button.set_entry(*shown[place], self._counts[place] if known else None)
                button.set_shades(self._shades[place] if place < len(self._shades) else ())
        self._at = min(self._at, max(len(shown) - 1, 0))
        for place, button in enumerate(self._buttons):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus if place == self._at else Qt.FocusPolicy.NoFocus)
        title = [] if self._scale is None else [self._scale.title]
        self.setAccessibleDescription(", ".join([*title, *(button.accessibleName() for button in self.buttons)]))
        self._arrange()

    def _add(self) -> None:
        button, place = LegendEntry(self), len(self._buttons)
        button.clicked.connect(lambda: self.toggled.emit(place))
        button.only_asked.connect(lambda twice: self.only_asked.emit(place, twice))
        button.menu_asked.connect(lambda at: self._popup(place, at))
        button.step_asked.connect(lambda step: self._step(place + step))
        self._buttons.append(button)

    def _step(self, place: int) -> None:
        """The focus goes to this entry."""
        count = len(self.buttons)
        if count:
            self._buttons[self._at].setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self._at = place % count
            self._buttons[self._at].setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._buttons[self._at].setFocus(Qt.FocusReason.TabFocusReason)

    def _popup(self, place: int, at: QPoint) -> None:
        if place >= len(self._counts):
            return
        total, shown = self._counts[place]
        menu = QMenu(self)
        menu.setObjectName("legend_menu")
        menu.addAction(f"Select all of this ({shown:,})", lambda: self.selected.emit(place, "set"))
        menu.addAction("Add to the selection", lambda: self.selected.emit(place, "add"))
        menu.addAction("Take out of the selection", lambda: self.selected.emit(place, "remove"))
        menu.addSeparator()
        menu.addAction("Hide" if shown == total else "Show", lambda: self.toggled.emit(place))
        menu.addAction("Show only this", lambda: self.only_asked.emit(place, False))
        menu.addAction("Show all", self.all_asked.emit)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._scale is not None:
            painter = QPainter(self)
            paint_words(painter, self._scale, band(self._scale, len(self._shades), self.width()))
            painter.end()

    def _arrange(self) -> None:
        x = y = 0
        room, buttons = max(self.width(), 1), self.buttons
        if self._scale is not None:
            parts = band(self._scale, len(self._shades), room)
            for place, button in enumerate(buttons[: parts.parts]):
                button.setGeometry(parts.rect(place))
            y, buttons = HEIGHT, buttons[parts.parts :]
            x = parts.right + BESIDE if buttons else 0
        for button in buttons:
            size = button.sizeHint()
            if x and x + size.width() > room:
                x, y = 0, y + HEIGHT
            button.setGeometry(x, y, size.width(), HEIGHT)
            x += size.width() + BETWEEN
        height = y + HEIGHT if self._entries else 0
        self.update()
        if height != self._height:
            self._height = height
            self.updateGeometry()
