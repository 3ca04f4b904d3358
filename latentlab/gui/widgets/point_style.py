"""How large, how opaque and how hazy the points of a map are, from how close together they lie on the screen."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SAMPLE = 8192  # points that the usual distance is judged by
PER_CELL = 8  # of them
SMALLEST, LARGEST = 1.7, 9.0  # diameter in pixels at 100 %
CROWDED, LOOSE = (
    0.85,
    1.25,
)  # pixels from point to point: nothing but a density up to here, nothing but discs from there
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
    opacity = float(np.clip(0.42 + 0.16 * spacing, 0.5, 1.0))
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
    extent = np.maximum(high - low, 1e-3 * (high - low).max())
    if not extent.all():
        return float("inf")
    side = int(np.clip(np.sqrt(len(sample) / PER_CELL), 1, 64))
    cell = np.clip((sample - low) / extent * side, 0, side - 1).astype(np.int64)
    place = cell[:, 1] * side + cell[:, 0]
    around = np.median(np.bincount(place)[place])
    return float(np.sqrt(extent.prod() / side**2 / (around * count / len(sample))))


@lru_cache(maxsize=64)
def stamps(diameter: float, opacity: float, phases: int) -> tuple[NDArray[np.uint16], ...]:
    """A disc with soft edges, for each of phases x phases places of its middle within the middle pixel, line by line.

    Returns its opacity and that times its shade, both of 256: (phases ** 2, K, K) uint16; and the columns of each line
    that are not empty: (phases ** 2, K, 2) int64.
    """
    radius = diameter / 2
    reach = int(np.ceil(radius))
    steps = np.arange(-reach, reach + 1) + 0.5  # middles of the pixels, from the corner of the middle one
    middles = (np.arange(phases) + 0.5) / phases
    across = (steps[None] - middles[:, None]) ** 2  # (phases, K)
    distance = np.sqrt(across[:, None, :, None] + across[None, :, None, :])  # y phase, x phase, y, x
    cover = np.clip(radius + 0.5 - distance, 0, 1) * min(1.0, diameter) ** 2
    width = max(1.0, diameter / 6)
    rim = np.clip((distance - (radius - width)) / width, 0, 1) if diameter >= RIM_FROM else np.zeros_like(distance)
    alpha = np.rint(256 * opacity * cover).reshape(phases**2, 2 * reach + 1, -1)
    light = np.rint(alpha * (1 - RIM * rim.reshape(alpha.shape)))
    filled = alpha > 0
    first = filled.argmax(axis=2)
    last = np.where(filled.any(axis=2), alpha.shape[2] - filled[:, :, ::-1].argmax(axis=2), first)
    return alpha.astype(np.uint16), light.astype(np.uint16), np.stack([first, last], axis=2).astype(np.int64)


def taps(diameter: float) -> NDArray[np.float32]:
    """Weights (T,) that spread a point over about as many pixels as its disc has: T is odd, they add up to 1."""
    row = np.ones(1)
    for _ in range(2 * max(1, round(diameter / 2.2))):
        row = np.convolve(row, (0.5, 0.5))
    return row.astype(np.float32)
