"""Tails behind points: drawn between their last places, in their colour, and only while training."""

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QPainter, QTransform

from latentlab.gui.records import Layout
from latentlab.gui.session import Session
from latentlab.gui.views.map.view import MapView
from latentlab.gui.widgets.card import Card
from latentlab.gui.widgets.trails import LENGTH, Trails

RED, BLUE = np.array([[255, 0, 0], [0, 0, 255]], np.uint8)


def drawn(trails: Trails, view: QTransform | None = None, size: int = 60) -> np.ndarray:
    """Opacity and colours (size, size, 4) as BGRA."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    trails.draw(painter, view or QTransform(), QSize(size, size))
    painter.end()
    return np.array(image.constBits()).reshape(size, size, 4)


def tails(*places: list[tuple[float, float]], visible: np.ndarray | None = None) -> Trails:
    trails = Trails()
    for each in places:
        trails.add(np.array(each, np.float32))
    trails.set_colours(np.arange(len(places[0])) % 2, np.array([RED, BLUE]), visible)
    return trails


def test_a_tail_leads_through_the_last_places_and_fades(qapp):
    trails = tails([(5, 5), (5, 50)], [(25, 5), (25, 50)], [(45, 5), (45, 50)])
    pixels = drawn(trails)
    old, new = pixels[5, 10], pixels[5, 40]
    assert old[2] > 0, "red"
    assert old[0] == old[1] == 0
    assert new[3] > old[3] > 0, "the newest piece is the strongest"
    assert pixels[50, 40, 0] > 0, "blue"
    assert not pixels[20:40].any()
    assert not pixels[5, 50:].any(), "it ends where the point is"


def test_only_what_is_shown_has_a_tail_and_it_goes_with_the_view(qapp):
    trails = tails([(5, 5), (5, 50)], [(25, 5), (25, 50)], visible=np.array([True, False]))
    assert drawn(trails)[5].any()
    assert not drawn(trails)[50].any()
    moved = drawn(trails, QTransform.fromTranslate(0, 30))
    assert moved[35].any()
    assert not moved[5].any()
    assert drawn(trails, QTransform.fromTranslate(1000, 1000)).any() == np.False_, "all outside"


def test_places_are_forgotten_in_turn_and_with_their_points(qapp):
    trails = tails([(0, 0)])
    assert not drawn(trails).any(), "one place has no tail"
    for place in range(LENGTH + 3):
        trails.add(np.array([(place, place)], np.float32))
    assert len(trails) == LENGTH
    trails.add(np.zeros((2, 2), np.float32))
    assert len(trails) == 1, "other points"


def shown(qtbot, session: Session) -> tuple[MapView, Card]:
    view, card = MapView(session), Card("Map")
    for control in view.header_controls:
        card.heading.add_control(control)
    card.body.addWidget(view)
    qtbot.addWidget(card)
    card.resize(600, 600)
    card.show()
    qtbot.waitExposed(card)
    return view, card


def test_the_switch_and_the_end_of_a_training(qtbot, explored: Session):
    view, _card = shown(qtbot, explored)
    random = np.random.default_rng(0)

    def move() -> None:
        explored.set_layout(Layout("pca", random.normal(size=(len(explored.encoding), 2)).astype(np.float32)))

    explored.set_training(phase="training")
    move()
    move()
    assert len(view.live.trails) == 0, "not asked for"
    view.live.switch.setChecked(True)
    assert len(view.live.trails) == 1
    move()
    explored.set_layout(explored.layout)  # the same again: nothing has moved
    assert len(view.live.trails) == 2
    explored.set_layout(Layout("axes", explored.layout.coords, (0, 1)))
    assert len(view.live.trails) == 1, "in another layout they were nowhere"
    move()
    explored.set_training(phase="idle")
    assert len(view.live.trails) == 0
    move()
    assert len(view.live.trails) == 0


def test_while_training_the_view_stays_until_points_leave_it_or_shrink(qtbot, explored: Session):
    view, _card = shown(qtbot, explored)
    points = np.random.default_rng(0).uniform(-1, 1, size=(len(explored.encoding), 2)).astype(np.float32)
    explored.set_training(phase="training")
    explored.set_layout(Layout("pca", points))
    view.fit()
    one = view.canvas.pixel_size()
    explored.set_layout(Layout("pca", points * np.float32(1.05)))
    assert view.canvas.pixel_size() == one
    explored.set_layout(Layout("pca", points * np.float32(2)))
    assert view.canvas.pixel_size() > 1.5 * one
    explored.set_layout(Layout("pca", points))
    assert view.canvas.pixel_size() < 1.2 * one
