"""t-SNE of encoded data (van der Maaten and Hinton 2008) by openTSNE (Poličar et al. 2024), which is optional.

Meant for a process of its own, as UMAP is (see projection_process). Started from the PCA plane or from the last
layout, which keeps what lies far apart in its place (Kobak and Berens 2019).
"""

import os

import numpy as np

from latentlab.explore.pca import Floats, Pca
from latentlab.explore.projection import LEAST_POINTS, FractionDone, Layout
from latentlab.explore.projection_settings import TSNE_MISSING, tsne_is_there
from latentlab.explore.refit import aligned

EXACT_UP_TO = 30_000  # points, whose neighbours are found exactly: beyond them that takes longer than the rest
EXAGGERATED, PLAIN = 250, 500  # iterations, as openTSNE has them
REFIT = 100  # iterations from the last layout, none of them exaggerated
TOLD_EVERY = 10  # iterations; progress and the wish to end are looked at so often
SMALLEST = 1e-6
START = 1e-4  # standard deviation of a fresh start: small, so that neighbours find one another before groups part


def fit_tsne(
    mu: Floats,
    perplexity: float = 30.0,
    seed: int | None = 0,
    init: Floats | None = None,
    progress: FractionDone | None = None,
) -> Layout:
    """A map of mu (N, d): float32 (N, 2). With a seed the same each time, on one core; without on all cores.

    A perplexity that is too large for N is lowered to (N - 1) / 3. With the last layout as `init` (N, 2) it does fewer
    iterations and stays where that lay. Raises ValueError where openTSNE is missing, for numbers that are not finite,
    or for an `init` of another size.
    """
    plane = Pca.fit(mu).project(mu)
    if init is not None and init.shape != plane.shape:
        raise ValueError(f"the last layout has {len(init)} points and the data {len(mu)}: start without it")
    if len(mu) < LEAST_POINTS:
        return plane.astype(np.float32)
    if not tsne_is_there():
        raise ValueError(TSNE_MISSING)
    layout = _optimise(mu, perplexity, seed, _start(plane if init is None else init, init is None), init, progress)
    if layout.std() < SMALLEST:  # of a handful of points nothing is left but their middle
        return plane.astype(np.float32)
    return (layout - layout.mean(axis=0) if init is None else aligned(layout, init)).astype(np.float32)


def _optimise(
    mu: Floats,
    perplexity: float,
    seed: int | None,
    start: Floats,
    init: Floats | None,
    progress: FractionDone | None,
) -> Floats:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN

    cores = (os.cpu_count() or 1) if seed is None else 1
    exact = len(mu) <= EXACT_UP_TO
    affinities = PerplexityBasedNN(
        np.ascontiguousarray(mu, np.float64),
        perplexity=min(perplexity, (len(mu) - 1) / 3),
        method="exact" if exact else "auto",
        n_jobs=1 if exact else cores,  # scikit-learn would start processes, which this one may not
        random_state=seed,
    )
    embedding = TSNEEmbedding(start, affinities, n_jobs=cores, random_state=seed)
    fresh = init is None
    total = EXAGGERATED + PLAIN if fresh else REFIT
    if fresh:
        told = _Told(0, total, progress)
        embedding.optimize(EXAGGERATED, exaggeration=12, momentum=0.5, inplace=True, **told.arguments)
    told = _Told(total - PLAIN if fresh else 0, total, progress)
    embedding.optimize(total - told.before, momentum=0.8, inplace=True, **told.arguments)
    return np.nan_to_num(np.asarray(embedding, np.float64))


def _start(places: Floats, fresh: bool) -> Floats:
    """Of a fresh start small; else the last layout itself. openTSNE moves both within what it is given."""
    centred = (places - places.mean(axis=0)).astype(np.float64)
    noise = np.random.default_rng(0).normal(size=centred.shape)
    spread = float(centred.std(axis=0).max()) or 1.0
    if fresh:
        return centred * (START / spread) + noise * START * 0.01
    return centred + noise * spread * 1e-4


class _Told:
    """openTSNE's callback: how much is done of all, where `before` iterations came earlier."""

    def __init__(self, before: int, total: int, progress: FractionDone | None) -> None:
        self.before, self._total, self._progress = before, total, progress

    @property
    def arguments(self) -> dict[str, object]:
        return {} if self._progress is None else {"callbacks": [self], "callbacks_every_iters": TOLD_EVERY}

    def __call__(self, iteration: int, error: float, embedding: object) -> bool:
        assert self._progress is not None
        self._progress((self.before + iteration) / self._total)
        return False
