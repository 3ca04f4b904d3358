"""Points drawn and found by NumPy alone: while the compiled loops are not here yet, or where numba does not work."""

import numpy as np
from numpy.typing import NDArray

MOST = 60_000  # points of a cloud that are drawn: 30 ms; a million would stop the window for half a second


def draw(
    pixels: NDArray[np.float64],
    groups: NDArray[np.uint16],
    colours: NDArray[np.uint8],
    stamp: tuple[NDArray[np.int64], NDArray[np.uint64]],
    picture: NDArray[np.uint32],
) -> None:
    """Writes discs at pixels (N, 2) into picture (H, W), premultiplied ARGB32; colours (G, 3), groups (N,).

    stamp: as `point_style.stamps` makes them, of one phase. Pixel by pixel of the disc for all points at once: first
    the soft edges, then the insides.
    """
    offsets, shares = stamp[0][0], stamp[1][0]
    reach, (height, width) = int(np.abs(offsets).max()), picture.shape
    with np.errstate(invalid="ignore"):  # points without a place are nowhere
        shown = ((pixels >= -reach) & (pixels < (width + reach, height + reach))).all(axis=1)
    at, group, wide = np.floor(pixels[shown]).astype(np.int64) + 2 * reach, groups[shown], width + 4 * reach
    room = np.zeros((height + 4 * reach, wide), np.uint32)  # with a margin, for discs that lie on the edge
    inner = room[2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width]
    inner[:] = picture
    flat, place = room.reshape(-1), at[:, 1] * wide + at[:, 0]
    for pixel in np.argsort(shares[:, 0], kind="stable"):
        cover, light = (float(share) / 256 for share in shares[pixel])
        flat[place + offsets[pixel, 1] * wide + offsets[pixel, 0]] = _premultiplied(colours, cover, light)[group]
    picture[:] = inner


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


def _premultiplied(colours: NDArray[np.uint8], cover: float, light: float) -> NDArray[np.uint32]:
    """colours (G, 3) as ARGB32 at this coverage, which times the shade is `light`."""
    red, green, blue = np.rint(colours.T * light).astype(np.uint32)
    alpha = np.uint32(round(255 * cover))
    return (alpha << np.uint32(24)) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
