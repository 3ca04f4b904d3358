"""The PCA plane: exact both ways on the plane, and the plane of largest variance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.explore.pca import Pca


def encoded(seed: int, n: int, d: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return (draw.normal(size=(n, d)) @ draw.normal(size=(d, d)) + draw.normal(size=d)).astype(np.float32)


@settings(deadline=None)
@given(st.integers(0, 999), st.integers(3, 60), st.integers(2, 12))
def test_the_axes_are_orthonormal_and_the_mean_is_their_origin(seed, n, d):
    pca = Pca.fit(encoded(seed, n, d))
    points = np.random.default_rng(seed).normal(size=(9, 2)) * 5
    assert np.allclose(pca.project(points @ pca.axes + pca.mean), points, atol=1e-9)


def test_no_other_plane_holds_more_variance():
    mu = encoded(3, 400, 6)
    pca = Pca.fit(mu)
    held = pca.project(mu).var(axis=0)
    assert held[0] >= held[1]
    assert np.allclose(held / mu.var(axis=0).sum(), pca.explained, rtol=1e-4)
    draw = np.random.default_rng(0)
    for _ in range(50):
        other, _ = np.linalg.qr(draw.normal(size=(6, 2)))
        assert (mu @ other).var(axis=0).sum() <= held.sum() + 1e-6


def test_the_map_is_not_mirrored_by_a_refit():
    mu = encoded(5, 300, 5)
    nudged = mu + np.random.default_rng(1).normal(size=mu.shape).astype(np.float32) * 1e-3
    assert np.abs(Pca.fit(mu).axes - Pca.fit(nudged).axes).max() < 0.05
    for seed in range(20):
        for axis in Pca.fit(encoded(seed, 50, 5)).axes:
            assert axis[np.abs(axis).argmax()] > 0, "of the two directions always the same"


@settings(deadline=None)
@given(
    st.integers(0, 999), st.integers(3, 60), st.integers(1, 12), st.sampled_from([(1, 1), (-1, 1), (1, -1), (-1, -1)])
)
def test_a_plane_is_turned_to_where_its_points_were_shown(seed, n, d, signs):
    mu = encoded(seed, n, d)
    plane = Pca.fit(mu)
    shown = plane.project(mu) * signs + np.array([30.0, -7.0])  # wherever its origin was
    turned = plane.facing(mu, shown)
    assert np.allclose(turned.project(mu), plane.project(mu) * signs, atol=1e-6)
    assert np.array_equal(turned.mean, plane.mean)


@pytest.mark.parametrize(("n", "d"), [(1, 4), (2, 4), (50, 1), (1, 1)])
def test_few_images_or_one_dimension_still_have_a_map(n, d):
    mu = encoded(0, n, d)
    points = Pca.fit(mu).project(mu)
    assert points.shape == (n, 2)
    assert np.isfinite(points).all()
    pca = Pca.fit(mu)
    assert np.allclose(points @ pca.axes + pca.mean, mu, atol=1e-4)


def test_collapsed_latents_have_a_map():
    pca = Pca.fit(np.zeros((10, 4), np.float32))
    assert np.allclose(pca.project(np.zeros((10, 4))), 0)
    assert pca.explained.tolist() == [0, 0]


@pytest.mark.parametrize("mu", [np.zeros((0, 3)), np.full((4, 3), np.nan)])
def test_what_cannot_be_fitted_is_refused(mu):
    with pytest.raises(ValueError, match="encoded image"):
        Pca.fit(mu)
