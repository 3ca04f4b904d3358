"""Points drawn and found by NumPy alone: while the compiled loops are not here yet, or where numba does not work."""

import numpy as np
from numpy.typing import NDArray

SOFTNESS = 4  # samples along a pixel's side, for the coverage at a disc's edge
MOST = 60_000  # points of a cloud that are drawn: 30 ms; a million would stop the window for half a second


def draw(
    pixels: NDArray[np.float64],
    groups: NDArray[np.uint16],
    colours: NDArray[np.uint8],
    diameter: float,
    picture: NDArray[np.uint32],
) -> None:
    """Writes discs at pixels (N, 2) into picture (H, W), premultiplied ARGB32; colours (G, 3), groups (N,).

    Pixel by pixel of the disc for all points at once: first the soft edges, then the insides.
    """
    offsets = _disc(diameter)
    reach = max(abs(offset) for dx, dy, _ in offsets for offset in (dx, dy))
    height, width = picture.shape
    with np.errstate(invalid="ignore"):  # points without a place are nowhere
        shown = ((pixels >= -reach) & (pixels < (width + reach, height + reach))).all(axis=1)
        at = np.floor(pixels[shown]).astype(np.int64) + 2 * reach
    group, wide = groups[shown], width + 4 * reach
    room = np.zeros((height + 4 * reach, wide), np.uint32)  # with a margin, for discs that lie on the edge
    room[2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width] = picture
    flat, place = room.reshape(-1), at[:, 1] * wide + at[:, 0]
    for dx, dy, cover in offsets:
        flat[place + dy * wide + dx] = _premultiplied(colours, cover)[group]
    picture[:] = room[2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width]


def nearest(
    coords: NDArray[np.float32], place: tuple[float, float], radius: float, visible: NDArray[np.bool_] | None
) -> int | None:
    """The row of coords (N, 2) nearest to `place` within `radius` among the visible (N,); N > 0."""
    offset = coords - np.array(place, np.float64)
    distance = (offset**2).sum(axis=1)
    distance[np.isnan(distance)] = np.inf
    if visible is not None:
        distance[~visible] = np.inf
    row = int(np.argmin(distance))
    return row if distance[row] <= radius * radius else None


def _premultiplied(colours: NDArray[np.uint8], cover: float) -> NDArray[np.uint32]:
    """colours (G, 3) as ARGB32 at this coverage."""
    red, green, blue = np.rint(colours.T * cover).astype(np.uint32)
    alpha = np.uint32(round(255 * cover))
    return (alpha << np.uint32(24)) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue


def _disc(diameter: float) -> list[tuple[int, int, float]]:
    """Offsets of the pixels of a disc about a pixel's middle, with the share of each that it covers, rising."""
    reach = int(np.ceil(diameter / 2))
    inside = (np.arange(SOFTNESS) + 0.5) / SOFTNESS - 0.5
    found = []
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            x, y = np.meshgrid(dx + inside, dy + inside)
            cover = float((np.hypot(x, y) <= diameter / 2).mean())
            if cover > 0:
                found.append((dx, dy, cover))
    return sorted(found, key=lambda each: each[2])
