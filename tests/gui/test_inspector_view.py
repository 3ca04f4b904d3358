"""The inspector: the right picture, always, and how well it is reconstructed."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from latentlab.gui.records import Encoding, MapImages, Place
from latentlab.gui.session import Session
from latentlab.gui.views.inspector_view import InspectorView, nearest_rows
from latentlab.gui.widgets import theme, usual
from latentlab.gui.widgets.picture import PictureView, diverging, signed_error
from latentlab.gui.widgets.thumbnails import Thumbnails


def shown(qtbot: QtBot, session: Session) -> InspectorView:
    view = InspectorView(session)
    qtbot.addWidget(view)
    view.resize(308, 180)
    view.show()
    qtbot.waitExposed(view)
    return view


def picture(view: InspectorView, name: str) -> PictureView:
    return view.findChild(PictureView, f"inspector_{name}")


def texts(view: InspectorView) -> str:
    return " ".join(label.text() for label in view.findChildren(QLabel) if label.isVisible())


def test_the_selected_picture_its_reconstruction_and_their_difference(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    with qtbot.waitSignal(view.fact_changed) as told:
        explored.select(5)
    assert told.args[0] == f"selected #105 · {explored.label_of(5)}"
    assert np.array_equal(picture(view, "input").pixels, explored.images.pixels[5])
    assert picture(view, "output").pixels is None
    output = np.full((1, 8, 8), 90, np.uint8)
    explored.set_reconstruction(output)
    assert np.array_equal(picture(view, "output").pixels, output)
    expected = diverging(signed_error(explored.images.pixels[5], output))
    assert np.array_equal(picture(view, "error").pixels, expected)
    terms = explored.encoding
    rec, kl = float(terms.reconstruction[5]), float(terms.kl[5])
    assert [float(line.split()[-1]) for line in view._figures.text().splitlines()] == pytest.approx(
        [rec + kl, rec, kl], abs=0.051
    )


def test_another_selection_never_keeps_the_last_reconstruction(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.select(5)
    explored.set_reconstruction(np.full((1, 8, 8), 90, np.uint8))
    explored.select(6)
    assert np.array_equal(picture(view, "input").pixels, explored.images.pixels[6])
    assert picture(view, "output").pixels is None
    assert picture(view, "error").pixels is None
    explored.select(None)
    assert picture(view, "input").pixels is None
    assert "Click a point" in texts(view)


def test_pictures_are_found_by_index_even_where_rows_differ(qtbot: QtBot, explored: Session):
    """The bug that is never forgiven: points and pictures arrive apart, and in another order."""
    view = shown(qtbot, explored)
    images, encoding = explored.images, explored.encoding
    shuffled = np.random.default_rng(0).permutation(len(images.index))
    explored.set_images(MapImages(images.index[shuffled], images.pixels[shuffled], images.labels[shuffled]))
    explored.select(5)
    assert np.array_equal(picture(view, "input").pixels, images.pixels[5])
    later = np.arange(50, 80)
    explored.set_encoding(Encoding(encoding.index[later], encoding.mu[later], encoding.kl_per_dim, 200))
    assert np.array_equal(picture(view, "input").pixels, images.pixels[55])
    without = np.flatnonzero(images.index != encoding.index[55])
    explored.set_images(MapImages(images.index[without], images.pixels[without], images.labels[without]))
    assert picture(view, "input").pixels is None, "a picture that is not there is not replaced by another one"


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
    assert view._usual.palette().color(view._usual.foregroundRole()).name().upper() == getattr(theme.current(), colour)
    assert ("On the map" in view._usual.toolTip()) == (gap is not None), "all that was measured is told there"
    assert "In latent space" in view._usual.toolTip()
    assert picture(view, "decoded").pixels.max() == 7
    assert (view._decoded._opacity < 1) == (colour != "usual")


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
    with qtbot.waitSignal(view.nearest_chosen, check_params_cb=lambda chosen: chosen == near[2]):
        qtbot.mouseClick(row, Qt.MouseButton.LeftButton, pos=QPoint(2 * 36 + 10, 10))
    row.setFocus()
    qtbot.keyClick(row, Qt.Key.Key_Right)
    with qtbot.waitSignal(view.nearest_chosen, check_params_cb=lambda chosen: chosen == near[3]):
        qtbot.keyClick(row, Qt.Key.Key_Return)


def test_nearest_rows_are_sorted_and_no_more_than_there_are():
    mu = np.array([[0.0], [5.0], [1.0], [2.0]], np.float32)
    assert nearest_rows(mu, np.zeros(1, np.float32), 3).tolist() == [0, 2, 3]
    assert nearest_rows(mu, np.zeros(1, np.float32), 9).tolist() == [0, 2, 3, 1]
    assert len(nearest_rows(mu[:0], np.zeros(1, np.float32), 3)) == 0


def test_the_error_follows_the_theme(qtbot: QtBot, explored: Session, qapp):
    view = shown(qtbot, explored)
    explored.select(5)
    explored.set_reconstruction(explored.images.pixels[5].copy())
    for choice, colours in (("light", theme.LIGHT), ("dark", theme.DARK)):
        theme.apply(qapp, choice)
        assert tuple(picture(view, "error").pixels[:, 0, 0]) == theme.rgb(colours.card)


def test_without_a_run_it_says_what_will_be_here(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.select(5)
    explored.open(None)
    assert "Open a run" in texts(view)
    assert picture(view, "input").pixels is None


def test_a_code_without_terms_has_no_figures(qtbot: QtBot, explored: Session):
    view = shown(qtbot, explored)
    explored.set_encoding(replace(explored.encoding, reconstruction=None, kl=None))
    explored.select(1)
    assert view._figures.text() == ""
