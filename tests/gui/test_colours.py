"""What the points' colours say is true of each point, in either theme; and the legend counts and names it."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentlab.explore import palettes
from latentlab.explore.colour_vision import oklab
from latentlab.gui.records import Layout, PointFacts
from latentlab.gui.session import Session
from latentlab.gui.views.map.view import MapView
from latentlab.gui.widgets import colouring, theme
from latentlab.gui.widgets.card import Card

KL_ORDER = [1, 5, 3, 0, 2, 4]  # of the dimensions in `explored`; the last two are inactive


@pytest.fixture
def view(qtbot: QtBot, qapp, explored: Session) -> Iterator[MapView]:
    theme.apply(qapp, "dark")
    shown, card = MapView(explored), Card("Map")
    for control in shown.header_controls:
        card.heading.add_control(control)
    card.body.addWidget(shown)
    qtbot.addWidget(card)
    card.resize(700, 600)
    card.show()
    qtbot.waitExposed(card)
    places = np.random.default_rng(0).uniform(0, 1, (400, 2)).astype(np.float32)
    explored.set_layout(Layout("pca", places))
    yield shown
    assert card is shown.window()


def choose(view: MapView, key: str) -> None:
    place = view.colour.findData(key)
    assert place >= 0, f"there is no {key}"
    view.colour.setCurrentIndex(place)
    view.colour.activated.emit(place)


def drawn(view: MapView) -> np.ndarray:
    """(N, 3) the colour of each point, 0 to 255."""
    shown = view.points.colouring
    return np.array([theme.rgb(colour) for colour in shown.colours])[shown.groups]


def lightness(view: MapView) -> np.ndarray:
    return oklab(drawn(view) / 255)[:, 0]


@pytest.mark.parametrize("choice", ["dark", "light"])
def test_classes_have_the_colours_of_the_theme_and_are_counted(view: MapView, explored: Session, choice: str):
    theme.apply(QApplication.instance(), choice)
    labels = explored.images.labels
    expected = np.array([theme.rgb(colour) for colour in palettes.classes(10, choice == "dark")])
    assert np.array_equal(drawn(view), expected[labels])
    counts = [button.count for button in view.legend.buttons]
    assert counts == [(int((labels == label).sum()),) * 2 for label in range(10)]
    theme.apply(QApplication.instance(), "dark")


@pytest.mark.parametrize("key", ["reconstruction", "kl", "density", "anomaly"])
@pytest.mark.parametrize("choice", ["dark", "light"])
def test_a_value_rises_with_the_lightness_of_its_colour(view: MapView, explored: Session, key: str, choice: str):
    theme.apply(QApplication.instance(), choice)
    values = np.random.default_rng(1).normal(size=400).astype(np.float32)
    explored.set_encoding(replace(explored.encoding, reconstruction=values, kl=values))
    explored.set_facts(PointFacts(100, values, values))
    choose(view, key)
    order = np.argsort(values)
    assert (np.diff(lightness(view)[order]) >= -1e-6).all()
    assert len(np.unique(view.points.colouring.groups)) == colouring.STEPS
    theme.apply(QApplication.instance(), "dark")


def test_a_latent_dimension_is_coloured_around_nought(view: MapView, explored: Session):
    choose(view, "z1")
    mu = explored.encoding.mu[:, 1]
    warmth = oklab(drawn(view) / 255)[:, 2]  # blue to yellow
    assert np.corrcoef(np.sign(mu), warmth)[0, 1] > 0.7
    near, far = np.abs(mu) < 0.1, np.abs(mu) > 1.5
    assert lightness(view)[far].mean() > lightness(view)[near].mean() + 0.1, "away from the dark ground"
    scale = view.points.colouring.scale
    assert scale.low == -scale.high
    assert scale.middle == 0


def test_outliers_share_the_colours_of_the_ends_and_are_said(view: MapView, explored: Session):
    values = np.linspace(0, 1, 400).astype(np.float32)
    values[:2] = (1000, -1000)
    explored.set_encoding(replace(explored.encoding, kl=values))
    choose(view, "kl")
    shown = view.points.colouring
    assert shown.groups[0] == colouring.STEPS - 1
    assert shown.groups[1] == 0
    assert 0 < shown.scale.low < shown.scale.high < 1.01
    assert shown.scale.below + shown.scale.above == 8
    assert shown.scale.words().note == "8 beyond the ends"
    assert "nats" in shown.scale.words().high
    assert np.bincount(shown.groups).max() < 30, "the rest is not flattened"


def test_a_scale_filters_by_its_parts(view: MapView, explored: Session, qtbot: QtBot):
    values = np.arange(400, dtype=np.float32)
    explored.set_encoding(replace(explored.encoding, kl=values))
    choose(view, "kl")
    view.shown.connect(explored.set_visible)
    parts = view.legend.buttons
    assert len(parts) == colouring.BINS
    assert sum(part.count[0] for part in parts) == 400
    rects = [part.geometry() for part in parts]
    assert all(one.right() + 1 == other.left() for one, other in itertools.pairwise(rects)), "one band"
    assert all(view.legend.rect().contains(rect) for rect in rects)
    qtbot.mouseClick(parts[0], Qt.MouseButton.LeftButton)
    hidden = ~explored.visible
    assert hidden.sum() == parts[0].count[0]
    assert hidden[: hidden.sum()].all(), "the lowest values, and no others"
    theme.apply(QApplication.instance(), "light")
    assert np.array_equal(~explored.visible, hidden), "another theme shows nothing again"
    theme.apply(QApplication.instance(), "dark")


def test_what_is_not_known_yet_is_said(view: MapView, explored: Session):
    explored.set_model_ready(False)
    choose(view, "density")
    assert "waiting for the model" in view.legend.entries()[0][0]
    explored.set_model_ready(True)
    assert "being computed" in view.legend.entries()[0][0]
    assert not view.legend.buttons[0].isEnabled(), "there is nothing to filter by"
    explored.set_facts(PointFacts(100, density=np.arange(400, dtype=np.float32)))
    assert "being computed" not in view.legend.entries()[0][0]
    assert view.points.colouring.scale.high == pytest.approx(395, abs=1)


def test_the_choice_says_what_it_wants_and_stays_with_another_run(view: MapView, explored: Session):
    wanted: list[str] = []
    view.points.wanted.connect(wanted.append)
    choose(view, "anomaly")
    assert wanted == ["anomaly"]
    explored.open(replace(explored.run, path=explored.run.path / "other"))
    assert view.colour.currentData() == "anomaly"
    assert wanted[-1] == "anomaly"


def test_dimensions_are_listed_by_their_kl_the_inactive_last(view: MapView):
    keys = [view.colour.itemData(place) for place in range(view.colour.count())]
    texts = [view.colour.itemText(place) for place in range(view.colour.count())]
    dims = [key for key in keys if key and key.startswith("z")]
    assert dims == [f"z{dim}" for dim in KL_ORDER]
    assert texts[keys.index("z1")] == "z 1 · 2.5 nats"
    assert [text for text in texts if "inactive" in text] == ["z 2 · inactive", "z 4 · inactive"]
    assert view.colour.shown_text() == "colour: class"


@pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, any list that opens
def test_any_of_very_many_dimensions_is_found_by_typing(qtbot: QtBot, view: MapView, explored: Session):
    config = explored.run.config
    many = config.model_copy(update={"model": config.model.model_copy(update={"latent_dim": 128})})
    explored.open(replace(explored.run, config=many))
    lines = view.colour.view()
    view.colour.showPopup()
    assert lines.height() < 500, "it scrolls"
    for key in "z112":
        qtbot.keyClick(lines, key)
    assert lines.currentIndex().data() == "z 112"
    qtbot.keyClick(lines, Qt.Key.Key_Return)
    assert view.colour.currentData() == "z112"
    view.colour.hidePopup()


def test_runs_without_classes_begin_with_an_error(view: MapView, explored: Session):
    explored.open(replace(explored.run, path=explored.run.path / "other", class_names=()))
    assert view.colour.findData("class") == -1
    assert view.colour.currentData() == "reconstruction"


values = st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=1, max_size=60)


@settings(max_examples=80, deadline=None)
@given(values=values, centred=st.booleans())
def test_every_value_has_a_colour_and_an_entry(qapp, values: list[float], centred: bool):
    with np.errstate(over="ignore"):
        shown = colouring.by_value(np.array(values, np.float32), "KL", " nats", centred)
    assert shown.groups.shape == (len(values),)
    assert 0 <= shown.groups.min() <= shown.groups.max() < len(shown.colours)
    if shown.legend:
        entries = shown.entries()
        assert 0 <= entries.min() <= entries.max() < len(shown.legend)
        finite = np.isfinite(np.array(values, np.float32))
        order = np.argsort(np.array(values, np.float32)[finite], kind="stable")
        assert (np.diff(entries[finite][order]) >= 0).all(), "entries go up with the values"
        if not finite.all() and shown.scale is not None:
            assert shown.legend[-1][0] == "not finite"
            assert (entries[~finite] == len(shown.legend) - 1).all()
    else:
        assert shown.note
