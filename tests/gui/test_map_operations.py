"""A thousand things done on the map in random order: what is under the mouse is always the very image.

Everything is keyed by dataset index. Points are hidden, recoloured, lassoed, laid out anew, replaced by those of
another run; after each of these the card, the table of the selection and the selection itself are checked against what
a plain look at the data says.
"""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPolygonF, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentlab.gui.main_window.selecting import Selecting
from latentlab.gui.records import Encoding, Layout, MapImages
from latentlab.gui.session import Session
from latentlab.gui.views.map import points
from latentlab.gui.views.map.view import MapView
from latentlab.gui.views.selection.table import SIDE
from latentlab.gui.views.selection.view import SelectionView
from latentlab.gui.widgets import floating_card, theme
from latentlab.gui.widgets.card import Card
from latentlab.gui.widgets.picture import fitted
from latentlab.images import Dataset

LEFT, MIDDLE, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.NoButton
PLAIN, SHIFT, CONTROL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)
HOWS = {PLAIN: "set", SHIFT: "add", CONTROL: "remove"}
GRID = 20
OPERATIONS, SEEDS = 250, range(4)  # a thousand in all


class Play:
    """A map, its legend and its table in a random state, and what they are expected to say."""

    def __init__(self, qtbot: QtBot, session: Session, digits: Dataset, seed: int) -> None:
        self.qtbot, self.session, self.digits = qtbot, session, digits
        self.chance = np.random.default_rng(seed)
        self.view, self.panel = MapView(session), SelectionView(session)
        exploring = SimpleNamespace(clear=lambda: session.select(None))
        self.selecting = Selecting(session, SimpleNamespace(survey=None), exploring, self.view)
        self.view.picked.connect(self.selecting.pick)
        self.view.shown.connect(self.selecting.show_only)
        self.cards = Card("Map"), Card("Selection")
        for card, view in zip(self.cards, (self.view, self.panel), strict=True):
            for control in view.header_controls:
                card.heading.add_control(control)
            card.body.addWidget(view)
        for widget, size in zip(self.cards, ((640, 600), (420, 220)), strict=True):
            qtbot.addWidget(widget)
            widget.resize(*size)
            widget.show()
            qtbot.waitExposed(widget)
        self.canvas = self.view.canvas
        self.lay_out()
        self.rest()

    # -- what is known without asking the view

    @property
    def count(self) -> int:
        return len(self.session.encoding)

    @property
    def visible(self) -> np.ndarray:
        mask = self.session.visible
        return np.ones(self.count, bool) if mask is None else mask

    def pixels(self) -> np.ndarray:
        """(N, 2) on the canvas, where the layout says."""
        coords = self.session.layout.coords.astype(float)
        return np.array([self.canvas.to_pixels(x, y).toTuple() for x, y in coords.tolist()])

    def on_canvas(self, pixels: np.ndarray) -> np.ndarray:
        """Rows that the mouse can come to: not beyond the edge, nor under the tools."""
        room = np.array([self.canvas.width() - 20, self.canvas.height() - 20])
        free = ((pixels > 20) & (pixels < room)).all(axis=1)
        bar = self.view.tool_bar.geometry()
        return free & ~((pixels[:, 0] < bar.right() + 20) & (pixels[:, 1] < bar.bottom() + 20))

    def pick(self, choices: list) -> object:
        return choices[self.chance.integers(len(choices))]

    def somewhere(self) -> QPoint:
        return QPoint(
            *(int(x) for x in self.chance.integers(60, (self.canvas.width() - 20, self.canvas.height() - 20)))
        )

    def rest(self) -> None:
        """Until the points have come to where they belong, and a map whose legend has another height is fitted."""
        self.qtbot.waitUntil(lambda: not self.view.points.gliding)
        for _ in range(3):
            QApplication.processEvents()

    # -- what is done

    def lay_out(self) -> None:
        places = np.stack(np.meshgrid(np.arange(GRID), np.arange(GRID)), axis=-1).reshape(-1, 2).astype(np.float32)
        jitter = self.chance.uniform(-0.2, 0.2, (self.count, 2)).astype(np.float32)
        self.session.set_layout(Layout("umap", places[self.chance.permutation(GRID * GRID)[: self.count]] + jitter))

    def another_run(self) -> None:
        count, start = int(self.pick([60, 150, 400])), int(self.chance.integers(0, 900))
        some = self.digits.at(np.arange(start, start + count))
        mu = self.chance.normal(size=(count, 6)).astype(np.float32)
        terms = self.chance.uniform(1, 40, count).astype(np.float32)
        run = self.session.run
        self.session.open(replace(run, path=Path(f"run-{start}"), name=f"run-{start}"))
        assert self.view.hover.row is None, "a row of the last run means nothing in this one"
        steps = [
            lambda: self.session.set_images(MapImages(some.index, np.asarray(some.pixels), some.labels)),
            lambda: self.session.set_encoding(Encoding(some.index, mu, np.ones(6, np.float32), 1, terms, terms / 10)),
        ]
        for step in self.chance.permutation(2):
            steps[step]()
            self.check_card()
        self.lay_out()

    def encoded_anew(self) -> None:
        encoding = self.session.encoding
        moved = encoding.mu + self.chance.normal(scale=0.1, size=encoding.mu.shape).astype(np.float32)
        self.session.set_encoding(replace(encoding, mu=moved, step=encoding.step + 1))

    def pictures_of_another_map(self) -> None:
        """They come before the points that they are of: no card may show one of them."""
        kept = self.session.images
        start = int(self.chance.integers(0, 1300))
        some = self.digits.at(np.arange(start, start + self.count))
        self.session.set_images(MapImages(some.index, np.asarray(some.pixels), some.labels))
        self.hover()
        self.check_card()
        self.check_table()
        self.session.set_images(kept)

    def recolour(self) -> None:
        at = int(self.chance.integers(self.view.colour.count()))
        if self.view.colour.itemData(at) is not None:  # a line between the choices
            self.view.colour.setCurrentIndex(at)
            self.view.colour.activated.emit(at)

    def legend(self) -> None:
        """An entry is pressed, twice, or asked for its points."""
        if not self.view.legend.buttons:
            return
        button = self.pick(self.view.legend.buttons)
        place, before = self.view.legend.buttons.index(button), self.visible.copy()
        of_this = self.view.points.colouring.entries() == place
        if button.count is None:
            return
        assert button.count == (of_this.sum(), (of_this & before).sum()), "the legend counts"
        if self.chance.random() < 0.7:
            self.qtbot.mouseClick(button, LEFT)
            expected = before & ~of_this if before[of_this].all() else before | of_this
            assert np.array_equal(self.visible, expected)
        elif self.chance.random() < 0.5:
            button.only_asked.emit(False)
            assert np.array_equal(self.visible, np.ones_like(before) if np.array_equal(before, of_this) else of_this)
        else:
            self.view.legend.selected.emit(place, "set")
            assert self.session.group.tolist() == np.flatnonzero(of_this & before).tolist()

    def region(self) -> None:
        """A box, a lasso or a stroke, alone or with Shift or Ctrl."""
        keys = self.pick(list(HOWS))
        tool = self.pick(["select", "box", "lasso"])
        self.session.set_tool(tool)
        self.rest()
        before, shown = set(self.session.group.tolist()), set(np.flatnonzero(self.visible).tolist())
        line = [self.somewhere() for _ in range(2 if tool != "lasso" else 7)]
        self.qtbot.mousePress(self.canvas, LEFT, keys, line[0])
        for point in line[1:]:
            self.qtbot.mouseMove(self.canvas, point)
        self.qtbot.mouseRelease(self.canvas, LEFT, keys, line[-1])
        if (line[-1] - line[0]).manhattanLength() < 20:
            return
        inside, unsure = self.inside(tool, line)
        inside &= shown
        expected = {"set": inside, "add": before | inside, "remove": before - inside}[HOWS[keys]]
        assert set(self.session.group.tolist()) ^ expected <= unsure, (tool, keys)

    def inside(self, tool: str, line: list[QPoint]) -> tuple[set[int], set[int]]:
        """Rows that Qt says are inside, and those so close to the line that rounding decides."""
        pixels = self.pixels()
        if tool == "box":
            line = [line[0], QPoint(line[1].x(), line[0].y()), line[1], QPoint(line[0].x(), line[1].y())]
        away = np.min([_distance(pixels, a, b) for a, b in zip(line, [*line[1:], line[0]], strict=True)], axis=0)
        if tool == "select":
            away = _distance(pixels, line[0], line[1])
            return set(np.flatnonzero(away <= 14).tolist()), set(np.flatnonzero(np.abs(away - 14) < 0.5).tolist())
        shape = QPolygonF([QPointF(point) for point in line])
        held = [row for row, (x, y) in enumerate(pixels) if shape.containsPoint(QPointF(x, y), Qt.FillRule.OddEvenFill)]
        return set(held), set(np.flatnonzero(away < 0.5).tolist())

    def by_menu(self) -> None:
        self.pick([
            self.selecting.pick_all, self.selecting.invert, self.selecting.escape, self.selecting.show_selected,
            self.selecting.show_all, lambda: self.selecting.pick_class(int(self.chance.integers(10))),
        ])()  # fmt: skip

    def look_around(self) -> None:
        point = QPointF(self.somewhere())
        event = QWheelEvent(
            point, QPointF(self.canvas.mapToGlobal(point.toPoint())), QPoint(), QPoint(0, self.pick([-240, 120, 240])),
            NO_BUTTON, PLAIN, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(self.canvas, event)
        if self.chance.random() < 0.4:
            self.view.fit()

    def dress(self) -> None:
        theme.apply(QApplication.instance(), self.pick(["light", "dark"]))

    def hover(self) -> None:
        """The mouse goes to where a point is drawn; the ring and the card are those of the nearest that is shown."""
        self.rest()
        pixels = self.pixels()
        rows = np.flatnonzero(self.on_canvas(pixels))
        if not len(rows):
            return
        target = QPoint(*np.rint(pixels[self.pick(rows)]).astype(int).tolist())
        self.qtbot.mouseMove(self.canvas, target + QPoint(3, 0))
        self.qtbot.mouseMove(self.canvas, target)
        away = np.hypot(*(pixels - target.toTuple()).T)
        away[~self.visible] = np.inf
        nearest, row = float(away.min()), self.view.hover.row
        covered = self.view.points.cover
        pictured = covered(*self.canvas.to_map(QPointF(target)).toTuple()) if covered is not None else None
        if pictured is not None:
            assert row == pictured, "a picture that is drawn on the map is of what the card is of"
            assert away[row] < 60, "and stands where its point is, which is shown"
        elif nearest > 14.5:
            assert row is None, "nothing that is shown is near"
        if pictured is not None or nearest < 13.5:
            assert row is not None
            assert pictured is not None or away[row] < nearest + 0.1
            self.qtbot.waitUntil(lambda: self.view.card.isVisible() and self.indexed() is not None, timeout=2000)
            assert self.indexed() == self.session.encoding.index[row]

    def indexed(self) -> int | None:
        """The image that the card says it is of."""
        _, sign, index = self.view.card.title.text().rpartition("#")
        return int(index) if sign else None

    # -- what must always hold

    def check_card(self) -> None:
        card, index = self.view.card, self.indexed()
        if not card.isVisible() or index is None:
            return
        if card.picture.pixels is not None:
            image = self.digits.at(np.array([index]))
            assert np.array_equal(card.picture.pixels, image.pixels[0]), f"another picture than that of #{index}"
            assert card.title.text() == f"{image.class_names[image.labels[0]]} · #{index}"
        if self.view.hover.row is not None and self.session.encoding is not None:
            assert self.session.encoding.index[self.view.hover.row] == index

    def check_selection(self) -> None:
        group = self.session.group
        assert self.visible[group].all(), "what is hidden is not selected"
        model, rows = self.panel.model, group if len(group) else np.flatnonzero(self.visible)
        assert np.array_equal(np.sort(model.rows), rows), "the table lists the selection, or all that is shown"
        self.check_table()

    def check_table(self) -> None:
        """Of some of its lines, the picture is that of the index; while the pictures are of others, there is none."""
        model, session = self.panel.model, self.session
        for line in self.chance.integers(0, len(model.rows), 3) if len(model.rows) else ():
            index = int(self.session.encoding.index[model.rows[line]])
            image = self.digits.at(np.array([index]))
            assert model.index(int(line), 1).data() == f"#{index}"
            picture = model.index(int(line), 0).data(Qt.ItemDataRole.DecorationRole)
            if session.images.index[model.rows[line]] != index:
                assert picture is None, "of another image"
                continue
            assert picture.toImage() == fitted(image.pixels[0], SIDE, SIDE, 1.0).toImage(), (
                f"not the picture of #{index}"
            )

    def sort(self) -> None:
        column = int(self.chance.integers(-1, self.panel.model.columnCount()))
        self.panel.table.sortByColumn(column, self.pick(list(Qt.SortOrder)))


def _distance(points: np.ndarray, start: QPoint, end: QPoint) -> np.ndarray:
    """(N,) pixels from the straight line between two places."""
    a, b = np.array(start.toTuple(), float), np.array(end.toTuple(), float)
    share = np.clip((points - a) @ (b - a) / max(float((b - a) @ (b - a)), 1e-9), 0, 1)
    return np.hypot(*(points - a - share[:, None] * (b - a)).T)


CHANCES = {
    "hover": 0.3, "region": 0.2, "legend": 0.14, "recolour": 0.06, "lay_out": 0.05, "by_menu": 0.08,
    "look_around": 0.05, "encoded_anew": 0.03,
    "pictures_of_another_map": 0.02, "another_run": 0.02, "dress": 0.01, "sort": 0.04,
}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_thousand_operations_every_card_is_of_the_very_image(
    qtbot: QtBot, qapp, digits: Dataset, explored: Session, monkeypatch: pytest.MonkeyPatch, seed: int
):
    theme.apply(qapp, "dark")
    monkeypatch.setattr(floating_card, "AFTER", 1)
    monkeypatch.setattr(floating_card, "GRACE", 2)
    monkeypatch.setattr(points, "GLIDE", 5)
    play = Play(qtbot, explored, digits, seed)
    names, odds = list(CHANCES), np.array(list(CHANCES.values()))
    for _ in range(OPERATIONS):
        getattr(play, str(play.chance.choice(names, p=odds / odds.sum())))()
        play.check_card()
        play.check_selection()
    play.selecting.show_all()
    play.view.fit()
    for _ in range(10):
        play.hover()
        play.check_card()
    play.canvas.left.emit()
    qtbot.waitUntil(lambda: not play.view.card.isVisible())
