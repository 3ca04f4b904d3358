"""Which numbers the networks compute with in training: float32, or bfloat16 where that is faster and agrees.

The weights, what is made of a network's output (latents, likelihood, objective), every measurement and all that is
shown stay in float32. The choice is by processor, size and values, never by the clock: so that a seed gives the same
bits again on the same machine.

Nothing is lost by it: after 4 epochs on 8,000 garments (conv 32-64, 32 latents) the negative ELBO of 1,000 others was
258.67 and 260.71 nats in float32, 259.01 and 260.47 in bfloat16 (two seeds).
"""

import contextlib
import copy
import math
from collections.abc import Callable, Iterator
from typing import Literal

import torch
from torch import Tensor, nn

from latentlab.config import Precision
from latentlab.models.latent_model import LatentModel

Resolved = Literal["float32", "bfloat16"]
Loss = Callable[[LatentModel], Tensor]
"""Of one fixed batch with fixed noise: a scalar to be differentiated, the same each time it is called."""

WORTHWHILE = 100_000_000  # multiply-adds of a step forward, see `resolve`
LOSS_AGREES, NATS_PER_PIXEL, GRADIENT_AGREES = 0.01, 0.001, 0.1  # see `agrees`


def check(wanted: Precision, device: torch.device) -> None:
    """Raises ValueError with one sentence where bfloat16 is asked for and the device has no fast arithmetic for it."""
    if wanted == "bfloat16" and not _has_bfloat16(device):
        needed = {
            "cpu": "a processor with AVX512-BF16 or AMX",
            "cuda": "an NVIDIA GPU of compute capability 8 or more",
        }.get(device.type, "CUDA or the processor")
        raise ValueError(f"bfloat16 needs {needed}, and this is not one: choose the precision auto or float32")


def resolve(wanted: Precision, device: torch.device, model: LatentModel, batch_size: int, loss: Loss) -> Resolved:
    """What is computed with. Raises ValueError as `check` does.

    'auto' takes bfloat16 on a processor that has it, where a step is large enough and `agrees`. A small one has more
    to lose by converting than to win: with 1 to 6 million multiply-adds forward in a step, bfloat16 was 0.7 to 0.9
    times as fast, with 30 to 85 million 0.9 to 1.05 times, with 120 to 1,400 million 1.1 to 1.5 times (one thread, 13
    networks and batch sizes, EPYC with avx512_bf16). On CUDA it keeps float32, by TF32: what is small waits for
    launches there, and nothing larger was measured.
    """
    check(wanted, device)
    if wanted != "auto":
        return wanted
    fast = device.type == "cpu" and _has_bfloat16(device)
    large = fast and batch_size * multiply_adds(model) >= WORTHWHILE
    return "bfloat16" if large and agrees(model, loss, device) else "float32"


def computing(precision: Resolved, device: torch.device) -> contextlib.AbstractContextManager[object]:
    """In which the networks of a step are run."""
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16, cache_enabled=False)  # a step uses each weight once


@contextlib.contextmanager
def tf32(device: torch.device) -> Iterator[None]:
    """On CUDA, float32 products may use TF32 in this context: ten bits of mantissa, several times faster.

    The switches are the process's, and other threads' products meanwhile may use it too; after it they are as before.
    """
    if device.type != "cuda":
        yield
        return
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.allow_tf32 = True
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]


def agrees(model: LatentModel, loss: Loss, device: torch.device) -> bool:
    """Whether a batch's loss and its gradient come out in bfloat16 as in float32.

    Within 1 % of the loss and 0.001 nats per pixel; and ||g16 - g32|| within 10 % of ||g32||, over all weights. On
    noise and before the first step, ten networks of every kind and likelihood differed by 0.008 % of the loss at most
    (1 % where a density made it small) and by 0.1 % to 2.5 % in the gradient; a wrong kernel gives 100 %, or no
    number.
    """
    exact, rough = (_loss_and_gradient(model, loss, precision, device) for precision in ("float32", "bfloat16"))
    allowed = LOSS_AGREES * float(exact[0].abs()) + NATS_PER_PIXEL * math.prod(model.image_shape)
    same_loss = float((rough[0] - exact[0]).abs()) <= allowed
    same_gradient = float((rough[1] - exact[1]).norm()) <= GRADIENT_AGREES * float(exact[1].norm())
    return same_loss and same_gradient  # false for what is not a number


def multiply_adds(model: LatentModel) -> int:
    """Of encoding and decoding one image, in linear layers and convolutions."""
    counts: list[int] = []

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(layer, nn.ConvTranspose2d):
            counts.append(inputs[0].numel() * layer.weight[0].numel())
        elif isinstance(layer, nn.Conv2d | nn.Linear):
            counts.append(output.numel() * layer.weight[0].numel())

    model = copy.deepcopy(model).eval()
    hooks = [layer.register_forward_hook(count) for layer in model.modules()]
    weight = next(model.parameters())
    labels = torch.zeros(1, dtype=torch.int64, device=weight.device) if model.num_classes else None
    with torch.no_grad():
        model.terms(weight.new_zeros(1, *model.image_shape), labels, torch.Generator(weight.device))
    for hook in hooks:
        hook.remove()
    return sum(counts)


def _has_bfloat16(device: torch.device) -> bool:
    """In hardware. MPS is left out: it was never tried."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu" and bool(
        torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()  # nothing public tells
    )


def _loss_and_gradient(
    model: LatentModel, loss: Loss, precision: Resolved, device: torch.device
) -> tuple[Tensor, Tensor]:
    """A scalar and (P,), of a copy of the model: running statistics stay as they are."""
    model = copy.deepcopy(model).train()
    with computing(precision, device):
        value = loss(model)
    value.backward()
    gradients = [parameter.grad.flatten() for parameter in model.parameters() if parameter.grad is not None]
    return value.detach(), torch.cat(gradients)
