"""Overlays on the map: what is drawn, and said, for what the session holds."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from latentlab.explore.overlays.gaussians import Ellipses
from latentlab.explore.overlays.holes import Holes
from latentlab.explore.overlays.kinds import KINDS, NAMES
from latentlab.explore.overlays.lattice import Field, Look, Sheet
from latentlab.explore.overlays.neighbours import Kept
from latentlab.explore.overlays.plane import Extent
from latentlab.gui.records import Layout
from latentlab.gui.session import Session
from latentlab.gui.views.map.view import MapView
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.card import Card
from latentlab.gui.widgets.named import wrapped

LEFT = Qt.MouseButton.LeftButton
WHOLE = Extent(-4.0, -4.0, 8.0, 8.0)


class Drawn:
    """A map with one point far away in a corner, and what is painted on it."""

    def __init__(self, qtbot: QtBot, view: MapView, session: Session, card: Card) -> None:
        self.qtbot, self.view, self.session, self.canvas, self.card = qtbot, view, session, view.canvas, card

    def want(self, name: str, shows: object) -> None:
        self.session.want_overlay(name, True)
        self.session.set_overlay(name, shows)

    def image(self) -> QImage:
        return self.canvas.grab().toImage()

    def colour(self, x: float, y: float) -> QColor:
        return self.image().pixelColor(self.canvas.to_pixels(x, y).toPoint())

    def unlike_ground(self, x: float, y: float, around: int = 0) -> float:
        """How far, in 0 to 255, what is painted there, or so many pixels around, is from the card's own colour."""
        image, at, ground = self.image(), self.canvas.to_pixels(x, y).toPoint(), QColor(theme.current().card)
        steps = range(-around, around + 1)
        seen = [image.pixelColor(at + QPoint(i, j)) for i in steps for j in steps]
        return max(abs(a - b) for each in seen for a, b in zip(ground.getRgb(), each.getRgb(), strict=True))


@pytest.fixture
def drawn(qtbot: QtBot, qapp, explored: Session) -> Drawn:
    theme.apply(qapp, "dark")
    view = MapView(explored)
    card = Card("Map")
    for control in view.header_controls:
        card.heading.add_control(control)
    card.body.addWidget(view)
    qtbot.addWidget(card)
    card.resize(680, 740)
    card.show()
    qtbot.waitExposed(card)
    coords = np.full((len(explored.encoding), 2), 4.0, np.float32)
    coords[:, 0] = np.linspace(-4, 4, len(coords))
    coords[0] = (-4.0, -4.0)
    explored.set_place(replace(explored.place, position=None, rows=None))
    explored.set_layout(Layout("pca", coords))
    qtbot.waitUntil(lambda: not view.points.gliding)
    qtbot.wait(60)
    return Drawn(qtbot, view, explored, card)


def field(values: np.ndarray, **more: object) -> Field:
    return Field(WHOLE, values.astype(np.float32), 0.0, 1.0, **more)


def test_nothing_is_drawn_or_said_until_it_is_wanted(drawn: Drawn):
    before = drawn.image()
    assert not drawn.view.overlays.legend.isVisible()
    assert not any(drawn.view.overlays.switch(name).isChecked() for name in NAMES)
    drawn.want("sensitivity", field(np.ones((8, 8))))
    assert drawn.image() != before
    drawn.session.set_overlay("sensitivity", None)
    drawn.session.want_overlay("sensitivity", False)
    assert drawn.image() == before
    assert not drawn.view.overlays.legend.isVisible()


def test_the_priors_contours_lie_at_1_2_and_3_sigma(drawn: Drawn):
    drawn.want("prior", Ellipses(np.array([[0.5, -0.25]]), np.array([np.diag([1.0, 0.25])])))
    for sigma in (1, 2, 3):
        marks = [
            max(drawn.unlike_ground(0.5 + sigma * np.cos(a), -0.25 + sigma * 0.5 * np.sin(a)) for a in angles)
            for angles in np.linspace(0.3, 2.8, 75).reshape(5, 15)
        ]
        assert min(marks) > 60, f"a line goes round at {sigma} sigma"
        assert drawn.unlike_ground(0.5 + sigma * 0.85, -0.25) < 10, "and there is none just inside"


def test_a_hole_has_the_colour_of_what_is_far_from_data_and_an_excess_another(drawn: Drawn):
    excess = np.zeros((80, 80), np.float32)
    excess[40:, :40], excess[:40, 40:] = -0.1, 0.1  # above left; below right
    drawn.want("holes", Holes(WHOLE, excess, 0.16, 0.3))
    hole, extra = drawn.colour(-2, 1), drawn.colour(2, -1)
    assert hole.red() > hole.blue() + 60
    assert extra.blue() > extra.red() + 60
    assert drawn.unlike_ground(2, 1) == 0, "where q is p nothing is laid"
    words = [words for words, _ in drawn.view.overlays.legend.lines()]
    assert words == ["prior without data: 30% of the prior", "more data than the prior expects"]


def test_a_field_lies_where_it_belongs_and_moves_along_when_the_map_is_zoomed(drawn: Drawn):
    values = np.zeros((8, 8))
    values[2, 5] = 1.0  # the cell about (1.5, -1.5)
    drawn.want("sensitivity", field(values))
    for _ in range(2):
        assert drawn.unlike_ground(1.5, -1.5) > 80
        assert drawn.unlike_ground(-1.5, 1.5) == 0
        drawn.canvas._scale *= 1.7  # as the wheel does
        drawn.canvas.redraw()


def test_a_stale_field_is_greyed(drawn: Drawn):
    drawn.want("sensitivity", field(np.ones((8, 8))))
    fresh = drawn.unlike_ground(0, 0)
    drawn.want("sensitivity", field(np.ones((8, 8)), stale=True))
    assert 0.2 * fresh < drawn.unlike_ground(0, 0) < 0.7 * fresh


def sheet(known: np.ndarray, complete: bool = True) -> Sheet:
    """Two by two plain pictures: red below left, green below right, blue above left, white above right."""
    colours = np.array([[0xFF0000FF, 0xFFFFFFFF], [0xFFFF0000, 0xFF00FF00]], np.uint32)  # from the top
    image = np.where(known[::-1], colours, 0).repeat(6, axis=0).repeat(6, axis=1)
    return Sheet(WHOLE, image.astype(np.uint32), known, 0, complete)


def test_pictures_lie_in_their_cells_and_the_last_sheet_stays_until_the_next_is_whole(drawn: Drawn):
    drawn.want("manifold", sheet(np.ones((2, 2), np.bool_)))
    below_left, above_left = drawn.colour(-2, -2), drawn.colour(-2, 2)
    assert below_left.red() > below_left.blue() + 100
    assert above_left.blue() > above_left.red() + 100
    moved = replace(sheet(np.array([[False, True], [False, False]]), complete=False), extent=Extent(-2, -4, 8, 8))
    drawn.want("manifold", moved)
    assert drawn.colour(-2.5, 2) == above_left, "the last one is still there"
    green = drawn.colour(3.5, -2)
    assert green.green() > green.red() + 60, "over it, what there is of the new one"


@pytest.mark.parametrize("name", ["holes", "sensitivity"])
def test_a_field_over_decoded_pictures_leaves_them_readable(drawn: Drawn, name: str):
    fields = {
        "holes": Holes(WHOLE, np.full((80, 80), -0.16, np.float32), 0.16, 0.3),
        "sensitivity": field(np.ones((8, 8))),
    }

    def apart() -> int:
        blue, white = drawn.colour(-2, 2), drawn.colour(2, 2)
        return sum(abs(a - b) for a, b in zip(blue.getRgb(), white.getRgb(), strict=True))

    drawn.want(name, fields[name])
    alone = drawn.unlike_ground(-2, -2)
    drawn.want("manifold", sheet(np.ones((2, 2), np.bool_)))
    both = apart()
    drawn.session.want_overlay(name, False)
    drawn.session.set_overlay(name, None)
    assert both > 0.6 * apart(), "two pictures can be told from one another"
    drawn.session.want_overlay("manifold", False)
    drawn.session.set_overlay("manifold", None)
    drawn.want(name, fields[name])
    assert drawn.unlike_ground(-2, -2) == alone, "without pictures it is as strong as ever"


def test_posteriors_are_drawn_about_their_points_wherever_these_are(drawn: Drawn):
    rows = np.array([200])
    drawn.want("posteriors", Ellipses(np.zeros((1, 2)), np.array([np.diag([0.25, 0.01])]), rows))
    coords = drawn.session.layout.coords.copy()
    coords[200] = (1.0, 0.0)
    drawn.session.set_layout(Layout("pca", coords))
    drawn.qtbot.waitUntil(lambda: not drawn.view.points.gliding)
    assert drawn.unlike_ground(1.5, 0.0, 1) > 60, "at 1 sigma along the first axis"
    assert drawn.unlike_ground(1.0, 0.1, 1) > 60
    assert drawn.unlike_ground(1.0, 0.5) == 0


def test_a_neighbour_that_the_map_tore_away_has_a_line_of_another_colour(drawn: Drawn):
    coords = drawn.session.layout.coords.copy()
    coords[[10, 11, 12]] = (0.0, 0.0), (2.0, 0.0), (0.0, -3.0)
    drawn.session.set_layout(Layout("umap", coords))
    drawn.qtbot.waitUntil(lambda: not drawn.view.points.gliding)
    drawn.want("neighbours", Kept(10, np.array([11, 12]), np.array([True, False])))
    near = [drawn.colour(x, 0.0) for x in np.linspace(0.5, 1.5, 9)]
    far = [drawn.colour(0.0, -y) for y in np.linspace(0.5, 2.5, 40)]
    assert max(colour.blue() - colour.red() for colour in near) > 60
    assert max(colour.red() - colour.blue() for colour in far) > 60
    assert ("1 of 2 true neighbours are near here, too", theme.current().accent) in drawn.view.overlays.legend.lines()


def test_rows_of_an_older_map_are_not_drawn_on_a_smaller_one(drawn: Drawn):
    drawn.want("neighbours", Kept(399, np.array([398]), np.array([True])))
    drawn.want("posteriors", Ellipses(np.zeros((1, 2)), np.eye(2)[None], np.array([399])))
    before = drawn.view.overlays.legend.isVisible()
    drawn.session.set_layout(Layout("pca", drawn.session.layout.coords[:50]))
    assert before
    assert not drawn.image().isNull(), "and nothing is raised"


def test_what_means_nothing_here_is_off_and_says_why(drawn: Drawn):
    drawn.session.set_layout(Layout("umap", drawn.session.layout.coords))
    for kind in KINDS:
        switch = drawn.view.overlays.switch(kind.name)
        assert switch.isEnabled() == (kind.name in ("neighbours", "sensitivity"))
        assert switch.toolTip().startswith(wrapped(kind.tip))
        assert switch.isEnabled() != ("UMAP has no axes" in switch.toolTip())
    drawn.session.want_overlay("prior", True)
    assert drawn.view.overlays.legend.lines() == [("Prior: not on this map", "")]


def test_a_switch_says_that_it_was_turned_and_follows_the_session(drawn: Drawn):
    heard: list[tuple[str, bool]] = []
    drawn.view.overlays.wanted.connect(lambda name, on: heard.append((name, on)))
    drawn.view.overlays.switch("holes").click()
    assert heard == [("holes", True)]
    drawn.session.want_overlay("neighbours", True)
    assert drawn.view.overlays.switch("neighbours").isChecked()
    assert heard == [("holes", True)], "a view that is told something does not say it back"


def test_what_is_missing_is_said(drawn: Drawn):
    for name in ("posteriors", "neighbours"):
        drawn.session.want_overlay(name, True)
    assert [words for words, _ in drawn.view.overlays.legend.lines()] == [
        "Posteriors: select a sample, or several",
        "True neighbours: select a sample",
    ]
    drawn.session.select(3)
    assert all("being computed" in words for words, _ in drawn.view.overlays.legend.lines())
    drawn.session.set_model_ready(False)
    assert all("comes with the model" in words for words, _ in drawn.view.overlays.legend.lines())


def test_the_legend_is_whole_in_a_narrow_map(drawn: Drawn):
    drawn.want("sensitivity", field(np.ones((8, 8))))
    legend = drawn.view.overlays.legend
    wide, high = legend.width(), legend.height()
    drawn.canvas.resize(200, 300)
    assert legend.width() < wide
    assert legend.height() > high, "it is wrapped, not cut"
    assert drawn.canvas.rect().contains(legend.geometry())


def test_the_part_that_is_seen_is_told_when_it_changes(drawn: Drawn):
    heard: list[Look] = []
    drawn.view.overlays.looked.connect(heard.append)
    drawn.view.fit()
    drawn.qtbot.waitUntil(lambda: bool(heard))
    look, canvas = heard[-1], drawn.canvas
    corner = canvas.to_pixels(look.extent.left, look.extent.top)
    assert corner.toPoint() == QPoint(0, 0)
    other = canvas.to_pixels(look.extent.right, look.extent.bottom)
    assert (round(other.x()), round(other.y())) == (canvas.width(), canvas.height())
    assert look.scale == pytest.approx(1 / canvas.pixel_size())


def test_both_themes_have_their_own_colours(drawn: Drawn, qapp):
    drawn.want("holes", Holes(WHOLE, np.full((8, 8), -0.1, np.float32), 0.16, 1.0))
    dark = drawn.colour(0, 0)
    theme.apply(qapp, "light")
    light = drawn.colour(0, 0)
    assert light.lightness() > dark.lightness() + 25
    assert drawn.view.overlays.legend.lines()[0][1] == theme.current().bad
    theme.apply(qapp, "dark")
