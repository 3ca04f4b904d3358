"""How evenly pictures change on the way from one image's code to another's."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentlab.models.latent_model import LatentModel

PAIRS, FRAMES = 128, 11
STANDS_STILL = 1e-3  # root of the mean squared change of a pixel between the ends, below which there is no way to go


@torch.no_grad()
def smoothness(
    model: LatentModel, mu: Tensor, labels: NDArray[np.int64] | None, seed: int = 0, pairs: int = PAIRS
) -> dict[str, Any]:
    """How straight lines between the codes mu (N, d) of pairs of images decode, in 10 equal steps.

    With s_t the Euclidean distance between neighbouring decoded pictures and L that between the first and the last:

    energy: 10 * sum_t s_t^2 / L^2, the mean squared step against that of a cross-fade between the same two pictures;
    1 is a cross-fade, and nothing is below (Cauchy and Schwarz). It is the discrete energy of the curve (Shao et al.
    2018) over that of a straight one.
    largest_step: max_t s_t / mean_t s_t; 1 is an even walk, 10 a single jump.

    Both are means over the pairs, None where no pair changes at all (a collapsed decoder). Pairs are drawn by the
    seed; a conditional model's are of one class, which is the condition. `model` is in evaluation mode.
    """
    first, last = _pairs(len(mu), labels if model.num_classes else None, pairs, seed)
    energies, largest = [], []
    t = torch.linspace(0, 1, FRAMES, device=mu.device, dtype=mu.dtype)[:, None]
    for a, b in zip(first.tolist(), last.tolist(), strict=True):
        z = (1 - t) * mu[a] + t * mu[b]  # (frames, d)
        label = None
        if model.num_classes and labels is not None:
            label = torch.full((FRAMES,), int(labels[a]), device=mu.device)
        decoded = model.decode(z, label).flatten(1).double()  # (frames, C*H*W)
        steps = (decoded[1:] - decoded[:-1]).norm(dim=1)  # (frames - 1,)
        length = float((decoded[-1] - decoded[0]).norm())
        if length > STANDS_STILL * decoded.shape[1] ** 0.5:
            energies.append(float(steps.square().sum()) * (FRAMES - 1) / length**2)
            largest.append(float(steps.max() / steps.mean()))
    return {
        "energy": float(np.mean(energies)) if energies else None,
        "largest_step": float(np.mean(largest)) if largest else None,
        "pairs": len(energies),
        "steps": FRAMES - 1,
    }


def _pairs(
    count: int, labels: NDArray[np.int64] | None, pairs: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the first and the last images of `pairs` pairs, or of as many as there are without using one twice."""
    order = np.random.default_rng(seed).permutation(count)
    if labels is None:
        half = min(pairs, count // 2)
        return order[:half], order[half : 2 * half]
    order = order[np.argsort(labels[order], kind="stable")]  # each class together, shuffled within
    first, last = order[:-1:2], order[1::2]
    kept = np.random.default_rng(seed).permutation(np.flatnonzero(labels[first] == labels[last]))[:pairs]
    return first[kept], last[kept]
