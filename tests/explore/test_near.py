"""Neighbours of very many points: nearly all of the true ones, in order, each point its own first."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from latentlab.explore.near import near
from latentlab.explore.projection import _neighbours, filled_in


def test_nearly_all_true_neighbours_are_found(digits):
    pixels = np.asarray(digits.train.pixels, np.float32).reshape(len(digits.train), -1) / 16
    codes = np.linalg.svd(pixels - pixels.mean(axis=0), full_matrices=False)[0][:, :8].astype(np.float32)
    noise = np.random.default_rng(0).normal(scale=0.002, size=(12, *codes.shape))
    many = (codes + noise).reshape(-1, codes.shape[1]).astype(np.float32)
    rows, distances = near(many, 15)
    some = np.arange(0, len(many), 37)
    truth = cKDTree(many).query(many[some], 15)[1]
    found = np.mean([len(set(mine) & set(true)) / 15 for mine, true in zip(rows[some], truth, strict=True)])
    assert found > 0.97
    assert (rows[:, 0] == np.arange(len(many))).all()
    assert np.allclose(distances, np.linalg.norm(many[rows] - many[:, None], axis=2), atol=1e-5)


@settings(deadline=None, max_examples=40)
@example(348, 1, 3, 0)
@given(st.integers(3, 700), st.integers(1, 5), st.integers(1, 40), st.integers(0, 5))
def test_each_point_has_itself_and_others_once(points: int, dims: int, count: int, kinds: int):
    """Also where many lie at one place."""
    draw = np.random.default_rng(points)
    places = draw.normal(size=(points, dims)).astype(np.float32)
    if kinds:
        places = places[draw.integers(0, min(kinds, points), points)]
    count = min(count, points)
    rows, distances = near(places, count)
    assert rows.shape == distances.shape == (points, count)
    assert (rows[:, 0] == np.arange(points)).all()
    assert all(len(set(row)) == count for row in rows.tolist())
    assert (np.diff(distances, axis=1) >= 0).all()


def test_it_is_told_how_far_the_search_is(monkeypatch):
    """And the rest of the layout goes on from there."""
    monkeypatch.setattr("latentlab.explore.projection.EXACT_UP_TO", 500)
    told: list[float] = []
    points = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    (rows, _, _), progress = _neighbours(points, 5, told.append)
    assert rows.shape == (2000, 5)
    assert progress is not None
    progress(0.0)
    progress(1.0)
    assert told == sorted(told)
    assert len(told) > 5
    assert told[-1] == 1.0


def test_points_without_a_place_begin_beside_their_nearest():
    draw = np.random.default_rng(0)
    mu, places = draw.normal(size=(5000, 4)).astype(np.float32), draw.normal(size=(5000, 2)).astype(np.float32)
    known = draw.random(5000) < 0.1
    begun = filled_in(mu, np.where(known[:, None], places, np.float32(np.nan)))
    assert np.array_equal(begun[known], places[known])
    nearest = cKDTree(mu[known]).query(mu[~known])[1]
    assert np.linalg.norm(begun[~known] - places[known][nearest], axis=1).max() < 0.05
    assert len(np.unique(begun, axis=0)) == 5000, "no two at one place"
