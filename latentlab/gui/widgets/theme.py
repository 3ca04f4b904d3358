"""One table of colours, the fonts, and what is made of them: Fusion with a palette and a style sheet.

`apply(app, "dark" | "light" | "system")` sets all of it; `current()` is the table in force. Parts that paint for
themselves (plots, maps, sliders) read `current()` when they paint, and connect to `changed` where they keep pens.
"""

import colorsys
from dataclasses import dataclass
from functools import cache
from typing import Literal

from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from latentlab.gui.widgets.style_sheet import style_sheet

Choice = Literal["dark", "light", "system"]

SETTING = "theme"  # its name among the settings that outlive the window
SMALL, NORMAL, LARGE = 11, 12, 13  # pixels at 100 %; there are no other sizes of text
MONO_FAMILIES = ["DejaVu Sans Mono", "Menlo", "Consolas"]


@dataclass(frozen=True)
class Colours:
    """What a theme is made of; every value is '#RRGGBB'. Texts reach 4.5 to 1 on ground, card and control."""

    name: Literal["dark", "light"]
    ground: str
    card: str
    control: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    usual: str  # a reconstruction; a place near the data
    unusual: str  # the KL; a place at the edge of the data
    bad: str  # what went wrong; a place far from all data

    @property
    def dark(self) -> bool:
        return self.name == "dark"


DARK = Colours(
    "dark", ground="#14161A", card="#1B1E24", control="#252A33", line="#2F3540", text="#E6E8EC", muted="#98A1B0",
    accent="#6CA8FF", on_accent="#0B1220", usual="#6CC5B0", unusual="#FFB454", bad="#F2666A",
)  # fmt: skip
LIGHT = Colours(
    "light", ground="#EEF0F3", card="#FFFFFF", control="#F3F5F8", line="#D5DAE1", text="#1B1F24", muted="#565F6B",
    accent="#1A5FCC", on_accent="#FFFFFF", usual="#0F6F5D", unusual="#945600", bad="#B8282F",
)  # fmt: skip


class _Theme(QObject):
    """The choice in force. There is one, since a QApplication has one style."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.colours = DARK
        self.choice: Choice = "dark"

    def follow(self) -> None:
        """The system went light or dark: go along, if that was the choice."""
        app = QApplication.instance()
        if self.choice == "system" and isinstance(app, QApplication):
            _dress(app, _system())


_theme = _Theme()
changed = _theme.changed  # other colours are in force


def current() -> Colours:
    """The colours in force."""
    return _theme.colours


def apply(app: QApplication, choice: Choice) -> None:
    """Dress the whole application; 'system' follows the desktop from now on."""
    schemes = {"dark": Qt.ColorScheme.Dark, "light": Qt.ColorScheme.Light, "system": Qt.ColorScheme.Unknown}
    hints = app.styleHints()
    _theme.choice = choice
    if app.style().objectName() != "fusion":
        app.setStyle(QStyleFactory.create("Fusion"))
    hints.setColorScheme(schemes[choice])
    hints.colorSchemeChanged.connect(_theme.follow, Qt.ConnectionType.UniqueConnection)
    _dress(app, _system() if choice == "system" else {"dark": DARK, "light": LIGHT}[choice])


def choose(app: QApplication, choice: Choice) -> None:
    """Dress the application as the person wants it, this time and the next."""
    apply(app, choice)
    QSettings().setValue(SETTING, choice)


def chosen() -> Choice:
    """What the person chose last; the system's where nothing was chosen."""
    kept = QSettings().value(SETTING)
    return kept if kept in ("dark", "light") else "system"


def mono(size: int = SMALL) -> QFont:
    """A face in which all figures are equally wide, so that they don't jump."""
    font = QFont(MONO_FAMILIES)
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setPixelSize(size)
    return font


def sans(size: int = NORMAL) -> QFont:
    """The application's own face."""
    font = QFont(QGuiApplication.font())
    font.setPixelSize(size)
    return font


def rgb(colour: str) -> tuple[int, int, int]:
    """'#RRGGBB' as three numbers of 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@cache
def qcolor(colour: str, alpha: int = 255) -> QColor:
    """'#RRGGBB' with an opacity of 0 to 255. Shared: not to be changed by the caller."""
    return QColor(*rgb(colour), alpha)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21, as WCAG 2.2 defines it (success criterion 1.4.3)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def shade(colour: str, factor: float) -> str:
    """The same hue, its lightness times `factor`."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(value / 255 for value in rgb(colour)))
    red, green, blue = colorsys.hls_to_rgb(hue, min(lightness * factor, 1.0), saturation)
    return f"#{round(red * 255):02X}{round(green * 255):02X}{round(blue * 255):02X}"


def _luminance(colour: str) -> float:
    parts = (value / 255 for value in rgb(colour))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _system() -> Colours:
    return LIGHT if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light else DARK


def _dress(app: QApplication, colours: Colours) -> None:
    _theme.colours = colours
    app.setFont(sans(NORMAL))
    app.setPalette(_palette(colours))
    app.setStyleSheet(style_sheet(colours))
    _theme.changed.emit()


def _palette(colours: Colours) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for names, colour in (
        ((role.Window,), colours.ground),
        ((role.Base, role.Button), colours.control),
        ((role.AlternateBase, role.ToolTipBase), colours.card),
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText, role.BrightText), colours.text),
        ((role.PlaceholderText,), colours.muted),
        ((role.Highlight, role.Link, role.Accent), colours.accent),
        ((role.HighlightedText,), colours.on_accent),
        ((role.Light, role.Midlight, role.Mid, role.Dark, role.Shadow), colours.line),
    ):
        for name in names:
            palette.setColor(name, qcolor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, qcolor(colours.muted))
    return palette
