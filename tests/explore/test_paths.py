"""Paths in latent space: exact ends, even steps, and lengths that never leave those of the ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latentlab.explore.paths import interpolate

vectors = st.integers(1, 12).flatmap(
    lambda d: st.tuples(*[arrays(np.float32, d, elements=st.floats(-100, 100, width=32))] * 2)
)


@settings(deadline=None)
@given(vectors, st.integers(2, 40), st.sampled_from(["linear", "spherical"]))
def test_ends_are_exact_and_all_is_finite(ends, frames, method):
    a, b = ends
    path = interpolate(a, b, frames, method)
    assert path.shape == (frames, len(a))
    assert path.dtype == np.float32
    assert np.array_equal(path[0], a)
    assert np.array_equal(path[-1], b)
    assert np.isfinite(path).all()


@settings(deadline=None)
@given(vectors, st.integers(3, 40))
def test_linear_steps_are_even(ends, frames):
    a, b = (end.astype(np.float64) for end in ends)
    steps = np.diff(interpolate(a, b, frames), axis=0)
    assert np.allclose(steps, (b - a) / (frames - 1), atol=1e-9)


@settings(deadline=None)
@given(vectors.filter(lambda ends: len(ends[0]) > 1), st.integers(3, 40))
def test_spherical_turns_evenly_while_its_length_changes_evenly(ends, frames):
    a, b = (end.astype(np.float64) for end in ends)
    lengths = np.linalg.norm(interpolate(a, b, frames, "spherical"), axis=1)
    if min(lengths[0], lengths[-1]) < 1e-3:
        return  # the origin has no direction
    path = interpolate(a, b, frames, "spherical")
    assert np.allclose(lengths, np.linspace(lengths[0], lengths[-1], frames), rtol=1e-6, atol=1e-6)
    unit = path / lengths[:, None]
    chords = np.linalg.norm(np.diff(unit, axis=0), axis=1)
    assert np.allclose(chords, chords.mean(), atol=1e-5)


@settings(deadline=None)
@given(vectors, st.sampled_from(["linear", "spherical"]))
def test_the_way_back_is_the_same(ends, method):
    a, b = (end.astype(np.float64) for end in ends)
    angle_known = np.linalg.norm(a) * np.linalg.norm(b) + a @ b > 1e-3  # opposite ends have many great circles
    if angle_known:
        assert np.allclose(interpolate(a, b, 7, method), interpolate(b, a, 7, method)[::-1], atol=1e-3)


def test_spherical_between_axes_is_the_quarter_circle():
    path = interpolate([2.0, 0.0], [0.0, 2.0], 3, "spherical")
    assert np.allclose(path[1], [np.sqrt(2), np.sqrt(2)])


def test_spherical_between_opposites_keeps_its_length():
    path = interpolate(np.array([3.0, 0.0, 0.0]), np.array([-3.0, 0.0, 0.0]), 5, "spherical")
    assert np.allclose(np.linalg.norm(path, axis=1), 3.0)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (([0.0], [1.0], 1), "at least 2 frames"),
        (([0.0], [1.0, 2.0], 5), "same number of dimensions"),
        (([0.0], [1.0], 5, "geodesic"), "unknown interpolation 'geodesic'"),
    ],
)
def test_bad_requests_are_refused_with_a_reason(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        interpolate(*arguments)
