"""What a place in latent space looks like."""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from latentlab.images import Pixels
from latentlab.models.build import to_pixels
from latentlab.models.latent_model import LatentModel


@torch.inference_mode()
def decode(
    model: LatentModel,
    z: NDArray[np.floating],
    labels: ArrayLike | None = None,
    device: str | torch.device = "cpu",
    batch_size: int = 512,
) -> Pixels:
    """The likelihood's mean at z (N, d): uint8 (N, C, H, W), from a model in evaluation mode that is on `device`.

    labels: the class of each, (N,) or one for all; needed by a conditional model only. Raises ValueError for
    another number of dimensions, a missing class, or one that is not there.
    """
    if z.ndim != 2 or z.shape[1] != model.latent_dim:
        raise ValueError(f"this model's latent space has {model.latent_dim} dimensions: z is (N, {model.latent_dim})")
    given = classes(model, labels, len(z))
    places = torch.as_tensor(np.asarray(z, np.float32))
    pixels = np.empty((len(z), *model.image_shape), np.uint8)
    for start in range(0, len(z), batch_size):
        rows = slice(start, start + batch_size)
        condition = None if given is None else given[rows].to(device)
        pixels[rows] = to_pixels(model.decode(places[rows].to(device), condition)).cpu().numpy()
    return pixels


def classes(model: LatentModel, labels: ArrayLike | None, count: int) -> torch.Tensor | None:
    """The condition int64 (count,) from (count,) labels or a single one; None for an unconditional model.

    Raises ValueError where a conditional model is given none, or a class that it does not know.
    """
    if not model.num_classes:
        return None
    if labels is None:
        raise ValueError("this model is conditional: say which class to decode")
    given = np.broadcast_to(np.asarray(labels, np.int64), (count,))
    if count and not 0 <= given.min() <= given.max() < model.num_classes:
        raise ValueError(f"this model's classes go from 0 to {model.num_classes - 1}")
    return torch.from_numpy(given.copy())
