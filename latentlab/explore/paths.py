"""Paths between two points of latent space and through several, as rows of z, ends included."""

import heapq
import itertools
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from latentlab.explore.overshoot import overshot

Method = Literal["linear", "spherical", "smooth"]
Way = Literal["linear", "spherical", "smooth", "geodesic"]  # a geodesic needs the decoder: latentlab.explore.geodesic
Floats = NDArray[np.floating]

PARALLEL = 1e-6  # radians: below this, or this close to pi, sin(angle) is too small to divide by
FINE = 64  # pieces that a curved stretch between two waypoints is measured by


def interpolate(a: ArrayLike, b: ArrayLike, frames: int, method: Method = "linear") -> Floats:
    """Evenly spaced points from `a` (d,) to `b` (d,): (frames, d); the first is `a` and the last is `b`, to the bit.

    "spherical" turns the direction at a constant rate along the great circle (Shoemake 1985; for latents: White 2016)
    while the length goes linearly from |a| to |b|: it does not cut through the origin, where a Gaussian prior in many
    dimensions has hardly any mass. "smooth" is linear where there are two points alone. Raises ValueError for fewer
    than 2 frames, unequal shapes or an unknown method.
    """
    start, end = np.asarray(a), np.asarray(b)
    kind = np.result_type(start, end, np.float32)
    start, end = start.astype(kind), end.astype(kind)
    if frames < 2:
        raise ValueError(f"an interpolation needs at least 2 frames, not {frames}")
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError(f"both ends need the same number of dimensions, not {start.shape} and {end.shape}")
    _check_method(method)
    t = np.linspace(0.0, 1.0, frames)[:, None]
    # In float64 throughout: float32 lengths overflow and angles near 0 and pi lose half their digits.
    first, last = start.astype(np.float64), end.astype(np.float64)
    path = _spherical(first, last, t) if method == "spherical" else _linear(first, last, t)
    path = path.astype(kind)
    path[0], path[-1] = start, end
    return path


def through(waypoints: ArrayLike, frames: int, method: Method = "linear") -> Floats:
    """From the first of the waypoints (W, d) through all others to the last: (frames, d); both ends to the bit.

    Frames lie evenly along the path's length, so that nothing halts or hurries at a waypoint; a waypoint between the
    ends lies on the path, but need not be a frame. Between neighbours the path is straight, or a great circle
    ("spherical", as in `interpolate`); "smooth" is the centripetal Catmull-Rom curve, which has no corners (Catmull and
    Rom 1974; no cusps either: Yuksel, Schaefer and Keyser 2011). Waypoints that repeat the one before count once. Two
    waypoints are `interpolate`'s. Raises ValueError as that does, and for fewer than two waypoints.
    """
    points = np.asarray(waypoints)
    if points.ndim != 2 or len(points) < 2:
        raise ValueError(f"a path needs at least 2 waypoints of one dimension each, not an array of {points.shape}")
    if len(points) == 2:
        return interpolate(points[0], points[1], frames, method)
    if frames < 2:
        raise ValueError(f"a path needs at least 2 frames, not {frames}")
    _check_method(method)
    kind = np.result_type(points, np.float32)
    exact = points.astype(np.float64)
    apart = np.r_[True, (exact[1:] != exact[:-1]).any(axis=1)]
    path = _evenly(_finely(exact[apart], method), frames).astype(kind)
    path[0], path[-1] = points[0], points[-1]
    return path


def going_on(path: ArrayLike, waypoints: ArrayLike, frames: int) -> Floats:
    """The path (n, d), n >= 2, with so many more frames beyond either end: (n + 2 * frames, d).

    They go straight on from the first and the last of the waypoints (W, d) (see `overshot`), in steps as long as the
    straight way through them has between n frames.
    """
    inside, points = np.asarray(path), np.asarray(waypoints)
    if frames <= 0:
        return inside
    around = overshot(points, frames / (len(inside) - 1))
    if len(around) == len(points):  # it stays where it is, and goes on nowhere
        around = np.concatenate([points[:1], points, points[-1:]])
    before = interpolate(around[0], points[0], frames + 1)[:-1]
    after = interpolate(points[-1], around[-1], frames + 1)[1:]
    return np.concatenate([before, inside, after]).astype(inside.dtype)


def simplify(points: ArrayLike, tolerance: float, most: int) -> NDArray[np.int64]:
    """Rows of points (n, 2), ascending, both ends among them, that draw the same line with fewer corners.

    Ramer 1972, Douglas and Peucker 1973: what lies farthest from the line so far is kept, down to `tolerance`; the
    farthest go first, and no more than `most` (at least 2) are kept.
    """
    line = np.asarray(points, np.float64)
    kept = {0, len(line) - 1}
    waiting: list[tuple[float, int, int, int]] = []
    _offer(waiting, line, 0, len(line) - 1)
    while waiting and len(kept) < most:
        distance, first, middle, last = heapq.heappop(waiting)
        if -distance <= tolerance:
            break
        kept.add(middle)
        _offer(waiting, line, first, middle)
        _offer(waiting, line, middle, last)
    return np.array(sorted(kept), np.int64)


def _offer(waiting: list[tuple[float, int, int, int]], line: Floats, first: int, last: int) -> None:
    """The point between these rows that lies farthest from the straight line between them."""
    if last - first < 2:
        return
    between, along = line[first + 1 : last] - line[first], line[last] - line[first]
    length = float(along @ along)
    share = np.clip(between @ along / length, 0.0, 1.0) if length > 0 else np.zeros(len(between))
    distance = np.linalg.norm(between - share[:, None] * along, axis=1)
    farthest = int(np.argmax(distance))
    heapq.heappush(waiting, (-float(distance[farthest]), first, first + 1 + farthest, last))


def _check_method(method: str) -> None:
    if method == "geodesic":
        raise ValueError("a geodesic needs the decoder: latentlab.explore.geodesic finds it")
    if method not in get_args(Method):
        raise ValueError(f"unknown interpolation '{method}'; there are: {', '.join(get_args(Method))}")


def _finely(points: Floats, method: Method) -> Floats:
    """The path as short straight pieces (n, d), each waypoint the end of one."""
    if method == "linear" or len(points) < 2:
        return points
    t = np.linspace(0.0, 1.0, FINE + 1)[:, None]
    pieces = [points[:1]]
    if method == "spherical":
        pieces += [_spherical(a, b, t)[1:] for a, b in itertools.pairwise(points)]
    else:
        framed = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
        pieces += [_catmull_rom(framed[at : at + 4], t)[1:] for at in range(len(points) - 1)]
    return np.concatenate(pieces)


def _catmull_rom(four: Floats, t: Floats) -> Floats:
    """The stretch between the middle two of four points (4, d), by the pyramid of Barry and Goldman 1988."""
    gaps = np.sqrt(np.linalg.norm(np.diff(four, axis=0), axis=1))  # centripetal: the root of the distance
    gaps = np.maximum(gaps, 1e-12 * max(float(gaps.max()), 1e-300))
    k0, k1, k2, k3 = 0.0, gaps[0], gaps[0] + gaps[1], gaps.sum()
    at = k1 + t * (k2 - k1)
    a1 = _between(four[0], four[1], at, k0, k1)
    a2 = _between(four[1], four[2], at, k1, k2)
    a3 = _between(four[2], four[3], at, k2, k3)
    curve = _between(_between(a1, a2, at, k0, k2), _between(a2, a3, at, k1, k3), at, k1, k2)
    curve[0], curve[-1] = four[1], four[2]
    return curve


def _between(a: Floats, b: Floats, at: Floats, start: float, end: float) -> Floats:
    return a + (at - start) / (end - start) * (b - a)


def _evenly(line: Floats, frames: int) -> Floats:
    """Places at even lengths along the line (n, d): (frames, d)."""
    lengths = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    wanted = np.linspace(0.0, lengths[-1], frames)
    if lengths[-1] == 0.0:
        return np.repeat(line[:1], frames, axis=0)
    place = np.clip(np.searchsorted(lengths, wanted, side="right") - 1, 0, len(line) - 2)
    share = ((wanted - lengths[place]) / np.maximum(lengths[place + 1] - lengths[place], 1e-300))[:, None]
    return line[place] + share * (line[place + 1] - line[place])


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
