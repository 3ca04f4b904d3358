"""What a picture is, given the decoder's output: p(x | z), in nats per image, summed over pixels and channels.

A likelihood also says what the model sees of a picture (`observe`) and what is shown of an output (`mean`).
"""

import math
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Binarize = Literal["none", "fresh", "threshold"]

LOG_SIGMA_MIN = -6.0  # sigma >= 0.0025, below the step of an 8-bit pixel (1/255)
INITIAL_SIGMA = 0.3  # about the spread of natural and of drawn pictures in [0, 1]


class Likelihood(Protocol):
    """What `LatentModel` asks of a likelihood. x in [0, 1] and output are (B, C, H, W)."""

    def observe(self, x: Tensor, generator: torch.Generator | None) -> Tensor:
        """What encoder and likelihood see of x in training and when it is evaluated; may be random."""

    def likeliest(self, x: Tensor) -> Tensor:
        """The most probable outcome of `observe`: what is encoded where no chance is wanted."""

    def negative_log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """-log p(x | output), (B,), in nats."""

    def mean(self, output: Tensor) -> Tensor:
        """The mean of p(x | output), in [0, 1]: what is shown."""


class Bernoulli(nn.Module):
    """Independent coins with the output as logits. On grey targets its value is a cross-entropy, not a likelihood.

    binarize: 'none' keeps grey targets, 'fresh' flips a coin per pixel each time a picture is seen (Burda et al.
    2016), 'threshold' cuts at 1/2.
    """

    def __init__(self, binarize: Binarize = "none") -> None:
        super().__init__()
        self.binarize = binarize

    def observe(self, x: Tensor, generator: torch.Generator | None) -> Tensor:
        if self.binarize == "fresh":
            return torch.bernoulli(x, generator=generator)  # (B, C, H, W)
        return self.likeliest(x)  # (B, C, H, W)

    def likeliest(self, x: Tensor) -> Tensor:
        return x if self.binarize == "none" else (x >= 0.5).to(x.dtype)

    def negative_log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(output, x, reduction="none").flatten(1).sum(1)  # (B,)

    def mean(self, output: Tensor) -> Tensor:
        return torch.sigmoid(output)


class Gaussian(nn.Module):
    """N(output, sigma^2) with one sigma, shared by all pixels and learned, in units of pixels in [0, 1].

    Learning it is what balances reconstruction and KL (Rybkin et al. 2021, sigma-VAE); log sigma is clipped softly
    from below at -6, as there. The value is a density: it may be negative in nats.
    """

    def __init__(self) -> None:
        super().__init__()
        raw = math.log(math.expm1(math.log(INITIAL_SIGMA) - LOG_SIGMA_MIN)) + LOG_SIGMA_MIN
        self.raw_log_sigma = nn.Parameter(torch.tensor(raw))

    @property
    def log_sigma(self) -> Tensor:
        """Scalar, never below -6."""
        return LOG_SIGMA_MIN + F.softplus(self.raw_log_sigma - LOG_SIGMA_MIN)

    def observe(self, x: Tensor, generator: torch.Generator | None) -> Tensor:
        return x

    def likeliest(self, x: Tensor) -> Tensor:
        return x

    def negative_log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        log_sigma = self.log_sigma
        squares = (x - output).square().flatten(1).sum(1)  # (B,)
        per_pixel = log_sigma + 0.5 * math.log(2 * math.pi)
        return 0.5 * squares * torch.exp(-2 * log_sigma) + x[0].numel() * per_pixel  # (B,)

    def mean(self, output: Tensor) -> Tensor:
        return output.clamp(0.0, 1.0)
