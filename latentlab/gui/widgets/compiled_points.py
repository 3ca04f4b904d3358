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
from numba import boolean, float32, float64, int64, njit, uint8, uint16, uint32, uint64, void
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
LANES, PAIR = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x00FF00FF)
B8, B16, B32, B48 = np.uint64(8), np.uint64(16), np.uint64(32), np.uint64(48)
WHOLE, LANE, ONE_MORE = np.uint64(256), np.uint64(0xFFFF), np.uint64(1 << 48)


def _compiled(*signature: Any, **options: Any) -> Callable[[Any], Any]:
    """numba's njit at once for this signature, kept on disk where there is a place to write."""

    def compile_now(function: Any) -> Any:
        try:
            return njit(*signature, nogil=True, cache=True, **options)(function)
        except RuntimeError:  # neither beside this file nor among the person's caches
            return njit(*signature, nogil=True, **options)(function)

    return compile_now


_POINTS = (float32[:, ::1], uint16[::1], uint8[::1], uint8, float64[::1])  # xy, groups, states, want, view


@_compiled(void(*_POINTS, uint64[::1], uint64[:, ::1]))
def accumulate(xy: Floats, groups: Shorts, states: Bytes, want: int, view: Doubles, palette: Wide, sums: Wide) -> None:
    """Counts the points of each pixel in sums (H, W), and sums up their colours: 16 bits each, count, G, R, B.

    palette (G,): 1 << 48 | green << 32 | red << 16 | blue.
    """
    height, width = sums.shape
    for row in range(len(xy)):
        if states[row] != want:
            continue
        x = xy[row, 0] * view[0] + view[2]
        y = xy[row, 1] * view[1] + view[3]
        if x >= 0.0 and y >= 0.0 and x < width and y < height:  # not so for NaN
            column, line = int(x), int(y)
            so_far = sums[line, column]
            count = so_far >> B48
            if count < SUMMED:
                sums[line, column] = so_far + palette[groups[row]]
            elif count < MOST:
                sums[line, column] = so_far + ONE_MORE


@_compiled(void(uint64[::1], float32[:, ::1], int64), fastmath=True)
def _unpack(line: Wide, planes: Floats, margin: int) -> None:
    """One line of sums as floats into planes (4, margin + W + margin): counts, then red, green, blue times counts."""
    for x in range(len(line)):
        packed = line[x]
        if packed == 0:
            for plane in range(4):
                planes[plane, margin + x] = 0
            continue
        count = np.float32(packed >> B48)
        share = count / min(count, np.float32(SUMMED))
        planes[0, margin + x] = count
        planes[1, margin + x] = np.float32((packed >> B16) & LANE) * share
        planes[2, margin + x] = np.float32((packed >> B32) & LANE) * share
        planes[3, margin + x] = np.float32(packed & LANE) * share


@_compiled(void(float32[:, :, ::1], int64, float32[::1], float32[:, ::1], float32[:, ::1]), fastmath=True)
def _smooth(ring: Floats, first: int, taps: Floats, column: Floats, out: Floats) -> None:
    """Weighs the lines of the ring, from `first` on, and then each pixel's neighbours, with taps (T,)."""
    width = out.shape[1]
    column[:] = 0
    for tap in range(len(taps)):
        planes, weight = ring[(first + tap) % len(taps)], taps[tap]
        for plane in range(4):
            for x in range(column.shape[1]):
                column[plane, x] += weight * planes[plane, x]
    out[:] = 0
    for tap in range(len(taps)):
        weight = taps[tap]
        for plane in range(4):
            for x in range(width):
                out[plane, x] += weight * column[plane, x + tap]


@_compiled(void(float32[:, ::1], float32[::1], uint32[::1]), fastmath=True)
def _tone(planes: Floats, tone: Floats, line: Picture) -> None:
    """Colours of one line from smoothed counts and sums of squared colours, over what the line shows already.

    tone: see `resolve`.
    """
    typical, faintest, edge, opacity, towards, most = tone[0], tone[1], tone[2], tone[3], tone[4], tone[5]
    half, one, byte = np.float32(0.5), np.float32(1), np.float32(255)
    for x in range(len(line)):
        count = planes[0, x]
        root = np.sqrt(count)
        share = root / (root + typical)
        alpha = opacity * min(count * edge, one) * (faintest + (one - faintest) * share)
        further = max(share - half, np.float32(0)) * most
        scale = alpha * (one - further)
        extra = alpha * further * towards
        level = byte / max(count, np.float32(1e-6))
        red = np.sqrt(planes[1, x] * level) * scale + extra
        green = np.sqrt(planes[2, x] * level) * scale + extra
        blue = np.sqrt(planes[3, x] * level) * scale + extra
        line[x] = (
            (np.uint32(alpha * byte + half) << np.uint32(24))
            | (np.uint32(red + half) << np.uint32(16))
            | (np.uint32(green + half) << np.uint32(8))
            | np.uint32(blue + half)
        )


@_compiled(uint32(uint32, uint64, uint64))
def _over(below: Any, colour: Any, left: Any) -> Any:
    """A premultiplied colour, 16 bits a channel as A G R B, over a pixel of which `left` / 256 is still seen."""
    wide = (((np.uint64(below) >> B8) & PAIR) << B32) | (np.uint64(below) & PAIR)
    mixed = colour + (((wide * left) >> B8) & LANES)
    return np.uint32(((mixed >> B32) << B8) | (mixed & PAIR))


@_compiled(void(uint32[::1], uint32[::1]))
def _lay(line: Picture, onto: Picture) -> None:
    """One line over another."""
    for x in range(len(line)):
        pixel = np.uint64(line[x])
        if pixel:
            wide = (((pixel >> B8) & PAIR) << B32) | (pixel & PAIR)
            onto[x] = _over(onto[x], wide, WHOLE - (pixel >> np.uint64(24)))


@_compiled(void(uint64[:, ::1], float32[::1], float32[::1], boolean, uint32[:, ::1]))
def resolve(sums: Wide, taps: Floats, tone: Floats, fresh: bool, picture: Picture) -> None:
    """Draws the sums (H, W) of `accumulate` as a density into picture (H, W), or over it where it is not fresh.

    taps (T,): T odd, adding up to 1: each point is spread over T x T pixels. tone (6,): the square root of the count
    of half the full tone; the opacity of the thinnest places; the factor that makes a lone point's middle that opaque;
    the opacity of all; the grey, 0 to 255, that the densest places go towards, and how far, 0 to 1.
    The colour of a pixel is the root of the mean square of its points' colours (a mean in nearly linear light).
    """
    height, width = sums.shape
    reach = len(taps) // 2
    ring = np.zeros((len(taps), 4, width + 2 * reach), np.float32)
    column, out = np.zeros((4, width + 2 * reach), np.float32), np.zeros((4, width), np.float32)
    line = np.zeros(width, np.uint32)
    for ahead in range(height + reach):
        if ahead < height:
            _unpack(sums[ahead], ring[ahead % len(taps)], reach)
        else:
            ring[ahead % len(taps)] = 0
        y = ahead - reach
        if y < 0:
            continue
        _smooth(ring, (ahead + 1) % len(taps), taps, column, out)
        if fresh:
            _tone(out, tone, picture[y])
        else:
            _tone(out, tone, line)
            _lay(line, picture[y])


@_compiled(void(*_POINTS, uint64[::1], uint16[:, :, ::1], uint16[:, :, ::1], int64[:, :, ::1], uint32[:, ::1]))
def discs(
    xy: Floats,
    groups: Shorts,
    states: Bytes,
    want: int,
    view: Doubles,
    palette: Wide,
    cover: Shorts,
    light: Shorts,
    spans: NDArray[np.int64],
    picture: Picture,
) -> None:
    """Draws the points one over the other into picture (H, W), as discs whose middles keep their place in the pixel.

    cover, light (PHASES * PHASES, K, K): a disc's opacity and that times its shade, of 256, for each place of its
    middle within the middle pixel, row by row; spans (..., K, 2): the columns of each line that are not empty.
    palette (G,): green << 32 | red << 16 | blue.
    """
    height, width = picture.shape
    side = cover.shape[1]
    reach = side // 2
    for row in range(len(xy)):
        if states[row] != want:
            continue
        x = xy[row, 0] * view[0] + view[2]
        y = xy[row, 1] * view[1] + view[3]
        if not (x >= -reach and y >= -reach and x < width + reach and y < height + reach):  # NaN neither
            continue
        left, top = int(np.floor(x)), int(np.floor(y))
        phase = int((y - top) * PHASES) * PHASES + int((x - left) * PHASES)
        left, top = left - reach, top - reach
        colour = palette[groups[row]]
        for line in range(max(-top, 0), min(side, height - top)):
            for column in range(max(spans[phase, line, 0], -left), min(spans[phase, line, 1], width - left)):
                opacity = np.uint64(cover[phase, line, column])
                lit = ((colour * np.uint64(light[phase, line, column])) >> B8) & LANES
                alpha = (opacity * np.uint64(255)) >> B8
                picture[top + line, left + column] = _over(
                    picture[top + line, left + column], lit | (alpha << B48), WHOLE - opacity
                )


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
