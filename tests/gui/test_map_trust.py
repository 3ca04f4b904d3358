"""How far the map that is shown can be trusted: measured once it rests, and said in as many words as there is room."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from sklearn.manifold import trustworthiness as reference

from latentlab.explore.projection_settings import ProjectionSettings
from latentlab.gui.main_window.layouts import Kept
from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.main_window.trusting import Trusting
from latentlab.gui.records import Trust
from latentlab.gui.session import Session
from latentlab.gui.threads.encoding import survey
from latentlab.gui.threads.jobs import Jobs
from latentlab.gui.threads.projection import Projector
from latentlab.gui.views.map.projection import made_by
from latentlab.gui.views.map.view import MapView
from latentlab.gui.widgets.card import Card

UMAP = ProjectionSettings()


@pytest.fixture
def mapping(explored: Session) -> Iterator[Mapping]:
    """The points were encoded, and laid out before, anyhow: nothing is left to fit."""
    projector = Projector()
    made, noise = Mapping(explored, projector), np.random.default_rng(1).normal(size=(len(explored.encoding), 2))
    made.layouts.put(Kept(explored.encoding, noise.astype(np.float32), UMAP))
    made.take(survey(explored.encoding))
    yield made
    projector.close()


@pytest.fixture
def jobs(qapp) -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.close()


@pytest.fixture
def trusting(explored: Session, jobs: Jobs) -> Iterator[Trusting]:
    made = Trusting(explored, jobs)
    yield made
    made.close()


def test_every_kind_of_map_is_judged_once_it_has_settled(
    qtbot: QtBot, trusting: Trusting, mapping: Mapping, explored: Session
):
    figures = {}
    for kind in ("umap", "pca", "axes"):
        mapping.choose(kind)
        assert explored.trust is None, "what was known was of another layout"
        qtbot.waitUntil(lambda: explored.trust is not None)
        coords = explored.layout.coords
        assert explored.trust.k == 12
        assert explored.trust.value == pytest.approx(reference(explored.encoding.mu, coords, n_neighbors=12), abs=1e-3)
        figures[kind] = explored.trust.value
    assert figures["pca"] > figures["umap"], "which is noise here"
    mapping.choose("umap")
    assert explored.trust.value == figures["umap"], "known already"
    assert "about 0.5 by chance" in made_by(explored)


def test_the_fact_says_it_in_as_many_words_as_there_is_room_for(
    qtbot: QtBot, trusting: Trusting, mapping: Mapping, explored: Session
):
    view, card = MapView(explored), Card("Map")
    for control in view.header_controls:
        card.heading.add_control(control)
    view.fact_told.connect(card.heading.set_fact)
    explored.set_trust(Trust(0.944, 12))
    fact = card.heading.fact
    for width, words in ((500, "400 points · trustworthiness 0.94 (k 12)"), (120, "trust 0.94 (k 12)")):
        fact.resize(width, 20)
        assert fact.shown() == words
    assert "by chance" in fact.toolTip()
    assert "400 points" in fact.toolTip()
    assert UMAP.words in fact.toolTip()
    view.deleteLater()
    card.deleteLater()


def test_not_while_the_map_follows_a_training(
    qtbot: QtBot, trusting: Trusting, mapping: Mapping, explored: Session, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
):
    begun: list[str] = []
    start: Callable[..., Any] = jobs.start
    monkeypatch.setattr(jobs, "start", lambda name, *rest: (begun.append(name), start(name, *rest))[1])
    explored.set_training(phase="training")
    mapping.choose("pca")
    trusting._measure()
    assert not begun
    explored.set_training(phase="paused")
    qtbot.waitUntil(lambda: explored.trust is not None)
    assert begun == ["trust"]
