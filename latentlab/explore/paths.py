"""Paths between two points of latent space, as rows of z, ends included."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Method = Literal["linear", "spherical"]
Floats = NDArray[np.floating]

PARALLEL = 1e-6  # radians: below this, or this close to pi, sin(angle) is too small to divide by


def interpolate(a: ArrayLike, b: ArrayLike, frames: int, method: Method = "linear") -> Floats:
    """Evenly spaced points from `a` (d,) to `b` (d,): (frames, d); the first is `a` and the last is `b`, to the bit.

    "spherical" turns the direction at a constant rate along the great circle (Shoemake 1985; for latents: White 2016)
    while the length goes linearly from |a| to |b|: it does not cut through the origin, where a Gaussian prior in many
    dimensions has hardly any mass. Raises ValueError for fewer than 2 frames, unequal shapes or an unknown method.
    """
    start, end = np.asarray(a), np.asarray(b)
    kind = np.result_type(start, end, np.float32)
    start, end = start.astype(kind), end.astype(kind)
    if frames < 2:
        raise ValueError(f"an interpolation needs at least 2 frames, not {frames}")
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError(f"both ends need the same number of dimensions, not {start.shape} and {end.shape}")
    if method not in ("linear", "spherical"):
        raise ValueError(f"unknown interpolation '{method}'; there are: linear, spherical")
    t = np.linspace(0.0, 1.0, frames)[:, None]
    # In float64 throughout: float32 lengths overflow and angles near 0 and pi lose half their digits.
    first, last = start.astype(np.float64), end.astype(np.float64)
    path = _linear(first, last, t) if method == "linear" else _spherical(first, last, t)
    path = path.astype(kind)
    path[0], path[-1] = start, end
    return path


def _linear(a: Floats, b: Floats, t: Floats) -> Floats:
    return (1.0 - t) * a + t * b


def _spherical(a: Floats, b: Floats, t: Floats) -> Floats:
    length_a, length_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if length_a == 0.0 or length_b == 0.0:
        return _linear(a, b, t)  # the origin has no direction
    u, v = a / length_a, b / length_b
    angle = 2.0 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))  # Kahan: accurate at 0 and pi alike
    if angle < PARALLEL or (angle > np.pi - PARALLEL and len(a) == 1):
        return _linear(a, b, t)
    across = _across(u) if angle > np.pi - PARALLEL else v - (u @ v) * u
    across = across / np.linalg.norm(across)
    direction = np.cos(t * angle) * u + np.sin(t * angle) * across
    return direction * ((1.0 - t) * length_a + t * length_b)


def _across(u: Floats) -> Floats:
    """A direction at right angles to the unit vector `u`: opposite ends have many great circles, and one must do."""
    axis = np.zeros_like(u)
    axis[np.argmin(np.abs(u))] = 1.0
    return axis - (axis @ u) * u
