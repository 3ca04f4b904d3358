"""From an encoder's features to a sample of the latents, with everything that an objective may want to know of it."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from latentlab.models.chance import Chance, normal
from latentlab.models.priors import LOG_TWO_PI, LOG_VAR_MAX, LOG_VAR_MIN, Prior


class Posterior(NamedTuple):
    """q(z | x) = N(mu, exp(log_var)), both (B, d)."""

    mu: Tensor
    log_var: Tensor


class Latent(NamedTuple):
    """One draw: z (B, d); log_q = log q(z | x), log_p = log p(z | c), (B,); KL per layer, unreduced; further losses."""

    z: Tensor
    log_q: Tensor
    log_p: Tensor
    kls: list[Tensor]
    auxiliary: dict[str, Tensor]


class GaussianLatent(nn.Module):
    """A diagonal Gaussian q(z | x), sampled by reparameterisation (Kingma and Welling 2014)."""

    def __init__(self, width: int, latent_dim: int) -> None:
        super().__init__()
        self.mu = nn.Linear(width, latent_dim)
        self.log_var = nn.Linear(width, latent_dim)

    def posterior(self, h: Tensor) -> Posterior:
        """h (B, width) -> mu and log_var, (B, d), log_var within [-20, 10]."""
        return Posterior(self.mu(h), self.log_var(h).clamp(LOG_VAR_MIN, LOG_VAR_MAX))

    def forward(self, h: Tensor, prior: Prior, c: Tensor, generator: Chance = None) -> Latent:
        """One draw for each row of features h (B, width), beside the prior under the condition c (B, K)."""
        return self.draw(self.posterior(h), prior, c, generator)

    def draw(self, posterior: Posterior, prior: Prior, c: Tensor, generator: Chance = None) -> Latent:
        """One draw for each row of a posterior that is known already."""
        mu, log_var = posterior  # (B, d), (B, d)
        noise = normal(mu, generator)  # (B, d)
        z = mu + torch.exp(0.5 * log_var) * noise  # (B, d)
        log_q = -0.5 * (noise.square() + log_var + LOG_TWO_PI).sum(1)  # (B,)
        return Latent(z, log_q, prior.log_prob(z, c), [prior.kl(mu, log_var, c)], {})
