"""The inspector: the right picture, always, and how well it is reconstructed."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton, QSpinBox, QStackedWidget
from pytestqt.qtbot import QtBot

from latentlab.explore.colour_vision import distances
from latentlab.explore.inspection import Filled, Inspection, Surroundings
from latentlab.gui.records import Encoding, MapImages, Place, PointFacts
from latentlab.gui.session import Session
from latentlab.gui.states.inspector import Peers, Subject, picture_of
from latentlab.gui.views.inspector.extremes import extreme
from latentlab.gui.views.inspector.place import nearest_rows
from latentlab.gui.views.inspector.view import PARTS, InspectorView
from latentlab.gui.widgets import theme, usual
from latentlab.gui.widgets.intervals import Interval
from latentlab.gui.widgets.picture import PictureView, diverging, signed_error
from latentlab.gui.widgets.thumbnails import Thumbnails


def shown(qtbot: QtBot, session: Session) -> InspectorView:
    view = InspectorView(session)
    qtbot.addWidget(view)
    view.resize(308, 240)
    view.show()
    qtbot.waitExposed(view)
    return view


def picture(view: InspectorView, name: str) -> PictureView:
    return view.findChild(PictureView, f"inspector_{name}")


def texts(view: InspectorView) -> str:
    return " ".join(label.text() for label in view.findChildren(QLabel) if label.isVisible())


def inspection(d: int = 6, **changes: object) -> Inspection:
    mu, kl = np.linspace(-1, 1, d, dtype=np.float32), np.linspace(0.1, 2, d, dtype=np.float32)
    ones = np.ones(d, np.float32)
    found = Inspection(mu, ones / 2, 0 * ones, ones, kl, 30.0, 28.0, np.full((1, 8, 8), 90, np.uint8), 36.0, None, 100)
    return replace(found, **changes)


def sample(session: Session, row: int) -> Subject:
    pixels = picture_of(session.encoding, session.images, row)
    return Subject(pixels, f"#{session.encoding.index[row]} · {session.label_of(row)}", row, row + 100)


def term(view: InspectorView, key: str) -> str:
    return view.findChild(QLabel, f"inspector_{key}").text()


def test_the_image_its_reconstruction_their_difference_and_the_terms(qtbot: QtBot, explored: Session):
    view, state = shown(qtbot, explored), explored.inspector
    with qtbot.waitSignal(view.fact_changed) as told:
        state.set_subject(sample(explored, 5))
    assert told.args[0] == f"#105 · {explored.label_of(5)}"
    assert np.array_equal(picture(view, "input").pixels, explored.images.pixels[5])
    assert picture(view, "output").pixels is None
    found = inspection()
    state.set_inspection(found, None)
    assert np.array_equal(picture(view, "output").pixels, found.output)
    expected = diverging(signed_error(explored.images.pixels[5], found.output))
    assert np.array_equal(picture(view, "error").pixels, expected)
    kl = float(found.kl_per_dim.sum())
    assert [term(view, key) for key in ("neg_elbo", "reconstruction", "kl")] == [f"{30 + kl:.1f}", "30.0", f"{kl:.1f}"]
    assert term(view, "bits") == "–", "of a cross-entropy there are no bits"
    state.set_inspection(inspection(bits_per_dim=1.234), None)
    assert term(view, "bits") == "1.23"


@pytest.mark.parametrize("dark", [True, False])
def test_the_sign_of_the_error_is_seen_whatever_the_eyes(qtbot: QtBot, explored: Session, qapp, dark: bool):
    theme.apply(qapp, "dark" if dark else "light")
    view, state = shown(qtbot, explored), explored.inspector
    pixels, output = np.full((1, 8, 8), 100, np.uint8), np.full((1, 8, 8), 100, np.uint8)
    output[0, 0], output[0, 7] = 255, 0
    state.set_subject(Subject(pixels, "made"))
    state.set_inspection(inspection(output=output), None)
    error = picture(view, "error").pixels
    light, dark_, none = error[:, 0, 0], error[:, 7, 0], error[:, 4, 0]
    assert light[2] > light[0], "too light is blue"
    assert dark_[0] > dark_[2], "too dark is red"
    assert tuple(none) == theme.rgb(theme.current().card)
    for vision in ("normal", "protanopia", "deuteranopia", "tritanopia"):
        apart = distances(np.stack([light, dark_, none]) / 255, vision)
        assert apart[0, 1] > 0.15, vision
        assert min(apart[0, 2], apart[1, 2]) > 0.15, vision


def test_how_unusual_it_is_among_the_points_of_the_map(qtbot: QtBot, explored: Session):
    view, state = shown(qtbot, explored), explored.inspector
    words = view.findChild(QLabel, "inspector_anomaly")
    state.set_subject(sample(explored, 5))
    state.set_inspection(inspection(anomaly=36.0), None)
    assert words.text() == "Anomaly score 36.0 nats"
    state.set_peers(Peers(100, np.array([1, 2, 3, 50], np.float32)))
    assert "more unusual than 75 % of 4 points" in words.text()
    explored.set_facts(PointFacts(100, anomaly=np.r_[np.zeros(360), np.full(40, 99)].astype(np.float32)))
    assert "more unusual than 90 % of 400 points" in words.text(), "the map's own scores go first"
    state.set_inspection(inspection(anomaly=100.0), None)
    assert "more unusual than all 400 points" in words.text()
    state.set_inspection(inspection(anomaly=36.0), None)
    explored.set_facts(PointFacts(90, anomaly=np.zeros(400, np.float32)))
    state.set_peers(Peers(90, np.zeros(3, np.float32)))
    assert words.text() == "Anomaly score 36.0 nats", "scores of other weights say nothing"


def test_another_image_never_keeps_what_was_found_of_the_last(qtbot: QtBot, explored: Session):
    view, state = shown(qtbot, explored), explored.inspector
    state.set_subject(sample(explored, 5))
    state.set_inspection(inspection(), None)
    state.set_filled(Filled(explored.images.pixels[5], explored.images.pixels[5], 3, 9), True)
    state.set_subject(sample(explored, 6))
    assert np.array_equal(picture(view, "input").pixels, explored.images.pixels[6])
    for name in ("output", "error", "filled"):
        assert picture(view, name).pixels is None
    assert term(view, "kl") == "…"
    assert view.posterior.chart.current is None
    state.set_subject(None)
    assert picture(view, "input").pixels is None
    assert "Click a point" in texts(view)


def test_pictures_are_found_by_index_even_where_rows_differ(explored: Session):
    """The bug that is never forgiven: points and pictures arrive apart, and in another order."""
    images, encoding = explored.images, explored.encoding
    shuffled = np.random.default_rng(0).permutation(len(images.index))
    other = MapImages(images.index[shuffled], images.pixels[shuffled], images.labels[shuffled])
    assert np.array_equal(picture_of(encoding, other, 5), images.pixels[5])
    later = np.arange(50, 80)
    moved = Encoding(encoding.index[later], encoding.mu[later], encoding.kl_per_dim, 200)
    assert np.array_equal(picture_of(moved, other, 5), images.pixels[55])
    without = np.flatnonzero(images.index != encoding.index[55])
    fewer = MapImages(images.index[without], images.pixels[without], images.labels[without])
    assert picture_of(moved, fewer, 5) is None, "a picture that is not there is not replaced by another one"


@pytest.mark.parametrize(
    ("usual", "gap", "words", "colour"),
    [
        (34.2, None, "near the data · farther out than 34 % of the images", "usual"),
        (0.0, 12.0, "near the data · as near as the nearest images", "usual"),
        (70.0, 40.0, "near the data · farther out than 70 % of the images", "usual"),
        (97.0, None, "edge of the data · farther out than 97 % of the images", "unusual"),
        (99.0, 96.0, "far from all data · farther out than 99 % of the images", "bad"),
        (34.2, 97.0, "at a rim of the map · blend: near the data", "unusual"),
        (34.2, 100.0, "in a gap of the map · blend: near the data", "bad"),
        (100.0, 100.0, "in a gap of the map · blend: far from all data", "bad"),
    ],
)
def test_the_place_is_said_in_words_and_colour(
    qtbot: QtBot, explored: Session, usual: float, gap: float | None, words: str, colour: str
):
    view = shown(qtbot, explored)
    explored.set_place(Place(explored.place.z, origin="blend of 8 neighbours", usual=usual, gap=gap))
    explored.set_picture(np.full((1, 8, 8), 7, np.uint8))
    assert f"■ {words}" in texts(view)
    assert "blend of 8 neighbours" in texts(view)
    assert view.place.usual.palette().color(view.place.usual.foregroundRole()).name().upper() == getattr(
        theme.current(), colour
    )
    assert ("On the map" in view.place.usual.toolTip()) == (gap is not None), "all that was measured is told there"
    assert "In latent space" in view.place.usual.toolTip()
    assert picture(view, "decoded").pixels.max() == 7
    assert (view.place.decoded._opacity < 1) == (colour != "usual")


def test_a_picture_fades_the_farther_it_is_from_the_data():
    shown = [usual.opacity(percentile) for percentile in (0, 50, 95, 96, 97, 98.75, 100)]
    assert shown == sorted(shown, reverse=True)
    assert shown[:3] == [1.0, 1.0, 1.0]
    assert 0.2 < shown[-1] < shown[-2] < shown[-3] < 0.8
    assert usual.opacity(None) == 1.0


def test_the_nearest_pictures_are_those_of_the_place_and_can_be_chosen(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.set_place(Place(explored.encoding.mu[37]))
    row = view.findChild(Thumbnails, "inspector_nearest")
    qtbot.waitUntil(lambda: len(row.pictures) == 6 and np.array_equal(row.pictures[0], explored.images.pixels[37]))
    near = nearest_rows(explored.encoding.mu, explored.encoding.mu[37], 6)
    with qtbot.waitSignal(view.row_chosen, check_params_cb=lambda chosen: chosen == near[2]):
        qtbot.mouseClick(row, Qt.MouseButton.LeftButton, pos=QPoint(2 * 32 + 10, 10))
    row.setFocus()
    qtbot.keyClick(row, Qt.Key.Key_Right)
    with qtbot.waitSignal(view.row_chosen, check_params_cb=lambda chosen: chosen == near[3]):
        qtbot.keyClick(row, Qt.Key.Key_Return)


def test_nearest_rows_are_sorted_and_no_more_than_there_are():
    mu = np.array([[0.0], [5.0], [1.0], [2.0]], np.float32)
    assert nearest_rows(mu, np.zeros(1, np.float32), 3).tolist() == [0, 2, 3]
    assert nearest_rows(mu, np.zeros(1, np.float32), 9).tolist() == [0, 2, 3, 1]
    assert len(nearest_rows(mu[:0], np.zeros(1, np.float32), 3)) == 0


def test_the_error_follows_the_theme(qtbot: QtBot, explored: Session, qapp):
    view = shown(qtbot, explored)
    explored.inspector.set_subject(sample(explored, 5))
    explored.inspector.set_inspection(inspection(output=explored.images.pixels[5].copy()), None)
    for choice, colours in (("light", theme.LIGHT), ("dark", theme.DARK)):
        theme.apply(qapp, choice)
        assert tuple(picture(view, "error").pixels[:, 0, 0]) == theme.rgb(colours.card)


def test_without_a_run_it_says_what_will_be_here(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.inspector.set_subject(sample(explored, 5))
    explored.open(None)
    assert "Open a run" in texts(view)
    assert picture(view, "input").pixels is None


def test_the_posterior_is_drawn_in_the_order_of_the_kl_and_inactive_dimensions_are_told(
    qtbot: QtBot, explored: Session
):
    view = shown(qtbot, explored)
    view.turn_to("posterior")
    explored.inspector.set_subject(sample(explored, 5))
    explored.inspector.set_inspection(inspection(), None)
    chart = view.posterior.chart
    assert chart.current.name == "z1", "the most informative of the run, as on the sliders"
    assert "inactive" not in chart.current.tip
    chart.setFocus()
    seen = [chart.current.name]
    for _ in range(9):
        qtbot.keyClick(chart, Qt.Key.Key_Right)
        seen.append(chart.current.name)
    assert seen[:6] == ["z1", "z5", "z3", "z0", "z2", "z4"]
    assert seen[6:] == ["z4"] * 4
    assert "inactive" in chart.current.tip
    assert chart.current.tip in texts(view), "what a mouse reads in the tooltip is read by keyboard too"
    with qtbot.waitSignal(view.around.asked) as asked:
        qtbot.keyClick(chart, Qt.Key.Key_Return)
    assert asked.args == [4, False]
    assert view.part == "around"


def test_of_very_many_dimensions_the_first_are_shown_and_it_is_said(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    view.turn_to("posterior")
    view.resize(308, 240)
    chart = view.posterior.chart
    explored.inspector.set_subject(sample(explored, 5))
    explored.inspector.set_inspection(inspection(), None)
    chart.set_intervals([Interval(n, f"z{n}", 0, 1, 0, 1, False, f"z{n}") for n in range(200)])
    qtbot.waitUntil(lambda: 20 < chart.fitting() < 80)


def test_what_is_around_the_code_can_be_gone_to(qtbot: QtBot, explored: Session):
    view, state = shown(qtbot, explored), explored.inspector
    view.turn_to("around")
    state.set_subject(sample(explored, 5))
    state.set_inspection(inspection(), None)
    probes, draws = np.eye(7, 6, dtype=np.float32), np.ones((14, 6), np.float32)
    pictures = np.zeros((14, 1, 8, 8), np.uint8)
    state.set_surroundings(Surroundings(draws, pictures, 5, np.arange(-3, 4, dtype=np.float32), probes, pictures[:7]))
    row = view.findChild(Thumbnails, "inspector_probes")
    with qtbot.waitSignal(view.around.place_chosen) as gone:
        qtbot.mouseClick(row, Qt.MouseButton.LeftButton, pos=QPoint(2 * 36 + 5, 5))
    assert np.array_equal(gone.args[0], probes[2])
    assert gone.args[1] == "μ-1σ along z5"
    with qtbot.waitSignal(view.around.asked) as asked:
        view.around.again()
    assert asked.args == [None, True]
    drawn = view.findChild(Thumbnails, "inspector_draws")
    assert drawn.height() > 60, "all of them are seen, in two rows"


def test_a_mask_is_chosen_and_filled_in(qtbot: QtBot, explored: Session):
    view, state = shown(qtbot, explored), explored.inspector
    view.turn_to("fill")
    state.set_subject(sample(explored, 5))
    button, masks = view.findChild(QPushButton, "inspector_fill"), view.findChild(QComboBox, "inspector_mask")
    assert not button.isEnabled(), "nothing is masked"
    masks.setFocus()
    for _ in range(2):
        qtbot.keyClick(masks, Qt.Key.Key_Down)
    assert masks.currentText() == "left half"
    with qtbot.waitSignal(view.fill.fill_asked) as asked:
        view.fill.press()
    known, iterations = asked.args
    assert known[:, 4:].all()
    assert not known[:, :4].any()
    assert iterations == 40
    now, mean = (np.full((1, 8, 8), value, np.uint8) for value in (10, 20))
    state.set_filled(Filled(now, mean, 2, 40), True)
    assert np.array_equal(picture(view, "filled").pixels, now)
    assert button.text() == "Stop"
    with qtbot.waitSignal(view.fill.stop_asked):
        view.fill.press()
    state.set_filled(Filled(now, mean, 40, 40), False)
    assert np.array_equal(picture(view, "filled").pixels, mean)
    assert len(view.findChild(Thumbnails, "inspector_filled_steps").pictures) == 2
    off = np.sqrt(np.mean(((20.0 - explored.images.pixels[5][0, :, :4]) / 255) ** 2))
    assert f"{off:.3f}" in texts(view)


def test_the_worst_and_the_best_are_shown_and_can_be_chosen(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    view.turn_to("extremes")
    worst, best = (view.findChild(Thumbnails, f"inspector_{name}") for name in ("worst", "best"))
    assert len(worst.pictures) == len(best.pictures) == 8
    assert np.array_equal(worst.pictures[0], explored.images.pixels[399])
    assert np.array_equal(best.pictures[1], explored.images.pixels[1])
    with qtbot.waitSignal(view.row_chosen, check_params_cb=lambda row: row == 398):
        qtbot.mouseClick(worst, Qt.MouseButton.LeftButton, pos=QPoint(34, 5))
    explored.set_encoding(replace(explored.encoding, reconstruction=None, kl=None))
    qtbot.waitUntil(lambda: "not known yet" in texts(view))


def test_extremes_do_without_what_is_not_a_number():
    values = np.array([3, np.nan, 1, 2], np.float32)
    assert extreme(values, 2, True).tolist() == [0, 3]
    assert extreme(values, 9, False).tolist() == [2, 3, 0]
    assert len(extreme(values[1:2], 3, True)) == 0


def test_the_class_in_force_is_seen(qtbot: QtBot, explored_cvae: Session):
    view = shown(qtbot, explored_cvae)
    explored_cvae.inspector.set_subject(sample(explored_cvae, 5))
    with qtbot.waitSignal(view.fact_changed) as told:
        explored_cvae.inspector.set_inspection(inspection(), 7)
    assert told.args[0].endswith("· as 7")


def test_every_control_has_its_three_names_and_the_keyboard_reaches_it(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.inspector.set_subject(sample(explored, 5))
    for kind in (QPushButton, QComboBox, QCheckBox, QSpinBox):
        for control in view.findChildren(kind):
            assert control.objectName().startswith("inspector_"), control
            assert control.accessibleName(), control.objectName()
            assert control.toolTip(), control.objectName()
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control.objectName()


@pytest.mark.parametrize("width", [258, 308, 420])
@pytest.mark.parametrize("part", [name for name, _, _ in PARTS])
def test_nothing_is_clipped(qtbot: QtBot, qapp, explored: Session, width: int, part: str):
    theme.apply(qapp, "dark")
    view = shown(qtbot, explored)
    state = explored.inspector
    state.set_subject(Subject(np.zeros((1, 8, 8), np.uint8), "a.png", note="a.png: 640×480 colour, scaled to 8×8"))
    state.set_inspection(inspection(), None)
    pictures = np.zeros((14, 1, 8, 8), np.uint8)
    state.set_surroundings(Surroundings(np.zeros((14, 6)), pictures, 0, np.zeros(7), np.zeros((7, 6)), pictures[:7]))
    state.set_filled(Filled(pictures[0], pictures[0], 2, 40), True)
    view.turn_to(part)
    view.resize(600, 700)
    qtbot.waitUntil(lambda: view.width() == 600)
    view.resize(width, 240)
    qtbot.waitUntil(lambda: view.width() == width)
    qtbot.waitUntil(lambda: _overhang(view) <= 0, timeout=2000)


def _overhang(view: InspectorView) -> int:
    """By how many pixels the part that is seen is wider than the room for it."""
    area = view.findChild(QStackedWidget).currentWidget()
    return area.widget().minimumSizeHint().width() - area.viewport().width()
