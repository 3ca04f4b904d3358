"""From unreduced terms to what is minimised and what is shown: pure functions.

The curves always show the true terms, whatever an objective does to the loss.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from latentlab.models.latent_model import Terms


class Report(NamedTuple):
    """Batch means in nats per image, detached: scalars, and kl_per_dim (d,). neg_elbo is at beta = 1."""

    reconstruction: Tensor
    kl: Tensor
    kl_per_dim: Tensor
    neg_elbo: Tensor
    objective: Tensor


def beta_objective(terms: Terms, beta: float | Tensor) -> tuple[Tensor, Report]:
    """reconstruction + beta * KL (Higgins et al. 2017), the scalar to minimise, and the report of the true terms.

    Both terms are sums over their dimensions and means over the batch: a mean over pixels against a sum over latents
    would be a hidden beta of about the number of pixels. beta may be a scalar tensor, so that it can change without
    a new graph being captured.
    """
    kl_per_dim = torch.cat([kl.flatten(1) for kl in terms.kls], dim=1).mean(0)  # (d,)
    reconstruction = terms.reconstruction.mean()
    kl = kl_per_dim.sum()
    loss = reconstruction + beta * kl
    for extra in terms.auxiliary.values():
        loss = loss + extra.mean()
    true = (reconstruction, kl, kl_per_dim, reconstruction + kl, loss)
    return loss, Report(*(value.detach() for value in true))
