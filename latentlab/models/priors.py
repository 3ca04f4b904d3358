"""What the latents are before anything is seen: p(z), or p(z | c) where there is a condition.

A prior is asked with the condition c (B, K) of each row, K = 0 where the model is unconditional.
"""

import math
from typing import Protocol

import torch
from torch import Tensor, nn

LOG_TWO_PI = math.log(2 * math.pi)
LOG_VAR_MIN, LOG_VAR_MAX = -20.0, 10.0  # sigma from 0.00005 to 148: exp never overflows, and 1 is far from both


class Prior(Protocol):
    """What `LatentModel` asks of a prior. mu, log_var and z are (B, d), c is (B, K)."""

    latent_dim: int

    def sample(self, count: int, c: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """z (count, d), a draw for each row of c (count, K)."""

    def log_prob(self, z: Tensor, c: Tensor) -> Tensor:
        """log p(z | c), (B,), in nats."""

    def kl(self, mu: Tensor, log_var: Tensor, c: Tensor) -> Tensor:
        """KL(N(mu, exp(log_var)) || p(z | c)), (B, d), in nats."""


class StandardNormal(nn.Module):
    """N(0, I) in d dimensions, whatever the condition."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.register_buffer("origin", torch.zeros(latent_dim), persistent=False)  # knows the device and the type
        self.origin: Tensor

    def sample(self, count: int, c: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """z, (count, d)."""
        return _noise(self.origin.expand(count, -1), generator)

    def log_prob(self, z: Tensor, c: Tensor) -> Tensor:
        """log p(z), (B,), in nats."""
        return -0.5 * (z.square() + LOG_TWO_PI).sum(1)  # (B,)

    def kl(self, mu: Tensor, log_var: Tensor, c: Tensor) -> Tensor:
        """KL(N(mu, exp(log_var)) || N(0, 1)), (B, d), in nats (Kingma and Welling 2014, appendix B)."""
        return 0.5 * (mu.square() + log_var.exp() - 1 - log_var)  # (B, d)


class ConditionalNormal(nn.Module):
    """N(mu(c), sigma(c)^2), learned: mean and log-variance are linear in the condition (Sohn et al. 2015).

    Of a one-hot label that is a Gaussian per class, of attributes a shift and a stretch per attribute. It begins as
    N(0, I), and log-variances are held in the posterior's range.
    """

    def __init__(self, latent_dim: int, condition_width: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.mu = nn.Linear(condition_width, latent_dim)
        self.log_var = nn.Linear(condition_width, latent_dim)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def forward(self, c: Tensor) -> tuple[Tensor, Tensor]:
        """mu and log_var for each row of c (B, K): (B, d), (B, d)."""
        return self.mu(c), self.log_var(c).clamp(LOG_VAR_MIN, LOG_VAR_MAX)

    def sample(self, count: int, c: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """z, (count, d); c is (count, K)."""
        mu, log_var = self(c)  # (count, d), (count, d)
        return mu + torch.exp(0.5 * log_var) * _noise(mu, generator)

    def log_prob(self, z: Tensor, c: Tensor) -> Tensor:
        """log p(z | c), (B,), in nats."""
        mu, log_var = self(c)
        return -0.5 * ((z - mu).square() * torch.exp(-log_var) + log_var + LOG_TWO_PI).sum(1)  # (B,)

    def kl(self, mu: Tensor, log_var: Tensor, c: Tensor) -> Tensor:
        """KL(N(mu, exp(log_var)) || N(mu(c), sigma(c)^2)), (B, d), in nats."""
        prior_mu, prior_log_var = self(c)
        ratio = log_var - prior_log_var  # (B, d), of the variances, as a logarithm
        return 0.5 * ((mu - prior_mu).square() * torch.exp(-prior_log_var) + ratio.exp() - 1 - ratio)  # (B, d)


def _noise(like: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=like.device, dtype=like.dtype)
