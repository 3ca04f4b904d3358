"""Walking along one latent dimension: which ones matter, how far they reach, and the rows of z on the way."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating]

LEAST_WIDTH = 1.0  # in units of the prior's sigma: an unused dimension has all its mu near 0, and a slider needs room


def ranges(mu: Floats, low: float = 0.005, high: float = 0.995) -> Floats:
    """How far each dimension reaches in the encoded data mu (N, d): its quantiles, (d, 2) as [from, to].

    At least LEAST_WIDTH wide, about the same middle; with no data at all, the prior's own quantiles at 3 sigma.
    """
    if len(mu) == 0:
        return np.tile(np.array([-3.0, 3.0], np.float32), (mu.shape[1], 1))
    reach = np.quantile(mu, (low, high), axis=0).T
    middle = reach.mean(axis=1, keepdims=True)
    half = np.maximum((reach[:, 1:] - reach[:, :1]) / 2, LEAST_WIDTH / 2)
    return np.hstack([middle - half, middle + half])


def traversal(z: ArrayLike, dim: int, values: ArrayLike) -> Floats:
    """Copies of `z` (d,) in which dimension `dim` takes each of `values` (V,): (V, d).

    Raises ValueError for a dimension that is not there.
    """
    start = np.asarray(z)
    if not 0 <= dim < len(start):
        raise ValueError(f"there is no latent dimension {dim}; they go from 0 to {len(start) - 1}")
    places = np.asarray(values)
    rows = np.tile(start, (len(places), 1))
    rows[:, dim] = places
    return rows


def order_by_kl(kl_per_dim: ArrayLike) -> NDArray[np.int64]:
    """Dimensions sorted by their KL (d,) in nats, the most used first; equal ones in their own order."""
    return np.argsort(-np.asarray(kl_per_dim), kind="stable").astype(np.int64)
