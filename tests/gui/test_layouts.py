"""Which layout the map shows: by the settings, and from what was laid out before."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from latentlab.config import RunConfig
from latentlab.explore import projection_settings
from latentlab.explore.map_cache import StoredLayout, load_map
from latentlab.explore.projection_settings import TSNE_MISSING, ProjectionSettings
from latentlab.gui.main_window.layouts import MOST, Kept, Layouts
from latentlab.gui.main_window.mapping import THOROUGH_EPOCHS, Mapping
from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.records import Encoding
from latentlab.gui.session import Session
from latentlab.gui.threads.encoding import survey
from latentlab.gui.views.map.kinds import KindButtons
from latentlab.gui.views.map.projection import ProjectionPanel, made_by
from latentlab.gui.widgets.named import wrapped
from latentlab.runs.folder import RunFolder

UMAP = ProjectionSettings()


class Process(QObject):
    """In place of the process: it is told what to answer."""

    laid_out = Signal(int, object)
    progressed = Signal(int, float)
    failed = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[ProjectionSettings] = []
        self.inits: list[Any] = []
        self.epochs: list[int | None] = []
        self.busy, self.cancelled = False, 0
        self._mu = np.empty((0, 2))

    def fit(self, mu, init=None, epochs=None, settings=None, before=None) -> int:
        self.asked.append(settings)
        self.inits.append(init)
        self.epochs.append(epochs)
        self._mu, self.busy = mu, True
        return len(self.asked)

    def cancel(self) -> None:
        self.cancelled += 1
        self.busy = False

    def answer(self) -> np.ndarray:
        """The layout that it makes of what it was asked last."""
        coords = np.random.default_rng(len(self.asked)).normal(size=(len(self._mu), 2)).astype(np.float32)
        self.busy = False
        self.laid_out.emit(len(self.asked), coords)
        return coords


@pytest.fixture
def process(qapp) -> Process:
    return Process()


@pytest.fixture
def mapping(explored: Session, process: Process) -> Mapping:
    """The points were encoded, and UMAP laid them out."""
    made = Mapping(explored, process)
    made.take(survey(explored.encoding))
    process.answer()
    return made


def again(encoding: Encoding, by: float = 0.0, step: int | None = None) -> Encoding:
    """Encoded once more: the same figures in another array, or nearly."""
    return replace(encoding, mu=encoding.mu + np.float32(by), step=encoding.step if step is None else step)


def test_switching_back_and_forth_lays_out_once(mapping: Mapping, process: Process, explored: Session):
    umap = explored.layout
    for kind in ("pca", "tsne", "axes", "umap", "tsne", "umap"):
        mapping.choose(kind)
        if process.busy:
            assert explored.map_action == "cancel"
            process.answer()
        assert explored.layout.kind == kind
    assert [settings.kind for settings in process.asked] == ["umap", "tsne"]
    assert explored.layout.coords is umap.coords
    mapping.take(survey(again(explored.encoding, 1e-6)))  # a run's weights encode nearly alike on another device
    assert len(process.asked) == 2
    mapping.take(survey(again(explored.encoding, 0.5)))
    assert len(process.asked) == 3, "these are others"
    process.answer()
    mapping.take(survey(again(explored.encoding, step=101)))
    assert len(process.asked) == 4, "and so are those of other weights, however alike"


def test_other_parameters_are_another_layout_from_nothing(mapping: Mapping, process: Process, explored: Session):
    first = explored.layout.coords
    explored.set_projection(replace(UMAP, n_neighbors=40))
    assert explored.layout.coords is first, "the last one meanwhile"
    assert explored.layout.settings == UMAP
    assert "the last layout" in explored.map_note
    assert process.inits[-1] is None, "so that it does not depend on what was seen before"
    second = process.answer()
    assert explored.layout.coords is second
    assert explored.layout.settings.n_neighbors == 40
    explored.set_projection(UMAP)
    assert explored.layout.coords is first
    assert not process.busy
    mapping.take(survey(again(explored.encoding, 0.1, step=101)))
    assert process.inits[-1] is first, "as the weights move on it follows"
    process.answer()
    assert explored.layout.followed
    assert "went on from the layout" in made_by(explored)
    assert "same each time" not in made_by(explored), "which it is only from nothing"
    mapping.anew()
    assert process.inits[-1] is None
    process.answer()
    assert not explored.layout.followed


def test_what_was_kept_with_the_run_is_shown_at_once(process: Process, explored: Session):
    encoding, mapping = explored.encoding, Mapping(explored, process)
    tsne = ProjectionSettings("tsne")
    coords = {settings: np.random.default_rng(0).normal(size=(len(encoding), 2)) for settings in (UMAP, tsne)}
    mapping.show_kept(encoding, [StoredLayout(settings, layout) for settings, layout in coords.items()])
    assert explored.layout.coords is coords[UMAP]
    assert mapping.chart is None, "and is walked on once its points were surveyed"
    mapping.take(survey(again(encoding)))
    assert mapping.chart is not None
    mapping.choose("tsne")
    assert explored.layout.coords is coords[tsne]
    assert not process.asked
    assert len(mapping.layouts.all_of(explored.encoding)) == 2, "and all of them are kept again"


def test_a_run_whose_kept_layouts_are_others_shows_its_plane_at_once(process: Process, explored: Session):
    mapping = Mapping(explored, process)
    explored.set_projection(replace(UMAP, min_dist=0.5))
    mapping.show_kept(explored.encoding, [])
    assert explored.layout.kind == "pca"


def test_cancelled_and_failed_wait_for_retry(mapping: Mapping, process: Process, explored: Session):
    mapping.choose("tsne")
    mapping.cancel()
    assert process.cancelled == 1
    assert explored.map_action == "retry"
    assert "t-SNE" in explored.map_note
    mapping.take(survey(again(explored.encoding, 0.5, step=200)))
    assert len(process.asked) == 2, "nothing begins by itself"
    assert explored.map_action == "retry"
    mapping.retry()
    assert len(process.asked) == 3
    process.busy = False
    process.failed.emit(3, "t-SNE's process has ended before it was done")
    assert explored.map_action == "retry"
    mapping.choose("tsne")  # which is as good as retrying
    assert len(process.asked) == 4
    process.answer()
    assert explored.layout.kind == "tsne"
    assert explored.map_note == ""


def test_points_that_came_back_to_where_they_were_laid_out_are_not_laid_out_anew(
    mapping: Mapping, process: Process, explored: Session
):
    first, coords, rested = explored.encoding, explored.layout.coords, list[bool]()
    mapping.rested.connect(lambda: rested.append(True))
    for moved in (again(first, 0.1, step=101), again(first, 0.2, step=102), first):
        mapping.take(survey(moved))
    assert len(process.asked) == 2, "one at a time"
    process.answer()
    assert len(process.asked) == 2
    assert rested == [True]
    assert explored.layout.coords is coords


@pytest.mark.parametrize("rough", [False, True])
def test_after_a_training_each_map_is_thorough_whenever_it_is_looked_at(
    mapping: Mapping, process: Process, explored: Session, rough: bool
):
    last = again(explored.encoding, 0.3, step=300)
    if rough:  # of the very last weights, while training went on
        mapping.take(survey(again(last)))
        process.answer()
        assert process.epochs[-1] is None
    mapping.choose("pca")
    mapping.settle(300)
    mapping.take(survey(last))
    asked = len(process.asked)
    assert asked == 1 + rough, "PCA needs none"
    mapping.choose("umap")
    assert process.epochs[asked:] == [THOROUGH_EPOCHS]
    mapping.take(survey(again(last)))
    assert len(process.asked) == asked + 1, "it is under way"
    process.answer()
    mapping.choose("pca")
    mapping.choose("umap")
    assert len(process.asked) == asked + 1
    explored.set_training(phase="training")
    mapping.take(survey(again(last, 0.1, step=301)))
    assert process.epochs[-1] is None, "as the weights move on it follows quickly"


def test_a_rough_map_under_way_makes_room_for_the_thorough_one(mapping: Mapping, process: Process, explored: Session):
    last = again(explored.encoding, 0.3, step=300)
    mapping.take(survey(last))
    mapping.settle(300)
    mapping.take(survey(again(last)))
    assert process.epochs[1:] == [None, THOROUGH_EPOCHS]


def test_of_many_layouts_the_newest_are_remembered(explored: Session):
    layouts, encoding = Layouts(), explored.encoding
    every = [replace(UMAP, n_neighbors=2 + i) for i in range(MOST + 5)]
    for settings in every:
        layouts.put(Kept(encoding, encoding.mu[:, :2], settings))
    assert [kept.settings for kept in layouts.all_of(encoding)] == every[5:]


def test_a_run_that_is_opened_again_shows_its_layouts_and_makes_none(qtbot: QtBot, trained_run: RunFolder):
    """With the real encoder: what it gives the second time counts as the same."""
    made: dict[ProjectionSettings, np.ndarray] = {}
    for opening in (1, 2):
        window = MainWindow(trained_run.path.parent, trained_run.path.parent / "data", warm=False)
        window.session.set_projection(replace(UMAP, kind="pca" if opening == 1 else "tsne"))
        window.show()
        window.open("small")
        qtbot.waitUntil(lambda window=window: window.mapping.survey is not None, timeout=60_000)
        session = window.session
        if opening == 1:
            encoding = session.encoding
            for settings in (UMAP, ProjectionSettings("tsne")):
                made[settings] = np.random.default_rng(len(made)).normal(size=(len(encoding), 2)).astype(np.float32)
                window.mapping.layouts.put(Kept(encoding, made[settings], settings))
            window.mapping.laid_out.emit(window.mapping.survey, made[UMAP])
            qtbot.waitUntil(lambda: load_map(trained_run) is not None, timeout=10_000)
        else:
            assert np.array_equal(session.layout.coords, made[ProjectionSettings("tsne")])
            window.mapping.choose("umap")
            assert np.array_equal(session.layout.coords, made[UMAP])
            assert window.projector._process is None
        window.close()
        window.deleteLater()


# -- the options


@pytest.fixture
def panel(explored: Session) -> Iterator[ProjectionPanel]:
    made = ProjectionPanel(explored)
    made.changed.connect(explored.set_projection)
    made.show()
    yield made
    made.close()
    made.deleteLater()


def choose(panel: ProjectionPanel, name: str, value: object) -> None:
    combo = panel.findChild(QComboBox, f"projection_{name}")
    row = combo.findData(value)
    assert row >= 0
    combo.setCurrentIndex(row)
    combo.activated.emit(row)


def test_dimensions_come_by_kl_and_two_are_never_the_same(
    panel: ProjectionPanel, mapping: Mapping, explored: Session, process: Process
):
    choose(panel, "kind", "axes")
    across = panel.findChild(QComboBox, "projection_across")
    assert [across.itemData(row) for row in range(3)] == [1, 5, 3], "of most KL first"
    assert "2.50 nats" in across.itemText(0)
    assert explored.layout.dims == (1, 5)
    choose(panel, "up", 2)
    assert explored.layout.dims == (1, 2)
    assert np.array_equal(explored.layout.coords, explored.encoding.mu[:, [1, 2]])
    choose(panel, "across", 2)
    assert explored.layout.dims == (2, 1), "they change places"
    buttons = KindButtons(explored)
    assert buttons.buttons[2].text() == "z 2 × z 1"
    assert buttons.buttons[2].isChecked()
    buttons.row.deleteLater()


def test_dimensions_that_the_next_run_does_not_have_leave_no_box_empty(
    panel: ProjectionPanel, mapping: Mapping, explored: Session
):
    choose(panel, "kind", "axes")
    choose(panel, "across", 3)
    boxes = [panel.findChild(QComboBox, f"projection_{name}") for name in ("across", "up")]
    assert [box.currentData() for box in boxes] == [3, 5]
    smaller = RunConfig.parse({"model": {"latent_dim": 3}})
    explored.open(replace(explored.run, name="other", config=smaller))
    assert [box.currentData() for box in boxes] == [0, 1]
    assert all(box.currentText() for box in boxes)
    assert explored.projection.dims == (3, 5), "a run that has them shows them again"


def test_numbers_take_effect_when_they_have_settled(
    qtbot: QtBot, panel: ProjectionPanel, mapping: Mapping, explored: Session, process: Process
):
    spin = panel.controls["n_neighbors"]
    for _ in range(3):
        qtbot.keyClick(spin, Qt.Key.Key_Up)
    assert explored.projection == UMAP
    qtbot.waitUntil(lambda: explored.projection.n_neighbors == 18)
    assert [settings.n_neighbors for settings in process.asked] == [15, 18]
    choose(panel, "exact", False)
    assert not process.asked[-1].exact
    process.answer()
    assert "each time another" in panel.made_by.text()
    assert not panel.controls["perplexity"].isVisibleTo(panel)
    choose(panel, "kind", "tsne")
    assert panel.controls["perplexity"].isVisibleTo(panel)
    assert not panel.controls["n_neighbors"].isVisibleTo(panel)


def test_without_tsne_the_choice_is_there_and_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, explored: Session, process: Process
):
    monkeypatch.setattr(projection_settings, "find_spec", lambda _name: None)
    panel, buttons, mapping = ProjectionPanel(explored), KindButtons(explored), Mapping(explored, process)
    item = panel.kind.model().item(panel.kind.findData("tsne"))
    assert item.text() == "t-SNE"
    assert not item.isEnabled()
    assert panel.missing.isVisibleTo(panel)
    assert "pip install" in panel.missing.text()
    assert not buttons.buttons[3].isEnabled()
    assert buttons.buttons[3].toolTip() == wrapped(TSNE_MISSING)
    told: list[str] = []
    explored.told.connect(lambda sentence, _error: told.append(sentence))
    mapping.choose("tsne")  # by its key
    assert told == [TSNE_MISSING]
    assert explored.projection.kind == "umap"
    panel.deleteLater()
    buttons.row.deleteLater()
