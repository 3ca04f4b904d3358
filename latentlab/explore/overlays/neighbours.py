"""Which of a sample's neighbours in latent space are its neighbours on the map, too."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.neighbours import Neighbours
from latentlab.explore.overlays.plane import Floats

COUNT = 10  # neighbours that lines are drawn to


@dataclass(frozen=True, eq=False)
class Kept:
    """rows (k,): nearest to `row` in latent space, nearest first; kept (k,): those among its k nearest on the map."""

    row: int
    rows: NDArray[np.int64]
    kept: NDArray[np.bool_]


def kept_neighbours(neighbours: Neighbours, coords: Floats, row: int, count: int = COUNT) -> Kept:
    """Of the row's `count` nearest among the points of `neighbours`, those that are as near on the map, coords (N, 2).

    The share that was kept is the neighbourhood preservation of one sample (Venna and Kaski 2006 look at both losses).
    """
    count = min(count, len(coords) - 1)
    _, found = neighbours.nearest(neighbours.points[row], count + 1)
    true = found[found != row][:count]
    distance = np.square(coords - coords[row]).sum(axis=1)
    distance[row] = np.inf
    reach = np.partition(distance, count - 1)[count - 1] if count else 0.0
    return Kept(row, true, distance[true] <= reach)
