"""From a place on the map to a place in latent space, honestly: exact where the map's axes mean something.

On a PCA plane or on two latent dimensions the place is exact, all else being held at the z in hand. On UMAP, which has
no inverse, z is blended from the nearest encoded samples, and those are returned so that they can be shown.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.neighbours import Neighbours
from latentlab.explore.pca import Pca

Floats = NDArray[np.floating]
BLENDED = 8  # samples that a place on UMAP is blended from


@dataclass(frozen=True, eq=False)
class Reading:
    """What lies at a place of the map: z (d,), the rows it was blended from (none where exact), and words for it."""

    z: Floats
    origin: str
    rows: NDArray[np.int64] | None = None


class Chart(Protocol):
    """A map that can be read: coords (N, 2) of the samples."""

    @property
    def coords(self) -> Floats: ...

    def read(self, place: tuple[float, float], held: Floats) -> Reading:
        """z at this place of the map; whatever the map does not show stays as in `held` (d,)."""
        ...

    def locate(self, z: Floats) -> tuple[float, float]:
        """Where z (d,) lies on the map: exact, or at the nearest sample."""
        ...


@dataclass(frozen=True, eq=False)
class UmapChart:
    """coords (N, 2) as UMAP laid them out; mu (N, d)."""

    coords: Floats
    mu: Floats

    @cached_property
    def _on_map(self) -> Neighbours:
        return Neighbours(self.coords)

    @cached_property
    def _in_latent_space(self) -> Neighbours:
        return Neighbours(self.mu)

    def read(self, place: tuple[float, float], held: Floats) -> Reading:
        z, weights, rows = self._on_map.blend(np.asarray(place), self.mu, BLENDED)
        used = rows[weights > 0]
        return Reading(z.astype(np.float32), f"blend of {len(used)} neighbour{'s' * (len(used) != 1)}", used)

    def locate(self, z: Floats) -> tuple[float, float]:
        _, rows = self._in_latent_space.nearest(z, 1)
        x, y = self.coords[rows[0]]
        return float(x), float(y)


@dataclass(frozen=True, eq=False)
class PcaChart:
    """mu (N, d) on the plane of its largest variance."""

    mu: Floats
    pca: Pca
    coords: Floats = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "coords", self.pca.project(self.mu).astype(np.float32))

    def read(self, place: tuple[float, float], held: Floats) -> Reading:
        moved = np.asarray(place) - self.pca.project(held[None])[0]
        z = held + moved @ self.pca.axes
        rest = held.shape[0] > 2
        return Reading(z.astype(np.float32), "exact on this plane" + ("; other directions held" if rest else ""))

    def locate(self, z: Floats) -> tuple[float, float]:
        x, y = self.pca.project(z[None])[0]
        return float(x), float(y)


@dataclass(frozen=True, eq=False)
class AxesChart:
    """Two latent dimensions as they are."""

    mu: Floats
    dims: tuple[int, int]

    @property
    def coords(self) -> Floats:
        return self.mu[:, list(self.dims)]

    def read(self, place: tuple[float, float], held: Floats) -> Reading:
        z = held.astype(np.float32).copy()
        z[list(self.dims)] = place
        rest = held.shape[0] > 2
        return Reading(z, "exact" + ("; other dimensions held" if rest else ""))

    def locate(self, z: Floats) -> tuple[float, float]:
        return float(z[self.dims[0]]), float(z[self.dims[1]])
