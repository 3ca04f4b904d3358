"""Where the aggregate posterior q(z) = mean of q(z | x) leaves holes in the prior, seen on a plane."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from latentlab.explore.overlays.plane import Extent, Floats

SIZE = 96  # cells along the longer side
REACH = 3.5  # sigma of the prior, and of the posteriors, that the field takes in
CHUNK = 4_000_000  # values computed at once: 16 MB
LEAST = 1e-12  # of a variance: a plane of one dimension has none along its second axis


@dataclass(frozen=True, eq=False)
class Holes:
    """excess (R, C): q - p at the cells' centres, row 0 at the bottom, per unit area of the map; peak: of p.

    share: of the prior's mass on this plane that lies where q has less, the total variation distance of the two.
    """

    extent: Extent
    excess: Floats
    peak: float
    share: float
    of_class: int | None = None


def holes(
    means: Floats,
    covariances: Floats,
    centre: Floats,
    spread: Floats,
    size: int = SIZE,
    cancelled: Callable[[], bool] = lambda: False,
) -> Holes | None:
    """q - p on a grid: posteriors with means (N, 2) and covariances (N, 2, 2), the prior N(centre (2,), spread (2, 2)).

    Both are blurred by half a cell, so that no narrow posterior falls between two cells. None when cancelled.
    """
    assert len(means), "there is at least one posterior"
    extent, step = _extent(means, covariances, centre, spread, size)
    rows, columns = round(extent.height / step), round(extent.width / step)
    x = extent.left + (np.arange(columns) + 0.5) * step
    y = extent.bottom + (np.arange(rows) + 0.5) * step
    blur = np.eye(2) * (step / 2) ** 2
    p = _density(x, y, centre[None], (spread + blur)[None])
    q = np.zeros_like(p)
    at_once = max(CHUNK // (rows * columns), 1)
    for start in range(0, len(means), at_once):
        if cancelled():
            return None
        some = slice(start, start + at_once)
        q += _density(x, y, means[some], covariances[some] + blur)
    q /= len(means)
    share = float(np.maximum(p - q, 0.0).sum() * step**2)
    return Holes(extent, (q - p).astype(np.float32), float(p.max()), share)


def _extent(means: Floats, covariances: Floats, centre: Floats, spread: Floats, size: int) -> tuple[Extent, float]:
    """Of whole cells, and a cell's side."""
    deviations = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    prior = REACH * np.sqrt(np.diagonal(spread))
    low = np.minimum((means - REACH * deviations).min(axis=0), centre - prior)
    high = np.maximum((means + REACH * deviations).max(axis=0), centre + prior)
    step = float((high - low).max()) / size
    width, height = (np.ceil((high - low) / step) * step).tolist()
    return Extent(float(low[0]), float(low[1]), width, height), step


def _density(x: Floats, y: Floats, means: Floats, covariances: Floats) -> Floats:
    """The sum of these Gaussians' densities at every (x, y): (R, C)."""
    determinant = np.maximum(np.linalg.det(covariances), LEAST)
    inverse = np.linalg.inv(covariances).astype(np.float32)
    scale = (1.0 / (2 * np.pi * np.sqrt(determinant))).astype(np.float32)
    dx = (x - means[:, :1]).astype(np.float32)  # (n, C)
    dy = (y - means[:, 1:]).astype(np.float32)  # (n, R)
    along = np.exp(-0.5 * inverse[:, 0, 0, None] * dx**2)
    up = np.exp(-0.5 * inverse[:, 1, 1, None] * dy**2) * scale[:, None]
    cross = -inverse[:, 0, 1, None] * dy
    if not cross.any():  # two latent dimensions: they are independent, and the sum is a product of matrices
        return np.asarray(up.T @ along, np.float64)
    values = cross[:, :, None] * dx[:, None, :]
    values += (-0.5 * inverse[:, 1, 1, None] * dy**2)[:, :, None]
    values += (-0.5 * inverse[:, 0, 0, None] * dx**2)[:, None, :]
    np.exp(values, out=values)
    return np.einsum("nrc,n->rc", values, scale).astype(np.float64)
