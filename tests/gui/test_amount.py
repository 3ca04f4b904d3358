"""As many points on the map as are chosen: what is shown meanwhile, what stays selected, and when fewer follow."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QComboBox, QLabel
from pytestqt.qtbot import QtBot

from latentlab.explore.loaded import load
from latentlab.explore.map_cache import load_map
from latentlab.explore.projection_settings import ProjectionSettings
from latentlab.gui.app import make_application
from latentlab.gui.main_window import bringing, layouts, library, opening
from latentlab.gui.main_window.renumbering import rows_of
from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.records import Encoding
from latentlab.gui.states import amount
from latentlab.gui.states.amount import AmountState, points_for, prefer, preferred
from latentlab.gui.threads import encoding
from latentlab.runs.folder import RunFolder

PATIENCE = 40_000  # milliseconds
ALL, FEW, LIVE = 1797, 500, 300
Wait = Callable[[Callable[[], object]], None]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    QSettings().remove(amount.SETTING)
    yield
    QSettings().remove(amount.SETTING)


@pytest.fixture
def window(qtbot: QtBot, qapp, trained_run: RunFolder) -> Iterator[MainWindow]:
    make_application("dark")
    root = trained_run.path.parent
    opened = MainWindow(root, root.parent / "data", warm=False)
    opened.mapping.choose("pca")
    opened.show()
    qtbot.waitExposed(opened)
    yield opened
    opened.close_unasked()
    opened.deleteLater()


@pytest.fixture
def wait(qtbot: QtBot) -> Wait:
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE)


@pytest.fixture
def few_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings and past epochs have 300 points; more are many."""
    monkeypatch.setattr(library, "LIVE_POINTS", LIVE)
    monkeypatch.setattr(bringing, "LIVE_POINTS", LIVE)
    monkeypatch.setattr(opening, "LIVE_POINTS", LIVE)
    monkeypatch.setattr(encoding, "MANY", LIVE)
    monkeypatch.setattr(encoding, "TOLD_EVERY", 0.0)


def shows(window: MainWindow, count: int) -> bool:
    session = window.session
    ready = session.encoding is not None and session.encoding.kl is not None and session.layout is not None
    return ready and len(session.encoding) == len(session.layout.coords) == count


def open_small(window: MainWindow, wait: Wait, count: int = ALL) -> None:
    window.open("small")
    wait(lambda: shows(window, count))


def choose(window: MainWindow, points: int) -> None:
    """In the map's options."""
    box = window.findChild(QComboBox, "map_points")
    box.setCurrentIndex(box.findData(points))
    box.activated.emit(box.currentIndex())


def listed(window: MainWindow) -> list[str]:
    box = window.findChild(QComboBox, "map_points")
    return [box.itemText(place) for place in range(box.count())]


def as_it_is(window: MainWindow) -> None:
    """Every point's picture, label and code are those of the image whose index it has."""
    session, dataset = window.session, window.library._last[1]
    true = dataset.at(session.encoding.index)
    assert np.array_equal(session.images.index, session.encoding.index)
    assert np.array_equal(session.images.pixels, true.pixels)
    assert np.array_equal(session.images.labels, true.labels)
    model = load(session.run.path)
    assert np.allclose(session.encoding.mu, model.encode(np.asarray(true.pixels)), atol=1e-4)


def test_the_choice_says_real_counts_and_what_is_shown_stays_until_others_are_there(window: MainWindow, wait: Wait):
    open_small(window, wait)
    session = window.session
    assert listed(window) == ["500 of 1,797", "All 1,797"]
    counts: list[tuple[int, int]] = []
    session.layout_changed.connect(lambda: counts.append((len(session.encoding), len(session.layout.coords))))
    choose(window, FEW)
    assert shows(window, ALL), "until the others are encoded"
    wait(lambda: shows(window, FEW))
    assert set(counts) == {(FEW, FEW)}
    as_it_is(window)
    assert np.bincount(session.images.labels).min() >= 49, "the classes as equal as they allow"
    choose(window, ALL)
    wait(lambda: shows(window, ALL))
    as_it_is(window)


def test_the_card_shows_the_picture_of_its_point(window: MainWindow, wait: Wait, monkeypatch: pytest.MonkeyPatch):
    open_small(window, wait)
    hover, session, given = window.views.map.hover, window.session, list[np.ndarray]()
    monkeypatch.setattr(hover.card, "set_picture", lambda pixels, *_: given.append(pixels))
    for points in (FEW, ALL):
        choose(window, points)
        wait(lambda points=points: shows(window, points))
        row = points - 7
        hover.set_row(row)
        hover._show_card()
        dataset = window.library._last[1]
        assert np.array_equal(given[-1], dataset.at(session.encoding.index[[row]]).pixels[0])


def test_what_is_selected_stays_as_far_as_it_is_on_the_map(window: MainWindow, wait: Wait):
    open_small(window, wait)
    session = window.session
    kept = session.encoding.index[rows_of(session.encoding.index, library.map_index(window.library._last[1], FEW))]
    gone = np.setdiff1d(session.encoding.index, kept)
    group = np.sort(rows_of(session.encoding.index, np.concatenate([kept[:5], gone[:4]])))
    window.exploring.choose_sample(int(rows_of(session.encoding.index, kept[7:8])[0]))
    window.exploring.set_end("A")
    window.exploring.choose_sample(int(rows_of(session.encoding.index, gone[:1])[0]))
    window.exploring.set_end("B")
    window.exploring.choose_sample(int(rows_of(session.encoding.index, kept[3:4])[0]))
    window.selecting.pick(group)
    window.selecting.show_only(np.isin(np.arange(ALL), np.append(group, session.selected)))
    choose(window, FEW)
    wait(lambda: shows(window, FEW))
    assert sorted(session.encoding.index[session.group]) == sorted(kept[:5])
    assert session.encoding.index[session.selected] == kept[3]
    assert session.place.sample == session.selected
    assert session.encoding.index[session.ends[0].sample] == kept[7]
    assert session.ends[1].sample is None, "its picture is not on the map any more"
    assert session.visible is None
    wait(lambda: session.reconstruction is not None)


def test_a_choice_that_is_cancelled_is_that_of_what_is_shown(window: MainWindow, wait: Wait, few_follow: None):
    choose_first = FEW
    prefer(choose_first, [FEW, ALL])
    open_small(window, wait, choose_first)
    notes: list[tuple[str, str]] = []
    window.session.map_note_changed.connect(lambda: notes.append((window.session.map_note, window.session.map_action)))

    def cancel() -> None:
        if window.session.map_note.startswith("Encoding"):
            window.actions_table.actions["cancel_layout"].trigger()

    window.session.map_note_changed.connect(cancel)
    choose(window, ALL)
    wait(lambda: any(note.startswith("Encoding 1,797 pictures") and action == "cancel" for note, action in notes))
    wait(lambda: window.session.amount.wanted == FEW)
    assert shows(window, FEW)
    assert window.session.map_note == ""
    assert window.findChild(QComboBox, "map_points").currentData() == FEW
    as_it_is(window)
    window.session.map_note_changed.disconnect(cancel)
    choose(window, ALL)
    wait(lambda: shows(window, ALL))
    as_it_is(window)


def test_while_training_fewer_follow_and_all_come_back(window: MainWindow, wait: Wait, few_follow: None):
    open_small(window, wait)
    session, seen = window.session, set[int]()
    window.opening.mapped.connect(lambda _fits: seen.add(len(session.encoding)))
    window.running.more(200)
    wait(lambda: session.training.phase == "training" and shows(window, LIVE))
    assert "follow the training" in window.findChild(QLabel, "map_points_note").text()
    assert session.amount.wanted == ALL
    assert np.array_equal(session.images.index, session.encoding.index)
    window.running.stop()
    wait(lambda: session.training.phase == "idle" and shows(window, ALL))
    assert seen == {LIVE, ALL}
    as_it_is(window)
    assert session.encoding.step == RunFolder(session.run.path).checkpoints.steps()[-1]


def test_of_a_past_epoch_fewer_are_shown_and_all_come_back(window: MainWindow, wait: Wait, few_follow: None):
    open_small(window, wait)
    wait(lambda: window.session.history.epochs)
    window.history.go(1)
    wait(lambda: shows(window, LIVE))
    assert "past epoch" in window.findChild(QLabel, "map_points_note").text()
    window.history.go(None)
    wait(lambda: shows(window, ALL))
    as_it_is(window)


def test_a_new_run_takes_what_was_liked_last_and_a_kept_map_what_it_has(window: MainWindow, wait: Wait):
    open_small(window, wait)
    choose(window, FEW)
    wait(lambda: shows(window, FEW))
    assert preferred() == FEW
    window.mapping.choose("umap")
    wait(lambda: load_map(RunFolder(window.session.run.path)) is not None)
    prefer(ALL, [FEW, ALL])
    window.close_run()
    window.open("small")
    wait(lambda: window.session.layout is not None)
    assert len(window.session.layout.coords) == FEW, "at once, whatever its size"
    wait(lambda: shows(window, FEW))
    assert window.session.amount.wanted == FEW
    as_it_is(window)


def test_what_makes_sense_for_so_many_pictures(qapp, monkeypatch: pytest.MonkeyPatch):
    state = AmountState()
    state.set(5000, 70_000, 784)
    assert state.offered() == [500, 2000, 5000, 20_000, 70_000]
    state.set(300, 300, 784)
    assert state.offered() == [300]
    state.set(2500, 3000, 784)
    assert state.offered() == [500, 2000, 2500, 3000], "what a kept map has is among them"
    monkeypatch.setattr(amount, "MOST_BYTES", 784 * 30_000)
    state.set(5000, 70_000, 784)
    assert state.offered()[-1] == 30_000, "more would not fit into memory"
    assert points_for(amount.ALL, 70_000, 784) == 30_000
    assert points_for(20_000, 1797, 64) == 1797


@pytest.mark.parametrize(
    ("points", "offered", "kept"),
    [(70_000, [500, 70_000], amount.ALL), (500, [500, 70_000], 500), (1797, [500, 1797], amount.USUAL)],
)
def test_all_of_a_large_set_is_liked_of_any_and_all_of_a_small_one_is_not(
    qapp, points: int, offered: list[int], kept: int
):
    prefer(points, offered)
    assert preferred() == kept


@pytest.mark.parametrize("kept", ["many", "-3", "17"])
def test_a_preference_that_makes_no_sense_is_the_usual_one(qapp, kept: str):
    QSettings().setValue(amount.SETTING, kept)
    assert preferred() == amount.USUAL


def test_a_map_of_other_points_goes_on_from_where_those_were_that_it_has(
    window: MainWindow, wait: Wait, monkeypatch: pytest.MonkeyPatch
):
    open_small(window, wait)
    session, given = window.session, list[np.ndarray | None]()
    monkeypatch.setattr(window.projector, "fit", lambda mu, init=None, *_: given.append(init))
    window.mapping.choose("umap")
    assert given == [None], "the first is from nothing"
    coords = np.random.default_rng(0).normal(size=(ALL, 2)).astype(np.float32)
    window.mapping._on_laid_out(0, coords)
    before = session.encoding.index
    choose(window, FEW)
    wait(lambda: shows(window, FEW) and len(given) == 2)
    assert np.array_equal(given[1], coords[rows_of(before, session.encoding.index)])
    few = session.encoding.index
    window.mapping.layouts.drop(session.projection)
    window.mapping._on_laid_out(0, given[1])
    choose(window, ALL)
    wait(lambda: shows(window, ALL) and len(given) == 3)
    there = rows_of(few, session.encoding.index)
    assert np.array_equal(np.isfinite(given[2]).all(axis=1), there >= 0)
    assert np.array_equal(given[2][there >= 0], given[1][there[there >= 0]])


def test_a_large_kept_map_can_be_walked_on_before_it_is_encoded(window: MainWindow, wait: Wait, few_follow: None):
    open_small(window, wait)
    window.mapping.choose("umap")
    wait(lambda: load_map(RunFolder(window.session.run.path)) is not None)
    window.close_run()
    known: list[bool] = []
    window.session.place_changed.connect(
        lambda: known.append(window.session.place is not None and window.session.encoding.kl is None)
    )
    window.open("small")
    wait(lambda: shows(window, ALL) and window.session.picture is not None)
    assert any(known), "a place was gone to while nothing was known but where the points are"
    as_it_is(window)


def test_of_very_many_points_few_layouts_are_remembered(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(layouts, "MOST_POINTS", 450)
    many = Encoding(np.arange(100), np.zeros((100, 2), np.float32), np.zeros(2, np.float32), 1)
    every = [replace(ProjectionSettings(), n_neighbors=2 + i) for i in range(6)]
    kept = layouts.Layouts()
    for settings in every:
        kept.put(layouts.Kept(many, np.zeros((100, 2), np.float32), settings))
    assert [each.settings for each in kept.all_of(many)] == every[2:]
    monkeypatch.setattr(layouts, "MOST_POINTS", 10)
    kept.put(layouts.Kept(many, np.zeros((100, 2), np.float32), every[0]))
    assert [each.settings for each in kept.all_of(many)] == [*every[4:], every[0]]
