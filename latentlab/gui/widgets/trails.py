"""Short fading tails of moving points: where each of them was last."""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QPainter, QTransform

Floats = NDArray[np.floating]
LENGTH = 5  # places that a tail leads through
STRONGEST, WEAKEST = 0.5, 0.08  # opacity of the newest piece of a tail, and of the oldest
DENSEST, SPARSEST = 24, 3  # dots that one piece is made of


class Trails:
    """A layer under the points. Places come by `add`; the pieces between the last ones are drawn, older ones fainter.

    A piece is a row of dots written into an image at once for all points: 5,000 tails of four pieces take 6 ms once in
    each view, where as many lines of QPainter's take 40.
    """

    def __init__(self) -> None:
        self._places: list[Floats] = []
        self._groups = np.empty(0, np.int64)
        self._colours = np.zeros((1, 3), np.uint8)
        self._visible: NDArray[np.bool_] | None = None
        self._drawn: tuple[object, QImage] | None = None

    def __len__(self) -> int:
        """Places that are known of each point."""
        return len(self._places)

    def clear(self) -> None:
        self._places, self._drawn = [], None

    def add(self, places: Floats) -> None:
        """The points (N, 2) have come here; those of another number begin anew."""
        if self._places and len(self._places[-1]) != len(places):
            self.clear()
        self._places = [*self._places, places][-LENGTH:]
        self._drawn = None

    def set_colours(
        self, groups: NDArray[np.int64], colours: NDArray[np.uint8], visible: NDArray[np.bool_] | None
    ) -> None:
        """groups (N,): which of the colours (G, 3) each tail has; visible (N,): which are drawn, None: all."""
        self._groups, self._colours, self._visible, self._drawn = groups, colours, visible, None

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        if len(self._places) < 2 or len(self._groups) != len(self._places[-1]):
            return
        ratio = painter.device().devicePixelRatioF()
        key = (view, size, ratio)
        if self._drawn is None or self._drawn[0] != key:
            self._drawn = (key, self._image(view, round(size.width() * ratio), round(size.height() * ratio), ratio))
        painter.drawImage(0, 0, self._drawn[1])

    def _image(self, view: QTransform, width: int, height: int, ratio: float) -> QImage:
        surface = np.zeros((height, width), np.uint32)
        shown = slice(None) if self._visible is None else self._visible
        scale, shift = np.array([view.m11(), view.m22()]) * ratio, np.array([view.dx(), view.dy()]) * ratio
        pixels = [places[shown] * scale + shift for places in self._places]
        groups, pieces = self._groups[shown], len(pixels) - 1
        for piece in range(pieces):
            share = (piece + 1) / pieces
            colours = _premultiplied(self._colours, WEAKEST + (STRONGEST - WEAKEST) * share**2)
            _dots(surface, pixels[piece], pixels[piece + 1], colours[groups])
        image = QImage(surface.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied).copy()
        image.setDevicePixelRatio(ratio)
        return image


def _dots(surface: NDArray[np.uint32], start: Floats, end: Floats, colours: NDArray[np.uint32]) -> None:
    """From start (n, 2) to end (n, 2), in pixels, in these colours (n,)."""
    if not len(start):
        return
    length = float(np.percentile(np.abs(end - start).max(axis=1), 95))
    count = min(max(math.ceil(length) if math.isfinite(length) else DENSEST, SPARSEST), DENSEST)
    height, width = surface.shape
    flat = surface.reshape(-1)
    for share in np.linspace(0, 1, count):
        at = np.floor(start + (end - start) * share).astype(np.int64)
        inside = ((at >= 0) & (at < (width, height))).all(axis=1)
        flat[at[inside, 1] * width + at[inside, 0]] = colours[inside]


def _premultiplied(colours: NDArray[np.uint8], opacity: float) -> NDArray[np.uint32]:
    """These colours (G, 3) as ARGB32 of this opacity."""
    red, green, blue = np.rint(colours.T * opacity).astype(np.uint32)
    alpha = np.uint32(round(255 * opacity))
    found: NDArray[np.uint32] = (alpha << np.uint32(24)) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
    return found
