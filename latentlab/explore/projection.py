"""UMAP of encoded data (McInnes, Healy and Melville 2018), started from the PCA plane or from the last layout.

Meant for a process of its own (see projection_process): importing umap takes seconds, the very first fit compiles for
10 more, and numba holds the interpreter's lock meanwhile. Only NumPy is imported until a layout is fitted.
"""

import contextlib
import functools
import io
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.near import near
from latentlab.explore.pca import Floats, Pca
from latentlab.explore.refit import Neighbours, refit

Layout = NDArray[np.float32]
FractionDone = Callable[[float], None]

LEAST_POINTS = 5  # fewer than these have no neighbourhoods to keep: their map is the PCA plane
# Neighbours are found by us, up to here exactly: umap's own way takes 3.3 s of Python at 1,797 points (17 s at 4,095),
# and above 4,096 an approximate search that compiles for a minute first. With more points than this the exact search
# takes longer than an approximate one of ours (see near): 17 s of one processor against 2 s at 70,000.
EXACT_UP_TO = 20_000
FILLED_TOGETHER = 2000  # points whose beginning is looked for in one go
BESIDE = 0.005  # of the layout's spread: how far from their nearest such points begin
SEARCH = 0.12  # of the progress: finding neighbours, of many points from nothing
JITTER = 1e-4  # of the spread: keeps identical places apart, which umap's own scaling would divide by zero for


def fit_umap(
    mu: Floats,
    seed: int | None = 0,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    init: Floats | None = None,
    epochs: int | None = None,
    progress: FractionDone | None = None,
    before: Floats | None = None,
) -> Layout:
    """A map of mu (N, d): float32 (N, 2), the same each time for the same arguments; without a seed on all cores,
    faster where there are several and not repeatable.

    Without `init` it starts from the PCA plane. With the last layout as `init` (N, 2) it moves on from that, as far as
    the points have moved since they were at `before` (N, d), in as many epochs as that takes unless told otherwise.
    Rows of `init` that are nan are begun at where the nearest of the others are. `progress` is told the share of the
    epochs done. Raises ValueError for numbers that are not finite, or an `init` of
    another size.
    """
    plane = Pca.fit(mu).project(mu)
    if init is not None and init.shape != plane.shape:
        raise ValueError(f"the last layout has {len(init)} points and the data {len(mu)}: start without it")
    if init is not None:
        init = filled_in(mu, init)
    if len(mu) < LEAST_POINTS:
        return plane.astype(np.float32)
    count = min(n_neighbors, len(mu) - 1)
    if init is not None:
        return _moved_on(mu, init, before, seed, count, min_dist, epochs, progress)
    layout = _optimise(mu, _spread_out(plane, seed), seed, count, min_dist, epochs, progress)
    return (layout - layout.mean(axis=0)).astype(np.float32)


def filled_in(mu: Floats, places: Floats) -> Floats:
    """places (N, 2) of mu (N, d); in place of those that are nan, that of the nearest whose place is known, with a
    little noise so that no two are alike. Where none is known, as it was."""
    known = np.flatnonzero(np.isfinite(places).all(axis=1))
    missing = np.flatnonzero(~np.isfinite(places).all(axis=1))
    if not len(missing) or not len(known):
        return places
    centred = np.asarray(mu - mu.mean(axis=0), np.float32)
    others = centred[known]
    square = np.einsum("nd,nd->n", others, others)
    found = np.array(places, np.float32)
    for rows in np.array_split(missing, -(-len(missing) // FILLED_TOGETHER)):
        found[rows] = found[known[(square - 2 * centred[rows] @ others.T).argmin(axis=1)]]
    spread = float(found[known].std()) or 1.0
    found[missing] += np.random.default_rng(0).normal(scale=BESIDE * spread, size=(len(missing), 2)).astype(np.float32)
    return found


def _moved_on(
    mu: Floats,
    last: Floats,
    before: Floats | None,
    seed: int | None,
    n_neighbors: int,
    min_dist: float,
    epochs: int | None,
    progress: FractionDone | None,
) -> Layout:
    """The last layout (N, 2), refitted."""
    points, neighbours, progress = _begun(mu, n_neighbors, progress)
    if before is not None and before.shape != mu.shape:
        before = None
    return refit(points, last, before, neighbours, min_dist, epochs, seed or 0, _bar(progress))


def _bar(progress: FractionDone | None) -> dict[str, Any] | None:
    """What umap's progress bar is given, so that it tells how far it is."""
    return None if progress is None else {"disable": False, "file": _Percentages(progress), "mininterval": 0.1}


def _optimise(
    mu: Floats,
    start: Layout,
    seed: int | None,
    n_neighbors: int,
    min_dist: float,
    epochs: int | None,
    progress: FractionDone | None,
) -> Layout:
    import umap

    points, neighbours, progress = _begun(mu, n_neighbors, progress)
    reducer = umap.UMAP(
        n_neighbors=n_neighbors,
        precomputed_knn=neighbours,
        min_dist=min_dist,
        init=start,
        n_epochs=epochs,
        random_state=seed,
        n_jobs=-1 if seed is None else 1,  # what a random_state makes it anyway, with a warning
        tqdm_kwds=_bar(progress),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about graphs in several pieces, which is what clusters are
        layout: Layout = reducer.fit_transform(points)
    return np.nan_to_num(layout)  # points without any neighbour at a finite distance are left without a place


def _begun(mu: Floats, count: int, progress: FractionDone | None) -> "tuple[Layout, Neighbours, FractionDone | None]":
    """What every fit begins with: the points as umap takes them, their neighbours, and how progress is told from there
    on."""
    _keep_compiled()
    points = np.ascontiguousarray(mu, dtype=np.float32)
    return points, *_neighbours(points, count, progress)


@functools.cache
def _keep_compiled() -> None:
    """Let numba keep on disk what umap compiles in every new process: the first fit took 9 s, and 0.1 s from then on.

    As pynndescent does for its own. numba notices another version of the file, of itself, or of the processor. Not for
    the parallel twin of a function, which would share its place on the disk.
    """
    from umap import layouts, umap_

    names = "_nb_optimize_layout_euclidean_single_epoch", "smooth_knn_dist", "compute_membership_strengths"
    for name in names:
        compiled = getattr(layouts, name, None) or getattr(umap_, name, None)
        if compiled is not None:  # else another umap: then it is slow
            with contextlib.suppress(AttributeError, RuntimeError):  # nowhere to write
                compiled.enable_caching()


def _neighbours(points: Layout, count: int, progress: FractionDone | None) -> tuple[Neighbours, FractionDone | None]:
    """Each point itself and its nearest others, `count` in all: rows and distances (N, count), as umap takes them.
    And how progress is to be told from there on: of so many points that the search takes long, it has begun."""
    if len(points) <= EXACT_UP_TO:
        return _exactly(points, count), progress
    if progress is None:
        return (*near(points, count), None), None
    told = progress
    found = near(points, count, lambda share: told(SEARCH * share))
    return (*found, None), lambda share: told(SEARCH + (1 - SEARCH) * share)


def _exactly(points: Layout, count: int) -> Neighbours:
    from sklearn.neighbors import NearestNeighbors

    distance, rows = NearestNeighbors(n_neighbors=count - 1, algorithm="brute").fit(points).kneighbors()
    itself = np.arange(len(points))[:, None]
    return np.hstack([itself, rows]), np.pad(distance, ((0, 0), (1, 0))).astype(np.float32), None


def _spread_out(places: Floats, seed: int | None) -> Layout:
    """The starting places with a little noise of the seed's, finite and with some extent along both axes."""
    scale = float(places.std()) or 1.0
    noise = np.random.default_rng(seed).normal(size=places.shape)
    return np.ascontiguousarray(places + JITTER * scale * noise, dtype=np.float32)


class _Percentages(io.TextIOBase):
    """What umap's progress bar writes to: it has no other way of saying how far it is."""

    def __init__(self, progress: FractionDone) -> None:
        self._progress = progress

    def write(self, text: str) -> int:
        found = re.search(r"(\d+)%", text)
        if found:
            self._progress(int(found[1]) / 100)
        return len(text)
