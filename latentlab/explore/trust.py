"""How far a map can be trusted: trustworthiness (Venna and Kaski 2001), which punishes false neighbours on it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.pca import Floats

K = 12  # neighbours on the map that are looked at
MOST = 2000  # points whose neighbours are looked at: a sample of them estimates the mean over all
CHUNK = 4_000_000  # distances held at a time


def neighbours_for(count: int) -> int:
    """K, or as many as so few points allow: fewer than half of them; 0 where there is nothing to measure."""
    return max(0, min(K, (count - 1) // 2))


def trustworthiness(
    mu: Floats, coords: Floats, k: int = K, cancelled: Callable[[], bool] | None = None
) -> float | None:
    """Of a map coords (N, 2) of mu (N, d): 1 where the k nearest on the map are the k nearest in latent space.

    T = 1 - 2 / (n k (2N - 3k - 1)) * sum over n points and their k nearest on the map of max(0, r - k), r being the
    rank of that neighbour by distance in latent space. n are all points, or a seeded sample of MOST; ranks are among
    all N. Of equal distances each counts as the middle of their ranks. None when cancelled.
    Raises ValueError where k is not below half of N.
    """
    count = len(mu)
    if not 0 < k < count / 2:
        raise ValueError(f"trustworthiness of {k} neighbours needs more than {2 * k} points, not {count}")
    rows = np.arange(count)
    if count > MOST:
        rows = np.sort(np.random.default_rng(0).choice(count, MOST, replace=False))
    latents, places = (np.asarray(points, np.float64) - np.mean(points, axis=0) for points in (mu, coords))
    excess = 0.0
    for some in np.array_split(rows, -(-len(rows) * count // CHUNK)):
        if cancelled is not None and cancelled():
            return None
        excess += _excess(latents, places, some, k)
    return 1.0 - 2.0 * excess / (len(rows) * k * (2 * count - 3 * k - 1))


def _excess(mu: Floats, coords: Floats, rows: NDArray[np.int64], k: int) -> float:
    """The sum of max(0, r - k) over the k nearest on the map of these rows."""
    on_map, latent = _distances(coords, rows), _distances(mu, rows)
    nearest = np.argpartition(on_map, k, axis=1)[:, :k]
    excess = 0.0
    for column in nearest.T:
        distance = np.take_along_axis(latent, column[:, None], axis=1)
        rank = ((latent < distance).sum(axis=1) + (latent <= distance).sum(axis=1) + 1) / 2
        excess += float(np.maximum(rank - k, 0).sum())
    return excess


def _distances(points: Floats, rows: NDArray[np.int64]) -> Floats:
    """Squared, from these rows to all points: (rows, N); to itself infinite."""
    squares = (points**2).sum(axis=1)
    distances: Floats = squares[rows, None] + squares - 2 * points[rows] @ points.T
    distances[np.arange(len(rows)), rows] = np.inf
    return distances
