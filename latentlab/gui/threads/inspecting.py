"""What the decoding thread finds out about one image when it is asked: its terms, what is around it, what fills it in.

Everything is asked for with a tag, which the answers carry back, and is done in steps, between which others go first.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from latentlab.models.latent_model import LatentModel

INSPECTED = ("inspect", "around", "fill")  # the channels


@dataclass(frozen=True, eq=False)
class Inspect:
    """pixels uint8 (C, H, W), under the class `label`: answered by an Inspection."""

    pixels: NDArray[np.uint8]
    label: int | None


@dataclass(frozen=True, eq=False)
class Around:
    """mu and sigma (d,) of q(z | x), a dimension, the class, and the seed: answered by Surroundings."""

    mu: NDArray[np.float32]
    sigma: NDArray[np.float32]
    dim: int
    label: int | None
    seed: int


@dataclass(frozen=True, eq=False)
class Fill:
    """pixels uint8 (C, H, W) of which `known` (H, W) stay: answered by one Filled after each iteration."""

    pixels: NDArray[np.uint8]
    known: NDArray[np.bool_]
    label: int | None
    iterations: int
    seed: int = 0


Asked = Inspect | Around | Fill | None  # None: what was asked before on this channel is wanted no more


def look(model: "LatentModel", step: int, asked: Asked) -> Iterator[object]:
    """Yields each answer, and None where there is none yet."""
    from latentlab.explore.imputation import impute
    from latentlab.explore.posterior import around, inspect

    match asked:
        case Inspect():
            found = yield from inspect(model, asked.pixels, asked.label, step=step)
            yield found
        case Around():
            yield around(model, asked.mu, asked.sigma, asked.dim, asked.label, seed=asked.seed)
        case Fill():
            frozen = copy.deepcopy(model)  # weights that move on meanwhile must not share the work
            yield from impute(frozen, asked.pixels, asked.known, asked.label, asked.iterations, asked.seed)
