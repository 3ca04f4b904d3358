"""What the points' colours are to show is computed in the encoding thread when it is chosen, in steps that yield."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from latentlab.explore.anomaly import anomaly_scores
from latentlab.explore.density import log_density
from latentlab.explore.loaded import Loaded, load
from latentlab.gui.main_window.judging import Judging
from latentlab.gui.main_window.picturing import Picturing
from latentlab.gui.records import Encoding, MapImages, OpenRun
from latentlab.gui.session import Session
from latentlab.gui.threads.decoding import Decoder
from latentlab.gui.threads.encoding import Encoder, Survey
from latentlab.gui.threads.judging import Judged
from latentlab.gui.threads.model_thread import FromRun
from latentlab.images import Dataset, Images
from latentlab.runs.folder import RunFolder

POINTS = 900


def finished(work) -> np.ndarray:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


class Map:
    """A real run's map, in a session, with the room that looks after what the colours ask for."""

    def __init__(self, qtbot, run: RunFolder, digits: Dataset) -> None:
        self.qtbot, self.run, self.digits = qtbot, run, digits
        self.loaded: Loaded = load(run.path)
        self.session, self.encoder = Session(), Encoder()
        self.judging = Judging(self.session, self.encoder)
        self.surveyed: list[Survey] = []
        self.encoder.surveyed.connect(self.surveyed.append)
        self.encoder.surveyed.connect(lambda survey: self.session.set_encoding(survey.encoding))
        self.encoder.opened.connect(lambda _weights, step: self.session.set_model_ready(True))

    def open(self, first: int = 100) -> Images:
        some = self.digits.at(np.arange(first, first + POINTS))
        config = self.loaded.config
        self.session.open(OpenRun(self.run.path, "small", config, (1, 8, 8), self.digits.class_names, False, "done"))
        self.session.set_images(MapImages(some.index, np.asarray(some.pixels), some.labels))
        self.encoder.use(FromRun(self.run.path))
        self.encoder.ask("map", some)
        return some

    def wait(self, fact: str) -> np.ndarray:
        self.qtbot.waitUntil(lambda: getattr(self.session.facts, fact, None) is not None, timeout=20000)
        return getattr(self.session.facts, fact)


@pytest.fixture
def shown(qtbot, trained_run: RunFolder, digits: Dataset) -> Iterator[Map]:
    found = Map(qtbot, trained_run, digits)
    yield found
    found.encoder.close()
    found.encoder.deleteLater()


def test_nothing_is_computed_that_nobody_looks_at(shown: Map):
    shown.open()
    shown.judging.want("class")
    shown.qtbot.waitUntil(lambda: shown.session.encoding is not None, timeout=20000)
    shown.qtbot.wait(100)
    assert shown.session.facts is None


def test_what_is_chosen_comes_row_for_row(shown: Map):
    shown.judging.want("density")  # before there is a run
    some = shown.open()
    density = shown.wait("density")
    assert np.allclose(density, finished(log_density(shown.session.encoding.mu)))
    assert shown.session.facts.step == shown.loaded.step
    shown.judging.want("anomaly")
    scores = shown.wait("anomaly")
    assert np.allclose(scores, finished(anomaly_scores(shown.loaded.model, some)), rtol=1e-4)
    assert np.array_equal(shown.session.facts.density, density), "what was known stays known"


def test_what_was_asked_of_another_run_is_never_shown(shown: Map):
    shown.judging.want("anomaly")
    first = shown.open()
    shown.qtbot.waitUntil(lambda: shown.session.encoding is not None, timeout=20000)
    other = shown.open(first=850)
    assert shown.session.facts is None
    scores = shown.wait("anomaly")
    assert np.allclose(scores, finished(anomaly_scores(shown.loaded.model, other)), rtol=1e-4)
    assert not np.allclose(scores, finished(anomaly_scores(shown.loaded.model, first)), rtol=1e-2)


def test_new_weights_are_judged_anew(shown: Map):
    shown.judging.want("density")
    shown.open()
    shown.wait("density")
    before = shown.session.encoding
    shown.session.set_encoding(replace(before, mu=before.mu * 3, step=before.step + 20))
    shown.session.set_encoding(replace(before, mu=before.mu * 2, step=before.step + 50))  # while those are judged
    shown.qtbot.waitUntil(lambda: shown.session.facts.step == before.step + 50, timeout=20000)
    assert np.allclose(shown.session.facts.density, finished(log_density(before.mu * 2)), atol=1e-3)


def test_long_work_lets_what_is_shown_go_first(shown: Map, monkeypatch: pytest.MonkeyPatch):
    """Between two steps of the score a survey is made; and the score is whole all the same."""
    begun, asked, surveyed = threading.Event(), threading.Event(), threading.Event()
    went_first: list[bool] = []
    from latentlab.explore import anomaly

    inner = anomaly._scored

    def slow(*args):
        if begun.is_set():
            went_first.append(surveyed.wait(10))
        begun.set()
        asked.wait(10)
        return inner(*args)

    some = shown.open()
    shown.qtbot.waitUntil(lambda: len(shown.surveyed) == 1, timeout=20000)
    monkeypatch.setattr(anomaly, "_scored", slow)
    shown.encoder.surveyed.connect(lambda _survey: surveyed.set())
    shown.judging.want("anomaly")
    shown.qtbot.waitUntil(begun.is_set, timeout=20000)
    shown.encoder.ask("map", some)
    asked.set()
    scores = shown.wait("anomaly")
    monkeypatch.undo()
    assert went_first
    assert all(went_first)
    assert np.allclose(scores, finished(anomaly_scores(shown.loaded.model, some)), rtol=1e-4)


def test_of_two_long_answers_that_wait_only_the_newer_is_given(qtbot, trained_run: RunFolder):
    decoder, answers = Decoder(), []
    decoder.decoded.connect(lambda *answer: answers.append(answer))
    try:
        decoder.use(FromRun(trained_run.path))
        z = np.random.default_rng(0).standard_normal((400, 4)).astype(np.float32)
        decoder.ask("thumbnails", z, None, "old")
        number = decoder.ask("thumbnails", z[:200], None, "new")
        qtbot.waitUntil(lambda: bool(answers), timeout=20000)
        assert [answer[1] for answer in answers] == [number]
        assert np.array_equal(answers[0][2], load(trained_run.path).decode(z[:200]))
    finally:
        decoder.close()
        decoder.deleteLater()


def test_facts_go_with_their_rows(shown: Map):
    shown.judging.want("density")
    shown.open()
    shown.wait("density")
    other = shown.digits.at(np.arange(300, 300 + POINTS))
    encoding = shown.session.encoding
    shown.session.set_encoding(Encoding(other.index, encoding.mu, encoding.kl_per_dim, encoding.step))
    assert shown.session.facts is None or shown.session.facts.density is None
    late = Judged("density", encoding.index, encoding.step, np.zeros(POINTS, np.float32))
    shown.encoder.judged.emit(late)
    assert shown.session.facts is None or not np.array_equal(shown.session.facts.density, late.values)


def test_points_are_reconstructed_as_the_model_does_it_for_each(shown: Map):
    decoder = Decoder()
    picturing = Picturing(shown.session, decoder)
    try:
        shown.open()
        decoder.use(FromRun(shown.run.path))
        shown.qtbot.waitUntil(lambda: shown.session.encoding is not None, timeout=20000)
        rows = np.array([5, 800, 3, 77, *range(100, 300)])
        picturing.want(rows)
        shown.qtbot.waitUntil(lambda: shown.session.point_pictures is not None, timeout=20000)
        pictures, encoding = shown.session.point_pictures, shown.session.encoding
        assert np.array_equal(pictures.index, encoding.index[rows])
        assert pictures.step == shown.loaded.step
        assert np.array_equal(pictures.pixels, shown.loaded.decode(encoding.mu[rows]))
        shown.session.set_point_pictures(None)
        picturing.want(rows)
        shown.session.set_encoding(replace(encoding, step=encoding.step + 1))  # meanwhile they moved
        decoder.ask("place", encoding.mu[:1], None, "after")
        answers: list[str] = []
        decoder.decoded.connect(lambda channel, *_rest: answers.append(channel))
        shown.qtbot.waitUntil(lambda: "thumbnails" in answers, timeout=20000)
        assert shown.session.point_pictures is None, "what is stale is dropped"
    finally:
        decoder.close()
        decoder.deleteLater()


def test_what_going_back_dropped_is_asked_for_again(shown: Map):
    shown.judging.want("anomaly")
    some = shown.open()
    shown.qtbot.waitUntil(lambda: shown.session.encoding is not None, timeout=20000)
    assert shown.session.facts is None, "it is being computed"
    shown.session.set_history(epochs=(0, 1), shown=0)
    shown.encoder.use(FromRun(shown.run.path), anew=True)
    shown.encoder.ask("map", some)
    assert len(shown.wait("anomaly")) == POINTS
