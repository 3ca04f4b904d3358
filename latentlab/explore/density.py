"""How densely the encoded images lie in latent space, at each of them."""

import math
from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.neighbours import LEAST_VARIANCE

NEIGHBOURS = 15
REFERENCE = 10_000  # images that neighbours are looked for among: of more, as many, evenly spread
BLOCK = 256  # images whose distances to those are in memory at a time: 20 MB, and 10 to 20 ms of work
CLOSEST = 1e-6  # of the data's spread: what lies closer is taken to lie so far apart, as copies of an image do


def log_density(mu: NDArray[np.floating], k: int = NEIGHBOURS) -> Generator[float, None, NDArray[np.float32]]:
    """Yields the share that is done, and returns the log of the density at each of mu (N, d): (N,) in nats.

    k / (n V r^m), with r the distance to the k-th nearest of n others, m the number of dimensions that the data use
    and V the volume of the unit ball in them (Loftsgaarden and Quesenberry 1965). Where no dimension is used, or there
    is but one image, no place is denser than another: 0 everywhere.
    """
    used = np.asarray(mu, np.float64)[:, mu.var(axis=0) > LEAST_VARIANCE]  # (N, m)
    count, dims = used.shape
    if dims == 0 or count < 2:
        return np.zeros(count, np.float32)
    used = used - used.mean(axis=0)
    spread = float(np.sqrt((used**2).sum(axis=1).mean()))
    chosen = np.unique(np.linspace(0, count - 1, min(count, REFERENCE)).astype(np.int64))
    reference, counted = used[chosen], np.zeros(count, np.int64)
    counted[chosen] = 1  # such an image is the nearest to itself, which does not count
    k = min(k, len(chosen) - 1)
    radius = np.empty(count)
    for start in range(0, count, BLOCK):
        rows = slice(start, start + BLOCK)
        nearest = np.partition(_squared(used[rows], reference), (k - 1, k), axis=1)
        radius[rows] = np.sqrt(np.where(counted[rows] == 1, nearest[:, k], nearest[:, k - 1]))
        yield min(start + BLOCK, count) / count
    others = len(chosen) - counted
    log_volume = dims / 2 * math.log(math.pi) - math.lgamma(dims / 2 + 1)
    log_radius = np.log(np.maximum(radius, CLOSEST * spread))
    return (math.log(k) - np.log(others) - log_volume - dims * log_radius).astype(np.float32)


def _squared(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distances (n, m) between the rows of (n, d) and (m, d)."""
    squared = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.maximum(squared, 0.0)
