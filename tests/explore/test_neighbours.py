"""Nearest samples, blending between them, and how usual a place is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.explore.neighbours import FAR, Neighbours, Usual

COORDS = np.random.default_rng(0).normal(size=(400, 2))
Z = np.random.default_rng(1).normal(size=(400, 5))
places = st.tuples(st.floats(-4, 4), st.floats(-4, 4)).map(np.array)


@settings(deadline=None)
@given(places, st.integers(1, 12))
def test_nearest_agrees_with_comparing_all(place, k):
    distance, rows = Neighbours(COORDS).nearest(place, k)
    assert np.allclose(distance, np.sort(np.linalg.norm(COORDS - place, axis=1))[:k])
    assert np.allclose(np.linalg.norm(COORDS[rows] - place, axis=1), distance)


def test_many_queries_at_once_and_more_neighbours_than_points():
    distance, rows = Neighbours(COORDS[:3]).nearest(COORDS[:2], 8)
    assert distance.shape == rows.shape == (2, 3)
    assert rows[:, 0].tolist() == [0, 1]


@settings(deadline=None)
@given(places)
def test_a_blend_lies_within_its_neighbours(place):
    z, weights, rows = Neighbours(COORDS).blend(place, Z)
    assert weights.shape == rows.shape
    distance = np.sort(np.linalg.norm(COORDS - place, axis=1))
    assert len(rows) >= 8
    assert len(rows) == 8 or distance[len(rows) - 1] <= 2 * distance[0], "more only where all are far"
    assert np.isclose(weights.sum(), 1)
    assert (weights >= 0).all()
    assert (Z[rows].min(axis=0) - 1e-9 <= z).all()
    assert (z <= Z[rows].max(axis=0) + 1e-9).all()


@pytest.mark.parametrize("offset", [0.0, 1e-12, 1e-5])
def test_on_a_sample_the_blend_is_that_sample(offset):
    neighbours = Neighbours(COORDS)
    for row in range(0, 400, 40):
        z, _, rows = neighbours.blend(COORDS[row] + offset, Z)
        assert rows[0] == row
        assert np.abs(z - Z[row]).max() < 1e-2


def test_a_moving_cursor_meets_no_jump():
    """As a sample comes into the circle of the eight nearest another leaves it: both with weight 0."""
    steps = np.linspace([-1.5, -1.0], [1.5, 1.2], 60_001)
    neighbours = Neighbours(COORDS)
    z = np.array([neighbours.blend(place, Z)[0] for place in steps[20_000:24_000]])
    rows = [frozenset(neighbours.blend(place, Z)[2]) for place in steps[20_000:24_000:10]]
    assert len(set(rows)) > 3, "the neighbours did change on the way"
    assert np.abs(np.diff(z, axis=0)).max() < 0.02


def test_a_gap_between_clusters_is_crossed_slowly():
    draw = np.random.default_rng(6)
    clusters = np.repeat([[0.0, 0.0], [10.0, 0.0]], 150, axis=0)
    neighbours = Neighbours(clusters + 0.3 * draw.normal(size=(300, 2)))
    side = np.repeat([[0.0], [1.0]], 150, axis=0)
    across = np.array([neighbours.blend(np.array([x, 0.0]), side)[0][0] for x in np.linspace(0, 10, 201)])
    assert across[0] < 1e-6
    assert across[-1] > 1 - 1e-6
    assert np.abs(np.diff(across)).max() < 0.1, "steps of a twentieth of a unit, over a gap of about nine"
    assert ((across > 0.1) & (across < 0.9)).sum() > 20


def test_far_away_and_between_twins_it_stays_finite():
    for points, place in ((COORDS, [1e12, -1e12]), (np.zeros((20, 2)), [0.0, 0.0]), (np.zeros((20, 2)), [3.0, 0.0])):
        z, weights, _ = Neighbours(points).blend(np.array(place), Z)
        assert np.isfinite(z).all()
        assert np.isclose(weights.sum(), 1)
    z, _, _ = Neighbours(COORDS[:1]).blend(np.array([5.0, 5.0]), Z)
    assert (z == Z[0]).all()


def test_the_same_place_blends_the_same():
    first, second = (Neighbours(COORDS).blend(np.array([0.3, 0.1]), Z)[0] for _ in range(2))
    assert np.array_equal(first, second)


@settings(deadline=None)
@given(st.integers(0, 399), st.integers(0, 99))
def test_going_away_from_all_data_is_ever_less_usual(row, seed):
    usual = Usual(Z)
    direction = np.random.default_rng(seed).normal(size=5)
    outside = Z.mean(axis=0) + direction / np.linalg.norm(direction) * np.linspace(6, 60, 10)[:, None]
    percentiles = usual.percentile(outside)
    assert (np.diff(percentiles) >= 0).all()
    assert percentiles[-1] == 100 > FAR
    assert usual.percentile(Z[row : row + 1])[0] == 0


def test_percentiles_are_those_of_the_data_itself():
    draw = np.random.default_rng(4)
    fresh = draw.normal(size=(2000, 5))
    percentiles = Usual(draw.normal(size=(2000, 5))).percentile(fresh)
    assert abs(np.median(percentiles) - 50) < 5


def test_dimensions_that_the_data_do_not_use_do_not_count():
    mu = np.hstack([Z, np.zeros((400, 3))])
    away = np.hstack([Z[:5], np.full((5, 3), 50.0)])
    assert (Usual(mu).percentile(away) == 0).all()
    assert (Usual(np.zeros((40, 3))).percentile(away[:, :3]) == 0).all()


def test_samples_of_the_prior_are_usual_where_the_posteriors_fill_it():
    draw = np.random.default_rng(3)
    mu = draw.normal(size=(2000, 4)) * 0.6
    log_var = np.full(mu.shape, 2 * np.log(0.8))  # 0.6^2 + 0.8^2 = 1: the posteriors together are N(0, I)
    prior = draw.normal(size=(1000, 4))
    against_draws, against_means = Usual(mu, log_var).percentile(prior), Usual(mu).percentile(prior)
    assert 0.3 < (against_draws > 75).mean() < 0.7
    assert (against_draws > FAR).mean() < 0.06
    assert (against_means > FAR).mean() > 0.15, "what the means alone would say"
    assert (Usual(mu, log_var).percentile(prior + 6) > FAR).all()


def test_the_way_between_two_clusters_is_less_usual_than_its_ends_though_draws_have_noise_in_all_dimensions():
    draw = np.random.default_rng(5)
    mu = np.hstack(
        [
            draw.normal(size=(1000, 2)) * 0.3 + np.repeat([[-2, 0], [2, 0]], 500, axis=0),
            draw.normal(size=(1000, 6)) * 0.3,
        ]
    )
    noise = np.full(mu.shape, 2 * np.log(0.9))  # so that draws lie far from every mean
    middle = Usual(mu, noise).percentile(np.linspace(mu[3], mu[700], 9))
    assert middle[0] == middle[-1] == 0
    assert middle[3:6].min() > 40
