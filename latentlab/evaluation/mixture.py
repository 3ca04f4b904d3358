"""A mixture of Gaussians with full covariances, fitted by expectation and maximisation (Dempster et al. 1977)."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

ROUNDS = 15
ENOUGH = 1e-2  # nats per point that a round must gain to be followed by another


class Mixture(NamedTuple):
    """K Gaussians: log_weights (K,), means (K, d), and whitening (K, d, d): W with covariance (W' W)^-1, triangular."""

    log_weights: Tensor
    means: Tensor
    whitening: Tensor

    def joint(self, z: Tensor) -> Tensor:
        """log weight_k + log N(z; mean_k, covariance_k), (N, K), in nats, of points z (N, d)."""
        k, d = self.means.shape
        white = z @ self.whitening.flatten(0, 1).T - (self.whitening @ self.means[:, :, None]).flatten()  # (N, K * d)
        log_det = self.whitening.diagonal(dim1=1, dim2=2).log().sum(1)  # (K,)
        constant = self.log_weights + log_det - 0.5 * d * math.log(2 * math.pi)
        return constant - 0.5 * white.square_().unflatten(1, (k, d)).sum(2)

    def log_prob(self, z: Tensor) -> Tensor:
        """(N,), in nats."""
        return self.joint(z).logsumexp(1)


def fit_mixture(z: Tensor, components: int, generator: torch.Generator) -> Mixture:
    """The mixture that z (N, d), float64, most likely came from, as far as climbing from a random start finds it.

    Each covariance is drawn a little to the mean of all, as by d + 2 more points: so that it has an inverse.
    """
    white = z / z.std(0, correction=0).clamp_min(1e-9)
    near = torch.cdist(white, _apart(white, components, generator)).argmin(1)
    shares = torch.nn.functional.one_hot(near).to(z.dtype)  # (N, K)
    before = -math.inf
    for _ in range(ROUNDS):
        mixture = _maximised(z, shares)
        joint = mixture.joint(z)
        reached = float(joint.logsumexp(1).mean())
        if reached - before < ENOUGH:
            break
        before, shares = reached, joint.softmax(1)
    return mixture


def _apart(z: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """(count, d): points drawn by their squared distance to those drawn before (Arthur and Vassilvitskii 2007)."""
    chosen = z[torch.randint(len(z), (1,), generator=generator)]
    distance = torch.full((len(z),), math.inf, dtype=z.dtype)
    while len(chosen) < count:
        distance = torch.minimum(distance, (z - chosen[-1]).square().sum(1))
        if not distance.any():
            break  # fewer places than are asked for
        chosen = torch.cat([chosen, z[torch.multinomial(distance, 1, generator=generator)]])
    return chosen


def _maximised(z: Tensor, shares: Tensor) -> Mixture:
    d = z.shape[1]
    counts = shares.sum(0).clamp_min(1e-9)  # (K,)
    means = (shares.T @ z) / counts[:, None]
    scatter = torch.stack([(z * share[:, None]).T @ z for share in shares.T])  # (K, d, d)
    scatter = scatter - counts[:, None, None] * means[:, :, None] * means[:, None, :]
    within = scatter.sum(0) / len(z)
    within = within + 1e-9 * within.diagonal().mean().clamp_min(1e-9) * torch.eye(d, dtype=z.dtype)
    factors = torch.linalg.cholesky((scatter + (d + 2) * within) / (counts + d + 2)[:, None, None])
    unit = torch.eye(d, dtype=z.dtype).expand_as(factors)
    whitening = torch.linalg.solve_triangular(factors, unit, upper=False)
    return Mixture((counts / counts.sum()).log(), means, whitening)
