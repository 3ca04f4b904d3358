"""Sliders, moved by the events that a mouse, a wheel and a keyboard send."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from latentlab.explore.traverse import ranges
from latentlab.gui.records import Place
from latentlab.gui.session import Session
from latentlab.gui.views.sliders_view import SlidersView
from latentlab.gui.widgets.latent_slider import LatentSlider

LEFT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


def shown(qtbot: QtBot, session: Session, height: int = 400) -> SlidersView:
    """The view in a window of its own, and a session that follows it as the main window makes it follow."""
    view = SlidersView(session)
    qtbot.addWidget(view)
    view.resize(308, height)
    view.dim_moved.connect(lambda dim, value: session.set_place(moved(session, dim, value)))
    view.show()
    qtbot.waitExposed(view)
    return view


def moved(session: Session, dim: int, value: float) -> Place:
    z = session.place.z.copy()
    z[dim] = value
    return Place(z)


def slider(view: QWidget, dim: int) -> LatentSlider:
    return view.findChild(LatentSlider, f"z{dim}")


def thumb(of: LatentSlider) -> QPoint:
    return QPoint(round(of._place(of.value())), 12)


def wheel(on: LatentSlider, steps: float, modifiers: Qt.KeyboardModifier = NONE) -> None:
    middle = QPointF(on.rect().center())
    turned = QPoint(0, round(120 * steps))
    event = QWheelEvent(
        middle, QPointF(on.mapToGlobal(middle.toPoint())), QPoint(), turned, Qt.MouseButton.NoButton,
        modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(on, event)


def drag(qtbot: QtBot, on: LatentSlider, by: int, modifiers: Qt.KeyboardModifier = NONE) -> None:
    start = thumb(on)
    qtbot.mousePress(on, LEFT, modifiers, start)
    for part in (0.5, 1.0):
        qtbot.mouseMove(on, start + QPoint(round(by * part), 0)) if not modifiers else _move(on, start, by * part)
    qtbot.mouseRelease(on, LEFT, modifiers, start + QPoint(by, 0))


def _move(on: LatentSlider, start: QPoint, by: float) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    at = QPointF(start) + QPointF(by, 0)
    event = QMouseEvent(QEvent.Type.MouseMove, at, on.mapToGlobal(at), LEFT, LEFT, SHIFT)
    QApplication.sendEvent(on, event)


def test_rows_are_sorted_by_kl_and_the_inactive_ones_folded(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    assert view.rows_shown == [1, 5, 3, 0]
    fold = view.findChild(QPushButton, "sliders_fold")
    assert "2 of 6 inactive" in fold.text()
    qtbot.mouseClick(fold, LEFT)
    assert view.rows_shown == [1, 5, 3, 0, 2, 4]
    qtbot.mouseClick(fold, LEFT)
    assert view.rows_shown == [1, 5, 3, 0]


def test_what_does_not_fit_is_folded_and_counted(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored, height=150)
    qtbot.waitUntil(lambda: view.rows_shown == [1, 5, 3])
    assert view.findChild(QPushButton, "sliders_fold").text() == "▸ 3 more · 2 of 6 inactive"


def test_the_range_is_that_of_the_data(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    low, high = ranges(explored.encoding.mu)[1]
    assert slider(view, 1).minimum() == round(low * 1000)
    assert slider(view, 1).maximum() == round(high * 1000)


def test_dragging_moves_the_dimension_and_nothing_else(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    before = explored.place.z.copy()
    with qtbot.waitSignal(view.dim_moved):
        drag(qtbot, slider(view, 5), 30)
    after = explored.place.z
    assert after[5] > before[5]
    assert np.array_equal(np.delete(after, 5), np.delete(before, 5))
    width = slider(view, 5).width() - 12
    low, high = ranges(explored.encoding.mu)[5]
    assert after[5] - before[5] == pytest.approx(30 / width * (high - low), rel=0.1)


def test_shift_makes_a_drag_ten_times_finer(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.set_place(moved(explored, 1, 0.0))
    drag(qtbot, slider(view, 1), 40)
    coarse = float(explored.place.z[1])
    explored.set_place(moved(explored, 1, 0.0))
    drag(qtbot, slider(view, 1), 40, SHIFT)
    fine = float(explored.place.z[1])
    assert fine == pytest.approx(coarse / 10, rel=0.15)


def test_pressing_beside_the_thumb_goes_there(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    track = slider(view, 3)
    qtbot.mousePress(track, LEFT, pos=QPoint(track.width() - 8, 12))
    qtbot.mouseRelease(track, LEFT, pos=QPoint(track.width() - 8, 12))
    assert explored.place.z[3] == pytest.approx(track.maximum() / 1000, abs=0.1)


def test_the_wheel_steps_and_shift_makes_it_fine(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.set_place(moved(explored, 0, 0.0))
    wheel(slider(view, 0), 1)
    step = float(explored.place.z[0])
    wheel(slider(view, 0), -1)
    assert step > 0
    assert explored.place.z[0] == pytest.approx(0, abs=2e-3)
    wheel(slider(view, 0), 1, SHIFT)
    assert 0 < explored.place.z[0] < step / 5


def test_keys_move_it(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.set_place(moved(explored, 1, 0.0))
    one = slider(view, 1)
    one.setFocus()
    qtbot.keyClick(one, Qt.Key.Key_Right)
    step = float(explored.place.z[1])
    assert step == pytest.approx(one.singleStep() / 1000)
    qtbot.keyClick(one, Qt.Key.Key_Left, SHIFT)
    assert step * 0.85 < explored.place.z[1] < step
    qtbot.keyClick(one, Qt.Key.Key_Home)
    assert explored.place.z[1] == pytest.approx(one.minimum() / 1000)
    with qtbot.waitSignal(view.dim_reset, check_params_cb=lambda dim: dim == 1):
        qtbot.keyClick(one, Qt.Key.Key_Delete)


def test_a_double_click_asks_for_a_reset(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    with qtbot.waitSignal(view.dim_reset, check_params_cb=lambda dim: dim == 3):
        qtbot.mouseDClick(slider(view, 3), LEFT, pos=thumb(slider(view, 3)))


def test_what_it_is_told_it_does_not_say_back(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    with qtbot.assertNotEmitted(view.dim_moved), qtbot.assertNotEmitted(view.condition_chosen):
        explored.set_place(Place(np.full(6, 99.0, np.float32)))
        explored.set_encoding(replace(explored.encoding, mu=explored.encoding.mu * 2))
    assert slider(view, 1).value() == slider(view, 1).maximum(), "beyond the track it stands at its end"
    assert explored.place.z[1] == 99.0


def test_rows_keep_their_order_while_a_thumb_is_held(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    one = slider(view, 1)
    qtbot.mousePress(one, LEFT, pos=thumb(one))
    other = replace(explored.encoding, kl_per_dim=np.array([9, 0.1, 8, 7, 0, 6], np.float32))
    explored.set_encoding(other)
    assert view.rows_shown == [1, 5, 3, 0]
    qtbot.mouseRelease(one, LEFT, pos=thumb(one))
    assert view.rows_shown == [0, 2, 3, 5, 1]


def test_screen_readers_get_a_name_and_a_value(qtbot: QtBot, explored: Session):
    from PySide6.QtGui import QAccessible

    view = shown(qtbot, explored)
    spoken = QAccessible.queryAccessibleInterface(slider(view, 5))
    assert spoken.role() == QAccessible.Role.Slider
    assert spoken.text(QAccessible.Text.Name) == "Latent dimension z5"
    assert spoken.text(QAccessible.Text.Description) == f"{explored.place.z[5]:+.2f}"
    assert spoken.valueInterface().currentValue() == round(float(explored.place.z[5]) * 1000)


def test_the_condition_is_a_control_of_a_conditional_model_only(
    qtbot: QtBot, explored: Session, explored_cvae: Session
):
    assert not shown(qtbot, explored).findChild(QComboBox, "condition").isVisible()
    view = shown(qtbot, explored_cvae)
    combo = view.findChild(QComboBox, "condition")
    assert combo.isVisible()
    assert [combo.itemText(i) for i in range(combo.count())] == list("0123456789")
    with qtbot.waitSignal(view.condition_chosen, check_params_cb=lambda label: label == 1):
        qtbot.keyClick(combo, Qt.Key.Key_Down)
    with qtbot.assertNotEmitted(view.condition_chosen):
        explored_cvae.set_condition(7)
    assert combo.currentIndex() == 7


def test_buttons_say_what_is_wanted(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    for name, signal in (("sliders_random", view.random_pressed), ("sliders_reset", view.reset_pressed)):
        with qtbot.waitSignal(signal):
            qtbot.mouseClick(view.findChild(QPushButton, name), LEFT)
    selection = view.findChild(QPushButton, "sliders_from_selection")
    assert not selection.isEnabled()
    explored.select(3)
    with qtbot.waitSignal(view.from_selection_pressed):
        qtbot.mouseClick(selection, LEFT)


def test_without_a_run_it_says_what_will_be_here(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.open(None)
    assert view.rows_shown == []
    assert view._empty.isVisible()
    assert "train one" in view._empty.text()
