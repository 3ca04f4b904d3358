"""Bounds on -log p(x), image by image: the negative ELBO and the tighter one of several draws.

The encoder sees an image once. The decoder sees as many draws at a time as fit a processor's cache, and nothing is kept
of them but running sums, so that memory does not grow with the number of draws.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from latentlab.evaluation.streams import LogMeanExp
from latentlab.models.latent_model import LatentModel
from latentlab.models.latents import Posterior

IMAGES_AT_ONCE = 32  # many draws of few images: 1.4 times as fast as few of 500 (784 pixels, layers of 400)
DECODED_AT_ONCE = 512  # on a processor: 784 pixels each are 1.6 MB, which its cache still holds
DECODED_AT_ONCE_ON_DEVICE = 4096


class Bounds(NamedTuple):
    """Per image, in nats, float64, on the CPU. neg_elbo is reconstruction + kl.sum(1).

    reconstruction (B,) is the mean of -log p(x | z) over the draws, nll (B,) the importance-weighted bound of as many
    draws, kl (B, d) and mu and log_var (B, d) are those of q(z | x).
    """

    reconstruction: Tensor
    nll: Tensor
    kl: Tensor
    mu: Tensor
    log_var: Tensor


def bounds(model: LatentModel, x: Tensor, labels: Tensor | None, samples: int, generator: torch.Generator) -> Bounds:
    """The bounds of x (B, C, H, W) as it was observed, with `samples` draws of z per image.

    log w = log p(x | z) + log p(z) - log q(z | x), and log mean_k w is a bound on log p(x) (Burda et al. 2016, eq. 8).
    Where there is a condition, p(z) is p(z | c) and the bound is on log p(x | c).
    """
    c = model.condition(labels, len(x))  # (B, K)
    posterior = model.latent.posterior(model.encoder(x, c))  # (B, d), (B, d)
    kl = model.prior.kl(*posterior, c)  # (B, d)
    parts = zip(*(rows.split(IMAGES_AT_ONCE) for rows in (x, c, *posterior)), strict=True)
    found = [_sampled(model, x, c, Posterior(mu, log_var), samples, generator) for x, c, mu, log_var in parts]
    reconstruction, nll = (torch.cat(column) for column in zip(*found, strict=True))
    return Bounds(reconstruction, nll, *(rows.cpu().double() for rows in (kl, *posterior)))


def _sampled(
    model: LatentModel, x: Tensor, c: Tensor, posterior: Posterior, samples: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Mean of -log p(x | z) and the bound on -log p(x), both (B,), of the few images x (B, C, H, W)."""
    count = len(x)
    log_p = LogMeanExp(count)
    reconstruction = torch.zeros(count, dtype=torch.float64)
    decoded = DECODED_AT_ONCE if x.device.type == "cpu" else DECODED_AT_ONCE_ON_DEVICE
    at_once = min(samples, max(1, decoded // count))
    x, c = x.repeat(at_once, 1, 1, 1), c.repeat(at_once, 1)  # once: every pass over the draws sees the same images
    mu, log_var = (rows.repeat(at_once, 1) for rows in posterior)
    for start in range(0, samples, at_once):
        k = min(at_once, samples - start)
        rows = k * count
        latent = model.latent.draw(Posterior(mu[:rows], log_var[:rows]), model.prior, c[:rows], generator)
        errors = model.likelihood.negative_log_prob(model.decoder(latent.z, c[:rows]), x[:rows])  # (k * B,)
        log_p.add((latent.log_p - latent.log_q - errors).view(k, count))
        reconstruction += errors.view(k, count).cpu().double().sum(0) / samples
    return reconstruction, -log_p.value()
