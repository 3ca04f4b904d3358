"""Nearest samples: what lies under the cursor, what a place between samples decodes to, and how usual a place is."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Rows = NDArray[np.int64]

TOUCHING = 1e-9  # of the radius: this close to a sample is on it
EDGE, FAR = 95.0, 98.75  # percentiles of distance: beyond them a place is at the edge of the data, and far from all;
# half of what is compared with are draws, so that they are farther out than 90 and 97.5 % of those
REACH, MOST_BLENDED = 2.0, 1024  # times the nearest's distance; samples
REFERENCE = 2000  # samples, evenly spread, whose distances to the others say what is usual
TREE_UP_TO = 8  # dimensions; in more, looking at all is faster: 4,000 codes, 5,000 points in 32 took 28 ms, not 129
BLOCK = 256  # codes that are looked at together
LEAST_VARIANCE = 0.01  # of mu: a dimension below it is unused (Burda et al. 2016), and the decoder does not see it


class Neighbours:
    """Samples at points (N, 2) on a map or (N, d) in latent space, found by distance."""

    def __init__(self, points: Floats) -> None:
        from scipy.spatial import cKDTree  # 0.2 s, and a window that shows no points yet need not wait

        self.points = points
        self._tree = cKDTree(points)

    def nearest(self, query: Floats, k: int = 1) -> tuple[Floats, Rows]:
        """Distances and rows of the k nearest points, nearest first: (k,) for one query (d,), (Q, k) for (Q, d).

        k is cut to the number of points.
        """
        count = min(k, len(self.points))
        distance, rows = self._tree.query(query, k=np.arange(1, count + 1))
        return distance, rows.astype(np.int64)

    def blend(self, query: Floats, z: Floats, k: int = 8) -> tuple[Floats, Floats, Rows]:
        """The mean of the nearest samples' z (N, d) at the place `query`: z (d,); weights and rows (n,), nearest first.

        Those are the k nearest and, so that a gap between clusters is crossed slowly and not in one step where the
        nearest change, all within twice the nearest's distance: 1,024 at most. Along random lines over a UMAP of digits
        that more than halves the mean squared step of the picture (tests/benchmarks/dragging.py).

        Weights are ((R - r) / (R r))^2 with r a sample's distance and R that within which they lie (Franke and
        Little's form of Shepard 1968): on a sample it is that sample, and a sample comes and goes with weight 0, so
        that the picture under a moving cursor does not jump.
        """
        distance, rows = self.nearest(query, k + 1)
        radius = distance[-1]
        if REACH * distance[0] > radius:
            distance, rows, radius = self._within(query, REACH * distance[0])
        elif len(rows) > k:
            distance, rows = distance[:-1], rows[:-1]
        weights = _weights(distance, radius)
        return weights @ z[rows], weights, rows

    def _within(self, query: Floats, radius: float) -> tuple[Floats, Rows, float]:
        """Distances and rows of all that are closer than that, nearest first, and what they are closer than.

        Of more than MOST_BLENDED it is that of the next. All are looked at, which is faster than the tree for so many.
        """
        distance = np.linalg.norm(self.points - query, axis=1)
        rows = np.flatnonzero(distance < radius)
        if len(rows) > MOST_BLENDED:
            order = np.argpartition(distance[rows], MOST_BLENDED)
            radius, rows = float(distance[rows[order[MOST_BLENDED]]]), rows[order[:MOST_BLENDED]]
        rows = rows[np.argsort(distance[rows], kind="stable")]
        return distance[rows], rows, radius


def nearest_other(codes: Floats, points: Floats, rows: Rows) -> Floats:
    """From each of codes (n, d) to the nearest of points (N, d) other than the one in its own row of these: (n,).

    The nearest is found by |a - b|^2 = |a|^2 - 2 a b + |b|^2 in float32 and its distance then taken exactly.
    """
    middle = points.mean(axis=0)  # from which all is measured: the nearer to 0, the less is lost
    these, others = ((part - middle).astype(np.float32) for part in (codes, points))
    square = np.einsum("nd,nd->n", others, others)
    found = np.empty(len(codes))
    for start in range(0, len(codes), BLOCK):
        block = slice(start, start + BLOCK)
        far = these[block] @ others.T  # (B, N), and from here on squares of distances, less those to the middle
        far *= -2.0
        far += square
        far[np.arange(len(far)), rows[block]] = np.inf
        found[block] = np.linalg.norm(codes[block] - points[far.argmin(axis=1)], axis=1)
    return found


def _weights(distance: Floats, radius: float) -> Floats:
    touching = distance <= TOUCHING * radius
    if touching.any():
        return touching / touching.sum()
    nearness = (radius - distance) / distance
    weights = (nearness / nearness.max()) ** 2 if nearness.max() > 0 else np.ones_like(distance)
    return weights / weights.sum()


class Usual:
    """How usual a place in latent space is, against the encoded data: q(z | x) with mu and log_var (N, d).

    Compared with are the codes of images: their means, and as many draws from their posteriors. Against the means
    alone, which lie closer together, nearly every sample of the prior would seem far from all data, though the decoder
    was trained on such draws; against the draws alone, which carry noise in every dimension, nothing between two means
    would ever seem any farther than they are. Without log_var the means are all there is.
    """

    def __init__(self, mu: Floats, log_var: Floats | None = None) -> None:
        self._used = np.flatnonzero(mu.var(axis=0) > LEAST_VARIANCE)
        self._data = Neighbours(mu[:, self._used]) if len(self._used) and len(mu) > 1 else None
        self._known = np.zeros(0)
        if self._data is not None:
            rows = np.linspace(0, len(mu) - 1, min(len(mu), REFERENCE)).astype(np.int64)
            codes = [mu[rows]]
            if log_var is not None:
                noise = np.random.default_rng(0).standard_normal(codes[0].shape)
                codes.append(mu[rows] + np.exp(0.5 * log_var[rows]) * noise)
            self._known = np.sort(np.concatenate([self._to_others(each, rows) for each in codes]))

    def _to_others(self, codes: Floats, rows: Rows) -> Floats:
        """From codes (n, d) of the images `rows` to the nearest mean of another image: (n,)."""
        assert self._data is not None
        places = codes[:, self._used]
        if self._data.points.shape[1] > TREE_UP_TO:
            return nearest_other(places, self._data.points, rows)
        distance, near = self._data.nearest(places, 2)
        return np.where(near[:, 0] == rows, distance[:, 1], distance[:, 0])

    def percentile(self, z: Floats) -> Floats:
        """The share in % of codes that lie closer to another image's mu than z (N, d) lies to any: (N,).

        Above FAR: far from all data. Only dimensions that the data use count; 0 everywhere when there are none.
        """
        if self._data is None:
            return np.zeros(len(z))
        distance, _ = self._data.nearest(z[:, self._used], 1)
        return 100.0 * np.searchsorted(self._known, distance[:, 0]) / len(self._known)
