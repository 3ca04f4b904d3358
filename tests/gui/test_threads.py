"""The threads that hold a model, with real runs: what is answered, in which order, and that they end."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication

from latentlab.events import Snapshot
from latentlab.explore import decode as decoding
from latentlab.explore.loaded import Loaded, load
from latentlab.gui.threads.decoding import Decoder
from latentlab.gui.threads.encoding import Encoder
from latentlab.gui.threads.model_thread import FromRun, FromSnapshot
from latentlab.models.build import build
from latentlab.runs.folder import RunFolder

NOISE = np.random.default_rng(0)


class Heard:
    """What a model thread has said."""

    def __init__(self, thread: Decoder | Encoder) -> None:
        self.answers: list[Any] = []
        self.opened: list[tuple[Any, int]] = []
        self.failed: list[str] = []
        thread.opened.connect(lambda weights, step: self.opened.append((weights, step)))
        thread.failed.connect(self.failed.append)
        if isinstance(thread, Decoder):
            thread.decoded.connect(lambda *answer: self.answers.append(answer))
        else:
            thread.surveyed.connect(self.answers.append)
            thread.seen.connect(self.answers.append)


@pytest.fixture
def decoder(qapp) -> Iterator[Decoder]:
    thread = Decoder()
    yield thread
    thread.close()
    thread.deleteLater()


@pytest.fixture
def loaded(trained_run: RunFolder) -> Loaded:
    return load(trained_run.path)


def places(count: int = 1) -> np.ndarray:
    return NOISE.standard_normal((count, 4)).astype(np.float32)


def snapshot(loaded: Loaded, step: int, factor: float = 0.5) -> FromSnapshot:
    """The run's weights, all multiplied, as a training would publish them."""
    state = {name: value.detach() * factor for name, value in loaded.model.state_dict().items()}
    return FromSnapshot(loaded.config, loaded.image_shape, loaded.class_names, Snapshot(step, 1, state))


def test_a_request_is_answered_with_its_number_and_its_tag(qtbot, decoder: Decoder, loaded: Loaded, trained_run):
    heard = Heard(decoder)
    z, tag = places(3), object()
    number = decoder.ask("strip", z, None, tag)  # before there are weights: it waits for them
    qtbot.wait(50)
    assert not heard.answers
    decoder.use(FromRun(trained_run.path))
    number = decoder.ask("strip", z, None, tag)
    qtbot.waitUntil(lambda: bool(heard.answers))
    channel, answered, pixels, back, step = heard.answers[0]
    assert (channel, answered, back, step) == ("strip", number, tag, loaded.step)
    assert np.array_equal(pixels, loaded.decode(z))
    assert heard.opened == [(FromRun(trained_run.path), loaded.step)]


requests = st.lists(
    st.tuples(st.sampled_from(["place", "sample", "strip"]), st.sampled_from([1, 9, 700]), st.integers(0, 3)),
    min_size=1,
    max_size=25,
)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=requests)
def test_answers_of_a_channel_come_in_order_and_the_newest_always_comes(
    qtbot, decoder: Decoder, loaded: Loaded, trained_run, asked
):
    heard = Heard(decoder)
    decoder.use(FromRun(trained_run.path))
    newest, given_z = {}, {}
    for channel, count, milliseconds in asked:
        z = places(count)
        number = decoder.ask(channel, z, None, len(given_z))
        newest[channel], given_z[number] = number, z
        qtbot.wait(milliseconds)
    qtbot.waitUntil(lambda: set(newest.values()) <= {number for _, number, *_ in heard.answers})
    qtbot.wait(10)
    for channel, last in newest.items():
        numbers = [number for heard_in, number, *_ in heard.answers if heard_in == channel]
        assert numbers == sorted(set(numbers)), "never an older one after a newer one, and none twice"
        assert numbers[-1] == last
    for channel, number, pixels, tag, _ in heard.answers:
        assert list(given_z)[tag] == number, f"{channel}: the tag of the very request"
        assert np.array_equal(pixels, loaded.decode(given_z[number])), "the pictures of the very request"


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["move", "move", "move", "weights", "run"]), st.integers(0, 4)), max_size=25))
def test_in_a_drag_while_weights_change_no_picture_is_followed_by_an_older_one(
    qtbot, decoder: Decoder, loaded: Loaded, trained_run, done
):
    """Neither of an earlier place, nor by earlier weights; and none that was asked for of another run."""
    heard = Heard(decoder)
    decoder.use(FromRun(trained_run.path))
    step, last, first_of_run = 1000, 0, 0
    for what, milliseconds in done:
        if what == "move":
            last = decoder.ask("place", places(), None, None)
        elif what == "weights":
            step += 1
            decoder.use(snapshot(loaded, step))
        else:
            decoder.use(FromRun(trained_run.path))
            heard.answers.clear()
            first_of_run = last + 1
        qtbot.wait(milliseconds)
    last = decoder.ask("place", places(), None, None)
    qtbot.waitUntil(lambda: bool(heard.answers) and heard.answers[-1][1] == last)
    numbers, steps = [answer[1] for answer in heard.answers], [answer[4] for answer in heard.answers]
    assert numbers == sorted(set(numbers))
    assert numbers[0] >= first_of_run
    assert steps == sorted(steps)


def test_the_place_goes_first_and_only_the_newest_of_a_channel_is_decoded(qtbot, decoder: Decoder, trained_run):
    heard = Heard(decoder)
    decoder.use(FromRun(trained_run.path))
    qtbot.waitUntil(lambda: bool(heard.opened))
    with decoder._wake:  # what is asked while the thread cannot look waits together
        for channel in ("strip", "strip", "sample", "place", "place"):
            decoder.ask(channel, places(), None, channel)
    qtbot.waitUntil(lambda: len(heard.answers) >= 3)
    qtbot.wait(20)
    assert [(channel, number) for channel, number, *_ in heard.answers] == [("place", 5), ("strip", 2), ("sample", 3)]


def test_a_place_of_the_prior_is_drawn_by_the_thread_that_has_the_model(qtbot, decoder: Decoder, trained_run, loaded):
    drawn: list[np.ndarray] = []
    decoder.drawn.connect(drawn.append)
    decoder.use(FromRun(trained_run.path))
    for seed in (5, 5, 6):
        decoder.ask("prior", None, seed)
        count = len(drawn)
        qtbot.waitUntil(lambda count=count: len(drawn) > count)
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    assert np.array_equal(drawn[0], loaded.sample(1, seed=5)[0])


def test_the_picture_follows_a_drag_that_is_faster_than_the_decoder(qtbot, decoder: Decoder, trained_run):
    heard = Heard(decoder)
    decoder.use(FromRun(trained_run.path))
    qtbot.waitUntil(lambda: bool(heard.opened))
    many = places(20_000)
    until = time.monotonic() + 0.6
    asked = 0
    while time.monotonic() < until:
        asked = decoder.ask("place", many, None, None)  # each takes longer than the next takes to come
        QCoreApplication.processEvents()
        time.sleep(0.001)
    during = [number for _, number, *_ in heard.answers]
    assert len(during) >= 4, "it does not wait for the hand to rest"
    assert len(during) < asked, "nor works through what is long past"


def test_weights_go_from_a_run_to_snapshots_and_back(qtbot, decoder: Decoder, loaded: Loaded, trained_run):
    heard = Heard(decoder)
    z = places(2)

    def decoded() -> np.ndarray:
        number = decoder.ask("place", z, None, None)
        qtbot.waitUntil(lambda: any(answer[1] == number for answer in heard.answers))
        return heard.answers[-1][2]

    kept = loaded.decode(z)
    decoder.use(FromRun(trained_run.path))
    assert np.array_equal(decoded(), kept)
    for step, factor in ((900, 0.5), (901, 0.25)):
        decoder.use(snapshot(loaded, step, factor))
        qtbot.waitUntil(lambda step=step: heard.opened[-1][1] == step)
        changed = decoded()
        assert not np.array_equal(changed, kept)
        assert heard.answers[-1][4] == step
    decoder.use(FromRun(trained_run.path))
    assert np.array_equal(decoded(), kept)
    assert heard.answers[-1][4] == loaded.step


def test_long_work_is_of_the_weights_that_it_was_begun_with(
    qtbot, decoder: Decoder, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
):
    """Newer weights come after the first of its steps, and everything else is answered by those."""
    heard, z, begun = Heard(decoder), places(200), threading.Event()
    of_step = {step: snapshot(loaded, step, factor) for step, factor in ((900, 0.5), (901, -1.5))}

    def as_begun(*args: Any) -> np.ndarray:
        if not begun.is_set():
            begun.set()
            decoder.use(of_step[901])
            decoder.ask("place", z, None, None)
        return inner(*args)

    inner = decoding.decode
    monkeypatch.setattr(decoding, "decode", as_begun)
    decoder.use(of_step[900])
    qtbot.waitUntil(lambda: bool(heard.opened))
    decoder.ask("thumbnails", z, None, None)
    qtbot.waitUntil(lambda: len(heard.answers) == 2)
    answers = {channel: (step, pixels) for channel, _, pixels, _, step in heard.answers}
    for channel, step in (("thumbnails", 900), ("place", 901)):
        model = build(loaded.config.model, loaded.image_shape, len(loaded.class_names)).eval()
        model.load_state_dict(of_step[step].snapshot.state)
        assert answers[channel][0] == step
        assert np.array_equal(answers[channel][1], inner(model, z))


def test_what_was_forgotten_is_not_delivered_even_where_it_was_answered_already(
    qtbot, decoder: Decoder, loaded: Loaded, trained_run
):
    heard = Heard(decoder)
    decoder.use(FromRun(trained_run.path))
    qtbot.waitUntil(lambda: bool(heard.opened))
    decoder.ask("place", places(), None, None)
    decoder.use(snapshot(loaded, 900))
    time.sleep(0.3)  # both answers wait for the event loop now
    decoder.forget()
    qtbot.wait(50)
    assert len(heard.opened) == 1
    assert not heard.answers
    decoder.ask("place", places(), None, None)
    qtbot.wait(50)
    assert not heard.answers, "without weights there is no answer"


def test_weights_that_are_loaded_while_another_run_is_opened_are_not_its_own(
    qtbot, decoder: Decoder, trained_run, tmp_path: Path
):
    heard = Heard(decoder)
    for _ in range(10):
        decoder.use(FromRun(trained_run.path))
        time.sleep(0.001)
        decoder.forget()  # a run without a checkpoint was opened
    qtbot.wait(200)
    assert not heard.opened
    assert decoder._model is None


def test_a_damaged_run_is_said_in_a_sentence_and_the_next_one_works(qtbot, decoder: Decoder, trained_run, tmp_path):
    heard = Heard(decoder)
    empty = shutil.copytree(trained_run.path, tmp_path / "runs" / "empty")
    shutil.rmtree(empty / "checkpoints")
    decoder.use(FromRun(empty))
    qtbot.waitUntil(lambda: bool(heard.failed))
    assert "empty" in heard.failed[0]
    assert "\n" not in heard.failed[0]
    decoder.use(FromRun(trained_run.path))
    decoder.ask("place", places(), None, None)
    qtbot.waitUntil(lambda: bool(heard.answers))
    decoder.ask("place", np.zeros((1, 9), np.float32), None, None)  # of a run with other dimensions
    qtbot.waitUntil(lambda: len(heard.failed) == 2)
    assert "4 dimensions" in heard.failed[1]


def test_closing_ends_the_thread_at_once_even_while_it_works(qapp, trained_run):
    thread = Decoder()
    thread.use(FromRun(trained_run.path))
    for _ in range(50):
        thread.ask("strip", places(2000), None, None)
    began = time.monotonic()
    thread.close()
    assert time.monotonic() - began < 5
    assert not [each for each in threading.enumerate() if each.name == "decoding"]
    thread.deleteLater()


def test_other_weights_of_a_run_do_not_mirror_its_plane(qtbot, digits, trained_run, loaded: Loaded):
    """Also those that were gone back to; another run has no plane before it."""
    encoder = Encoder()
    heard = Heard(encoder)
    state = {
        name: value.detach() * (-1 if name.startswith("latent.mu") else 1)
        for name, value in loaded.model.state_dict().items()
    }
    turned = FromSnapshot(loaded.config, loaded.image_shape, loaded.class_names, Snapshot(3, 1, state))
    try:
        some, more = (digits.at(np.arange(200, last)) for last in (500, 700))

        def shown(images: Any) -> np.ndarray:
            count = len(heard.answers)
            encoder.ask("map", images)
            qtbot.waitUntil(lambda: len(heard.answers) > count)
            return heard.answers[-1].pca.project(heard.answers[-1].encoding.mu)

        encoder.use(FromRun(trained_run.path))
        first = shown(some)
        encoder.use(turned, anew=True)
        assert np.allclose(shown(some), first, atol=1e-3)
        assert (np.sum((shown(more)[:300] - first) ** 2, axis=0) < np.sum(first**2, axis=0)).all(), "nor do more points"
        encoder.use(FromRun(trained_run.path), anew=True)
        assert np.allclose(shown(some), first, atol=1e-3)
        encoder.forget()
        encoder.use(turned)
        assert np.allclose(shown(some), -first, atol=1e-3), "as one that is seen for the first time"
    finally:
        encoder.close()
        encoder.deleteLater()


def test_the_encoder_surveys_the_map_and_shows_the_live_images(qtbot, digits, trained_run, loaded: Loaded):
    encoder = Encoder()
    heard = Heard(encoder)
    try:
        images = digits.at(np.arange(200, 500))
        encoder.use(FromRun(trained_run.path))
        for _ in range(3):
            encoder.ask("map", images)
        qtbot.waitUntil(lambda: bool(heard.answers))
        survey = heard.answers[-1]
        assert np.array_equal(survey.encoding.index, images.index)
        assert np.allclose(survey.encoding.mu, loaded.encode(images), atol=1e-5)
        assert survey.encoding.step == loaded.step
        _, row = survey.neighbours.nearest(survey.encoding.mu[7], 1)
        assert np.allclose(survey.encoding.mu[row[0]], survey.encoding.mu[7])
        for seed in (0, 0, 1):
            encoder.ask("live", images.take(np.arange(5)), seed, None)
            count = len(heard.answers)
            qtbot.waitUntil(lambda count=count: len(heard.answers) > count)
        first, again, other = heard.answers[-3:]
        assert np.array_equal(first.inputs, images.pixels[:5])
        assert np.array_equal(first.outputs, loaded.decode(loaded.encode(images.pixels[:5])))
        assert np.array_equal(first.samples, again.samples), "the same noise each time"
        assert not np.array_equal(first.samples, other.samples), "until others are asked for"
        encoder.ask("map", images)
        time.sleep(0.3)
        encoder.forget()
        count = len(heard.answers)
        qtbot.wait(50)
        assert len(heard.answers) == count, "the points of a closed run are not shown"
    finally:
        encoder.close()
        encoder.deleteLater()
