"""Which images are unlike what a model learnt: scores, their ranking, and how well they tell two sets apart."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
MOST_UNUSUAL = 10


def most_unusual(scores: Scores, index: NDArray[np.int64], count: int = MOST_UNUSUAL) -> list[dict[str, Any]]:
    """The images with the highest scores (N,), the highest first: their index (N,) and score."""
    order = np.argsort(-scores, kind="stable")[:count]
    return [{"index": int(index[row]), "score": float(scores[row])} for row in order]


def auroc(usual: Scores, unusual: Scores) -> float:
    """The chance that an unusual image scores above a usual one, ties counting half (Mann and Whitney 1947).

    1 where the score tells every pair apart, 1/2 where it says nothing, 0 where it always errs. Raises ValueError
    where either set is empty.
    """
    if not len(usual) or not len(unusual):
        raise ValueError("to tell two sets of images apart, each needs at least one")
    ordered = np.sort(usual)
    below = np.searchsorted(ordered, unusual, side="left")
    not_above = np.searchsorted(ordered, unusual, side="right")
    return float((below + not_above).mean() / (2 * len(usual)))
