"""A refitted UMAP: it moves by what the points have moved, follows where they go, and is the same each time."""

import numpy as np
import pytest
from numpy.typing import NDArray

from latentlab.explore.neighbours import Neighbours
from latentlab.explore.projection import fit_umap
from latentlab.explore.refit import LARGEST_RATE, LEAST_RATE, rate_for

Floats = NDArray[np.float32]


def blobs(seed: int, count: int = 300, dims: int = 5) -> Floats:
    """Six groups, elsewhere for each seed, of the same points each."""
    random = np.random.default_rng(seed)
    middles = random.normal(size=(6, dims)) * 3
    return (middles[np.arange(count) % 6] + random.normal(size=(count, dims))).astype(np.float32)


@pytest.fixture(scope="module")
def settled() -> tuple[Floats, Floats]:
    """Points, and a map of them."""
    mu = blobs(0)
    return mu, fit_umap(mu, epochs=300)


def movement(after: Floats, before: Floats) -> float:
    spread = np.sqrt(((before - before.mean(axis=0)) ** 2).sum(axis=1).mean())
    return float(np.linalg.norm(after - before, axis=1).mean() / spread)


def kept(mu: Floats, layout: Floats, count: int = 15) -> float:
    """Share of the nearest neighbours that are so on the map."""
    here, there = (Neighbours(points).nearest(points, count + 1)[1][:, 1:] for points in (mu, layout))
    return float(np.mean([len(np.intersect1d(*rows)) for rows in zip(here, there, strict=True)]) / count)


def test_with_nothing_changed_next_to_nothing_moves(settled: tuple[Floats, Floats]):
    mu, layout = settled
    once = fit_umap(mu, init=layout, before=mu)
    assert movement(once, layout) < 0.02
    assert movement(fit_umap(mu, init=once, before=mu), once) < 0.02
    assert np.array_equal(once, fit_umap(mu, init=layout, before=mu)), "the same each time"
    assert fit_umap(mu, init=layout, before=mu[:-1]).shape == layout.shape, "of what lay before nothing is known"


def test_a_little_moves_it_a_little_and_more_moves_it_more(settled: tuple[Floats, Floats]):
    mu, layout = settled
    noise = np.random.default_rng(1).normal(size=mu.shape).astype(np.float32)
    by = [movement(fit_umap(mu + size * noise, init=layout, before=mu), layout) for size in (0.0, 0.1, 1.0)]
    assert by[0] < by[1] < by[2]
    assert by[1] < 0.06


def test_it_follows_where_the_points_go(settled: tuple[Floats, Floats]):
    """In ten steps from one arrangement to another, the map keeps nearly as many neighbours as one from nothing."""
    mu, layout = settled
    goal, before = blobs(1), mu
    for share in np.linspace(0.1, 1, 10, dtype=np.float32):
        now = (1 - share) * mu + share * goal
        layout, before = fit_umap(now, init=layout, before=before), now
    fresh = fit_umap(goal, epochs=300)
    assert kept(goal, layout) > kept(goal, fresh) - 0.05
    assert kept(goal, settled[1]) < kept(goal, fresh) - 0.2, "which the map of the beginning does not"


def test_steps_are_as_large_as_the_points_have_moved():
    mu = blobs(0)
    neighbours = (np.zeros((300, 3), np.int64), np.full((300, 3), 2.0, np.float32), None)
    along = np.zeros_like(mu)
    along[:, 0] = 1.0
    assert rate_for(mu, mu, neighbours) == LEAST_RATE
    assert rate_for(mu + 2 * along, mu, neighbours) == pytest.approx(0.1)
    assert rate_for(mu + 100 * along, mu, neighbours) == LARGEST_RATE
    some = np.where(np.arange(300)[:, None] < 100, 100 * along, 0)
    assert rate_for(mu + some, mu, neighbours) == LEAST_RATE, "a few that went astray do not shake the map"
