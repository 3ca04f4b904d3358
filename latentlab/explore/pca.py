"""The plane of largest variance: the map that is there at once, and whose every place can be decoded exactly."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Pca:
    """A plane in latent space: its mean (d,), orthonormal axes (2, d), and the share of variance along each (2,).

    With one latent dimension the second axis is zero.
    """

    mean: Floats
    axes: Floats
    explained: Floats

    @classmethod
    def fit(cls, mu: Floats) -> Self:
        """The plane through mu (N, d). Each axis's largest entry is positive, so that a refit does not mirror the map.

        Raises ValueError when there is nothing to fit, or numbers that are not finite.
        """
        if mu.ndim != 2 or 0 in mu.shape:
            raise ValueError(f"a map needs at least one encoded image with one dimension, not an array of {mu.shape}")
        if not np.isfinite(mu).all():
            raise ValueError("the encoded images hold numbers that are not finite; the model has diverged")
        points = mu.astype(np.float64)
        mean = points.mean(axis=0)
        centred = points - mean
        variance, vectors = np.linalg.eigh(centred.T @ centred)  # ascending
        axes = np.zeros((2, mu.shape[1]))
        shares = np.zeros(2)
        count = min(2, mu.shape[1])
        axes[:count] = vectors.T[::-1][:count]
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1, keepdims=True), axis=1)
        axes *= np.where(largest < 0, -1.0, 1.0)
        total = variance.sum()
        if total > 0:
            shares[:count] = np.maximum(variance[::-1][:count], 0) / total
        return cls(mean, axes, shares)

    def facing(self, z: Floats, coords: Floats) -> Self:
        """The same plane, each axis turned so that z (n, d) lie on the side where coords (n, 2) show them.

        Weights that have learnt more may put any entry of an axis first, and any sign before it; who looks on sees
        the points, and they are not to change sides.
        """
        shown = coords - coords.mean(axis=0)
        mirrored = (self.project(z) * shown).sum(axis=0) < 0
        return replace(self, axes=np.where(mirrored[:, None], -self.axes, self.axes))

    def project(self, z: Floats) -> Floats:
        """Coordinates on the plane: (N, d) to (N, 2)."""
        return (z - self.mean) @ self.axes.T
