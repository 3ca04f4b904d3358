"""Encoders and decoders, fully connected and convolutional, for pictures of any size from 8 to 128.

An encoder is a map (x, c) -> features, a decoder a map (z, c) -> what the likelihood needs; c is the condition,
a one-hot label of width K, or of width 0 where the model is unconditional. B is the batch.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

Norm = Literal["none", "batch"]
Shape = tuple[int, int, int]  # channels, height, width

MLP_HIDDEN = (400, 400)
SMALLEST_TO_HALVE = 4  # below so many pixels a side, a convolution keeps the size


class MlpEncoder(nn.Module):
    """Pixels and condition through fully connected layers. `width` is the number of features."""

    def __init__(self, image_shape: Shape, hidden: Sequence[int], num_classes: int, norm: Norm) -> None:
        super().__init__()
        widths = [_pixels(image_shape) + num_classes, *hidden]
        self.layers = nn.Sequential(*(_dense(a, b, norm) for a, b in pairwise(widths)))
        self.width = widths[-1]

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        h = torch.cat([x.flatten(1), c], dim=1)  # (B, C*H*W + K)
        return self.layers(h)  # (B, width)


class MlpDecoder(nn.Module):
    """Latents and condition through fully connected layers to one value per pixel and channel."""

    def __init__(
        self, latent_dim: int, image_shape: Shape, hidden: Sequence[int], num_classes: int, norm: Norm
    ) -> None:
        super().__init__()
        widths = [latent_dim + num_classes, *reversed(hidden)]
        self.layers = nn.Sequential(*(_dense(a, b, norm) for a, b in pairwise(widths)))
        self.out = nn.Linear(widths[-1], _pixels(image_shape))
        self.image_shape = image_shape

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        h = self.layers(torch.cat([z, c], dim=1))  # (B, hidden[0])
        return self.out(h).unflatten(1, self.image_shape)  # (B, C, H, W)


class ConvEncoder(nn.Module):
    """Stride-2 convolutions, one per entry of `channels`, then a hidden layer that mixes in the condition.

    The hidden layer is worth its time: after 4 epochs on 12,000 garments the negative ELBO of 1,000 others was 251.6
    nats with one in encoder and decoder, 258.1 without (channels 32 and 64, 16 latents).
    """

    def __init__(self, image_shape: Shape, channels: Sequence[int], num_classes: int, norm: Norm) -> None:
        super().__init__()
        sizes = halvings(image_shape[1:], len(channels))
        layers: list[nn.Module] = []
        for (a, b), (large, small) in zip(pairwise([image_shape[0], *channels]), pairwise(sizes), strict=True):
            layers += [_down(a, b, large, small), _after_conv(b, norm)]
        self.layers = nn.Sequential(*layers)
        features = channels[-1] * sizes[-1][0] * sizes[-1][1]
        self.width = hidden_width(features)
        self.hidden = _dense(features + num_classes, self.width, norm)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        h = self.layers(_channels_last(x))  # (B, channels[-1], h, w)
        return self.hidden(torch.cat([h.flatten(1), c], dim=1))  # (B, width)


class ConvDecoder(nn.Module):
    """The encoder mirrored: a hidden layer, then transposed convolutions back to the picture's exact size."""

    def __init__(
        self, latent_dim: int, image_shape: Shape, channels: Sequence[int], num_classes: int, norm: Norm
    ) -> None:
        super().__init__()
        sizes = halvings(image_shape[1:], len(channels))
        self.smallest = (*sizes[-1], channels[-1])
        features = _pixels(self.smallest)
        self.hidden = _dense(latent_dim + num_classes, hidden_width(features), norm)
        self.first = nn.Linear(hidden_width(features), features)
        self.after_first = _after_conv(channels[-1], norm)
        back = [image_shape[0], *channels][::-1]
        steps = list(zip(pairwise(back), pairwise(sizes[::-1]), strict=True))
        layers: list[nn.Module] = []
        for (a, b), (small, large) in steps:
            layers += [_up(a, b, small, large), _after_conv(b, norm)]
        self.layers = nn.Sequential(*layers[:-1])  # nothing after the last: the likelihood takes it raw

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        h = self.first(self.hidden(torch.cat([z, c], dim=1)))  # (B, h * w * channels[-1])
        h = h.unflatten(1, self.smallest).permute(0, 3, 1, 2)  # (B, channels[-1], h, w), channels last for nothing
        return self.layers(self.after_first(_channels_last(h)))  # (B, C, H, W)


def _channels_last(h: Tensor) -> Tensor:
    """(B, C, H, W) laid out as (B, H, W, C), which made a training step on the CPU 13 % faster (conv 32-64, 28x28).

    Weights stay as they are: Adam's fused step goes wrong without a word where a restored moment is laid out otherwise
    than its weight. MPS has given wrong results on layouts other than the plain one.
    """
    if h.device.type == "mps":
        return h.contiguous()
    return h.contiguous(memory_format=torch.channels_last)


def halvings(size: tuple[int, ...], times: int) -> list[tuple[int, int]]:
    """(H, W) before and after each of `times` layers: halved, rounded down, until a side has 3 pixels or fewer."""
    height, width = size
    sizes = [(height, width)]
    for _ in range(times):
        if min(height, width) >= SMALLEST_TO_HALVE:
            height, width = height // 2, width // 2
        sizes.append((height, width))
    return sizes


def conv_channels(image_shape: Shape) -> tuple[int, ...]:
    """The default: 32, 64 and so on to 256, until the picture is at most 8 pixels small; at least two layers."""
    side = min(image_shape[1:])
    layers = 2
    while side // 2**layers > 8 and layers < 4:
        layers += 1
    return (32, 64, 128, 256)[:layers]


def hidden_width(features: int) -> int:
    """Of the layer between convolutions and latents: half the features, at most 256."""
    return max(1, min(256, features // 2))


def _pixels(shape: Sequence[int]) -> int:
    channels, height, width = shape
    return channels * height * width


def _dense(inputs: int, outputs: int, norm: Norm) -> nn.Module:
    normed: list[nn.Module] = [nn.BatchNorm1d(outputs)] if norm == "batch" else []
    return nn.Sequential(nn.Linear(inputs, outputs), *normed, nn.LeakyReLU(0.1))


def _after_conv(channels: int, norm: Norm) -> nn.Module:
    normed: list[nn.Module] = [nn.BatchNorm2d(channels)] if norm == "batch" else []
    return nn.Sequential(*normed, nn.LeakyReLU(0.1))


def _down(inputs: int, outputs: int, large: tuple[int, int], small: tuple[int, int]) -> nn.Conv2d:
    """n -> floor(n / 2); kernel 4, a multiple of the stride, treats all pixels alike (Odena et al. 2016)."""
    if large == small:
        return nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)
    return nn.Conv2d(inputs, outputs, kernel_size=4, stride=2, padding=1)


def _up(inputs: int, outputs: int, small: tuple[int, int], large: tuple[int, int]) -> nn.Module:
    """The way back: n -> 2 n, or 2 n + 1 where the side was odd."""
    if large == small:
        return nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)
    odd = (large[0] % 2, large[1] % 2)
    return nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1, output_padding=odd)
