"""Pictures in place of points: never one over another, each where its point is, and always its point's own."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from latentlab.gui.records import Layout, MapImages, PointPictures
from latentlab.gui.session import Session
from latentlab.gui.views.map.view import MapView
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.card import Card
from latentlab.gui.widgets.picture import image
from latentlab.images import Dataset

FRAME = 2  # pixels


class Eye:
    """Looks at what is painted."""

    def __init__(self, view: MapView, session: Session, qtbot: QtBot) -> None:
        self.view, self.session, self.qtbot = view, session, qtbot

    def frame(self) -> QImage:
        """The canvas as painted now."""
        return self.view.canvas.grab().toImage()

    def rect(self, row: int) -> QRect:
        """Where the picture of this row belongs, without its frame."""
        x, y = (float(value) for value in self.view.points.coords[row])
        at = self.view.canvas.to_pixels(x, y)
        side = self.view.thumbnails.tile[0] - 2 * FRAME
        drawn = {each: middle for each, *middle in self.view.thumbnails._tiling.laid}[row]
        assert max(abs(drawn[0] - at.x()), abs(drawn[1] - at.y())) < 2, "it is drawn where its point is"
        return QRect(drawn[0] - side // 2, drawn[1] - side // 2, side, side)

    def inside(self, row: int) -> bool:
        return self.view.canvas.rect().adjusted(3, 3, -3, -3).contains(self.rect(row))

    def shows(self, seen: QImage, row: int, pixels: np.ndarray) -> bool:
        """Every pixel of these pixels (1, 8, 8) is where it belongs."""
        where = self.rect(row)
        expected = image(pixels, where.width() // 8).convertToFormat(seen.format())
        return seen.copy(where) == expected

    def rows(self) -> list[int]:
        """Those shown as pictures wholly within the canvas and not under anything else that is drawn there."""
        hidden = [each.geometry() for each in self.view.canvas.findChildren(QWidget) if each.isVisible()]
        return [
            row
            for row in self.view.thumbnails.rows()
            if self.inside(row) and not any(each.intersects(self.rect(row)) for each in hidden)
        ]


@pytest.fixture
def eye(qtbot: QtBot, qapp, explored: Session) -> Iterator[Eye]:
    theme.apply(qapp, "dark")
    view, card = MapView(explored), Card("Map")
    for control in view.header_controls:
        card.heading.add_control(control)
    card.body.addWidget(view)
    qtbot.addWidget(card)
    card.resize(760, 640)
    card.show()
    qtbot.waitExposed(card)
    explored.set_layout(Layout("pca", np.random.default_rng(0).uniform(0, 1, (400, 2)).astype(np.float32)))
    explored.set_place(replace(explored.place, position=None))  # no mark over the pictures
    qtbot.wait(30)  # until all points have been fitted into the view
    yield Eye(view, explored, qtbot)
    assert card is view.window()


def zoom(eye: Eye, factor: float) -> None:
    """In, at the middle of the map."""
    eye.view.canvas._scale *= factor
    eye.view.canvas._moved()


def pan(eye: Eye, x: float, y: float) -> None:
    """By so many pixels."""
    canvas = eye.view.canvas
    canvas._centre += QPointF(x, y) * canvas.pixel_size()
    canvas._moved()


def check(eye: Eye, source: np.ndarray | None = None) -> list[int]:
    """All pictures are their rows' own, and framed in the point's colour."""
    for _ in range(20):  # new pictures may take several frames
        seen = eye.frame()
        if not eye.view.thumbnails.making:
            break
        QApplication.processEvents()
    pixels = eye.session.images.pixels if source is None else source
    rows, shown = eye.rows(), eye.view.points.colouring
    for row in rows:
        assert eye.shows(seen, row, pixels[row]), f"another picture than that of row {row}"
        where = eye.rect(row)
        assert QColor(seen.pixel(where.left() - 1, where.top() - 1)) == QColor(shown.colours[shown.groups[row]])
    return rows


def test_pictures_come_when_few_enough_points_are_in_view_and_go_again(eye: Eye):
    zoom(eye, 0.4)
    eye.frame()
    assert not eye.view.thumbnails.rows(), "400 points in little room are too many"
    zoom(eye, 8)
    rows = check(eye)
    assert 10 < len(rows) < 150
    zoom(eye, 1 / 8)
    eye.frame()
    assert not eye.view.thumbnails.rows()
    eye.view.thumbnails.set_mode("always")
    assert len(check(eye)) > 10
    eye.view.thumbnails.set_mode("off")
    eye.frame()
    assert not eye.view.thumbnails.rows()


def test_the_picture_is_the_points_own_whatever_happens_to_it(eye: Eye, digits: Dataset):
    session, view = eye.session, eye.view
    view.thumbnails.set_mode("always")
    assert check(eye)
    for key in ("kl", "z1", "class"):
        view.colour.setCurrentIndex(view.colour.findData(key))
        view.colour.activated.emit(view.colour.currentIndex())
        assert check(eye), key
    visible = session.images.labels == 3
    session.set_visible(visible)
    rows = check(eye)
    assert rows
    assert visible[rows].all(), "what is hidden has no picture"
    session.set_visible(None)
    session.set_layout(Layout("umap", session.layout.coords[::-1].copy()))
    eye.qtbot.waitUntil(lambda: not view.points.gliding)
    assert check(eye)
    theme.apply(QApplication.instance(), "light")
    assert check(eye)
    theme.apply(QApplication.instance(), "dark")
    other = digits.at(np.arange(900, 1300))
    session.set_images(MapImages(other.index, np.asarray(other.pixels), other.labels))
    eye.frame()
    assert not view.thumbnails.rows(), "pictures of other images than those that were encoded are nobody's"
    session.set_encoding(replace(session.encoding, index=other.index))
    assert check(eye)


def test_while_points_glide_their_pictures_go_with_them(eye: Eye):
    eye.view.thumbnails.set_mode("always")
    check(eye)
    eye.session.set_layout(Layout("umap", eye.session.layout.coords[:, ::-1].copy()))
    moved = 0
    while eye.view.points.gliding:
        moved += len(check(eye)) > 0
        QApplication.processEvents()
    assert moved >= 2


def test_panning_changes_no_picture_in_view(eye: Eye):
    zoom(eye, 3)
    rows = set(check(eye))
    rng = np.random.default_rng(3)
    for _ in range(12):
        pan(eye, *rng.uniform(-25, 25, 2))
        eye.frame()
        now = set(eye.view.thumbnails.rows())
        canvas = eye.view.canvas
        places = {row: canvas.to_pixels(*map(float, eye.view.points.coords[row])).toPoint() for row in rows}
        assert {row for row, place in places.items() if canvas.rect().contains(place)} <= now
        rows = {row for row in now if eye.inside(row)}
    assert rows


def test_what_is_covered_is_found_under_the_mouse(eye: Eye):
    zoom(eye, 4)
    for row in check(eye):
        corner = eye.rect(row).topLeft()
        place = eye.view.canvas.to_map(QPointF(corner) + QPointF(1, 1))
        assert eye.view.hover.nearest(place.x(), place.y()) == row, "and not a point that lies beneath it"


def test_while_some_are_selected_the_others_are_faint(eye: Eye):
    zoom(eye, 4)
    rows = check(eye)
    chosen = rows[: len(rows) // 2]
    eye.session.select_group(np.array(chosen))
    seen = eye.frame()
    for row in chosen:
        assert eye.shows(seen, row, eye.session.images.pixels[row])
    brightest = [
        max(QColor(seen.pixel(x, y)).red() for x in xs for y in ys) for xs, ys in map(spans, rest(eye, rows, chosen))
    ]
    assert max(brightest) < 140
    eye.session.select_group(np.empty(0, np.int64))
    assert set(check(eye)) == set(rows)


def rest(eye: Eye, rows: list[int], chosen: list[int]) -> list[QRect]:
    return [eye.rect(row) for row in rows if row not in chosen]


def spans(rect: QRect) -> tuple[range, range]:
    return range(rect.left() + 2, rect.right(), 4), range(rect.top() + 2, rect.bottom(), 4)


# -- reconstructions


def test_reconstructions_are_asked_for_what_is_seen_and_swapped_all_at_once(eye: Eye):
    session, thumbnails = eye.session, eye.view.thumbnails
    asked: list[np.ndarray] = []
    thumbnails.wanted.connect(asked.append)
    zoom(eye, 4)
    rows = check(eye)
    thumbnails.set_kind("reconstructions")
    assert set(check(eye)) == set(rows), "until they come the images stay"
    eye.qtbot.waitUntil(lambda: bool(asked))
    assert set(asked[0].tolist()) == set(thumbnails.rows())
    eye.frame()
    eye.qtbot.wait(100)
    assert len(asked) == 1, "nothing is asked for twice while it is on its way"
    made = 255 - session.images.pixels
    session.set_point_pictures(PointPictures(session.encoding.index[asked[0]], made[asked[0]], 100))
    assert set(check(eye, made)) == set(rows)
    eye.qtbot.wait(100)
    assert len(asked) == 1, "nor when it is there"
    thumbnails.set_kind("images")
    check(eye)
    thumbnails.set_kind("reconstructions")
    check(eye, made)


def test_new_weights_bring_new_reconstructions_and_the_old_stay_until_then(eye: Eye):
    session, thumbnails = eye.session, eye.view.thumbnails
    zoom(eye, 4)
    asked: list[np.ndarray] = []
    thumbnails.wanted.connect(asked.append)
    thumbnails.set_kind("reconstructions")
    eye.frame()
    eye.qtbot.waitUntil(lambda: bool(asked))
    old, new = 255 - session.images.pixels, session.images.pixels // 2
    session.set_point_pictures(PointPictures(session.encoding.index[asked[0]], old[asked[0]], 100))
    check(eye, old)
    session.set_encoding(replace(session.encoding, step=200))
    check(eye, old)
    eye.qtbot.waitUntil(lambda: len(asked) == 2)
    session.set_point_pictures(PointPictures(session.encoding.index[asked[1]], new[asked[1]], 100))
    check(eye, new)


def test_what_is_seen_together_is_of_the_same_weights(eye: Eye):
    """While training, other weights decode each time; those that are seen already are then asked for once more."""
    session, thumbnails = eye.session, eye.view.thumbnails
    zoom(eye, 4)
    asked: list[np.ndarray] = []
    thumbnails.wanted.connect(asked.append)
    thumbnails.set_kind("reconstructions")
    eye.frame()
    eye.qtbot.waitUntil(lambda: bool(asked))
    old, new = 255 - session.images.pixels, session.images.pixels // 2
    session.update_run(step=100)
    session.set_point_pictures(PointPictures(session.encoding.index[asked[0]], old[asked[0]], 100))
    check(eye, old)
    pan(eye, 60, 0)
    eye.frame()
    eye.qtbot.waitUntil(lambda: len(asked) == 2)
    stay = set(thumbnails.rows()) & set(asked[0].tolist())
    assert stay
    assert not stay & set(asked[1].tolist()), "by the weights that decode"
    session.update_run(step=101)
    pan(eye, -60, 0)
    pan(eye, -60, 0)
    eye.frame()
    eye.qtbot.waitUntil(lambda: len(asked) == 3)
    assert set(asked[2].tolist()) == set(thumbnails.rows())
    session.set_point_pictures(PointPictures(session.encoding.index[asked[2]], new[asked[2]], 101))
    check(eye, new)
    eye.qtbot.wait(100)
    assert len(asked) == 3


def test_without_a_model_nothing_is_asked_for_and_the_options_say_so(eye: Eye):
    asked: list[np.ndarray] = []
    eye.view.thumbnails.wanted.connect(asked.append)
    eye.session.set_model_ready(False)
    zoom(eye, 4)
    eye.view.thumbnails.set_kind("reconstructions")
    eye.frame()
    eye.qtbot.wait(80)
    assert not asked
    assert "model" in eye.view.thumbnail_options._note.text()
    eye.session.set_model_ready(True)
    assert not eye.view.thumbnail_options._note.text()
    eye.frame()
    eye.qtbot.waitUntil(lambda: bool(asked))


# -- pixels and marks


@pytest.mark.parametrize("ratio", [1.25, 1.5, 2.0])
def test_on_any_screen_each_pixel_of_a_picture_is_a_square_of_whole_pixels(eye: Eye, ratio: float):
    zoom(eye, 4)
    check(eye)
    canvas, thumbnails = eye.view.canvas, eye.view.thumbnails
    screen = QImage(canvas.size() * ratio, QImage.Format.Format_RGB32)
    screen.setDevicePixelRatio(ratio)
    for _ in range(20):
        screen.fill(0)
        painter = QPainter(screen)
        thumbnails.draw(painter, canvas._view(), canvas.size())
        painter.end()
    frame = round(FRAME * ratio)
    wide, high = thumbnails.tile
    scale = (wide - 2 * frame) // 8
    assert (wide - 2 * frame) == 8 * scale, "a whole multiple of 8 pixels"
    whole = screen.rect()
    seen = 0
    for row, x, y in thumbnails._tiling.laid:
        where = QRect(x - wide // 2 + frame, y - high // 2 + frame, 8 * scale, 8 * scale)
        if whole.contains(where):
            seen += 1
            expected = image(eye.session.images.pixels[row], scale).convertToFormat(screen.format())
            shown = screen.copy(where)
            shown.setDevicePixelRatio(1.0)
            assert shown == expected
    assert seen > 10


def test_a_picture_that_is_hovered_or_selected_is_framed_and_not_crossed_by_a_ring(eye: Eye):
    zoom(eye, 4)
    one, other = check(eye)[:2]
    eye.session.select(one)
    eye.view.hover.set_row(other)
    eye.view.card.hide()
    seen = eye.frame()
    for row, colour in ((one, theme.current().accent), (other, theme.current().text)):
        assert eye.shows(seen, row, eye.session.images.pixels[row])
        where = eye.rect(row)
        assert QColor(seen.pixel(where.left() - FRAME, where.center().y())) == QColor(colour)
        assert QColor(seen.pixel(where.center().x(), where.bottom() + FRAME)) == QColor(colour)
    eye.view.thumbnails.set_mode("off")
    eye.frame()
    assert not eye.view.marks.selected.framed, "as a dot it has its ring again"
