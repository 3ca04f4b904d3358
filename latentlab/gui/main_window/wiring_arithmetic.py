"""Which signal of the arithmetic panel goes where, and what its menu entries do."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal

from PySide6.QtWidgets import QToolButton

if TYPE_CHECKING:
    from latentlab.gui.main_window.window import MainWindow
    from latentlab.gui.states.arithmetic import Slot


def connect_arithmetic(window: "MainWindow") -> None:
    view, state = window.views.arithmetic, window.session.arithmetic
    arithmetic, directions = window.arithmetic, window.directions
    view.page_seen.connect(state.set_page)
    view.direction_chosen.connect(state.choose)
    view.asked.connect(lambda name: window.actions_table.actions[name].trigger())
    for chosen in (view.apply.base_chosen, view.labels.base_chosen):
        chosen.connect(state.set_base)
    for sent in (view.apply.sent, view.sum.sent, view.labels.sent):
        sent.connect(arithmetic.send)
    view.apply.amount_moved.connect(state.set_amount)
    view.sum.filled.connect(arithmetic.fill)
    view.labels.label_chosen.connect(state.set_label)
    view.labels.label_of_chosen.connect(arithmetic.take_label)
    view.make.make_pressed.connect(directions.make)
    view.make.group_rename_pressed.connect(directions.ask_rename_group)
    view.make.group_delete_pressed.connect(directions.remove_group)
    directions.made.connect(view.show_made)


def arithmetic_handlers(window: "MainWindow") -> dict[str, Callable[[], object]]:
    """What the entries of the menu Explore > Arithmetic do."""
    arithmetic, directions = window.arithmetic, window.directions
    return {
        "arithmetic_apply": partial(_show, window, "apply"),
        "arithmetic_sum": partial(_show, window, "sum"),
        "arithmetic_labels": partial(_show, window, "labels"),
        "arithmetic_make": partial(_show, window, "make"),
        "fill_a": partial(_fill, window, "a"),
        "fill_b": partial(_fill, window, "b"),
        "fill_c": partial(_fill, window, "c"),
        "result_go": lambda: arithmetic.send("place"),
        "result_a": lambda: arithmetic.send("A"),
        "result_b": lambda: arithmetic.send("B"),
        "group_selection": directions.ask_group,
        "group_file": directions.ask_group_file,
        "direction_anew": directions.make_anew,
        "direction_rename": directions.ask_rename,
        "direction_delete": directions.ask_delete,
        "direction_export": directions.ask_export,
        "direction_import": directions.ask_import,
    }


def _show(window: "MainWindow", page: Literal["apply", "sum", "labels", "make"]) -> None:
    """The panel, on this page; one style with every label is for a conditional model."""
    run, dock = window.session.run, window.panels.dock("arithmetic")
    if page == "labels" and not (run is not None and run.conditional):
        window.session.told.emit("Only a conditional VAE is told a label: open or train one", False)
        return
    dock.show()
    dock.raise_()
    window.views.arithmetic.show_page(page)


def _fill(window: "MainWindow", slot: "Slot") -> None:
    """The menu of the slot, which is then to be seen."""
    _show(window, "sum")
    button = window.findChild(QToolButton, f"slot_{slot}")
    assert button is not None
    button.setFocus()
    window.arithmetic.fill(slot, "place" if window.session.selected is None else "selected")
