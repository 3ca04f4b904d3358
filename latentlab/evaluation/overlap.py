"""How far classes overlap in latent space: whether an image's nearest neighbours are of its own class."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

NEIGHBOURS = 10
MOST_IMAGES = 10_000  # distances are taken between all pairs: 10,000 images of 40 latents take two seconds
ROWS_AT_ONCE = 512


def knn_accuracy(mu: Tensor, labels: NDArray[np.int64], seed: int = 0, k: int = NEIGHBOURS) -> dict[str, Any]:
    """The share of images whose class is that of most of their k nearest others (Cover and Hart 1967).

    mu (N, d) are the means of q(z | x), and distances are Euclidean. Each image is left out of its own neighbours
    (leave-one-out); of classes with equally many votes the one with the nearest member wins. Of more than 10,000
    images as many are drawn by the seed. Raises ValueError for fewer than two images.
    """
    if len(mu) < 2:
        raise ValueError("neighbours need at least two images")
    if len(mu) > MOST_IMAGES:
        some = np.sort(np.random.default_rng(seed).choice(len(mu), MOST_IMAGES, replace=False))
        mu, labels = mu[torch.as_tensor(some)], labels[some]
    z, classes = mu.double(), torch.as_tensor(labels, device=mu.device)
    k = min(k, len(z) - 1)
    right = 0
    for start in range(0, len(z), ROWS_AT_ONCE):
        distance = torch.cdist(z[start : start + ROWS_AT_ONCE], z)  # (b, N)
        own = torch.arange(len(distance), device=z.device)
        distance[own, start + own] = torch.inf
        nearest = classes[distance.topk(k, largest=False).indices]  # (b, k), nearest first
        right += int((_most_votes(nearest) == classes[start : start + ROWS_AT_ONCE]).sum())
    return {"knn_accuracy": right / len(z), "k": k, "n": len(z), "estimator": "leave-one-out, means of q(z|x)"}


def _most_votes(nearest: Tensor) -> Tensor:
    """Of each row (b, k) the class that is there most often, the first of them where there are several: (b,)."""
    votes = (nearest[:, :, None] == nearest[:, None, :]).sum(2)  # (b, k): how often this neighbour's class is there
    return nearest.gather(1, votes.argmax(1, keepdim=True))[:, 0]  # argmax gives the first
