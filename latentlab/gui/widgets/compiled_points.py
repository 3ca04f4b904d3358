"""Loops over many points, compiled: drawing them into an image, and finding the one under the mouse.

Importing this module imports numba and compiles, which takes seconds the first time and is read from numba's cache
afterwards: so it is imported in a thread, once the window stands. The loops let go of the interpreter's lock.

Pixels are those of the device; pictures are premultiplied ARGB32. `view` is (x scale, y scale, x offset, y offset) from
the map to pixels; it is applied in double precision, point by point, so that a deep zoom does not tremble. Points whose
state is not `want` are left out. All that is compiled lies in this one file: numba's cache notices a change in the file
of a function, and in no other.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import float32, float64, int64, njit, uint8, uint16, uint32, uint64, void
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Shorts = NDArray[np.uint16]
Picture = NDArray[np.uint32]
Wide = NDArray[np.uint64]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

PHASES = 4  # a disc's middle is rounded to this share of a pixel
SUMMED = 255  # points of one pixel whose colours are summed up, in 16 bits each; further ones are only counted
MOST = 65535
TILE = 32  # pixels of a line in which it is remembered whether there are points: most of a map is empty
LANES, PAIR = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x00FF00FF)
B8, B16, B32, B48 = np.uint64(8), np.uint64(16), np.uint64(32), np.uint64(48)
WHOLE, BYTE, LANE, ONE_MORE = np.uint64(256), np.uint64(255), np.uint64(0xFFFF), np.uint64(1 << 48)


def _compiled(*signature: Any, **options: Any) -> Callable[[Any], Any]:
    """numba's njit at once for this signature, kept on disk where there is a place to write."""

    def compile_now(function: Any) -> Any:
        try:
            return njit(*signature, nogil=True, cache=True, **options)(function)
        except RuntimeError:  # neither beside this file nor among the person's caches
            return njit(*signature, nogil=True, **options)(function)

    return compile_now


_POINTS = (float32[:, ::1], uint16[::1], uint8[::1], uint8, float64[::1])  # xy, groups, states, want, view
_BLOCK = 2048  # points that are placed before they are drawn: a guess whether the next one is in the picture costs more


@_compiled(int64(*_POINTS, int64, float64, float64, float64, float64[:, ::1], uint16[::1]))
def _place(
    xy: Floats,
    groups: Shorts,
    states: Bytes,
    want: int,
    view: Doubles,
    first: int,
    width: float,
    height: float,
    margin: float,
    places: Doubles,
    kinds: Shorts,
) -> int:
    """Pixels and groups of those points of a block that lie within the margin about the picture; returns how many."""
    count = 0
    for row in range(first, min(first + _BLOCK, len(xy))):
        x = xy[row, 0] * view[0] + view[2]
        y = xy[row, 1] * view[1] + view[3]
        places[count, 0], places[count, 1], kinds[count] = x, y, groups[row]
        across = (x >= -margin) & (x < width + margin)  # not so for NaN
        count += across & (y >= -margin) & (y < height + margin) & (states[row] == want)
    return count


@_compiled(void(*_POINTS, uint64[::1], uint64[:, ::1], uint8[:, ::1]))
def accumulate(
    xy: Floats, groups: Shorts, states: Bytes, want: int, view: Doubles, palette: Wide, sums: Wide, touched: Bytes
) -> None:
    """Counts the points of each pixel in sums (H, W), and sums up their colours: 16 bits each, count, G, R, B.

    palette (G,): 1 << 48 | green << 32 | red << 16 | blue. touched (H, W / TILE): becomes 1 where there are any.
    """
    height, width = sums.shape
    flat, marks, tiles = sums.reshape(-1), touched.reshape(-1), touched.shape[1]
    places, kinds = np.empty((_BLOCK + 1, 2), np.float64), np.empty(_BLOCK + 1, np.uint16)
    for first in range(0, len(xy), _BLOCK):
        for each in range(_place(xy, groups, states, want, view, first, width, height, 0.0, places, kinds)):
            x, y = int(places[each, 0]), int(places[each, 1])
            at = np.uint64(y * width + x)
            marks[np.uint64(y * tiles + x // TILE)] = 1
            so_far = flat[at]
            count = so_far >> B48
            if count < SUMMED:
                flat[at] = so_far + palette[kinds[each]]
            elif count < MOST:
                flat[at] = so_far + ONE_MORE


@_compiled(void(uint64[::1], float32[:, ::1], int64), fastmath=True, error_model="numpy")
def _unpack(sums: Wide, planes: Floats, start: int) -> None:
    """Some sums of a line as floats into planes (4, ...) from `start` on: counts, then red, green, blue times them."""
    for x in range(len(sums)):
        packed = sums[x]
        count = np.float32(np.int32(packed >> B48))
        share = max(count * np.float32(1 / SUMMED), np.float32(1))
        planes[0, start + x] = count
        planes[1, start + x] = np.float32(np.int32((packed >> B16) & LANE)) * share
        planes[2, start + x] = np.float32(np.int32((packed >> B32) & LANE)) * share
        planes[3, start + x] = np.float32(np.int32(packed & LANE)) * share


@_compiled(
    void(float32[:, :, ::1], int64, float32[::1], float32[:, ::1], float32[:, ::1], int64, int64),
    fastmath=True,
    error_model="numpy",
)
def _smooth(ring: Floats, first: int, taps: Floats, column: Floats, out: Floats, start: int, stop: int) -> None:
    """Weighs the lines of the ring, from `first` on, and then each pixel's neighbours, with taps (T,)."""
    across = stop - start
    for plane in range(4):
        upright = column[plane, start : stop + len(taps) - 1]
        upright[:] = 0
        for tap in range(len(taps)):
            source = ring[(first + tap) % len(taps), plane, start : stop + len(taps) - 1]
            for x in range(len(upright)):
                upright[x] += taps[tap] * source[x]
        level = out[plane, start:stop]
        level[:] = 0
        for tap in range(len(taps)):
            source = column[plane, start + tap : start + tap + across]
            for x in range(len(level)):
                level[x] += taps[tap] * source[x]


@_compiled(void(float32[:, ::1], float32[::1], uint32[::1], int64, int64), fastmath=True, error_model="numpy")
def _tone(planes: Floats, tone: Floats, line: Picture, start: int, stop: int) -> None:
    """Lays smoothed counts and sums of squared colours over what one line shows already. tone: see `resolve`."""
    typical, thinnest, edge, opacity, towards, most = tone[0], tone[1], tone[2], tone[3], tone[4], tone[5]
    half, one, byte = np.float32(0.5), np.float32(1), np.float32(255)
    counts, reds, greens, blues = (
        planes[0, start:stop],
        planes[1, start:stop],
        planes[2, start:stop],
        planes[3, start:stop],
    )
    pixels = line[start:stop]
    for x in range(len(pixels)):
        count, below = counts[x], np.int32(pixels[x])
        root = np.sqrt(count)
        share = root / (root + typical)
        alpha = opacity * min(count * edge, one) * (thinnest + (one - thinnest) * share)
        left = one - alpha
        deep = max(share - half, np.float32(0)) * most
        scale, extra = alpha * (one - deep), alpha * deep * towards + half
        level = byte / max(count, np.float32(1e-6))
        red = np.sqrt(reds[x] * level) * scale + extra + left * np.float32((below >> 16) & 255)
        green = np.sqrt(greens[x] * level) * scale + extra + left * np.float32((below >> 8) & 255)
        blue = np.sqrt(blues[x] * level) * scale + extra + left * np.float32(below & 255)
        cover = alpha * byte + half + left * np.float32((below >> 24) & 255)
        pixels[x] = np.uint32((np.int32(cover) << 24) | (np.int32(red) << 16) | (np.int32(green) << 8) | np.int32(blue))


@_compiled(void(uint64[:, ::1], uint8[:, ::1], float32[::1], float32[::1], uint32[:, ::1]))
def resolve(sums: Wide, touched: Bytes, taps: Floats, tone: Floats, picture: Picture) -> None:
    """Draws what `accumulate` made of the points as a density over picture (H, W).

    taps (T,): T odd and less than TILE, adding up to 1: each point is spread over T x T pixels. tone (6,): the square
    root of the count that half the full tone is for; the opacity of the thinnest places; the factor that makes a lone
    point's middle that opaque; the opacity of all; the grey, 0 to 255, that the densest places go towards, and how far.
    The colour of a pixel is the root of the mean square of its points' colours: nearly a mean of light.
    """
    (height, width), tiles, reach = sums.shape, touched.shape[1], len(taps) // 2
    ring = np.zeros((len(taps), 4, width + 2 * reach), np.float32)
    column, out = np.zeros((4, width + 2 * reach), np.float32), np.zeros((4, width), np.float32)
    live = np.zeros(tiles + 2, np.uint8)
    for ahead in range(height + reach):
        planes = ring[ahead % len(taps)]
        planes[:] = 0
        if ahead < height:
            for tile in range(tiles):
                if touched[ahead, tile]:
                    start = tile * TILE
                    _unpack(sums[ahead, start : min(start + TILE, width)], planes, reach + start)
        y = ahead - reach
        if y < 0:
            continue
        live[:] = 0
        for line in range(max(y - reach, 0), min(y + reach + 1, height)):
            for tile in range(tiles):
                live[1 + tile] |= touched[line, tile]
        start = -1
        for tile in range(tiles + 1):
            on = tile < tiles and (live[tile] or live[tile + 1] or live[tile + 2])  # a neighbour's points reach here
            if on and start < 0:
                start = tile * TILE
            elif start >= 0 and not on:
                stop = min(tile * TILE, width)
                _smooth(ring, (ahead + 1) % len(taps), taps, column, out, start, stop)
                _tone(out, tone, picture[y], start, stop)
                start = -1


@_compiled(uint32(uint32, uint64, uint64))
def _over(below: Any, colour: Any, left: Any) -> Any:
    """A premultiplied colour, 16 bits a channel as A G R B, over a pixel of which `left` / 256 is still seen."""
    wide = (((np.uint64(below) >> B8) & PAIR) << B32) | (np.uint64(below) & PAIR)
    mixed = colour + (((wide * left) >> B8) & LANES)
    return np.uint32(((mixed >> B32) << B8) | (mixed & PAIR))


@_compiled(void(*_POINTS, uint64[::1], int64[:, :, ::1], uint64[:, :, ::1], uint32[:, ::1]))
def discs(
    xy: Floats,
    groups: Shorts,
    states: Bytes,
    want: int,
    view: Doubles,
    palette: Wide,
    offsets: NDArray[np.int64],
    shares: Wide,
    picture: Picture,
) -> None:
    """Draws the points one over the other into picture (H, W), as discs whose middles keep their place in the pixel.

    offsets (PHASES ** 2, M, 2): the pixels of a disc, x and y from the middle one, for each place that its middle may
    have within that one, row by row; shares (PHASES ** 2, M, 2): how opaque it is there, and that times its shade, of
    256. palette (G,): green << 32 | red << 16 | blue.
    """
    height, width = picture.shape
    flat = picture.reshape(-1)
    reach = np.abs(offsets).max()
    steps = offsets[:, :, 1] * width + offsets[:, :, 0]
    places, kinds = np.empty((_BLOCK + 1, 2), np.float64), np.empty(_BLOCK + 1, np.uint16)
    for first in range(0, len(xy), _BLOCK):
        for each in range(_place(xy, groups, states, want, view, first, width, height, reach, places, kinds)):
            left, top = int(np.floor(places[each, 0])), int(np.floor(places[each, 1]))
            phase = int((places[each, 1] - top) * PHASES) * PHASES + int((places[each, 0] - left) * PHASES)
            middle, colour = top * width + left, palette[kinds[each]]
            whole = left >= reach and top >= reach and left < width - reach and top < height - reach
            for pixel in range(steps.shape[1]):
                if not whole:
                    x, y = left + offsets[phase, pixel, 0], top + offsets[phase, pixel, 1]
                    if x < 0 or y < 0 or x >= width or y >= height:
                        continue
                at = np.uint64(middle + steps[phase, pixel])
                opacity = shares[phase, pixel, 0]
                lit = ((colour * shares[phase, pixel, 1]) >> B8) & LANES
                flat[at] = _over(flat[at], lit | (((opacity * BYTE) >> B8) << B48), WHOLE - opacity)


@_compiled(int64(float32[:, ::1], uint8[::1], float64, float64, float64))
def nearest(coords: Floats, visible: Bytes, x: float, y: float, radius: float) -> int:
    """The row of coords (N, 2) nearest to x, y within the radius, else -1; of equals the first.

    visible (N,): not 0 for the rows that count; (0,): all of them.
    """
    best, found = radius * radius, -1
    some = len(visible) > 0
    for row in range(len(coords)):
        across, up = coords[row, 0] - x, coords[row, 1] - y
        distance = across * across + up * up
        if (distance < best or (distance == best and found < 0)) and (not some or visible[row]):
            best, found = distance, row
    return found
