"""The pop-up of the map's options: what is put in, what folds, and how it comes and goes."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QScrollArea, QVBoxLayout, QWidget

from latentlab.gui.views.map.options import MapOptions

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support grabbing")  # the offscreen one, of every pop-up


@pytest.fixture
def options(qtbot) -> Iterator[MapOptions]:
    host = QWidget()
    host.resize(600, 200)
    made = MapOptions(host)
    host.show()
    qtbot.waitExposed(host)
    yield made
    made.popup.close()
    host.close()
    host.deleteLater()


def box(*names: str) -> QWidget:
    widget = QWidget()
    column = QVBoxLayout(widget)
    for name in names:
        check = QCheckBox(name)
        check.setObjectName(name)
        column.addWidget(check)
    return widget


def test_it_opens_with_its_sections_and_closes_by_a_key(qtbot, options: MapOptions):
    options.add_section("One", box("a", "b"))
    options.add_section("Two", box("c"), folded=True)
    qtbot.mouseClick(options, Qt.MouseButton.LeftButton)
    assert options.popup.isVisible()
    assert options.isChecked()
    assert options.section("One").widget.isVisible()
    assert not options.section("Two").widget.isVisible()
    assert options.popup.isAncestorOf(QApplication.focusWidget()), "the keys go to what has opened"
    qtbot.keyClick(options.popup, Qt.Key.Key_Escape)
    assert not options.popup.isVisible()
    assert not options.isChecked()


def test_a_section_unfolds_and_the_pop_up_grows_with_it(qtbot, options: MapOptions):
    options.add_section("One", box("a"))
    two = options.add_section("Two", box(*"bcdefgh"), folded=True)
    options.toggle_popup()
    height = options.popup.height()
    qtbot.mouseClick(two.fold, Qt.MouseButton.LeftButton)
    assert two.widget.isVisible()
    qtbot.waitUntil(lambda: options.popup.height() > height + 50)
    qtbot.mouseClick(two.fold, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: options.popup.height() == height)


def test_it_scrolls_only_where_there_is_no_room(qtbot, options: MapOptions):
    options.add_section("One", box("a", "b", "c"))
    options.toggle_popup()
    bar = options.popup.findChild(QScrollArea).verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() == 0)
    options.add_section("Many", box(*(f"option {i}" for i in range(80))))
    qtbot.waitUntil(lambda: bar.maximum() > 0)


def test_it_is_no_higher_than_the_screen(options: MapOptions):
    options.add_section("Many", box(*(f"option {i}" for i in range(80))))
    options.toggle_popup()
    screen = options.screen().availableGeometry()
    assert screen.contains(options.popup.geometry())
