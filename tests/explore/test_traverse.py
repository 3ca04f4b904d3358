"""Ranges, traversals and the order of dimensions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.explore.traverse import LEAST_WIDTH, order_by_kl, ranges, traversal


def test_ranges_are_the_quantiles_of_used_dimensions():
    mu = np.random.default_rng(0).normal(size=(5000, 2)) * [3.0, 1.0] + [5.0, 0.0]
    reach = ranges(mu, 0.1, 0.9)
    assert np.allclose(reach, np.quantile(mu, (0.1, 0.9), axis=0).T)


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(1, 6), st.floats(0, 10), st.integers(0, 99))
def test_every_range_has_room_and_contains_the_middle(n, d, spread, seed):
    mu = np.random.default_rng(seed).normal(size=(n, d)) * spread
    reach = ranges(mu)
    assert reach.shape == (d, 2)
    assert (reach[:, 1] - reach[:, 0] >= LEAST_WIDTH - 1e-9).all()
    if n:
        median = np.median(mu, axis=0)
        assert (reach[:, 0] <= median).all()
        assert (median <= reach[:, 1]).all()


def test_a_traversal_changes_one_dimension_only():
    z = np.array([1.0, 2.0, 3.0], np.float32)
    rows = traversal(z, 1, [-1.0, 0.0, 4.0])
    assert rows.tolist() == [[1, -1, 3], [1, 0, 3], [1, 4, 3]]
    assert z.tolist() == [1, 2, 3]


@pytest.mark.parametrize("dim", [-1, 3])
def test_a_dimension_that_is_not_there_is_refused(dim):
    with pytest.raises(ValueError, match="from 0 to 2"):
        traversal(np.zeros(3), dim, [0.0])


def test_dimensions_are_ordered_by_kl_and_ties_keep_their_order():
    assert order_by_kl([0.1, 2.0, 0.1, 3.0]).tolist() == [3, 1, 0, 2]
