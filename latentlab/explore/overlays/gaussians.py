"""Gaussians of latent space as ellipses on a plane: the prior, and the posteriors of some images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.overlays.plane import Floats, Plane

MOST = 200  # posteriors drawn together: beyond, ellipses hide one another


@dataclass(frozen=True, eq=False)
class Priors:
    """The prior that was trained: means and variances (K, d); K classes, or 1 where they all have the same."""

    mean: Floats
    variance: Floats

    @classmethod
    def standard(cls, latent_dim: int) -> "Priors":
        """N(0, I)."""
        return cls(np.zeros((1, latent_dim)), np.ones((1, latent_dim)))

    @property
    def by_class(self) -> bool:
        return len(self.mean) > 1

    def row(self, condition: int | None) -> int:
        """Of the class in hand."""
        return condition if condition is not None and condition < len(self.mean) else 0


@dataclass(frozen=True, eq=False)
class Ellipses:
    """Gaussians on a map: centres (n, 2), covariances (n, 2, 2); rows (n,) of the map where they are of samples.

    left_out: how many more there would be. of_class: that they are the prior of; None where it is of all.
    """

    centres: Floats
    covariances: Floats
    rows: NDArray[np.int64] | None = None
    left_out: int = 0
    of_class: int | None = None

    def __len__(self) -> int:
        return len(self.centres)

    def axes(self) -> tuple[Floats, Floats]:
        """Half-axes at 1 sigma: lengths (n, 2), longer one first, and the direction of that one (n,) in radians."""
        variances, vectors = np.linalg.eigh(self.covariances)  # ascending
        lengths = np.sqrt(np.maximum(variances[:, ::-1], 0.0))
        return lengths, np.arctan2(vectors[:, 1, 1], vectors[:, 0, 1])


def prior_on(plane: Plane, priors: Priors, condition: int | None) -> Ellipses:
    """The prior's marginal on the plane; of the class in hand where it was learnt for each class."""
    row = priors.row(condition)
    centre = plane.project(priors.mean[row : row + 1])
    return Ellipses(centre, plane.spread(priors.variance[row : row + 1]), of_class=row if priors.by_class else None)


def posteriors_on(plane: Plane, mu: Floats, log_var: Floats, rows: NDArray[np.int64]) -> Ellipses:
    """The marginals on the plane of q(z | x) of these rows of mu and log_var (N, d); of MOST of them, evenly spread."""
    some = rows if len(rows) <= MOST else rows[np.linspace(0, len(rows) - 1, MOST).astype(np.int64)]
    spread = plane.spread(np.exp(log_var[some].astype(np.float64)))
    return Ellipses(plane.project(mu[some]), spread, some, len(rows) - len(some))
