"""Gradient checkpointing (Chen et al. 2016): what a network computes inside is computed again, and not kept."""

import contextlib
import functools
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def recomputed(network: nn.Module) -> None:
    """From now on the network keeps only its input for the gradient. Its weights keep their names.

    Nothing in it may draw by chance. Batch normalisation's running statistics take in each batch once.
    """
    plain = network.forward

    def forward(x: Tensor, c: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            return plain(x, c)
        contexts = functools.partial(_contexts, network)
        output: Tensor = checkpoint(plain, x, c, use_reentrant=False, preserve_rng_state=False, context_fn=contexts)
        return output

    network.forward = forward


def _contexts(
    network: nn.Module,
) -> tuple[contextlib.AbstractContextManager[None], contextlib.AbstractContextManager[None]]:
    """For the first time through, and for the second."""
    return contextlib.nullcontext(), _without_statistics(network)


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
