"""How each overlay is drawn: fields and sheets as one image each, stretched over their part of the map; and lines."""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QTransform

from latentlab.explore.overlays.gaussians import Ellipses
from latentlab.explore.overlays.holes import Holes
from latentlab.explore.overlays.lattice import Field, Sheet
from latentlab.explore.overlays.neighbours import Kept
from latentlab.explore.overlays.plane import Extent
from latentlab.gui.views.map.points import Points
from latentlab.gui.widgets import theme

STRONGEST = 0.62  # opacity of a heat field where it is greatest: the points stay readable
DEEPEST = 0.85  # of a hole as deep as the prior's peak
SHEET_DARK, SHEET_LIGHT = 0.6, 0.72  # of decoded pictures under the points
GAP = 2  # pixels between them, at least
EVEN_FILLS = 0.8  # of what a picture could take in its cell: then it is drawn at a whole multiple of its size
OVER_PICTURES = 0.4  # of a field's opacity, where decoded pictures lie under it: both can be read
STALE = 0.45  # of that, where a field is of other weights
FEW = 12  # posteriors that are drawn at 2 sigma, too
SIGMAS = (1, 2, 3)
FAINTEST = 0.04  # of a field's greatest value: there it begins


def hole_colour() -> str:
    """Prior without data: what is far from all data, wherever that is said."""
    return theme.current().bad


def excess_colour() -> str:
    """More data than the prior has there."""
    return "#5B9BFF" if theme.current().dark else "#2A6FDB"


def heat_colour() -> str:
    """Where the picture changes fast."""
    return "#FFB454" if theme.current().dark else "#D97A00"


class ImageLayer:
    """Images over their parts of the map. Stretched once for each view: a mouse that moves over the map repaints it."""

    def __init__(self) -> None:
        self.opacity = 1.0
        self.share = 1.0  # of that, where another overlay beneath is to be read as well
        self.images: list[tuple[QImage, Extent]] = []  # a later one on top
        self._stretched: QImage | None = None
        self._stretched_for: tuple[object, ...] = ()

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        if not self.images:
            self._stretched = None
            return
        ratio = painter.device().devicePixelRatioF()
        wanted = (view, size, ratio, [image.cacheKey() for image, _ in self.images], self.opacity * self.share)
        if self._stretched is None or self._stretched_for != wanted:
            self._stretched, self._stretched_for = self._stretch(view, size, ratio), wanted
        painter.drawImage(0, 0, self._stretched)

    def _stretch(self, view: QTransform, size: QSize, ratio: float) -> QImage:
        surface = QImage(size * ratio, QImage.Format.Format_ARGB32_Premultiplied)
        surface.setDevicePixelRatio(ratio)
        surface.fill(0)
        painter = QPainter(surface)
        painter.setOpacity(self.opacity * self.share)
        self._paint(painter, view, size)
        painter.end()
        return surface

    def _paint(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        for image, extent in self.images:
            _draw_image(painter, view, size, image, extent)

    def dress(self) -> None:
        """The theme's colours are others."""


class HolesLayer(ImageLayer):
    """The signed square root of q - p over the prior's peak, so that a faint hole far out is seen, too."""

    def __init__(self) -> None:
        super().__init__()
        self._shows: Holes | None = None

    def show(self, shows: Holes | None) -> None:
        self._shows = shows
        self.dress()

    def dress(self) -> None:
        shows = self._shows
        self.images = []
        if shows is not None:
            share = np.sign(shows.excess) * np.sqrt(np.abs(shows.excess) / shows.peak)
            colours = [hole_colour(), excess_colour()]
            image = _tinted(np.abs(share), colours, (share > 0).astype(np.int64), DEEPEST)
            self.images = [(image, shows.extent)]


class HeatLayer(ImageLayer):
    """Clear where the picture hardly changes, strong where it changes fast."""

    def __init__(self) -> None:
        super().__init__()
        self._shows: Field | None = None

    def show(self, shows: Field | None) -> None:
        self._shows = shows
        self.opacity = STALE if shows is not None and shows.stale else 1.0
        self.dress()

    def dress(self) -> None:
        shows = self._shows
        self.images = []
        if shows is not None:
            share = np.nan_to_num((shows.values - shows.low) / max(shows.top - shows.low, 1e-12))
            if shows.certainty is not None:
                share = share * shows.certainty
            image = _tinted(share, [heat_colour()], np.zeros(share.shape, np.int64), STRONGEST)
            self.images = [(image, shows.extent)]


class SheetLayer(ImageLayer):
    """Decoded pictures; while a new sheet is filled, the last whole one stays beneath it."""

    def __init__(self) -> None:
        super().__init__()
        self._sheets: list[Sheet] = []  # of the images

    def show(self, shows: Sheet | None) -> None:
        whole = [number for number, sheet in enumerate(self._sheets) if sheet.complete][-1:]
        kept = whole if shows is not None and not shows.complete else []
        self.images, self._sheets = [self.images[n] for n in kept], [self._sheets[n] for n in kept]
        if shows is not None:
            self.images.append((_image(shows.image), shows.extent))
            self._sheets.append(shows)
        self.dress()

    def dress(self) -> None:
        stale = any(sheet.stale for sheet in self._sheets)
        self.opacity = (SHEET_DARK if theme.current().dark else SHEET_LIGHT) * (STALE if stale else 1.0)

    def _paint(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        for (image, _), sheet in zip(self.images, self._sheets, strict=True):
            _draw_cells(painter, view, size, image, sheet)


class PriorLayer:
    """Contours at 1, 2 and 3 sigma, each with its name."""

    def __init__(self) -> None:
        self._shows: Ellipses | None = None

    def show(self, shows: Ellipses | None) -> None:
        self._shows = shows

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        if self._shows is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme.current()
        lengths, angles = self._shows.axes()
        (x, y), angle = self._shows.centres[0].tolist(), float(angles[0])
        painter.setFont(theme.sans(theme.SMALL))
        for sigma in SIGMAS:
            painter.setPen(QPen(theme.qcolor(colours.text, 200 - 45 * (sigma - 1)), 1.25, Qt.PenStyle.DashLine))
            _draw_ellipse(painter, view, (x, y), sigma * lengths[0], angle)
            up = (
                math.hypot(lengths[0, 0] * math.sin(angle), lengths[0, 1] * math.cos(angle)) * sigma
            )  # its highest place
            _name(painter, view.map(QPointF(x, y + up)), f"{sigma}σ")
        painter.restore()


class PosteriorsLayer:
    """Ellipses about the points where they are drawn, also while these glide."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self._shows: Ellipses | None = None

    def show(self, shows: Ellipses | None) -> None:
        self._shows = shows

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        shows = self._shows
        if shows is None or shows.rows is None or (len(shows) and shows.rows.max() >= len(self._points)):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = theme.current().accent
        few = len(shows) <= FEW
        lengths, angles = shows.axes()
        for centre, length, angle in zip(self._points.at(shows.rows).tolist(), lengths, angles.tolist(), strict=True):
            painter.setPen(QPen(theme.qcolor(accent, 255 if few else 150), 1.5 if few else 1.0))
            painter.setBrush(theme.qcolor(accent, 40 if few else 14))
            _draw_ellipse(painter, view, centre, length, angle)
            if few:
                painter.setPen(QPen(theme.qcolor(accent, 130), 1.0))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                _draw_ellipse(painter, view, centre, 2 * length, angle)
        painter.restore()


class NeighboursLayer:
    """Lines to true neighbours: whole to those that the map kept near, dashed to those that it did not."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self._shows: Kept | None = None

    def show(self, shows: Kept | None) -> None:
        self._shows = shows

    def draw(self, painter: QPainter, view: QTransform, size: QSize) -> None:
        shows = self._shows
        if shows is None or max(shows.row, *shows.rows.tolist(), 0) >= len(self._points):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme.current()
        start = view.map(QPointF(*self._points.at([shows.row])[0].tolist()))
        for place, kept in zip(self._points.at(shows.rows).tolist(), shows.kept.tolist(), strict=True):
            colour, style = (colours.accent, Qt.PenStyle.SolidLine) if kept else (colours.bad, Qt.PenStyle.DashLine)
            end = view.map(QPointF(*place))
            painter.setPen(QPen(theme.qcolor(colour), 1.5, style))
            painter.drawLine(start, end)
            painter.setPen(QPen(theme.qcolor(colour), 1.5))
            painter.drawEllipse(end, 4.5, 4.5)
        painter.restore()


def _draw_image(painter: QPainter, view: QTransform, size: QSize, image: QImage, extent: Extent) -> None:
    """Smoothly, and only its part that is seen: far in, the whole would be millions of pixels wide."""
    whole = view.mapRect(QRectF(extent.left, extent.bottom, extent.width, extent.height))
    seen = whole.intersected(QRectF(-2, -2, size.width() + 4, size.height() + 4))
    if seen.isEmpty():
        return
    across, down = image.width() / whole.width(), image.height() / whole.height()
    left = max(math.floor((seen.left() - whole.left()) * across) - 1, 0)
    top = max(math.floor((seen.top() - whole.top()) * down) - 1, 0)
    right = min(math.ceil((seen.right() - whole.left()) * across) + 1, image.width())
    bottom = min(math.ceil((seen.bottom() - whole.top()) * down) + 1, image.height())
    part = QRectF(left, top, right - left, bottom - top)  # of whole pixels: none is cut, or smoothed against nothing
    target = QRectF(whole.left() + left / across, whole.top() + top / down, part.width() / across, part.height() / down)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(target, image, part)


def _draw_cells(painter: QPainter, view: QTransform, size: QSize, image: QImage, sheet: Sheet) -> None:
    """Each picture in the middle of its cell: at a whole multiple of its size where that nearly fills it."""
    rows, columns = sheet.known.shape
    ratio = painter.device().devicePixelRatioF()
    whole = view.mapRect(QRectF(sheet.extent.left, sheet.extent.bottom, sheet.extent.width, sheet.extent.height))
    side = whole.width() / columns  # pixels; cells are square
    wide, high = image.width() // columns, image.height() // rows
    factor = (side - GAP) / max(wide, high)  # by which a picture is drawn larger, as a whole number of true pixels
    even = math.floor(factor * ratio) / ratio
    factor = even if even > EVEN_FILLS * factor else factor
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, factor * ratio < 1)
    clear = painter.CompositionMode.CompositionMode_Clear
    over = painter.CompositionMode.CompositionMode_SourceOver
    for row, column in zip(*(each.tolist() for each in np.nonzero(sheet.known)), strict=True):
        cell = QRectF(whole.left() + column * side, whole.bottom() - (row + 1) * side, side, side)
        if not cell.intersects(QRectF(0, 0, size.width(), size.height())):
            continue
        painter.setCompositionMode(clear)  # of an older sheet, what lies beneath
        painter.fillRect(cell, Qt.GlobalColor.transparent)
        painter.setCompositionMode(over)
        target = QRectF(0, 0, factor * wide, factor * high)
        target.moveCenter(cell.center())
        target.moveTopLeft(QPointF(round(target.left() * ratio) / ratio, round(target.top() * ratio) / ratio))
        painter.drawImage(target, image, QRectF(column * wide, (rows - 1 - row) * high, wide, high))


def _tinted(share: NDArray[np.floating], colours: list[str], which: NDArray[np.integer], strongest: float) -> QImage:
    """share (R, C) of 0 to 1, row 0 at the bottom, as the opacity of one of the colours; at 1 it is `strongest`."""
    alpha = np.clip((share - FAINTEST) / (1 - FAINTEST), 0, 1)[::-1, :, None] * strongest
    table = np.array([theme.rgb(colour) for colour in colours], np.float64)
    tint = table[np.asarray(which, np.int64)[::-1]]  # (R, C, 3)
    parts = np.rint(np.concatenate([255.0 * alpha, tint * alpha], axis=2)).astype(np.uint32)
    return _image(parts @ np.array([1 << 24, 1 << 16, 1 << 8, 1], np.uint32))


def _image(pixels: NDArray[np.uint32]) -> QImage:
    """(H, W) of 0xAARRGGBB, colours times opacity, in memory of its own."""
    height, width = pixels.shape
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied).copy()


def _draw_ellipse(
    painter: QPainter,
    view: QTransform,
    centre: tuple[float, float] | list[float],
    half: NDArray[np.floating],
    angle: float,
) -> None:
    """half (2,): half-axes in units of the map, the first along `angle`; the map is never stretched."""
    scale = abs(view.m11())
    painter.save()
    painter.translate(view.map(QPointF(*centre)))
    painter.rotate(-math.degrees(angle))  # up is up on the map
    painter.drawEllipse(QPointF(0, 0), float(half[0]) * scale, float(half[1]) * scale)
    painter.restore()


def _name(painter: QPainter, at: QPointF, text: str) -> None:
    """On the line, with the ground beneath it."""
    metrics = painter.fontMetrics()
    box = QRectF(0, 0, metrics.horizontalAdvance(text) + 6, metrics.height())
    box.moveCenter(at)
    pen = painter.pen()
    painter.fillRect(box, QColor(theme.qcolor(theme.current().card, 225)))
    painter.setPen(theme.qcolor(theme.current().text))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.setPen(pen)
