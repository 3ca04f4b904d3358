"""Places in latent space drawn from the prior that was trained."""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from latentlab.explore.decode import classes
from latentlab.models.latent_model import LatentModel
from latentlab.models.priors import ConditionalNormal


@torch.inference_mode()
def sample(
    model: LatentModel, count: int, labels: ArrayLike | None = None, seed: int = 0, device: str | torch.device = "cpu"
) -> NDArray[np.float32]:
    """z float32 (count, d) from p(z | c) of a model that is on `device`; all chance comes from the seed.

    labels: the class of each, (count,) or one for all, as `latentlab.explore.decode.decode` wants them: where the prior
    was learnt for each class, a place is likely under its own class only. Raises ValueError as decode does.
    """
    given = classes(model, labels, count)
    generator = torch.Generator(device).manual_seed(seed)
    z = model.sample(count, None if given is None else given.to(device), generator)
    return z.float().cpu().numpy()


@torch.inference_mode()
def prior_moments(model: LatentModel) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Means and variances (K, d) of the prior that was trained: of each of K classes, or K = 1 where all have one."""
    if not isinstance(model.prior, ConditionalNormal):
        return np.zeros((1, model.latent_dim), np.float32), np.ones((1, model.latent_dim), np.float32)
    mu, log_var = model.prior(model.condition.rows)  # (K, d), (K, d)
    return mu.float().cpu().numpy(), log_var.exp().float().cpu().numpy()
