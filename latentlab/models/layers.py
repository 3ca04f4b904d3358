"""What networks are made of: sizes, layers with their norm and activation, residual blocks, ways down and up.

Weights begin as torch draws them, uniform within 1/sqrt(fan in); biases likewise. Variances after He et al. 2015 made
no difference worth a second way: after 250 steps on digits (conv 8-16-16) the negative ELBO of others was 27.2 nats
against 27.3 with leaky ReLU, 27.2 against 27.3 with ReLU, and 27.2 against 27.0 with SiLU (means of two seeds).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from latentlab.config import ActivationKind, NormKind
from latentlab.models.convolutions import Up, down, same

Shape = tuple[int, int, int]  # channels, height, width

SMALLEST_TO_HALVE = 4  # below so many pixels a side, a convolution keeps the size
MOST_GROUPS, SMALLEST_GROUP = 8, 4  # of a group norm: groups, and channels in each

ACTIVATIONS: dict[ActivationKind, Callable[[], nn.Module]] = {
    "leaky-relu": lambda: nn.LeakyReLU(0.1),
    "relu": nn.ReLU,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
    "softplus": nn.Softplus,
    "gated": lambda: nn.GLU(dim=1),  # a sigmoid(b) of a layer twice as wide (Dauphin et al. 2017)
}


@dataclass(frozen=True)
class Style:
    """How layers are put together: their norm and activation, whether in residual blocks, and how pictures grow."""

    norm: NormKind = "none"
    activation: ActivationKind = "leaky-relu"
    residual: bool = False
    upsample: bool = False

    def activate(self) -> nn.Module:
        """Of the width that `taken` says, to the plain one."""
        return ACTIVATIONS[self.activation]()

    def taken(self, width: int) -> int:
        """How wide the activation wants its input, to give `width`."""
        return 2 * width if self.activation == "gated" else width

    def dense(self, inputs: int, outputs: int) -> nn.Module:
        """(B, inputs) -> (B, outputs): linear, norm, activation."""
        width = self.taken(outputs)
        return nn.Sequential(nn.Linear(inputs, width), *_dense_norm(width, self.norm), self.activate())

    def stage(self, channels: int, stages: int) -> nn.Module:
        """What follows each change of size, one of so many: a residual block, or norm and activation.

        It takes `stage_taken(channels)` channels and gives `channels`.
        """
        if self.residual:
            return ResidualBlock(channels, self, stages)
        return nn.Sequential(*conv_norm(self.taken(channels), self.norm), self.activate())

    def stage_taken(self, channels: int) -> int:
        return channels if self.residual else self.taken(channels)

    def close(self, channels: int) -> list[nn.Module]:
        """What a residual stream needs before something else takes it; nothing after plain stages."""
        if not self.residual:
            return []
        activated = [] if self.activation == "gated" else [self.activate()]
        return [*conv_norm(channels, self.norm), *activated]

    def down(self, inputs: int, outputs: int, large: tuple[int, int], small: tuple[int, int]) -> nn.Module:
        """n -> floor(n / 2); kernel 4, a multiple of the stride, treats all pixels alike (Odena et al. 2016)."""
        if large == small:
            return same(inputs, outputs)
        return down(inputs, outputs)

    def up(self, inputs: int, outputs: int, small: tuple[int, int], large: tuple[int, int]) -> nn.Module:
        """The way back: n -> 2 n, or 2 n + 1 where the side was odd."""
        if large == small:
            return same(inputs, outputs)
        if self.upsample:
            enlarged = nn.Upsample(size=large, mode="nearest")
            return nn.Sequential(enlarged, same(inputs, outputs))
        odd = (large[0] % 2, large[1] % 2)
        return Up(inputs, outputs, odd)


class ResidualBlock(nn.Module):
    """h + two 3x3 convolutions, norm and activation before each (He et al. 2016, pre-activation).

    A gated activation comes after its convolution, which is twice as wide. The last convolution begins smaller by
    sqrt(blocks), so that a stack of them does not grow (Child 2021, VDVAE).
    """

    def __init__(self, channels: int, style: Style, blocks: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_convolved(channels, style), *_convolved(channels, style))
        last = [layer for layer in self.layers if isinstance(layer, nn.Conv2d)][-1]
        with torch.no_grad():
            for parameter in last.parameters():
                parameter.mul_(blocks**-0.5)

    def forward(self, h: Tensor) -> Tensor:
        return h + self.layers(h)  # (B, C, H, W)


def channels_last(h: Tensor) -> Tensor:
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


def pixels(shape: Sequence[int]) -> int:
    """Numbers in a picture (C, H, W), or in any three sides."""
    channels, height, width = shape
    return channels * height * width


def conv_norm(channels: int, norm: NormKind) -> list[nn.Module]:
    """Of (B, C, H, W). batch: over the batch, per channel; layer: of each image over all; group: over its channels."""
    if norm == "batch":
        return [nn.BatchNorm2d(channels)]
    if norm == "none":
        return []
    return [nn.GroupNorm(_groups(channels) if norm == "group" else 1, channels)]


def _dense_norm(width: int, norm: NormKind) -> list[nn.Module]:
    """Of (B, width)."""
    if norm == "batch":
        return [nn.BatchNorm1d(width)]
    if norm == "none" or width == 1:  # one number less its own mean is nothing
        return []
    return [nn.LayerNorm(width) if norm == "layer" else nn.GroupNorm(_groups(width), width)]


def _groups(width: int) -> int:
    """As many as divide the width, 8 at most, with 4 in each at least."""
    fitting = [n for n in range(1, MOST_GROUPS + 1) if width % n == 0 and width // n >= SMALLEST_GROUP]
    return max(fitting, default=1)


def _convolved(channels: int, style: Style) -> list[nn.Module]:
    norm, convolution = conv_norm(channels, style.norm), same(channels, style.taken(channels))
    if style.activation == "gated":
        return [*norm, convolution, style.activate()]
    return [*norm, style.activate(), convolution]
