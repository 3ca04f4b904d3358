"""Pictures of pixels: shown at whole multiples of their size where they fit, never smoothed.

Arrays are uint8 (C, H, W) with one channel or three. Everything that Qt is given is a copy of its own.
"""

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from latentlab.gui.widgets import theme

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

ERROR_GAIN = 1.6  # errors of a tenth of the range should be seen


def image(pixels: Pixels, scale: int = 1) -> QImage:
    """A QImage that owns its memory, every pixel of (C, H, W) drawn as scale x scale."""
    rows = np.broadcast_to(pixels.transpose(1, 2, 0), (*pixels.shape[1:], 3))
    if scale > 1:
        rows = rows.repeat(scale, axis=0).repeat(scale, axis=1)
    rows = np.ascontiguousarray(rows, dtype=np.uint8)
    height, width = rows.shape[:2]
    return QImage(rows.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def pixmap(pixels: Pixels, scale: int = 1) -> QPixmap:
    """The same as a pixmap."""
    return QPixmap.fromImage(image(pixels, scale))


def whole_multiple(size: tuple[int, int], width: float, height: float) -> float:
    """The largest scale at which (H, W) pixels fit into width x height: a whole number, or 1/n where 1 is too much."""
    scale = min(width / size[1], height / size[0])
    if scale <= 0:
        return 1.0
    return float(floor(scale)) if scale >= 1 else 1.0 / -floor(-1.0 / scale)


def fitted(pixels: Pixels, width: float, height: float, ratio: float) -> QPixmap:
    """The picture as large as it fits, whole multiples of the screen's own pixels; `ratio` of those to ours."""
    scale = whole_multiple(pixels.shape[1:], width * ratio, height * ratio)
    whole = pixels if scale >= 1 else shrunk(pixels, round(1 / scale))
    result = pixmap(whole, max(int(scale), 1))
    result.setDevicePixelRatio(ratio)
    return result


def shrunk(pixels: Pixels, factor: int) -> Pixels:
    """Blocks of factor x factor pixels averaged; a rim that makes no whole block is left out."""
    channels, height, width = pixels.shape
    rows, columns = max(height // factor, 1), max(width // factor, 1)
    cut = pixels[:, : rows * factor, : columns * factor].astype(np.float32)
    blocks = cut.reshape(channels, rows, cut.shape[1] // rows, columns, cut.shape[2] // columns)
    return np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8)


def signed_error(input_: Pixels, output: Pixels) -> Floats:
    """output - input over the channels' mean, (H, W) within -1 to 1: positive where the model put too much light."""
    return ((output.astype(np.float32) - input_.astype(np.float32)).mean(axis=0) / 255.0).astype(np.float32)


def diverging(error: Floats) -> Pixels:
    """Errors (H, W) as colours uint8 (3, H, W): the card's ground at nought, the accent above, the bad colour below."""
    colours = theme.current()
    ground, above, below = (
        np.array(theme.rgb(colour), np.float32) for colour in (colours.card, colours.accent, colours.bad)
    )
    strength = np.clip(np.abs(error) * ERROR_GAIN, 0.0, 1.0)[..., None]
    ends = np.where(error[..., None] > 0, above, below)
    return np.rint(ground + strength * (ends - ground)).astype(np.uint8).transpose(2, 0, 1)


class PictureView(QWidget):
    """One picture as large as fits into a square of `side`, or the outline of one; no larger than what it shows."""

    def __init__(self, side: int, name: str = "", words: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self._pixels: Pixels | None = None
        self._drawn: QPixmap | None = None
        self._size = (1, 1)  # (H, W) of what is shown or expected
        self._opacity = 1.0
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.expect(self._size)
        theme.changed.connect(self.update)

    @property
    def pixels(self) -> Pixels | None:
        """What is shown, uint8 (C, H, W)."""
        return self._pixels

    def set_pixels(self, pixels: Pixels | None) -> None:
        """Show this one from the next paint on; None leaves the outline."""
        if pixels is not None:
            self.expect(pixels.shape[1:])
        self._pixels = pixels
        self._drawn = None
        self.update()

    def expect(self, size: tuple[int, int]) -> None:
        """Take the room that pictures of (H, W) pixels will need, so that nothing moves when one comes."""
        ratio = self.devicePixelRatioF()
        scale = whole_multiple(size, self._side * ratio, self._side * ratio) / ratio
        self._size = size
        self.setFixedSize(ceil(size[1] * scale), ceil(size[0] * scale))

    def set_side(self, side: int) -> None:
        """As large as fits into a square of `side` from now on."""
        if side != self._side:
            self._side, self._drawn = side, None
            self.expect(self._size)
            self.update()

    def set_opacity(self, opacity: float) -> None:
        """Fainter, for a picture that should not be believed."""
        if opacity != self._opacity:
            self._opacity = opacity
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._pixels is None:
            paint_empty(painter, QRectF(self.rect()))
            return
        if self._drawn is None:
            self._drawn = fitted(self._pixels, self._side, self._side, self.devicePixelRatioF())
        painter.setOpacity(self._opacity)
        painter.drawPixmap(0, 0, self._drawn)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._drawn = None
            self.expect(self._size)
        return super().event(event)


def paint_empty(painter: QPainter, where: QRectF) -> None:
    """The outline of a picture that is not there."""
    painter.setPen(theme.qcolor(theme.current().line))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.drawRoundedRect(where.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)


def row_of(index: NDArray[np.int64], wanted: int, guess: int | None = None) -> int | None:
    """Where the image with dataset index `wanted` stands in `index` (N,), or None; `guess` is looked at first.

    Rows of two tables are never taken for one another: what is on the map and what has arrived may differ.
    """
    if guess is not None and 0 <= guess < len(index) and index[guess] == wanted:
        return guess
    found = np.flatnonzero(index == wanted)
    return int(found[0]) if len(found) else None
