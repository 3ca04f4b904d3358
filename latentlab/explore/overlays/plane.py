"""A plane in latent space that a map shows as it is, and what lies on it."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.charts import AxesChart, Chart, PcaChart

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Extent:
    """A rectangle of the map, in its units."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def top(self) -> float:
        return self.bottom + self.height


@dataclass(frozen=True, eq=False)
class Plane:
    """The place (x, y) of the map is origin + x axes[0] + y axes[1], all else aside: origin (d,), axes (2, d)."""

    origin: Floats
    axes: Floats

    @classmethod
    def of(cls, chart: Chart | None) -> Self | None:
        """The plane that a chart shows; None where its map has no axes."""
        if isinstance(chart, PcaChart):
            return cls(np.asarray(chart.pca.mean, np.float64), np.asarray(chart.pca.axes, np.float64))
        if isinstance(chart, AxesChart):
            axes = np.zeros((2, chart.mu.shape[1]))
            axes[np.arange(2), list(chart.dims)] = 1.0
            return cls(np.zeros(chart.mu.shape[1]), axes)
        return None

    def project(self, z: Floats) -> Floats:
        """Places on the map (N, 2) of z (N, d)."""
        return (z - self.origin) @ self.axes.T

    def spread(self, variances: Floats) -> Floats:
        """Covariances on the map (N, 2, 2) of Gaussians with diagonal covariances, their variances (N, d)."""
        return np.einsum("id,nd,jd->nij", self.axes, variances, self.axes)

    def rest(self, held: Floats) -> Floats:
        """What the map does not show of `held` (d,): the z that is at the map's (0, 0) while all else is held."""
        return held - self.project(held[None])[0] @ self.axes

    def z_at(self, places: Floats, rest: Floats) -> NDArray[np.float32]:
        """z (N, d) at places (N, 2) of the map, with what it does not show as `rest` (d,) says."""
        return np.asarray(rest + places @ self.axes, np.float32)
