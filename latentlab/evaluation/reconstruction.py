"""How far the picture decoded from an image's own code is from the image, per pixel."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from latentlab.models.latent_model import LatentModel
from latentlab.models.likelihoods import Bernoulli


class ReconstructionError:
    """Means over images and pixels of the error of the picture decoded from the mean of q(z | x), nothing drawn.

    mse is in squared units of pixels from 0 to 1. cross_entropy, in nats, is a Bernoulli's alone. Both are against what
    the model saw: where it is black and white, that and not the grey original.
    """

    def __init__(self, model: LatentModel) -> None:
        self._model = model
        self._pixels = 0
        self._squares = self._entropies = 0.0

    def add(self, x: Tensor, mu: Tensor, labels: Tensor | None) -> None:
        """x (B, C, H, W) as it was observed, mu (B, d)."""
        shown = self._model.decode(mu, labels)  # (B, C, H, W)
        self._pixels += x.numel()
        self._squares += float((shown - x).square().sum(dtype=torch.float64))
        if isinstance(self._model.likelihood, Bernoulli):
            logits = self._model.decoder(mu, self._model.condition(labels, len(mu)))
            self._entropies += float(F.binary_cross_entropy_with_logits(logits, x, reduction="sum"))

    def value(self) -> dict[str, Any]:
        """mse and cross_entropy (None for other likelihoods)."""
        bernoulli = isinstance(self._model.likelihood, Bernoulli)
        return {
            "mse": self._squares / self._pixels,
            "cross_entropy": self._entropies / self._pixels if bernoulli else None,
        }
