"""How unlike what a model has learnt each image is, for a picture of many of them."""

from collections.abc import Generator

import numpy as np
import torch
from numpy.typing import NDArray

from latentlab.evaluation.bounds import IMAGES_AT_ONCE, bounds
from latentlab.images import Images
from latentlab.models.build import to_float
from latentlab.models.latent_model import LatentModel

DRAWS = 16  # of z per image; `evaluate` takes 100, and this many are decoded in one go


@torch.inference_mode()
def _scored(
    model: LatentModel, some: Images, draws: int, generator: torch.Generator, device: str | torch.device
) -> NDArray[np.float64]:
    x = model.likelihood.observe(to_float(torch.as_tensor(np.asarray(some.pixels), device=device)), generator)
    labels = torch.as_tensor(some.labels, device=device) if model.num_classes else None
    found = bounds(model, x, labels, draws, generator)
    return (found.reconstruction + found.kl.sum(1)).numpy()


def anomaly_scores(
    model: LatentModel, images: Images, draws: int = DRAWS, seed: int = 0, device: str | torch.device = "cpu"
) -> Generator[float, None, NDArray[np.float32]]:
    """Yields the share that is done, and returns the negative ELBO of each image: (N,) in nats.

    It is the score by which `evaluate` ranks unusual images, of `draws` draws of z per image, all chance from the
    seed. The model is in evaluation mode and on `device`. Raises ValueError for images that it does not take.
    """
    model.check(images)
    generator = torch.Generator(device).manual_seed(seed)
    scores = np.empty(len(images), np.float32)
    for start in range(0, len(images), IMAGES_AT_ONCE):
        rows = np.arange(start, min(start + IMAGES_AT_ONCE, len(images)))
        scores[rows] = _scored(model, images.take(rows), draws, generator, device)
        yield (rows[-1] + 1) / len(images)
    return scores
