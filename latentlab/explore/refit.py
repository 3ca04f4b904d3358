"""A UMAP that follows: from the last layout to one of moved points, by no more than these have moved.

umap's own `fit` squeezes whatever it starts from into a box of 10 by 10 and takes steps as large as from nothing: with
nothing changed, points of a settled map moved by a quarter of its spread. Here the last layout is taken as it is, and
the size of the steps follows how far the points have moved between the neighbours that they have.
"""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.pca import Floats

Layout = NDArray[np.float32]
Neighbours = tuple[NDArray[np.int64], NDArray[np.float32], None]

EPOCHS, FEWEST_EPOCHS = 30, 12
WHOLE_FIT = 500  # epochs: edges too weak to be drawn once in so many are left out, as umap does
# The rate of the first epoch, for points that moved as far as their last neighbour lies. Along a training on digits,
# refitted every three steps, 0.1 kept as many of the neighbours as a map from nothing; steps three times as large
# moved points a third further, and kept fewer.
RATE = 0.1
LEAST_RATE, LARGEST_RATE = 0.01, 0.3
NEGATIVES = 5  # points pushed apart for each pair pulled together, as umap has it


def refit(
    mu: Layout,
    last: Floats,
    before: Floats | None,
    neighbours: Neighbours,
    min_dist: float,
    epochs: int | None,
    seed: int,
    bar: dict[str, Any] | None = None,
) -> Layout:
    """The layout `last` (N, 2) of points that were at `before` (N, d), moved on for where they are: mu (N, d).

    neighbours: of mu, as umap takes them. before: None where it is not known: then anything may have changed.
    epochs: None takes EPOCHS where points moved as far as their last neighbour lies, and fewer where they moved less.
    bar: what umap's progress bar is to be given. The same each time for the same arguments; float32 (N, 2), turned and
    shifted onto `last`, but not scaled.
    """
    rate = LARGEST_RATE if before is None else rate_for(mu, before, neighbours)
    if epochs is None:
        epochs = round(min(max(EPOCHS * rate / RATE, FEWEST_EPOCHS), EPOCHS))
    layout = _descend(last, _graph(mu, neighbours), min_dist, rate, epochs, seed, bar)
    return aligned(np.nan_to_num(layout), last, scaled=False).astype(np.float32)


def rate_for(mu: Floats, before: Floats, neighbours: Neighbours) -> float:
    """How large steps are to be: by the median of how far points moved, in distances to their last neighbour."""
    moved = np.linalg.norm(mu - before, axis=1)
    reach = neighbours[1][:, -1]
    share = float(np.median(moved / np.maximum(reach, np.finfo(np.float32).tiny)))
    return min(max(RATE * share, LEAST_RATE), LARGEST_RATE)


def aligned(layout: Floats, onto: Floats, scaled: bool = True) -> Floats:
    """`layout` (N, 2) shifted, turned, where needed mirrored, and scaled as a whole to lie on `onto` (N, 2).

    Orthogonal Procrustes (Schoenemann 1966), but scaled to the same root mean square: the least-squares scale would
    shrink the map a little at every refit.
    """
    centre = onto.mean(axis=0, dtype=np.float64)
    points, target = layout - layout.mean(axis=0, dtype=np.float64), onto - centre
    left, _, right = np.linalg.svd(points.T @ target)
    size = np.sqrt((points**2).sum())
    scale = np.sqrt((target**2).sum()) / size if scaled and size > 0 else 1.0
    return points @ (left @ right) * (scale or 1.0) + centre


def _graph(mu: Layout, neighbours: Neighbours) -> Any:
    """umap's fuzzy graph of the points: a sparse matrix (N, N) of how sure each pair is to be neighbours."""
    from umap.umap_ import fuzzy_simplicial_set

    rows, distance, _ = neighbours
    graph, _, _ = fuzzy_simplicial_set(
        mu, rows.shape[1], np.random.RandomState(0), "euclidean", knn_indices=rows, knn_dists=distance
    )
    graph = graph.tocoo()
    graph.sum_duplicates()
    return graph


def _descend(
    last: Floats, graph: Any, min_dist: float, rate: float, epochs: int, seed: int, bar: dict[str, Any] | None
) -> Layout:
    """umap's stochastic gradient descent, from `last` as it is."""
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import make_epochs_per_sample

    drawn = graph.data >= graph.data.max() / WHOLE_FIT
    head, tail, weight = graph.row[drawn], graph.col[drawn], graph.data[drawn]
    places = np.ascontiguousarray(last - last.min(axis=0), dtype=np.float32)
    a, b = _curve(min_dist)
    state = np.random.RandomState(seed).randint(np.iinfo(np.int32).min + 1, np.iinfo(np.int32).max - 1, 3)
    layout: Layout = optimize_layout_euclidean(
        places, places, head, tail, epochs, len(last), make_epochs_per_sample(weight, WHOLE_FIT), a, b,
        state.astype(np.int64), 1.0, rate, NEGATIVES, tqdm_kwds=bar, move_other=True,
    )  # fmt: skip
    return layout


@functools.cache
def _curve(min_dist: float) -> tuple[float, float]:
    """The a and b of umap's curve of nearness for this least distance."""
    from umap.umap_ import find_ab_params

    a, b = find_ab_params(1.0, min_dist)
    return float(a), float(b)
