"""From a place on the map to a place in latent space, honestly: exact where the map's axes mean something.

On a PCA plane or on two latent dimensions the place is exact, all else being held at the z in hand. On UMAP, which has
no inverse, z is blended from the nearest encoded samples, and those are returned so that they can be shown. Such a
blend is always made of data, however empty the map is around it: so it is also told how far off its points it lies.
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
SPACED = 1000  # points, evenly spread, whose distances to their neighbours on the map say what is usual there


@dataclass(frozen=True, eq=False)
class Reading:
    """What lies at a place of the map: z (d,), and words for it.

    Where it is not exact, rows (n,) and weights (n,), which sum to 1, of the samples that it was blended from, and gap:
    the share in % of the map's points that have their nearest neighbour on the map closer by than this place has any.
    """

    z: Floats
    origin: str
    rows: NDArray[np.int64] | None = None
    weights: Floats | None = None
    gap: float | None = None


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
    """coords (N, 2) as UMAP laid them out; mu (N, d), whose neighbours may be known already."""

    coords: Floats
    mu: Floats
    neighbours: Neighbours | None = None

    @cached_property
    def _on_map(self) -> Neighbours:
        return Neighbours(self.coords)

    def prepare(self) -> None:
        """Does beforehand, in any thread, what else the first place that is read waits for."""
        _ = self._spacing  # and with it the tree

    @cached_property
    def _in_latent_space(self) -> Neighbours:
        return self.neighbours or Neighbours(self.mu)

    @cached_property
    def _spacing(self) -> Floats:
        """From some points to the nearest other one, ascending."""
        rows = np.linspace(0, len(self.coords) - 1, min(len(self.coords), SPACED)).astype(np.int64)
        distance, _ = self._on_map.nearest(self.coords[rows], 2)
        return np.sort(distance[:, -1])

    def read(self, place: tuple[float, float], held: Floats) -> Reading:
        z, weights, rows = self._on_map.blend(np.asarray(place), self.mu, BLENDED)
        used = weights > 0
        count = int(used.sum())
        words = f"blend of {count} neighbour{'s' * (count != 1)}"
        return Reading(z.astype(np.float32), words, rows[used], weights[used], self._gap(place))

    def _gap(self, place: tuple[float, float]) -> float:
        distance, _ = self._on_map.nearest(np.asarray(place), 1)
        return float(100.0 * np.searchsorted(self._spacing, distance[0]) / len(self._spacing))

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
        return Reading(z.astype(np.float32), "exact" + ("; other directions held" if rest else ""))

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
