"""Which signal goes where: all that connects the window's views with the rooms that act, and the menus with both."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QAbstractButton, QApplication

from latentlab.explore.overlays.kinds import NAMES
from latentlab.gui.actions import sheet
from latentlab.gui.main_window import wiring_inspector
from latentlab.gui.main_window.wiring_arithmetic import arithmetic_handlers, connect_arithmetic
from latentlab.gui.main_window.wiring_strip import connect_strip, strip_handlers
from latentlab.gui.widgets import theme

if TYPE_CHECKING:
    from latentlab.gui.main_window.window import MainWindow

Handlers = dict[str, Callable[[], object]]


def connect(window: "MainWindow") -> None:
    _connect_training(window)
    _connect_settings_and_runs(window)
    _connect_map(window)
    _connect_selection(window)
    _connect_overlays(window)
    _connect_exploring(window)
    wiring_inspector.connect(window)
    connect_arithmetic(window)
    connect_strip(window)
    window.undoing.changed.connect(lambda: mark_undoing(window))
    _connect_window(window)


def _connect_training(window: "MainWindow") -> None:
    bar, running = window.views.run_bar, window.running
    bar.train_pressed.connect(running.train)
    bar.pause_pressed.connect(running.pause)
    bar.resume_pressed.connect(running.resume)
    bar.stop_pressed.connect(running.stop)
    bar.discard_pressed.connect(running.discard)
    bar.more_pressed.connect(running.more)
    bar.perspective_chosen.connect(window.show_perspective)
    running.started.connect(window.refresh_runs)
    running.ended.connect(window.refresh_runs)


def _connect_settings_and_runs(window: "MainWindow") -> None:
    views = window.views
    views.data.source_chosen.connect(lambda name: window.choose_data({"source": name, "path": None}))
    views.data.folder_chosen.connect(lambda path: window.choose_data({"source": "folder", "path": path}))
    views.settings.config_edited.connect(window.edit)
    views.settings.preset_chosen.connect(window.choose_preset)
    views.runs.run_chosen.connect(window.open)
    views.runs.refresh_pressed.connect(window.refresh_runs)
    views.runs.close_pressed.connect(window.close_run)


def _connect_map(window: "MainWindow") -> None:
    view, exploring = window.views.map, window.exploring
    view.moved.connect(exploring.move)
    view.point_chosen.connect(exploring.choose_sample)
    view.points.wanted.connect(window.judging.want)
    view.thumbnails.wanted.connect(window.picturing.want)
    view.layout_chosen.connect(window.mapping.choose)
    view.projection_chosen.connect(window.session.set_projection)
    view.layout_asked.connect(
        lambda what: getattr(window.opening.bringing if what == "cancel" else window.mapping, what)()
    )
    view.amount.chosen.connect(window.opening.bringing.choose)
    view.picked.connect(window.selecting.pick)
    view.shown.connect(window.selecting.show_only)
    view.asked.connect(lambda name: window.actions_table.actions[name].trigger())
    view.end_asked.connect(exploring.set_end)
    view.paths.drawn.connect(window.walking.path.draw)
    view.paths.moved.connect(window.walking.path.move)
    view.paths.shortened.connect(window.walking.path.shorten)
    view.cleared.connect(window.selecting.escape)
    view.scrubber.epoch_chosen.connect(window.history.go)


def _connect_overlays(window: "MainWindow") -> None:
    overlays, session = window.views.map.overlays, window.session
    overlays.wanted.connect(session.want_overlay)
    overlays.looked.connect(window.overlaying.look)
    for signal in (session.overlays_changed, session.layout_changed, session.run_changed):
        signal.connect(lambda: mark_overlays(window))


def mark_overlays(window: "MainWindow") -> None:
    """The menu says what is wanted, and what cannot be now and why."""
    for name in NAMES:
        action, switch = window.actions_table.actions[f"overlay_{name}"], window.views.map.overlays.switch(name)
        action.setCheckable(True)
        action.setChecked(name in window.session.overlays)
        action.setEnabled(switch.isEnabled())
        action.setToolTip(switch.toolTip())


def mark_undoing(window: "MainWindow") -> None:
    """The menu says what would be undone, and what would be done again."""
    for name, words in (("undo", window.undoing.undoing), ("redo", window.undoing.redoing)):
        action = window.actions_table.actions[name]
        action.setEnabled(words is not None)
        action.setText(f"{name.capitalize()} {words or ''}".strip())


def _connect_selection(window: "MainWindow") -> None:
    view, selecting = window.views.selection, window.selecting
    view.row_chosen.connect(window.exploring.choose_sample)
    view.end_asked.connect(selecting.set_end)
    view.removed.connect(lambda rows: selecting.pick(rows, "remove"))
    view.export_pressed.connect(window.taking.ask)
    view.invert_pressed.connect(selecting.invert)
    view.clear_pressed.connect(selecting.clear)


def _connect_exploring(window: "MainWindow") -> None:
    views, exploring = window.views, window.exploring
    views.sliders.dim_moved.connect(exploring.move_dim)
    views.sliders.dim_reset.connect(exploring.reset_dim)
    views.sliders.random_pressed.connect(exploring.random)
    views.sliders.reset_pressed.connect(exploring.reset)
    views.sliders.from_selection_pressed.connect(exploring.from_selection)
    views.sliders.condition_chosen.connect(window.session.set_condition)
    views.strip.export_gif_pressed.connect(window.exporting.ask)
    views.samples.resample_pressed.connect(window.opening.resample)
    views.samples.prior_chosen.connect(window.sampling.choose)


def _connect_window(window: "MainWindow") -> None:
    session = window.session
    window.jobs.failed.connect(window.on_job_failed)
    window.jobs.progressed.connect(window.on_job_progress)
    window.decoder.failed.connect(lambda sentence: session.told.emit(sentence, True))
    window.decoder.failed.connect(lambda _sentence: window.history.give_up())
    window.encoder.failed.connect(lambda sentence: session.told.emit(sentence, True))
    window.fields.failed.connect(lambda sentence: session.told.emit(sentence, True))
    window.fields.failed.connect(lambda _sentence: window.overlaying.give_up())
    window.decoder.opened.connect(window.on_weights)
    session.run_changed.connect(window.on_run)
    session.run_changed.connect(window.refresh_runs_later)
    session.config_changed.connect(window.preview)
    session.told.connect(lambda sentence, _error: session.logged.emit(sentence))


def handlers(window: "MainWindow") -> Handlers:
    """What each entry of `actions.TABLE` does."""
    edit: Handlers = {"undo": window.undoing.undo, "redo": window.undoing.redo}
    return {
        **_run_handlers(window),
        **edit,
        **_map_handlers(window),
        **_explore_handlers(window),
        **arithmetic_handlers(window),
        **strip_handlers(window),
        **wiring_inspector.handlers(window),
        **_view_handlers(window),
    }


def _run_handlers(window: "MainWindow") -> Handlers:
    running, session = window.running, window.session
    return {
        "open": window.ask_run,
        "close_run": window.close_run,
        "own_pictures": window.ask_pictures,
        "quit": window.close,
        "train": running.train,
        "pause": lambda: running.resume() if session.training.phase == "paused" else running.pause(),
        "stop": running.stop,
        "discard": running.discard,
        "more": lambda: press(window, "more"),
    }


def _map_handlers(window: "MainWindow") -> Handlers:
    mapping, selecting, session = window.mapping, window.selecting, window.session
    return {
        "tool_decode": lambda: session.set_tool("decode"),
        "tool_select": lambda: session.set_tool("select"),
        "tool_box": lambda: session.set_tool("box"),
        "tool_lasso": lambda: session.set_tool("lasso"),
        "tool_path": lambda: session.set_tool("path"),
        "select_all": selecting.pick_all,
        "select_invert": selecting.invert,
        "select_class": selecting.pick_class,
        "select_near": selecting.pick_neighbours,
        "clear": lambda: _escape(window),
        "only_selected": selecting.show_selected,
        "show_hidden": selecting.show_all,
        "export_selection": window.taking.ask,
        "export_latents": window.taking.ask_latents,
        "export_curves": window.taking.ask_curves,
        "copy_picture": window.pictures.copy_decoded,
        "copy_strip": window.pictures.copy_strip,
        "copy_panel": window.pictures.copy_focused,
        "fit": window.views.map.fit,
        "thumbnails": window.views.map.thumbnail_options.next_mode,
        "thumbnail_kind": window.views.map.thumbnail_options.next_kind,
        "trails": window.views.map.live.switch.toggle,
        "epoch_back": lambda: window.history.step(-1),
        "epoch_on": lambda: window.history.step(1),
        "epoch_newest": lambda: window.history.go(None),
        "umap": lambda: mapping.choose("umap"),
        "pca": lambda: mapping.choose("pca"),
        "axes": lambda: mapping.choose("axes"),
        "tsne": lambda: mapping.choose("tsne"),
        "anew": mapping.anew,
        "cancel_layout": window.opening.bringing.cancel,
        "options": window.views.map.options.toggle_popup,
        **{f"overlay_{name}": partial(_toggle_overlay, window, name) for name in NAMES},
    }


def _toggle_overlay(window: "MainWindow", name: str) -> None:
    window.session.want_overlay(name, name not in window.session.overlays)


def _escape(window: "MainWindow") -> None:
    """Gives up what is being drawn; where nothing is, lets go of what is selected."""
    if not window.views.map.tools.cancel():
        window.selecting.escape()


def _explore_handlers(window: "MainWindow") -> Handlers:
    exploring = window.exploring
    return {
        "random": exploring.random,
        "reset": exploring.reset,
        "set_a": lambda: exploring.set_end("A"),
        "set_b": lambda: exploring.set_end("B"),
        "strip": lambda: press(window, "strip_make"),
        "gif": window.exporting.ask,
        "path_save": window.path_files.ask_save,
        "path_open": window.path_files.ask_open,
    }


def _view_handlers(window: "MainWindow") -> Handlers:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return {
        "light": lambda: theme.choose(app, "light"),
        "dark": lambda: theme.choose(app, "dark"),
        "system": lambda: theme.choose(app, "system"),
        "perspective_train": lambda: window.show_perspective("train"),
        "perspective_explore": lambda: window.show_perspective("explore"),
        "reset_layout": window.reset_layout,
        "keys": lambda: window.tell("Keys", sheet()),
        "about": window.tell_about,
    }


def press(window: "MainWindow", name: str) -> None:
    """As a click on the button of this object name would."""
    button = window.findChild(QAbstractButton, name)
    assert button is not None
    button.click()
