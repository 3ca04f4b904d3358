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

    Each covariance is drawn a little to that of all points, as by d + 2 more points: so that it has an inverse.
    """
    pooled = z.T.cov(correction=0).reshape(z.shape[1], z.shape[1])
    pooled = pooled + 1e-9 * pooled.diagonal().mean() * torch.eye(len(pooled), dtype=z.dtype)
    starts = z[torch.randperm(len(z), generator=generator)[:components]]
    near = torch.cdist(z / pooled.diagonal().sqrt(), starts / pooled.diagonal().sqrt()).argmin(1)
    shares = torch.nn.functional.one_hot(near, len(starts)).to(z.dtype)  # (N, K)
    before = -math.inf
    for _ in range(ROUNDS):
        mixture = _maximised(z, shares, pooled)
        joint = mixture.joint(z)
        reached = float(joint.logsumexp(1).mean())
        if reached - before < ENOUGH:
            break
        before, shares = reached, joint.softmax(1)
    return mixture


def _maximised(z: Tensor, shares: Tensor, pooled: Tensor) -> Mixture:
    d = z.shape[1]
    counts = shares.sum(0).clamp_min(1e-9)  # (K,)
    means = (shares.T @ z) / counts[:, None]
    scatter = torch.stack([(z * share[:, None]).T @ z for share in shares.T])  # (K, d, d)
    scatter = scatter - counts[:, None, None] * means[:, :, None] * means[:, None, :]
    factors = torch.linalg.cholesky((scatter + (d + 2) * pooled) / (counts + d + 2)[:, None, None])
    unit = torch.eye(d, dtype=z.dtype).expand_as(factors)
    whitening = torch.linalg.solve_triangular(factors, unit, upper=False)
    return Mixture((counts / counts.sum()).log(), means, whitening)
