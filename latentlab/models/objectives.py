"""From unreduced terms to what is minimised and what is shown: pure functions.

The curves always show the true terms, whatever an objective does to the loss. Nothing here looks at a tensor's value
to decide what to do, so that a step can be captured once and replayed.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from latentlab.config import FreeBits, ObjectiveConfig
from latentlab.models.latent_model import Terms


class Report(NamedTuple):
    """Batch means in nats per image, detached: scalars, and kl_per_dim (d,). neg_elbo is at beta = 1.

    `objective` is the value of what is minimised. Of several draws per image, the terms are means over these too.
    """

    reconstruction: Tensor
    kl: Tensor
    kl_per_dim: Tensor
    neg_elbo: Tensor
    objective: Tensor


class Weights(NamedTuple):
    """What schedules change: the weight of the KL, and the nats of KL that a capacity holds.

    Each may be a scalar tensor, which can change without a new graph being captured.
    """

    beta: float | Tensor = 1.0
    capacity: float | Tensor = 0.0


Objective = Callable[[Terms, Weights], tuple[Tensor, Report]]
"""From terms and weights to the scalar that is minimised, in nats per image, and the report of the true terms."""


def objective(config: ObjectiveConfig) -> Objective:
    """What the configuration says is to be minimised. Values of a schedule come with each call, as `Weights`."""
    if config.kind == "iwae":
        return _iwae
    if config.kind == "capacity":
        return _capacity(config.capacity_weight)
    return _beta(config.free_bits, config.free_bits_per)


def _iwae(terms: Terms, weights: Weights) -> tuple[Tensor, Report]:
    """-mean_b[logsumexp_k log w - log k], log w = log p(x|z) + log p(z) - log q(z|x) (Burda et al. 2016, eq. 8).

    k is `terms.samples`; with one it is the Monte-Carlo ELBO. The gradient is that of this very value, through the
    draws: no surrogate. The report's KL is the analytic one.
    """
    log_w = (terms.log_p - terms.log_q - terms.reconstruction).view(terms.samples, -1)  # (k, B)
    bound = torch.logsumexp(log_w, dim=0) - math.log(terms.samples)  # (B,)
    return _reported(terms, -bound.mean())


def _beta(free_bits: float, per: FreeBits) -> Objective:
    """reconstruction + beta * KL (Higgins et al. 2017), where a KL below `free_bits` costs no less than these.

    Both terms are sums over their dimensions and means over the batch: a mean over pixels against a sum over latents
    would be a hidden beta of about the number of pixels.
    """

    def minimised(terms: Terms, weights: Weights) -> tuple[Tensor, Report]:
        kl = floored(terms.kls, free_bits, per) if free_bits else _kl_per_dim(terms).sum()
        return _reported(terms, terms.reconstruction.mean() + weights.beta * kl)

    return minimised


def _capacity(gamma: float) -> Objective:
    """reconstruction + gamma * |mean_b KL - C| (Burgess et al. 2018, eq. 8), the batch's mean inside the bars.

    With each image's own KL inside, all images would be held to the same rate, not their mean.
    """

    def minimised(terms: Terms, weights: Weights) -> tuple[Tensor, Report]:
        away = _kl_per_dim(terms).sum() - weights.capacity
        return _reported(terms, terms.reconstruction.mean() + gamma * away.abs())

    return minimised


def floored(kls: list[Tensor], floor: float, per: FreeBits) -> Tensor:
    """KL in nats per image, a scalar, where nothing counts less than `floor` nats; kls: (B, d) or (B, C, H, W) each.

    dimension: sum_j max(floor, mean_b KL_bj) (Kingma et al. 2016, eq. 15); sample: mean_b sum_j max(floor, KL_bj),
    as in many articles; layer: the mean over b of max(floor, KL_b) of each layer, summed over these.
    """
    layers = [kl.flatten(1) for kl in kls]  # (B, d) each
    if per == "dimension":
        return torch.cat(layers, dim=1).mean(0).clamp(min=floor).sum()
    if per == "sample":
        return torch.cat(layers, dim=1).clamp(min=floor).sum(1).mean()
    return torch.stack([kl.sum(1).clamp(min=floor).mean() for kl in layers]).sum()


def _kl_per_dim(terms: Terms) -> Tensor:
    """Means over the batch, (d,), all layers' dimensions one after another."""
    return torch.cat([kl.flatten(1) for kl in terms.kls], dim=1).mean(0)


def _reported(terms: Terms, loss: Tensor) -> tuple[Tensor, Report]:
    """The loss with the further losses of the latents, and the report."""
    for extra in terms.auxiliary.values():
        loss = loss + extra.mean()
    reconstruction, kl_per_dim = terms.reconstruction.mean(), _kl_per_dim(terms)
    kl = kl_per_dim.sum()
    true = (reconstruction, kl, kl_per_dim, reconstruction + kl, loss)
    return loss, Report(*(value.detach() for value in true))


def beta_objective(terms: Terms, beta: float | Tensor) -> tuple[Tensor, Report]:
    """reconstruction + beta * KL for those who have no configuration; at beta 1 the true negative ELBO."""
    return _beta(0.0, "dimension")(terms, Weights(beta))
