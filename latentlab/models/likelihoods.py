"""What a picture is, given the decoder's output: p(x | z), in nats per image, summed over pixels and channels.

A likelihood also says what the model sees of a picture (`observe`) and what is shown of an output (`mean`).
"""

import math
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from latentlab.models.chance import Chance, coins

Binarize = Literal["none", "fresh", "threshold"]
Sigma = Literal["learned", "optimal"]
Bits = Literal["exact", "density", "none"]

LEVEL = 1 / 255  # between two neighbouring values of an 8-bit pixel, in pixels from 0 to 1
LOG_SIGMA_MIN = -6.0  # sigma >= 0.0025, below the step of an 8-bit pixel
LOG_SCALE_MIN = -7.0  # a logistic's scale >= 0.0009, a quarter of that step: nearly all is in one value
INITIAL_SIGMA = 0.3  # about the spread of natural and of drawn pictures in [0, 1]
SIGMA_MEMORY = 100  # batches that the running mean of the squared errors goes back
NEAR_HALF = 0.1  # logits within which a continuous Bernoulli is a Taylor series


class Likelihood(Protocol):
    """What `LatentModel` asks of a likelihood. x in [0, 1] and output are (B, C, H, W)."""

    bits: Bits  # what its nats are in bits of an 8-bit pixel: exactly so, through a density's level, or nothing

    def observe(self, x: Tensor, generator: Chance) -> Tensor:
        """What encoder and likelihood see of x in training and when it is evaluated; may be random."""

    def likeliest(self, x: Tensor) -> Tensor:
        """The most probable outcome of `observe`: what is encoded where no chance is wanted."""

    def negative_log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """-log p(x | output), (B,), in nats."""

    def mean(self, output: Tensor) -> Tensor:
        """The mean of p(x | output), in [0, 1]: what is shown."""

    def bits_per_dim(self, nats: float, dims: int) -> float | None:
        """Nats per image of `dims` pixels times channels as bits per dimension; None where that means nothing."""


class Pixels(nn.Module):
    """What likelihoods of grey and colour values have in common: these are seen as they are."""

    bits: Bits = "none"

    def observe(self, x: Tensor, generator: Chance) -> Tensor:
        return x

    def likeliest(self, x: Tensor) -> Tensor:
        return x

    def bits_per_dim(self, nats: float, dims: int) -> float | None:
        """nats / (dims ln 2). A density is taken over a level's width, 1/255, as if it were constant there.

        That adds log2(255) bits. It is no bound: no noise is laid over the levels, and a density narrower than one has
        less than no bits.
        """
        if self.bits == "none":
            return None
        width = math.log(LEVEL) if self.bits == "density" else 0.0  # nats per dimension
        return (nats / dims - width) / math.log(2)


class Bernoulli(Pixels):
    """Independent coins with the output as logits. On grey targets its value is a cross-entropy, not a likelihood.

    binarize: 'none' keeps grey targets, 'fresh' flips a coin per pixel each time a picture is seen (Burda et al.
    2016), 'threshold' cuts at 1/2.
    """

    def __init__(self, binarize: Binarize = "none") -> None:
        super().__init__()
        self.binarize = binarize
        self.bits = "none" if binarize == "none" else "exact"

    def observe(self, x: Tensor, generator: Chance) -> Tensor:
        if self.binarize == "fresh":
            return coins(x, generator)  # (B, C, H, W)
        return self.likeliest(x)  # (B, C, H, W)

    def likeliest(self, x: Tensor) -> Tensor:
        return x if self.binarize == "none" else (x >= 0.5).to(x.dtype)

    def negative_log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(output, x, reduction="none").flatten(1).sum(1)  # (B,)

    def mean(self, output: Tensor) -> Tensor:
        return torch.sigmoid(output)


class ContinuousBernoulli(Pixels):
    """C(lambda) lambda^x (1 - lambda)^(1 - x) on [0, 1], the output lambda's logit (Loaiza-Ganem, Cunningham 2019).

    With a logit t, C = t / tanh(t / 2) and the mean is 1 / (1 - exp(-t)) - 1 / t: x is an exponential variable cut to
    [0, 1]. Both are 0/0 at t = 0 (lambda = 1/2), and there come from their Taylor series.
    """

    bits: Bits = "density"

    def negative_log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        cross_entropy = F.binary_cross_entropy_with_logits(output, x, reduction="none")
        return (cross_entropy - _log_normaliser(output)).flatten(1).sum(1)  # (B,)

    def mean(self, output: Tensor) -> Tensor:
        near, small, size = _near_half(output)
        mean = -1 / torch.expm1(-size) - 1 / size  # at |t|; that at -t is 1 minus it
        series = 0.5 + small / 12 - small**3 / 720 + small**5 / 30240
        return torch.where(near, series, torch.where(output > 0, mean, 1 - mean))


class Gaussian(Pixels):
    """N(output, sigma^2) with one sigma, shared by all pixels, in units of pixels in [0, 1]: a density, maybe above 1.

    sigma is what balances reconstruction and KL (a fixed one is beta = sigma^2 beside half the squared error):
    'learned' is a parameter, log sigma clipped softly from below at -6; 'optimal' takes sigma^2 = the mean square error
    of each training batch (both Rybkin et al. 2021, sigma-VAE); a number holds it.

    Of 'optimal', the batch's mean is D/2 (log(2 pi MSE) + 1) nats, and gradients flow through sigma as through that
    formula. In evaluation mode sigma is a running mean over about the last 100 training batches: what an image costs
    depends neither on its neighbours nor on itself, and not on which batch was the last.
    """

    bits: Bits = "density"

    def __init__(self, sigma: Sigma | float = "learned") -> None:
        super().__init__()
        self.sigma = sigma
        if sigma == "learned":
            raw = math.log(math.expm1(math.log(INITIAL_SIGMA) - LOG_SIGMA_MIN)) + LOG_SIGMA_MIN
            self.raw_log_sigma = nn.Parameter(torch.tensor(raw))
        else:
            optimal = sigma == "optimal"
            square = torch.tensor(INITIAL_SIGMA if sigma == "optimal" else float(sigma)).square()
            self.register_buffer("mean_square", square, persistent=optimal)  # a number is the configuration's to keep
            self.register_buffer("batches", torch.tensor(0.0), persistent=optimal)  # seen, of those that still count
            self.mean_square: Tensor
            self.batches: Tensor

    @property
    def log_sigma(self) -> Tensor:
        """Scalar: that of evaluation mode. Learned or optimal it is never below -6."""
        if self.sigma == "learned":
            return LOG_SIGMA_MIN + F.softplus(self.raw_log_sigma - LOG_SIGMA_MIN)
        return 0.5 * torch.log(self.mean_square)

    def negative_log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        squares, dims = (x - output).square().flatten(1).sum(1), x[0].numel()  # (B,)
        if self.sigma == "optimal" and self.training:
            mean_square = (squares.mean() / dims).clamp(min=math.exp(2 * LOG_SIGMA_MIN))
            self._remember(mean_square.detach())
            log_sigma = 0.5 * torch.log(mean_square)
        else:
            log_sigma = self.log_sigma
        per_pixel = log_sigma + 0.5 * math.log(2 * math.pi)
        return 0.5 * squares * torch.exp(-2 * log_sigma) + dims * per_pixel  # (B,)

    def mean(self, output: Tensor) -> Tensor:
        return output.clamp(0.0, 1.0)

    def _remember(self, mean_square: Tensor) -> None:
        """Nothing here depends on a value, so that a step can be captured once and replayed."""
        self.batches.add_(1).clamp_(max=SIGMA_MEMORY)
        self.mean_square.lerp_(mean_square.to(self.mean_square.dtype), 1 / self.batches)


class DiscretizedLogistic(Pixels):
    """A logistic with the output as location, cut into the 256 values of a pixel (Kingma et al. 2016, IAF).

    Each value k/255 has what lies within half a level of it, 0 and 255 also the tails (Salimans et al. 2017,
    PixelCNN++); with one learned scale per channel. Of bins from b to a in units of the scale,
    sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a)), where each factor has a safe logarithm.
    """

    bits: Bits = "exact"

    def __init__(self, channels: int) -> None:
        super().__init__()
        initial = math.log(INITIAL_SIGMA * math.sqrt(3) / math.pi)  # a logistic's deviation is pi / sqrt(3) scales
        raw = math.log(math.expm1(initial - LOG_SCALE_MIN)) + LOG_SCALE_MIN
        self.raw_log_scale = nn.Parameter(torch.full((channels, 1, 1), raw))

    @property
    def log_scale(self) -> Tensor:
        """(C, 1, 1), in pixels from 0 to 1, never below -7."""
        return LOG_SCALE_MIN + F.softplus(self.raw_log_scale - LOG_SCALE_MIN)

    def negative_log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """-log p(x | output), (B,), in nats; x is taken as the nearest of the 256 values."""
        per_scale = torch.exp(-self.log_scale)  # (C, 1, 1)
        value = (x / LEVEL).round()  # 0 to 255
        middle = (value * LEVEL - output) * per_scale  # (B, C, H, W)
        half = 0.5 * LEVEL * per_scale
        below = F.logsigmoid(middle + half)  # log P(X <= x)
        above = F.logsigmoid(half - middle)  # log P(X >= x)
        width = torch.log(-torch.expm1(-2 * half))
        inside = below + above + width
        log_prob = torch.where(value == 0, below, torch.where(value == 255, above, inside))
        return -log_prob.flatten(1).sum(1)  # (B,)

    def mean(self, output: Tensor) -> Tensor:
        """E[x] = sum_k P(X >= k/255) / 255 over k = 1 to 255, by its integral, which has a closed form.

        Off by less than half a level for any scale, and by less than 0.0001 for one of a level or more.
        """
        scale = torch.exp(self.log_scale)
        mean = scale * (F.softplus(output / scale) - F.softplus((output - 1) / scale))
        return mean.clamp(0.0, 1.0)


def _near_half(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Where logits are near 0; they there, else 0; their sizes elsewhere, else 1: no formula or its gradient fails."""
    near = logits.abs() < NEAR_HALF
    return near, torch.where(near, logits, 0), torch.where(near, 1, logits.abs())


def _log_normaliser(logits: Tensor) -> Tensor:
    """log(t / tanh(t / 2)) of each logit t, in nats. With u = t/2 the series: ln 2 + u^2/3 - 7 u^4/90 + 62 u^6/2835."""
    near, small, size = _near_half(logits)
    far = torch.log(size) + torch.log1p(torch.exp(-size)) - torch.log(-torch.expm1(-size))
    square = (small / 2).square()
    series = math.log(2) + square / 3 - 7 * square**2 / 90 + 62 * square**3 / 2835
    return torch.where(near, series, far)
