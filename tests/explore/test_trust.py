"""Trustworthiness against scikit-learn's, on maps of real digits and on what has no shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.manifold import trustworthiness as reference

from latentlab.explore import trust
from latentlab.explore.pca import Pca
from latentlab.explore.trust import neighbours_for, trustworthiness


@pytest.fixture(scope="module")
def latents(digits) -> np.ndarray:
    return np.asarray(digits.train.pixels).reshape(len(digits.train), -1).astype(np.float32) / 255


def test_all_points_agree_with_the_reference(latents):
    plane = Pca.fit(latents).project(latents)
    for coords in (plane, latents[:, 20:22] + 1e-4 * plane, np.random.default_rng(0).normal(size=plane.shape)):
        ours = trustworthiness(latents, coords)
        assert ours == pytest.approx(reference(latents, coords, n_neighbors=trust.K), abs=1e-3)


def test_a_sample_of_the_points_agrees_within_a_hundredth(latents, monkeypatch):
    monkeypatch.setattr(trust, "MOST", 1000)
    monkeypatch.setattr(trust, "CHUNK", 50_000)
    plane = Pca.fit(latents).project(latents)
    assert trustworthiness(latents, plane) == pytest.approx(reference(latents, plane, n_neighbors=trust.K), abs=0.01)


def test_what_keeps_every_neighbour_is_trusted_and_what_keeps_none_is_not(latents):
    plane = latents[:400, [20, 43]] + np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
    assert trustworthiness(plane, plane * 3 + 7) == 1.0
    shuffled = np.random.default_rng(0).permutation(plane)
    assert trustworthiness(plane, shuffled) == pytest.approx(0.5, abs=0.05)


def test_a_collapsed_posterior_is_not_called_trustworthy():
    """All latents are one: any order of neighbours is as good as any other, and a map shows one that is not there."""
    places = np.random.default_rng(0).normal(size=(300, 2))
    assert trustworthiness(np.zeros((300, 5)), places) < 0.6


@settings(deadline=None, max_examples=40)
@given(st.integers(5, 60), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_few_points_too(count, dims, seed):
    random = np.random.default_rng(seed)
    mu, coords = random.normal(size=(count, dims)), random.normal(size=(count, 2))
    k = neighbours_for(count)
    assert trustworthiness(mu, coords, k) == pytest.approx(reference(mu, coords, n_neighbors=k), abs=1e-9)


def test_too_few_points_and_a_cancelled_job():
    assert [neighbours_for(count) for count in (0, 1, 2, 3, 24, 25, 5000)] == [0, 0, 0, 1, 11, 12, 12]
    with pytest.raises(ValueError, match="more than 24 points, not 10"):
        trustworthiness(np.eye(10), np.eye(10, 2))
    assert trustworthiness(np.eye(40), np.eye(40, 2), cancelled=lambda: True) is None
