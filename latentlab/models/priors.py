"""What the latents are before anything is seen: p(z), or p(z | c) where there is a condition."""

import math

import torch
from torch import Tensor, nn

LOG_TWO_PI = math.log(2 * math.pi)


class StandardNormal(nn.Module):
    """N(0, I) in d dimensions, whatever the condition."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.register_buffer("origin", torch.zeros(latent_dim), persistent=False)  # knows the device and the type
        self.origin: Tensor

    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """z, (count, d)."""
        shape = (count, self.latent_dim)
        return torch.randn(shape, generator=generator, device=self.origin.device, dtype=self.origin.dtype)

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z), (B,), in nats."""
        return -0.5 * (z.square() + LOG_TWO_PI).sum(1)  # (B,)

    def kl(self, mu: Tensor, log_var: Tensor) -> Tensor:
        """KL(N(mu, exp(log_var)) || N(0, 1)), (B, d), in nats (Kingma and Welling 2014, appendix B)."""
        return 0.5 * (mu.square() + log_var.exp() - 1 - log_var)  # (B, d)
