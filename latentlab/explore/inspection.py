"""What is found out about one image: records of NumPy arrays, which a window can read without torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlab.images import Pixels

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Inspection:
    """One image as a model sees it. Terms are in nats, of the whole image; d is the number of latent dimensions.

    mu, sigma (d,): of q(z | x). prior_mu, prior_sigma (d,): of p(z), or of p(z | c) where there is a condition.
    kl_per_dim (d,): KL(q || p) of each dimension. reconstruction: the mean of -log p(x | z) over draws from q, and
    at_mean: that at z = mu. output uint8 (C, H, W): the mean of p(x | z = mu). anomaly: the score of anomaly.py.
    bits_per_dim: the negative ELBO in bits per pixel and channel; None where that has no meaning.
    """

    mu: Floats
    sigma: Floats
    prior_mu: Floats
    prior_sigma: Floats
    kl_per_dim: Floats
    reconstruction: float
    at_mean: float
    output: Pixels
    anomaly: float
    bits_per_dim: float | None
    step: int = 0

    @property
    def kl(self) -> float:
        return float(self.kl_per_dim.sum())

    @property
    def neg_elbo(self) -> float:
        return self.reconstruction + self.kl

    def order(self) -> NDArray[np.int64]:
        """Dimensions by this image's own KL, largest first."""
        return np.argsort(-self.kl_per_dim, kind="stable").astype(np.int64)


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What lies around an image's code. Of draws from q(z | x): draws (N, d) and drawn uint8 (N, C, H, W). Along one
    dimension `dim`, at `steps` (K,) sigmas from mu: probes (K, d) and probed uint8 (K, C, H, W)."""

    draws: Floats
    drawn: Pixels
    dim: int
    steps: Floats
    probes: Floats
    probed: Pixels


@dataclass(frozen=True, eq=False)
class Filled:
    """An image whose masked part a model has filled in, after `iteration` of `iterations`.

    pixels uint8 (C, H, W): this iteration's. mean uint8 (C, H, W): of the iterations after the first half, as far as
    they have come; until then it is `pixels`. What was known is as it was in both.
    """

    pixels: Pixels
    mean: Pixels
    iteration: int
    iterations: int


def percentile(score: float, others: NDArray[np.floating]) -> float | None:
    """The share in % of others (N,) that are below the score, ties counting half; None where there are none.

    What is not a number does not count."""
    known = others[np.isfinite(others)]
    if not len(known) or not np.isfinite(score):
        return None
    return float(100 * ((known < score).mean() + (known == score).mean() / 2))
