"""The table of colours: legible, whole, and in force everywhere once applied."""

from dataclasses import fields

import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton
from pytestqt.qtbot import QtBot

from latentlab.gui.widgets import theme, usual

TEXTS = ("text", "muted", "accent", "usual", "unusual", "bad")
GROUNDS = ("ground", "card", "control")


@pytest.fixture(autouse=True)
def _dark_afterwards(qapp: QApplication):
    yield
    theme.apply(qapp, "dark")


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("colours", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_every_text_is_legible_on_every_ground(colours: theme.Colours, text: str, ground: str):
    assert theme.contrast(getattr(colours, text), getattr(colours, ground)) >= 4.5


@pytest.mark.parametrize("colours", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_text_on_the_accent_is_legible(colours: theme.Colours):
    assert theme.contrast(colours.on_accent, colours.accent) >= 4.5


def test_contrast_is_that_of_wcag():
    assert theme.contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert theme.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)


def test_applying_a_theme_reaches_the_palette_and_those_who_listen(qapp: QApplication, qtbot: QtBot):
    theme.apply(qapp, "dark")
    with qtbot.waitSignal(theme.changed):
        theme.apply(qapp, "light")
    assert theme.current() is theme.LIGHT
    assert qapp.palette().color(QPalette.ColorRole.Window).name().upper() == theme.LIGHT.ground
    theme.apply(qapp, "system")
    assert theme.current() in (theme.DARK, theme.LIGHT)


def test_controls_are_painted_in_the_colours_of_the_theme(qapp: QApplication, qtbot: QtBot):
    for choice, colours in (("dark", theme.DARK), ("light", theme.LIGHT)):
        theme.apply(qapp, choice)
        button = QPushButton("Train")
        button.setProperty("look", "primary")
        qtbot.addWidget(button)
        button.resize(80, 26)
        inside = button.grab().toImage().pixelColor(6, 13).name().upper()
        assert inside == colours.accent


def test_a_combo_shows_its_arrow(qapp: QApplication, qtbot: QtBot):
    theme.apply(qapp, "dark")
    combo = QComboBox()
    qtbot.addWidget(combo)
    combo.resize(120, 26)
    drawn = combo.grab().toImage()
    arrow = {drawn.pixelColor(x, y).name() for x in range(98, 116) for y in range(6, 20)}
    assert len(arrow) > 1, "the icon was not found"


def test_places_are_coloured_by_how_usual_they_are():
    colours = theme.current()
    assert [usual.colour(p) for p in (0, 95, 95.1, 98.75, 98.8, 100)] == [
        colours.usual, colours.usual, colours.unusual, colours.unusual, colours.bad, colours.bad,
    ]  # fmt: skip


def test_the_table_holds_nothing_but_colours():
    for colours in (theme.DARK, theme.LIGHT):
        values = [getattr(colours, field.name) for field in fields(colours) if field.name != "name"]
        assert all(len(value) == 7 and theme.qcolor(value).isValid() for value in values)
