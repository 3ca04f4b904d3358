"""Filling in a part of an image that is not known, by encoding and decoding again and again.

Missing pixels are drawn by a Markov chain (Rezende, Mohamed and Wierstra 2014, appendix F): z from q(z | x) of the
image as it is filled in now, then the missing pixels from p(x | z), while the known ones stay. Here the mean of
p(x | z) takes the place of a draw: of grey values, a draw of a Bernoulli is black or white.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentlab.explore.decode import classes
from latentlab.explore.inspection import Filled
from latentlab.images import Pixels
from latentlab.models.build import to_float, to_pixels
from latentlab.models.latent_model import LatentModel

ITERATIONS = 40


def impute(
    model: LatentModel,
    pixels: Pixels,
    known: NDArray[np.bool_],
    label: int | None = None,
    iterations: int = ITERATIONS,
    seed: int = 0,
) -> Iterator[Filled]:
    """One image uint8 (C, H, W) of which the pixels `known` (H, W) are kept: what it is after each iteration. Raises as
    `pseudo_gibbs` does."""
    labels = None if label is None else np.array([label])
    work = pseudo_gibbs(model, pixels[None], known[None, None], labels, iterations, seed)
    for number, (now, mean) in enumerate(work, start=1):
        yield Filled(now[0], mean[0], number, iterations)


def pseudo_gibbs(
    model: LatentModel,
    pixels: Pixels,
    known: NDArray[np.bool_],
    labels: NDArray[np.int64] | None = None,
    iterations: int = ITERATIONS,
    seed: int = 0,
    start: Pixels | None = None,
) -> Iterator[tuple[Pixels, Pixels]]:
    """Images uint8 (N, C, H, W) of which those `known`, that can be broadcast to their shape, are kept exactly.

    Yields after each iteration the images uint8 (N, C, H, W) as they are filled in now, and filled in by the mean over
    the iterations after the first half (until there are any: as they are now). The missing part begins as what a draw
    from the prior looks like, or as in `start` (N or 1, C, H, W). The model is in evaluation mode and on the CPU; all
    chance comes from the seed. Raises ValueError for images or classes that it does not take, and for less than one
    iteration.
    """
    if iterations < 1:
        raise ValueError("filling in takes one iteration at least")
    if pixels.shape[1:] != model.image_shape:
        raise ValueError(f"this model's images are {'x'.join(map(str, model.image_shape))}")
    count = len(pixels)
    given = classes(model, labels, count)
    c = model.condition(given, count)  # (N, K)
    generator = torch.Generator().manual_seed(seed)
    seen, kept = to_float(torch.from_numpy(pixels)), torch.from_numpy(np.broadcast_to(known, pixels.shape).copy())
    if start is None:
        first = model.decode(model.sample(count, given, generator), given)  # (N, C, H, W)
    else:
        first = to_float(torch.from_numpy(start)).expand_as(seen)
    x, total, counted = torch.where(kept, seen, first), torch.zeros_like(seen), 0
    for number in range(1, iterations + 1):
        z = model.latent.draw(model.encode(x, given), model.prior, c, generator).z  # (N, d)
        x = torch.where(kept, seen, model.decode(z, given))  # (N, C, H, W)
        if number > iterations // 2:
            total, counted = total + x, counted + 1
        mean = total / counted if counted else x
        yield _clamped(x, kept, pixels), _clamped(mean, kept, pixels)


def _clamped(x: Tensor, kept: Tensor, pixels: Pixels) -> Pixels:
    return np.where(kept.numpy(), pixels, to_pixels(x).numpy())
