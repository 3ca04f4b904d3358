"""The plane of largest variance: the map that is there at once, and whose every place can be decoded exactly."""

from dataclasses import dataclass
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
    def fit(cls, mu: Floats, like: "Pca | None" = None) -> Self:
        """The plane through mu (N, d). Each axis's largest entry is positive, so that a refit does not mirror the map.

        Where there was a plane before, `like`, axes point the way they did: another entry may be the largest by now.

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
        if like is not None and like.axes.shape == axes.shape:
            axes *= np.where((axes * like.axes).sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
        total = variance.sum()
        if total > 0:
            shares[:count] = np.maximum(variance[::-1][:count], 0) / total
        return cls(mean, axes, shares)

    def project(self, z: Floats) -> Floats:
        """Coordinates on the plane: (N, d) to (N, 2)."""
        return (z - self.mean) @ self.axes.T
