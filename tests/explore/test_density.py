"""The log density of places in latent space, against densities that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.explore import density
from latentlab.explore.density import log_density


def found(mu: np.ndarray, k: int = density.NEIGHBOURS) -> np.ndarray:
    work = log_density(mu, k)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def normal(count: int, dims: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, dims)).astype(np.float32)


def test_the_density_of_a_normal_distribution_is_found():
    mu = normal(4000, 2)
    truth = -0.5 * (mu**2).sum(axis=1) - np.log(2 * np.pi)
    near = np.linalg.norm(mu, axis=1) < 2
    assert np.abs(found(mu)[near] - truth[near]).mean() < 0.3
    assert np.corrcoef(found(mu), truth)[0, 1] > 0.95
    assert found(mu)[near].mean() == pytest.approx(truth[near].mean(), abs=0.08)


def test_dimensions_that_the_data_do_not_use_do_not_count():
    mu = normal(500, 3)
    with_noise = np.hstack([mu, 0.01 * normal(500, 5, 1)])
    assert np.allclose(found(with_noise), found(mu), atol=1e-4)
    assert (found(0.01 * mu) == 0).all()


def test_of_very_many_images_a_part_stands_for_all(monkeypatch: pytest.MonkeyPatch):
    mu = normal(3000, 3)
    exact = found(mu)
    monkeypatch.setattr(density, "REFERENCE", 1000)
    assert np.corrcoef(found(mu), exact)[0, 1] > 0.9
    assert found(mu).mean() == pytest.approx(exact.mean(), abs=0.15)


@settings(max_examples=25, deadline=None)
@given(count=st.integers(1, 40), dims=st.integers(1, 5), copies=st.integers(1, 3), seed=st.integers(0, 99))
def test_it_is_finite_and_the_same_wherever_the_data_lie_and_in_whatever_order(count, dims, copies, seed):
    mu = np.repeat(normal(count, dims, seed), copies, axis=0)
    values = found(mu)
    assert values.shape == (count * copies,)
    assert np.isfinite(values).all()
    order = np.random.default_rng(seed).permutation(len(mu))
    assert np.allclose(found(mu[order]), values[order], atol=1e-3)
    moved = found(mu + np.float32(3))
    assert np.allclose(moved, values, atol=1e-2) or copies > 1, "copies lie as far apart as rounding puts them"


def test_it_can_be_left_at_any_step():
    work = log_density(normal(1000, 4))
    shares = [next(work), next(work)]
    assert 0 < shares[0] < shares[1] < 1
    work.close()
