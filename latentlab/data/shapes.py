"""Shapes drawn by us, with every factor known: 3 shapes x 6 scales x 40 orientations x 32 x 32 positions.

The factors are those of dSprites (Matthey et al. 2017), the pictures are our own: anti-aliased, 64x64, grey. Nothing
is kept but 720 small sprites: a picture is a sprite put at its place when it is asked for (about a microsecond).
The order of the set is a fixed shuffle, of which the last 10,000 pictures are the test part.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from latentlab.data.fit import resized, with_channels
from latentlab.data.request import Request
from latentlab.images import Dataset, Images, Indices, Pixels, balanced

SHAPES = ("square", "ellipse", "heart")
SCALES = np.linspace(0.5, 1.0, 6)
ORIENTATIONS = np.arange(40) * (2 * np.pi / 40)  # radians; a square looks the same at four of them, an ellipse at two
POSITIONS = 32
FACTORS = (len(SHAPES), len(SCALES), len(ORIENTATIONS), POSITIONS, POSITIONS)
FACTOR_NAMES = ("shape", "scale", "orientation", "x", "y")
TOTAL = int(np.prod(FACTORS))  # 737,280
TEST = 10_000
SIDE = 64
WINDOW = SIDE - POSITIONS + 1  # a sprite of 33x33 moved by 0 to 31 pixels stays inside
HEART_CENTRE = 0.6567  # height of its centre of mass above its tip: (1/4 + pi/8 (3/4 + 1/(3 pi))) / (1/2 + pi/8)
Array = NDArray[np.float64]


class DrawnShapes:
    """The pictures with these codes, uint8 (N, channels, side, side), drawn when they are asked for."""

    def __init__(self, codes: Indices, side: int = SIDE, channels: int = 1) -> None:
        self._codes, self._side, self._channels = codes, side, channels
        self._sprites = sprites()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return len(self._codes), self._channels, self._side, self._side

    def __len__(self) -> int:
        return len(self._codes)

    def __getitem__(self, positions: Indices, /) -> Pixels:
        codes = np.asarray(self._codes[positions])
        drawn = draw(codes.reshape(-1), self._sprites)
        if self._side != SIDE:
            drawn = resized(drawn, self._side)
        return with_channels(drawn, 3 if self._channels == 3 else 1).reshape(*codes.shape, *self.shape[1:])


def read(request: Request) -> Dataset:
    """The shapes with their factors, labelled by shape; with a limit, the training part that the seed chooses."""
    order = shuffle(TOTAL)
    index = np.arange(TOTAL, dtype=np.int64)
    train, test = index[:-TEST], index[-TEST:]
    limit = request.config.limit
    if limit is not None:
        train = train[balanced(unravel(order[train])[:, 0], len(train), limit, request.seed)]
    return Dataset("shapes", _part(order, train, request), _part(order, test, request))


def _part(order: Indices, index: Indices, request: Request) -> Images:
    codes = order[index]
    pixels = DrawnShapes(codes, request.config.image_size or SIDE, request.config.channels or 1)
    return Images(pixels, index, unravel(codes)[:, 0], SHAPES, factors(codes), FACTOR_NAMES)


def unravel(codes: Indices) -> Indices:
    """int64 (N, 5): which shape, scale, orientation, x and y a code in 0 to 737,279 stands for, each from 0."""
    return np.stack(np.unravel_index(codes, FACTORS), axis=1).astype(np.int64)


def factors(codes: Indices) -> NDArray[np.float32]:
    """float32 (N, 5): shape 0 to 2, scale 0.5 to 1, clockwise angle in radians, x and y from 0 (left, top) to 1."""
    shape, scale, orientation, x, y = unravel(codes).T
    reach = POSITIONS - 1
    return np.stack([shape, SCALES[scale], ORIENTATIONS[orientation], x / reach, y / reach], axis=1).astype(np.float32)


def draw(codes: Indices, bank: Pixels) -> Pixels:
    """uint8 (N, 1, 64, 64): each code's sprite from `bank` (see `sprites`) at its place on black."""
    pictures = np.zeros((len(codes), 1, SIDE, SIDE), np.uint8)
    which, place = np.divmod(codes, POSITIONS * POSITIONS)
    left, top = np.divmod(place, POSITIONS)
    for picture, sprite, x, y in zip(pictures, which.tolist(), left.tolist(), top.tolist(), strict=True):
        picture[0, y : y + WINDOW, x : x + WINDOW] = bank[sprite]
    return pictures


@cache
def sprites() -> Pixels:
    """uint8 (720, 33, 33): every shape, scale and orientation with its centre of mass in the middle."""
    bank = np.empty((*FACTORS[:3], WINDOW, WINDOW), np.uint8)
    axis = np.arange(WINDOW) - WINDOW // 2
    y, x = np.meshgrid(axis, axis, indexing="ij")
    cos, sin = np.cos(ORIENTATIONS)[:, None, None], np.sin(ORIENTATIONS)[:, None, None]
    u, v = cos * x + sin * y, cos * y - sin * x  # the pixel seen from the turned shape, (40, 33, 33)
    for row, outside in enumerate((_square, _ellipse, _heart)):
        for column, scale in enumerate(SCALES):
            distance = scale * outside(u / scale, v / scale)
            bank[row, column] = np.rint(255 * np.clip(0.5 - distance, 0, 1))  # share of the pixel that is covered
    bank.flags.writeable = False  # one bank for all
    return bank.reshape(-1, WINDOW, WINDOW)


def shuffle(count: int) -> Indices:
    """int64 (count,): a permutation fixed for all time and all machines, by splitmix64 (Steele et al. 2014)."""
    mixed = np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.argsort(mixed ^ (mixed >> np.uint64(31)), kind="stable").astype(np.int64)


def _square(x: Array, y: Array) -> Array:
    """Signed distance in pixels to a square of side 20."""
    beyond_x, beyond_y = np.abs(x) - 10, np.abs(y) - 10
    outside = np.hypot(np.maximum(beyond_x, 0), np.maximum(beyond_y, 0))
    return outside + np.minimum(np.maximum(beyond_x, beyond_y), 0)


def _ellipse(x: Array, y: Array) -> Array:
    """Signed distance in pixels, to first order, to an ellipse with half axes 14 and 8."""
    radius = np.hypot(x / 14, y / 8)
    slope = np.hypot(x / 14**2, y / 8**2)
    return np.where(slope > 0, radius * (radius - 1) / np.maximum(slope, 1e-9), -8)


def _heart(x: Array, y: Array) -> Array:
    """Signed distance in pixels to a heart, point down: a square on its corner with two half discs for shoulders.

    Formula: I. Quilez, "2D distance functions", sdHeart. Its unit, the square's diagonal, is 20 pixels.
    """
    unit = 20.0
    p, q = np.abs(x) / unit, HEART_CENTRE - y / unit
    shoulder = np.hypot(p - 0.25, q - 0.75) - np.sqrt(2) / 4
    diagonal = 0.5 * np.maximum(p + q, 0)
    side = np.minimum(np.hypot(p, q - 1), np.hypot(p - diagonal, q - diagonal)) * np.sign(p - q)
    return unit * np.where(p + q > 1, shoulder, side)
