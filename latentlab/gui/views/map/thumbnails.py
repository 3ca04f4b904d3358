"""Pictures in place of points: of as many as have room, each where its point is, in a frame of the point's colour."""

import math
import time
from collections import OrderedDict
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, QRect, QSize, QTimer, Signal
from PySide6.QtGui import QPainter, QPixmap, QTransform

from latentlab.gui.session import Session
from latentlab.gui.views.map.points import Points
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.map_canvas import MapCanvas
from latentlab.gui.widgets.picture import Pixels
from latentlab.gui.widgets.tiles import KEPT, Pixmaps, Tiling, tile_size

Mode = Literal["off", "auto", "always"]
Kind = Literal["images", "reconstructions"]

SIDES = ((24.0, 28), (48.0, 34))  # pixels: points that lie so far apart on average have pictures of this side at most,
LARGEST = 40  # and those that lie farther apart of this one
FRAME, GAP = 2, 2  # pixels
PATIENCE = 0.004  # seconds for making new ones in a frame; the rest come with the next
ASK_MS = 30  # behind a view that is moving
FAINT = 0.3  # opacity of those that are not meant while others are selected together


class Thumbnails(QObject):
    """A layer over the points. `wanted`: rows whose reconstructions are to be seen; `changed`: another mode or kind."""

    wanted = Signal(object)
    changed = Signal()

    def __init__(self, session: Session, canvas: MapCanvas, points: Points, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._canvas, self._points = session, canvas, points
        self.mode: Mode = "auto"
        self.kind: Kind = "images"
        self._drawn: Kind = "images"  # as `kind`, but not before the first reconstructions have come
        self._tiling, self._pixmaps = Tiling(), Pixmaps()
        self._rebuilt: OrderedDict[int, Pixels] = OrderedDict()  # reconstructions, by the image's index
        self._fresh: set[int] = set()  # of the encoding in hand, and all decoded by the weights of
        self._step = -1  # this step
        self._asked: set[int] = set()  # on their way
        self._may: NDArray[np.bool_] | None = None  # (N,): points that are shown, and whose picture is known
        self._apart = 0.0  # how far apart the points lie on average, in units of the map
        self._laid_for: tuple[object, ...] = ()
        self.tile, self._ratio = (1, 1), 1.0  # a tile with its frame, in pixels of the device
        self._again, self._soon = QTimer(self), QTimer(self)
        for timer, interval, then in ((self._again, 0, canvas.update), (self._soon, ASK_MS, self._ask)):
            timer.setSingleShot(True)
            timer.setInterval(interval)
            timer.timeout.connect(then)
        self._rings = (canvas.marks.cursor, canvas.marks.selected, canvas.marks.hovered)
        canvas.over.append(self)
        points.cover = self.row_at
        session.encoding_changed.connect(self._on_encoding)
        session.images_changed.connect(self._on_images)
        session.layout_changed.connect(self._on_layout)
        session.visible_changed.connect(self._match)
        session.group_changed.connect(canvas.update)
        session.point_pictures_changed.connect(self._on_pictures)
        self._match()
        self._on_layout()

    # -- what is shown

    def set_mode(self, mode: Mode) -> None:
        """'off', 'auto': once few enough points are in view, or 'always'."""
        if mode != self.mode:
            self.mode = mode
            self._renew()
            self.changed.emit()

    def set_kind(self, kind: Kind) -> None:
        """The images themselves, or what the model makes of them."""
        if kind != self.kind:
            self.kind = kind
            if kind == "images" or self._rebuilt:
                self._drawn = kind
            self._canvas.update()
            self.changed.emit()

    def rows(self) -> list[int]:
        """Those that are drawn as pictures, as of the last frame."""
        return [row for row, _, _ in self._tiling.laid]

    @property
    def making(self) -> bool:
        """Some of those that have room are still to be made, in the frames that follow."""
        return self._again.isActive()

    def row_at(self, x: float, y: float) -> int | None:
        """The row whose picture covers this place of the map, or None; also where the last frame is of another view."""
        known, at = self._laid_for, self._canvas.to_pixels(x, y)
        if not known or known[0] is not self._points.coords or known[2].map(QPointF(x, y)) != at:  # type: ignore[attr-defined]
            return None
        at, (wide, high) = at * self._ratio, self.tile
        for row, middle_x, middle_y in self._tiling.laid:
            if 0 <= at.x() - middle_x + wide // 2 < wide and 0 <= at.y() - middle_y + high // 2 < high:
                return row
        return None

    def _renew(self) -> None:
        self._laid_for = ()
        self._canvas.update()

    def _on_images(self) -> None:
        self._forget_rebuilt()
        self._pixmaps.clear()
        self._match()

    def _on_encoding(self) -> None:
        """By other weights: reconstructions stay until the new ones have come. Or of other images: none is theirs."""
        self._fresh.clear()
        self._asked.clear()
        self._match()

    def _forget_rebuilt(self) -> None:
        self._rebuilt.clear()
        self._fresh.clear()
        self._asked.clear()

    def _match(self) -> None:
        """Which points have a picture that is surely theirs, and are shown."""
        images, encoding, visible = self._session.images, self._session.encoding, self._session.visible
        self._may = None
        if images is not None and encoding is not None and len(images.index) == len(encoding.index):
            self._may = images.index == encoding.index
            if visible is not None and len(visible) == len(self._may):
                self._may &= visible
        self._renew()

    def _on_layout(self) -> None:
        layout = self._session.layout
        count = 0 if layout is None else len(layout.coords)
        if layout is not None and count:
            low, high = np.quantile(layout.coords[:: max(count // 2000, 1)], (0.02, 0.98), axis=0)
            self._apart = math.sqrt(float(np.prod(np.maximum(high - low, 1e-9))) / count)
        self._renew()

    # -- reconstructions

    def _on_pictures(self) -> None:
        pictures = self._session.point_pictures
        if pictures is None:
            self._forget_rebuilt()
            return
        index = pictures.index.tolist()
        for key, pixels in zip(index, pictures.pixels, strict=True):
            self._rebuilt[key] = pixels
            self._rebuilt.move_to_end(key)
            self._pixmaps.drop("reconstructions", key)
        while len(self._rebuilt) > KEPT:
            self._rebuilt.popitem(last=False)
        if pictures.step != self._step:
            self._step, self._fresh = pictures.step, set()
        self._fresh.update(index)
        self._asked.difference_update(index)
        self._drawn = self.kind
        self._canvas.update()

    def _ask(self) -> None:
        """For the reconstructions that are to be seen now and are not there; for all of them where other weights decode
        by now, so that those that are seen together are of the same ones."""
        encoding, run = self._session.encoding, self._session.run
        if encoding is None or run is None or self.kind != "reconstructions" or not self._session.model_ready:
            return
        missing = {int(encoding.index[row]): row for row in self.rows() if row < len(encoding)}
        if missing.keys() <= self._fresh:
            return
        for index in self._fresh & missing.keys() if run.step == self._step else ():
            del missing[index]
        if not missing.keys() <= self._asked:
            self._asked = set(missing)
            self.wanted.emit(np.array(list(missing.values()), np.int64))

    # -- drawing

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        """view: from the map to pixels of the widget."""
        ratio = painter.device().devicePixelRatioF()
        self._lay(view, size, ratio)
        for rings in self._rings:
            rings.framed = False
        if not self._tiling.laid:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.scale(1 / ratio, 1 / ratio)  # whole pixels of the device, on any screen
        self._paint(painter)
        self._frame_marks(painter)
        painter.restore()
        if self.kind == "reconstructions" and not self._soon.isActive():
            self._soon.start()

    def _lay(self, view: QTransform, size: QSize, ratio: float) -> None:
        coords, images = self._points.coords, self._session.images
        key = (coords, self._may, view, size, ratio)
        known = self._laid_for
        if known and known[0] is coords and known[1] is self._may and known[2:] == key[2:]:
            return
        self._laid_for = key
        if self.mode == "off" or images is None or self._may is None or len(coords) != len(self._may):
            self._tiling.laid = []
            return
        apart = self._apart * view.m11()
        side = round(next((side for most, side in SIDES if apart < most), LARGEST) * ratio)
        self._pixmaps.of_side(side)
        (wide, high), frame, gap = tile_size(images.pixels.shape[2:], side), round(FRAME * ratio), round(GAP * ratio)
        self.tile, self._ratio = (wide + 2 * frame, high + 2 * frame), ratio
        self._tiling.lay(
            coords,
            self._may,
            (view.m11() * ratio, view.m22() * ratio, view.dx() * ratio, view.dy() * ratio),
            (round(size.width() * ratio), round(size.height() * ratio)),
            (self.tile[0] + gap, self.tile[1] + gap),
            (len(coords) * (apart * ratio) ** 2) if self.mode == "auto" else math.inf,
        )

    def _paint(self, painter: QPainter) -> None:
        colouring, group, (wide, high) = self._points.colouring, self._session.group, self.tile
        frame = round(FRAME * self._ratio)
        frames = [theme.qcolor(colour) for colour in colouring.colours]
        muted, empty = theme.qcolor(theme.current().line), theme.qcolor(theme.current().control)
        meant = set(group.tolist()) if len(group) else None
        until = time.perf_counter() + PATIENCE
        for row, x, y in self._tiling.laid:
            left, top, faint = x - wide // 2, y - high // 2, meant is not None and row not in meant
            painter.fillRect(left, top, wide, high, muted if faint else frames[colouring.groups[row]])
            picture = self._picture(row, until)
            if picture is None or faint:
                painter.fillRect(left + frame, top + frame, wide - 2 * frame, high - 2 * frame, empty)
            if picture is not None and faint:
                painter.setOpacity(FAINT)
                painter.drawPixmap(left + frame, top + frame, picture)
                painter.setOpacity(1.0)
            elif picture is not None:
                painter.drawPixmap(left + frame, top + frame, picture)

    def _frame_marks(self, painter: QPainter) -> None:
        """Of a picture that is hovered or selected the frame says so, in place of a ring over it."""
        if not any(len(rings.places) == 1 for rings in self._rings):
            return
        at = {tuple(self._points.coords[row].tolist()): (x, y) for row, x, y in self._tiling.laid}
        (wide, high), around = self.tile, round(GAP * self._ratio)
        text, accent = theme.current().text, theme.current().accent
        for rings, colour in zip(self._rings, (None, accent, text), strict=True):
            middle = at.get(tuple(rings.places[0].tolist())) if len(rings.places) == 1 else None
            rings.framed = middle is not None
            if middle is not None and colour is not None:
                left, top = middle[0] - wide // 2 - around, middle[1] - high // 2 - around
                _frame(painter, QRect(left, top, wide + 2 * around, high + 2 * around), 2 * around, colour)

    def _picture(self, row: int, until: float) -> QPixmap | None:
        """None where the reconstruction is not there yet, or there is no time left in this frame."""
        images = self._session.images
        assert images is not None
        index = int(images.index[row])
        found = self._pixmaps.get(self._drawn, index)
        if found is None:
            pixels = images.pixels[row] if self._drawn == "images" else self._rebuilt.get(index)
            if pixels is None:
                return None
            if time.perf_counter() > until:
                self._again.start()
                return None
            found = self._pixmaps.put(self._drawn, index, pixels)
        return found


def _frame(painter: QPainter, outer: QRect, thick: int, colour: str) -> None:
    left, top, wide, high = outer.left(), outer.top(), outer.width(), outer.height()
    for side in (
        QRect(left, top, wide, thick),
        QRect(left, top + high - thick, wide, thick),
        QRect(left, top, thick, high),
        QRect(left + wide - thick, top, thick, high),
    ):
        painter.fillRect(side, theme.qcolor(colour))
