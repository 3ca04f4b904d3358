"""The convolutions of networks, with faster ways through a processor where its own kernels are slow.

Weights, names and results are torch's (to rounding). On other devices than the processor nothing is done differently.
Times are of 128 images and one thread of an AMD EPYC with avx512_bf16 (torch 2.15, oneDNN):

- from 1 channel to 32, 28 x 28: 4.1 ms, and out of the fast memory layout; by a matrix product 1.3 ms, and in it;
- transposed, from 32 channels to 1, 28 x 28: 6.3 ms in float32, 4.4 ms in bfloat16; by a matrix product 0.9 ms;
- gradient of the weights in bfloat16: torch's kernel has its threads wait for one another in a loop; where another
  program is at work on the 2 cores a call took 100 to 700 ms instead of 3. A matrix product is as fast on a quiet
  machine at kernel 4 and stride 2 (half as fast at kernel 3 and stride 1), and slows down with what it shares.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEW_CHANNELS = 4  # up to so many on a side of a convolution, a matrix product is faster
WINDOWS_AT_ONCE = 1 << 21  # numbers copied for one product of the weights' gradient: 4 MB, which caches hold


class Convolution(nn.Conv2d):
    """x (B, C, H, W), laid out channels last, to (B, C', h, w); a padding of 1 on each side."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu":
            return super().forward(x)
        x, weight, bias = _cast(x, self.weight, self.bias)
        kernel, stride = self.kernel_size[0], self.stride[0]
        if self.in_channels <= FEW_CHANNELS:
            windows = F.pad(x, (1, 1, 1, 1)).unfold(2, kernel, stride).unfold(3, kernel, stride)  # (B, C, h, w, k, k)
            rows = windows.permute(0, 2, 3, 1, 4, 5).flatten(3)  # (B, h, w, C * k * k)
            return F.linear(rows, weight.flatten(1), bias).permute(0, 3, 1, 2)  # (B, C', h, w), channels last
        if x.dtype == torch.bfloat16:
            return _convolved(x, weight, bias, stride, False, (0, 0))
        return F.conv2d(x, weight, bias, stride, 1)


def down(inputs: int, outputs: int) -> Convolution:
    """n -> floor(n / 2), by a kernel of 4."""
    return Convolution(inputs, outputs, kernel=4, stride=2)


def same(inputs: int, outputs: int) -> Convolution:
    """n -> n, by a kernel of 3."""
    return Convolution(inputs, outputs, kernel=3, stride=1)


class Up(nn.ConvTranspose2d):
    """The way back, kernel 4, stride 2: n -> 2 n, or 2 n + 1 on an odd side. x (B, C, h, w) channels last."""

    def __init__(self, inputs: int, outputs: int, odd: tuple[int, int]) -> None:
        super().__init__(inputs, outputs, kernel_size=4, stride=2, padding=1, output_padding=odd)
        self.odd = odd

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if x.device.type != "cpu" or output_size is not None:
            return super().forward(x, output_size)
        if self.out_channels <= FEW_CHANNELS:  # in float32, where it takes 0.9 ms and in bfloat16 1.3
            return _convolved(x.to(self.weight.dtype), self.weight, self.bias, 2, True, self.odd)
        x, weight, bias = _cast(x, self.weight, self.bias)
        if x.dtype == torch.bfloat16:
            return _convolved(x, weight, bias, 2, True, self.odd)
        return F.conv_transpose2d(x, weight, bias, 2, 1, self.odd)


def _cast(x: Tensor, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
    """As autocast would, which knows torch's own convolutions but not those written here."""
    if not torch.is_autocast_enabled("cpu"):
        return x, weight, bias
    dtype = torch.get_autocast_dtype("cpu")
    return x.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype)


class _Convolution(torch.autograd.Function):
    """A convolution with a padding of 1, or the transpose of one with kernel 4."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, transposed: bool, odd: tuple[int, int]
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.transposed, ctx.odd, ctx.has_bias = stride, transposed, odd, bias is not None
        if not transposed:
            return F.conv2d(x, weight, bias, stride, 1)
        if weight.shape[1] > FEW_CHANNELS:
            return F.conv_transpose2d(x, weight, bias, stride, 1, odd)
        with torch.autocast("cpu", enabled=False):
            return _transposed_to_few(x, weight, bias, odd)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        x, weight = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        wanted, by_product = ctx.needs_input_grad, gradient.dtype == torch.bfloat16
        to_x, to_weight, to_bias = torch.ops.aten.convolution_backward(
            gradient,
            x,
            weight,
            [gradient.shape[1]] if ctx.has_bias else None,
            [ctx.stride, ctx.stride],
            [1, 1],
            [1, 1],
            ctx.transposed,
            list(ctx.odd),
            1,
            [wanted[0], wanted[1] and not by_product, wanted[2] and not by_product],
        )
        if by_product and wanted[1]:
            large, small = (gradient, x) if ctx.transposed else (x, gradient)
            to_weight = _weight_gradient(large, small, weight.shape[2], ctx.stride)
        if by_product and wanted[2]:
            to_bias = gradient.sum((0, 2, 3))
        return to_x, to_weight, to_bias, None, None, None


def _convolved(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, transposed: bool, odd: tuple[int, int]
) -> Tensor:
    x = x.contiguous(memory_format=torch.channels_last)
    output: Tensor = _Convolution.apply(x, weight, bias, stride, transposed, odd)
    return output


def _weight_gradient(large: Tensor, small: Tensor, kernel: int, stride: int) -> Tensor:
    """sum over images and places of small (B, S, h, w) times its window of large (B, L, H, W): (S, L, k, k)."""
    count, _, height, width = small.shape
    channels = large.shape[1]
    padded = F.pad(large.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))  # (B, H + 2, W + 2, L)
    image, row, column, channel = padded.stride()
    rows = small.permute(0, 2, 3, 1)  # (B, h, w, S)
    at_once = max(1, WINDOWS_AT_ONCE // (height * width * kernel**2 * channels))
    total = small.new_zeros(small.shape[1], kernel**2 * channels, dtype=torch.float32)
    for first in range(0, count, at_once):
        part = padded[first : first + at_once]
        shape = (len(part), height, width, kernel, kernel, channels)
        strides = (image, stride * row, stride * column, row, column, channel)
        windows = part.as_strided(shape, strides).reshape(-1, kernel**2 * channels)
        total += rows[first : first + at_once].reshape(len(windows), -1).t() @ windows  # (S, k * k * L)
    return total.view(-1, kernel, kernel, channels).permute(0, 3, 1, 2).to(small.dtype)


def _transposed_to_few(x: Tensor, weight: Tensor, bias: Tensor | None, odd: tuple[int, int]) -> Tensor:
    """The transposed convolution of x (B, C, h, w) to K channels, (B, K, H, W): one product, then overlapping sums."""
    count, inputs, height, width = x.shape
    outputs = weight.shape[1]
    flat = x.permute(0, 2, 3, 1).reshape(-1, inputs) @ weight.permute(0, 2, 3, 1).reshape(inputs, -1)  # (B h w, 16 K)
    rows = _overlapped(flat.view(count, height, width, 4, 4 * outputs).transpose(2, 3), odd[0])  # (B, H, w, 4 K)
    both = _overlapped(rows.view(-1, width, 4, outputs), odd[1]).view(count, rows.shape[1], -1, outputs)  # (B, H, W, K)
    return (both if bias is None else both + bias).permute(0, 3, 1, 2)


def _overlapped(parts: Tensor, odd: int) -> Tensor:
    """(N, n, 4, ...) -> (N, 2 n + odd, ...): part k of place i is added at 2 i - 1 + k, and dropped outside."""
    count, places, _, *rest = parts.shape
    whole = parts.new_empty(count, 2 * places + odd, *rest)
    whole[:, 2 * places :] = 0.0
    whole[:, 0 : 2 * places : 2] = parts[:, :, 1]
    whole[:, 1 : 2 * places : 2] = parts[:, :, 2]
    whole[:, 2::2] += parts[:, : places - 1 + odd, 3]
    whole[:, 1 : 2 * places - 2 : 2] += parts[:, 1:, 0]
    return whole
