"""Gradient checkpointing (Chen et al. 2016): what a network computes inside is computed again, and not kept.

torch.utils.checkpoint does the same, but its first call imports torch's compiler: half a minute on a busy machine.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

Network = Callable[[Tensor, Tensor], Tensor]


def recomputed(network: nn.Module) -> None:
    """From now on the network, a map of (x, c), keeps only these for the gradient. Its weights keep their names.

    Nothing in it may draw by chance. Batch normalisation's running statistics take in each batch once.
    """
    plain = network.forward

    def again(x: Tensor, c: Tensor) -> Tensor:
        with _without_statistics(network):
            return plain(x, c)

    def forward(x: Tensor, c: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            return plain(x, c)
        return _Recomputed.apply(plain, again, x, c, *network.parameters())

    network.forward = forward


class _Recomputed(torch.autograd.Function):
    """A network whose inside is computed once without a trace, and once more for the gradient."""

    @staticmethod
    def forward(ctx: Any, plain: Network, again: Network, x: Tensor, c: Tensor, *parameters: Tensor) -> Tensor:
        ctx.save_for_backward(x, c, *parameters)
        ctx.again, kind = again, x.device.type
        ctx.autocast = (kind, torch.get_autocast_dtype(kind), torch.is_autocast_enabled(kind))
        return plain(x, c)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        kind, dtype, enabled = ctx.autocast
        x, c, *parameters = ctx.saved_tensors
        wanted = ctx.needs_input_grad[2:4]
        inputs = [value.detach().requires_grad_(want) for value, want in zip((x, c), wanted, strict=True)]
        sources = [value for value in (*inputs, *parameters) if value.requires_grad]
        with torch.enable_grad(), torch.autocast(kind, dtype=dtype, enabled=enabled, cache_enabled=False):
            output = ctx.again(*inputs)
        found = iter(torch.autograd.grad(output, sources, gradients))
        return None, None, *(next(found) if value.requires_grad else None for value in (*inputs, *parameters))


@contextlib.contextmanager
def _without_statistics(network: nn.Module) -> Iterator[None]:
    """Batch normalisation normalises by the batch as before, and adds nothing to its running statistics."""
    norms = [layer for layer in network.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
        if norm.num_batches_tracked is not None:
            norm.num_batches_tracked.sub_(1)
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
