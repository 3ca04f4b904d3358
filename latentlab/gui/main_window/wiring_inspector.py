"""What the inspector's signals, and its entries of the menus, are connected with."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latentlab.gui.main_window.window import MainWindow


def connect(window: "MainWindow") -> None:
    view, inspecting = window.views.inspector, window.inspecting
    view.looked_at.connect(inspecting.look_at)
    view.row_chosen.connect(window.exploring.choose_sample)
    view.sample.end_asked.connect(inspecting.set_end)
    view.sample.asked.connect(lambda name: window.actions_table.actions[name].trigger())
    view.around.asked.connect(inspecting.look_around)
    view.around.place_chosen.connect(inspecting.go_to)
    view.fill.fill_asked.connect(inspecting.fill)
    view.fill.stop_asked.connect(inspecting.stop_filling)


def handlers(window: "MainWindow") -> dict[str, Callable[[], object]]:
    """Of the entries about the image in the inspector."""
    view, receiving, inspecting = window.views.inspector, window.receiving, window.inspecting

    def turned(part: str, then: Callable[[], object]) -> Callable[[], object]:
        def do() -> None:
            view.turn_to(part)
            then()

        return do

    return {
        "own_open": receiving.ask,
        "own_paste": receiving.paste,
        "own_invert": receiving.invert,
        "own_back": inspecting.back_to_own,
        "own_remove": receiving.remove,
        "draw_around": turned("around", view.around.again),
        "fill_in": turned("fill", view.fill.press),
    }
