"""Which signal of the strip goes where, and what its menu entries do."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from latentlab.gui.records import Strip
from latentlab.gui.views.strip.frames import name_of

if TYPE_CHECKING:
    from latentlab.gui.main_window.window import MainWindow


def connect_strip(window: "MainWindow") -> None:
    view, walking, strips = window.views.strip, window.walking, window.session.strips
    view.make_pressed.connect(lambda: walking.make(strips.settings.way, strips.settings.frames))
    view.changed.connect(lambda changes: strips.change(**changes))
    view.walk_chosen.connect(walking.path.choose)
    view.asked.connect(lambda name: window.actions_table.actions[name].trigger())
    view.frame_asked.connect(partial(_on_frame, window))
    view.popup.moved.connect(walking.path.reorder)
    view.popup.dropped.connect(walking.path.drop)
    view.popup.gone_to.connect(partial(_go_to_waypoint, window))


def strip_handlers(window: "MainWindow") -> dict[str, Callable[[], object]]:
    """What the entries of the menu Explore > Strip do."""
    view, strips, path = window.views.strip, window.session.strips, window.walking.path
    return {
        "play": view.toggle,
        "strip_back": lambda: view.step(-1),
        "strip_on": lambda: view.step(1),
        "strip_compare": lambda: strips.change(compare=not strips.settings.compare),
        "strip_geodesic": lambda: strips.change(way="geodesic", compare=False),
        "strip_way": view.open_way,
        "waypoint_add": path.add,
        "path_reverse": path.reverse,
        "path_remove": path.remove,
    }


def _on_frame(window: "MainWindow", what: str, strip: Strip, at: int) -> None:
    """A frame becomes the place in hand, an end or a waypoint; or the picture nearest to it is selected."""
    if what == "nearest":
        window.exploring.choose_sample(int(strip.nearest[at]))
    elif what == "add":
        window.walking.path.add(strip.z[at])
    else:
        window.exploring.go_to(strip.z[at], f"{name_of(strip, at)} of the strip")
        if what in ("A", "B"):
            window.exploring.set_end("A" if what == "A" else "B")


def _go_to_waypoint(window: "MainWindow", number: int) -> None:
    waypoints = window.walking.waypoints()
    if waypoints is not None and 0 <= number < len(waypoints):
        window.exploring.go_to(waypoints[number], f"waypoint {number + 1} of {len(waypoints)}")
