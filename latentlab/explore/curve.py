"""A curve through latent space that knows how far its pictures have come: frames at even decoded lengths."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Curve:
    """Points z (n, d) joined by straight pieces, and how far the decoded picture has come at each: lengths (n,).

    Lengths are sums of root summed squares of pixels from 0 to 1. straight: the length of the straight way through the
    same waypoints; as_straight: on how many of its legs no shorter one was found.
    """

    z: Floats
    lengths: NDArray[np.float64]
    straight: float = 0.0
    as_straight: int = 0

    @property
    def length(self) -> float:
        """Of the whole curve."""
        return float(self.lengths[-1])

    def frames(self, count: int) -> NDArray[np.float32]:
        """Points at even decoded lengths, (count, d), count >= 2; the first and the last are the ends, to the bit."""
        if self.length == 0.0:  # all of it looks the same
            place = np.linspace(0, len(self.z) - 1, count)
            below = np.clip(np.floor(place).astype(np.int64), 0, len(self.z) - 2)
            share = place - below
        else:
            wanted = np.linspace(0, self.length, count)
            below = np.clip(np.searchsorted(self.lengths, wanted, side="right") - 1, 0, len(self.z) - 2)
            piece = self.lengths[below + 1] - self.lengths[below]
            share = np.clip((wanted - self.lengths[below]) / np.maximum(piece, 1e-300), 0.0, 1.0)
        share = share[:, None]
        frames = ((1 - share) * self.z[below] + share * self.z[below + 1]).astype(np.float32)
        frames[0], frames[-1] = self.z[0], self.z[-1]
        return frames

    @staticmethod
    def joined(legs: "Sequence[Curve]") -> "Curve":
        """One after the other, where each begins at the last one's end."""
        z = [legs[0].z, *(leg.z[1:] for leg in legs[1:])]
        begins = list(itertools.accumulate((leg.length for leg in legs), initial=0.0))
        lengths = [
            legs[0].lengths,
            *(begin + leg.lengths[1:] for begin, leg in zip(begins[1:], legs[1:], strict=False)),
        ]
        return Curve(np.concatenate(z), np.concatenate(lengths))
