"""The arithmetic panel: what its pages say, show and ask for."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from latentlab.gui.session import Session
from latentlab.gui.states.arithmetic import AMOUNTS, Filling, Frames, Result, Styles
from latentlab.gui.views.arithmetic.apply_page import in_words, worth
from latentlab.gui.views.arithmetic.view import ArithmeticView
from latentlab.gui.widgets.captioned_row import CaptionedRow
from latentlab.gui.widgets.elided import ElidedLabel
from latentlab.gui.widgets.latent_slider import LatentSlider
from latentlab.gui.widgets.picture import PictureView
from latentlab.runs.directions import Direction, Directions
from latentlab.runs.groups import REST, Group, of_indices

LEFT = Qt.MouseButton.LeftButton


def shown(qtbot: QtBot, session: Session, width: int = 582, height: int = 190) -> tuple[ArithmeticView, QWidget]:
    """The view with its header controls above it, as a dock shows them, in as much room as a small window has."""
    view, window = ArithmeticView(session), QWidget()
    view.page_seen.connect(session.arithmetic.set_page)
    column = QVBoxLayout(window)
    column.setContentsMargins(0, 0, 0, 0)
    for control in view.header_controls:
        column.addWidget(control)
    column.addWidget(view, 1)
    qtbot.addWidget(window)
    window.resize(width, height + 110)
    window.show()
    qtbot.waitExposed(window)
    return view, window


def direction(name: str = "2 → 7", **changes) -> Direction:
    made = Direction(
        name, np.ones(6, np.float32), "means", Group("2", 2), Group("7", 7), 100, "digits-1", 0.954, (177, 179)
    )
    return replace(made, **changes)


def keep(session: Session, *directions: Direction) -> None:
    kept = Directions("digits-1", 6)
    for each in directions:
        kept = kept.put(each)
    session.arithmetic.set_kept(kept)


def film(session: Session) -> Frames:
    pixels = np.arange(len(AMOUNTS) * 64, dtype=np.uint8).reshape(len(AMOUNTS), 1, 8, 8)
    return Frames(
        np.zeros((len(AMOUNTS), 6), np.float32), pixels, np.linspace(10, 100, len(AMOUNTS)).astype(np.float32)
    )


def visible_text(window: QWidget) -> str:
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def test_empty_pages_say_what_fills_them(qtbot: QtBot):
    session = Session()
    view, window = shown(qtbot, session)
    for page in ("apply", "sum", "make"):
        view.show_page(page)
        assert "Open a run" in visible_text(window), page


def test_without_a_direction_it_says_how_to_come_by_one(qtbot: QtBot, explored: Session):
    _, window = shown(qtbot, explored)
    assert "Looking for" in visible_text(window)
    keep(explored)
    assert "press New" in visible_text(window)
    keep(explored, direction())
    assert "Select a sample" in visible_text(window)
    explored.arithmetic.set_base("A")
    assert "Set A" in visible_text(window)


def test_a_direction_says_what_it_is_worth_and_how_old_it_is(explored: Session):
    assert in_words(direction(), explored).startswith("tells apart 95% of held-out images · 177 and 179 images")
    assert "hardly more than chance" in worth(direction(accuracy=0.52))
    assert "too few" in worth(direction(accuracy=None))
    assert in_words(direction(step=40), explored).startswith("old: made at step 40, the weights are of 100")
    assert in_words(direction(step=140), explored).startswith("of later weights")
    assert in_words(direction(run="another"), explored).startswith("of another")


def test_the_slider_and_the_film_say_the_amount(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    keep(explored, direction())
    explored.arithmetic.set_frames(film(explored))
    explored.arithmetic.set_result(Result(np.zeros(6, np.float32), np.full((1, 8, 8), 7, np.uint8), 50.0))
    moved: list[float] = []
    view.apply.amount_moved.connect(moved.append)
    slider = window.findChild(LatentSlider, "direction_amount")
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    qtbot.keyClick(slider, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert moved == [pytest.approx(0.1), pytest.approx(0.11)]
    qtbot.keyClick(slider, Qt.Key.Key_Delete)
    assert moved[-1] == 0.0
    row = window.findChild(CaptionedRow, "direction_film")
    row.setFocus()
    explored.arithmetic.set_amount(0.0)
    assert row.marked == AMOUNTS.index(0.0)
    qtbot.keyClick(row, Qt.Key.Key_End)
    assert moved[-1] == 2.0
    explored.arithmetic.set_amount(1.25)
    assert slider.shown == pytest.approx(1.25)
    assert row.marked is None, "no frame has this amount"
    assert window.findChild(PictureView, "direction_result").pixels[0, 0, 0] == 7
    assert window.findChild(QPushButton, "direction_go").isEnabled()


@pytest.mark.parametrize(("size", "room", "frames"), [(8, 582, 9), (28, 582, 5), (28, 1100, 9), (64, 582, 5)])
def test_the_film_shows_every_frame_or_every_second(qtbot: QtBot, size: int, room: int, frames: int):
    row = CaptionedRow("row", "Pictures", thins=True)
    qtbot.addWidget(row)
    row.resize(room - 96, 91)
    row.set_pictures(np.zeros((9, 1, size, size), np.uint8), [str(at) for at in range(9)])
    assert row.shown == list(range(0, 9, 8 // (frames - 1)))
    assert row.widget().width() <= row.width(), "nothing is cut off"
    assert row.widget().height() <= row.height()


def test_directions_are_chosen_and_their_menu_asks(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    keep(explored, direction("one"), direction("two"))
    combo = window.findChild(QComboBox, "direction_choice")
    assert combo.currentText() == "two", "the last is in hand"
    chosen: list[str] = []
    view.direction_chosen.connect(chosen.append)
    combo.setFocus()
    qtbot.keyClick(combo, Qt.Key.Key_Up)
    assert chosen == ["one"]
    asked: list[str] = []
    view.asked.connect(asked.append)
    menu = window.findChild(QMenu, "direction_menu")
    for entry in menu.actions():
        entry.trigger()
    assert asked == ["direction_anew", "direction_rename", "direction_delete", "direction_export", "direction_import"]
    keep(explored, direction("one", start=None))
    assert not menu.actions()[0].isEnabled(), "its images are not known here"


def test_groups_are_classes_what_is_selected_and_what_was_named(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    explored.arithmetic.set_kept(Directions("digits-1", 6).with_group(of_indices("loops", [101, 105])))
    explored.select_group(np.array([3, 4, 9]))
    view.show_page("make")
    start, end = (window.findChild(QComboBox, f"direction_{each}") for each in ("from", "to"))
    assert [start.itemText(at) for at in range(start.count())] == [*"0123456789", "loops", "selection (3)", REST]
    made: list[tuple[str, ...]] = []
    view.make.make_pressed.connect(lambda *what: made.append(what))
    make = window.findChild(QPushButton, "direction_make")
    end.setCurrentIndex(start.findData("group:loops"))
    start.setCurrentIndex(start.findData("selection"))
    assert window.findChild(QLineEdit, "direction_name").placeholderText() == "selection (3) → loops"
    qtbot.keyClicks(window.findChild(QLineEdit, "direction_name"), "mine")
    qtbot.keyClick(window.findChild(QLineEdit, "direction_name"), Qt.Key.Key_Return)
    assert made == [("selection", "group:loops", "means", "mine")]
    end.setCurrentIndex(end.findData("selection"))
    assert not make.isEnabled(), "one group has no direction"
    explored.select_group(np.empty(0, np.int64))
    assert start.findData("selection") < 0


def test_slots_show_what_is_in_them_and_offer_all_there_is(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    view.show_page("sum")
    filled: list[tuple[str, str]] = []
    view.sum.filled.connect(lambda *what: filled.append(what))
    menu = window.findChild(QMenu, "slot_a_menu")
    menu.aboutToShow.emit()
    menu.actions()[0].trigger()
    classes = next(each.menu() for each in menu.actions() if each.menu() is not None)
    classes.actions()[4].trigger()
    menu.actions()[-1].trigger()
    assert filled == [("a", "selected"), ("a", "class:4"), ("a", "")]
    assert "Fill a, b and c" in visible_text(window)
    picture = np.full((1, 8, 8), 9, np.uint8)
    for slot in "abc":
        explored.arithmetic.fill(
            slot, Filling("#107 · a name too long for it", np.zeros(6, np.float32), 107, None, picture)
        )
    button = window.findChild(QToolButton, "slot_b")
    assert button.text().endswith("…")
    assert "#107 · a name too long for it" in button.toolTip()
    explored.arithmetic.set_sum(Result(np.zeros(6, np.float32), picture, 99.5, (4, 2, 7, 1)))
    nearest = [window.findChild(PictureView, f"sum_nearest_{at}") for at in range(4)]
    for at, row in enumerate((4, 2, 7, 1)):
        assert np.array_equal(nearest[at].pixels, explored.images.pixels[row])
        assert nearest[at].toolTip().startswith(f"#{explored.images.index[row]}")
    assert "far from all" in visible_text(window)
    sent: list[str] = []
    view.sum.sent.connect(sent.append)
    for name in ("sum_go", "sum_to_a", "sum_to_b"):
        qtbot.mouseClick(window.findChild(QPushButton, name), LEFT)
    assert sent == ["place", "A", "B"]


def test_a_conditional_model_shows_one_style_with_every_label(qtbot: QtBot, explored_cvae: Session):
    view, window = shown(qtbot, explored_cvae)
    button = window.findChild(QPushButton, "arithmetic_labels")
    assert button.isVisible()
    qtbot.mouseClick(button, LEFT)
    assert explored_cvae.arithmetic.page == "labels"
    assert "Select a sample" in visible_text(window)
    pixels = np.arange(640, dtype=np.uint8).reshape(10, 1, 8, 8)
    explored_cvae.arithmetic.set_styles(Styles(np.zeros(6, np.float32), pixels))
    explored_cvae.arithmetic.set_label(3)
    row = window.findChild(CaptionedRow, "labels_row")
    assert (row.shown, row.marked) == (list(range(10)), 3)
    chosen: list[int] = []
    view.labels.label_chosen.connect(chosen.append)
    qtbot.mouseClick(row.widget(), LEFT, pos=row.place_of(7))
    row.setFocus()
    qtbot.keyClick(row, Qt.Key.Key_Left)
    assert chosen == [7, 2]


def test_others_have_no_labels_page(qtbot: QtBot, explored: Session):
    _, window = shown(qtbot, explored)
    assert not window.findChild(QPushButton, "arithmetic_labels").isVisible()


def test_a_hidden_panel_asks_for_nothing(qtbot: QtBot, explored: Session):
    view, window = shown(qtbot, explored)
    assert explored.arithmetic.page == "apply"
    view.show_page("sum")
    assert explored.arithmetic.page == "sum"
    window.hide()
    assert explored.arithmetic.page == ""


def test_another_run_forgets_all_of_it(qtbot: QtBot, explored: Session):
    _, window = shown(qtbot, explored)
    keep(explored, direction())
    explored.arithmetic.set_frames(film(explored))
    explored.arithmetic.set_amount(2.0)
    explored.open(replace(explored.run, name="digits-2"))
    assert explored.arithmetic.direction is None
    assert explored.arithmetic.amount == 0.0
    assert not window.findChild(ElidedLabel, "direction_caption").isVisible()
