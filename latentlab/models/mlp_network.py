"""Fully connected encoder and decoder, for pictures of any size.

An encoder is a map (x, c) -> features, a decoder a map (z, c) -> what the likelihood needs; c is the condition, of
width K, or 0 where the model is unconditional. B is the batch.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from latentlab.models.layers import Shape, Style, pixels

MLP_HIDDEN = (400, 400)


class MlpEncoder(nn.Module):
    """Pixels and condition through fully connected layers. `width` is the number of features."""

    def __init__(self, image_shape: Shape, hidden: Sequence[int], condition: int, style: Style) -> None:
        super().__init__()
        widths = [pixels(image_shape) + condition, *hidden]
        self.layers = nn.Sequential(*(style.dense(a, b) for a, b in pairwise(widths)))
        self.width = widths[-1]

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        h = torch.cat([x.flatten(1), c], dim=1)  # (B, C*H*W + K)
        return self.layers(h)  # (B, width)


class MlpDecoder(nn.Module):
    """Latents and condition through fully connected layers to one value per pixel and channel."""

    def __init__(
        self, latent_dim: int, image_shape: Shape, hidden: Sequence[int], condition: int, style: Style
    ) -> None:
        super().__init__()
        widths = [latent_dim + condition, *reversed(hidden)]
        self.layers = nn.Sequential(*(style.dense(a, b) for a, b in pairwise(widths)))
        self.out = nn.Linear(widths[-1], pixels(image_shape))
        self.image_shape = image_shape

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        h = self.layers(torch.cat([z, c], dim=1))  # (B, hidden[0])
        return self.out(h).unflatten(1, self.image_shape)  # (B, C, H, W)
