"""How large, how opaque and how hazy the points of a map are, from how close together they lie on the screen."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SAMPLE = 8192  # points that the usual distance is judged by
PER_CELL = 8  # of them
THINNEST_LINE = 0.05
SMALLEST, LARGEST = 1.7, 9.0  # diameter in pixels at 100 %
CROWDED = 1.0  # pixels from point to point: up to here nothing but a density is drawn,
LOOSE = 2.3  # and from here on nothing but discs
RIM = 0.30  # how much darker the rim of a disc is than its middle
RIM_FROM = 4.5  # pixels of the device: smaller discs have no room for one


@dataclass(frozen=True)
class PointStyle:
    """diameter in pixels of the device; opacity of a disc, and of the density (haze), 0 to 1.

    crowd: points on a pixel of the device, where half of the points have fewer about them and half more.
    """

    diameter: float
    opacity: float
    haze: float
    crowd: float


def style_for(spacing: float, ratio: float) -> PointStyle:
    """For points that lie `spacing` pixels apart, at this many pixels of the device to a pixel."""
    diameter = float(np.clip(2.6 * min(spacing, 100.0) ** 0.42, SMALLEST, LARGEST))
    opacity = float(np.clip(0.32 + 0.17 * spacing, 0.4, 1.0))
    share = float(np.clip((LOOSE - spacing) / (LOOSE - CROWDED), 0.0, 1.0))
    haze = share * share * (3 - 2 * share)
    return PointStyle(round(8 * diameter * ratio) / 8, opacity, haze, 1 / max(spacing * ratio, 1e-3) ** 2)


def typical_spacing(sample: NDArray[np.float32], count: int) -> float:
    """How far apart `count` points lie where it is usual for them, in units of the map, from a fair sample (n, 2).

    Half of the points have neighbours closer than this. Infinite where there is but one place.
    """
    sample = sample[np.isfinite(sample).all(axis=1)]
    if len(sample) < 2:
        return float("inf")
    low, high = np.quantile(sample, (0.02, 0.98), axis=0).astype(np.float64)
    width = max(
        THINNEST_LINE, 1 / np.sqrt(len(sample))
    )  # that points on a line are taken to lie about it, of its length
    extent = np.maximum(high - low, width * (high - low).max())
    if not extent.all():
        return float("inf")
    side = int(np.clip(np.sqrt(len(sample) / PER_CELL), 1, 64))
    cell = np.clip((sample - low) / extent * side, 0, side - 1).astype(np.int64)
    place = cell[:, 1] * side + cell[:, 0]
    around = np.median(np.bincount(place)[place])
    return float(np.sqrt(extent.prod() / side**2 / (around * count / len(sample))))


@lru_cache(maxsize=64)
def stamps(diameter: float, opacity: float, phases: int) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """A disc with soft edges, for each of phases x phases places of its middle within the middle pixel, row by row.

    Returns its pixels, x and y from the middle one: (phases ** 2, M, 2) int64; and how opaque it is there, and that
    times its shade, both of 256: (phases ** 2, M, 2) uint64. All have as many, the smaller ones some that are empty.
    """
    radius = diameter / 2
    reach = int(np.ceil(radius))
    steps = np.arange(-reach, reach + 1)
    middles = (np.arange(phases) + 0.5) / phases
    away = (steps[None] + 0.5 - middles[:, None]) ** 2  # (phases, K)
    distance = np.sqrt(away[:, None, :, None] + away[None, :, None, :]).reshape(phases**2, -1)  # y is the slower one
    cover = np.clip(radius + 0.5 - distance, 0, 1)
    width = max(1.0, diameter / 6)
    rim = np.clip((distance - (radius - width)) / width, 0, 1) if diameter >= RIM_FROM else np.zeros_like(distance)
    alpha = np.rint(256 * opacity * cover)
    light = np.rint(alpha * (1 - RIM * rim))
    most = int((alpha > 0).sum(axis=1).max())
    kept = np.sort(np.argsort(-alpha, axis=1, kind="stable")[:, :most], axis=1)  # the opaque ones, line by line
    offsets = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)[kept]
    shares = np.stack([np.take_along_axis(each, kept, axis=1) for each in (alpha, light)], axis=-1)
    return offsets.astype(np.int64), shares.astype(np.uint64)


def taps(diameter: float) -> NDArray[np.float32]:
    """Weights (T,) that spread a point over about as many pixels as its disc has: T is odd, they add up to 1."""
    row = np.ones(1)
    for _ in range(2 * max(1, round(diameter / 2.2))):
        row = np.convolve(row, (0.5, 0.5))
    return row.astype(np.float32)
