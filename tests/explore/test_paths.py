"""Paths in latent space: exact ends, even steps, lengths that never leave those of the ends, every waypoint passed."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latentlab.explore.paths import going_on, interpolate, simplify, through

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
        (([0.0], [1.0], 5, "geodesic"), "needs the decoder"),
        (([0.0], [1.0], 5, "cubic"), "unknown interpolation 'cubic'"),
    ],
)
def test_bad_requests_are_refused_with_a_reason(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        interpolate(*arguments)


several = st.integers(2, 6).flatmap(
    lambda d: st.lists(
        arrays(np.float64, d, elements=st.floats(-50, 50).map(lambda x: round(x, 2))), min_size=3, max_size=8
    )
)
METHODS = st.sampled_from(["linear", "spherical", "smooth"])


@settings(deadline=None)
@given(several, st.integers(2, 60), METHODS)
def test_a_path_begins_and_ends_at_its_ends_and_is_finite(points, frames, method):
    path = through(points, frames, method)
    assert path.shape == (frames, len(points[0]))
    assert np.array_equal(path[0], points[0])
    assert np.array_equal(path[-1], points[-1])
    assert np.isfinite(path).all()


@settings(deadline=None)
@given(several, METHODS)
def test_a_path_passes_every_waypoint(points, method):
    path = through(points, 4000, method)
    longest = np.linalg.norm(np.diff(path, axis=0), axis=1).max()
    for point in points:
        assert np.linalg.norm(path - point, axis=1).min() <= longest * 0.51 + 1e-6


@settings(deadline=None)
@given(several, METHODS)
def test_a_path_goes_at_an_even_speed(points, method):
    """Along the path's own length: a finer path is measured between the frames of a coarse one."""
    coarse, times = 41, 100
    fine = through(points, (coarse - 1) * times + 1, method)
    steps = np.linalg.norm(np.diff(fine, axis=0), axis=1).reshape(coarse - 1, times).sum(axis=1)
    assert np.allclose(fine[::times], through(points, coarse, method), atol=1e-6)
    if steps.mean() > 1e-6:
        assert steps.max() <= 1.1 * steps.mean()
        assert steps.min() >= 0.6 * steps.mean(), "a corner or a cusp cuts a little of a step's length, no more"


@settings(deadline=None)
@given(several, METHODS)
def test_a_path_is_the_same_backwards(points, method):
    apart = [a for a, b in itertools.pairwise(points) if a @ b + np.linalg.norm(a) * np.linalg.norm(b) < 1e-3]
    if not apart or method != "spherical":  # opposite ends have many great circles
        assert np.allclose(through(points, 15, method), through(points[::-1], 15, method)[::-1], atol=1e-4)


def test_waypoints_on_a_line_give_the_even_line_between_the_ends():
    points = [[0.0, 0.0], [1.0, 0.5], [1.0, 0.5], [1.5, 0.75], [8.0, 4.0]]
    for method in ("linear", "smooth"):
        assert np.allclose(through(points, 9, method), np.linspace(points[0], points[-1], 9), atol=1e-6)
    assert np.allclose(through([points[0]] * 3, 5), 0), "nowhere to go"


def test_a_smooth_path_has_no_corners_where_a_linear_one_has():
    corner = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]]

    def sharpest(method):
        steps = np.diff(through(corner, 400, method), axis=0)
        unit = steps / np.linalg.norm(steps, axis=1, keepdims=True)
        return np.einsum("nd,nd->n", unit[1:], unit[:-1]).min()

    assert sharpest("linear") < 0.8
    assert sharpest("smooth") > 0.99


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=2, max_size=60),
    st.floats(0.01, 3),
    st.integers(2, 12),
)
def test_what_simplifying_leaves_out_lies_near_what_it_keeps(points, tolerance, most):
    line = np.array(points)
    kept = simplify(line, tolerance, most)
    assert kept[0] == 0
    assert kept[-1] == len(line) - 1
    assert (np.diff(kept) > 0).all()
    assert len(kept) <= most
    if len(kept) < most:
        for first, last in itertools.pairwise(kept):
            along = line[last] - line[first]
            for point in line[first + 1 : last] - line[first]:
                share = np.clip(point @ along / max(along @ along, 1e-12), 0, 1)
                assert np.linalg.norm(point - share * along) <= tolerance + 1e-9


def test_simplifying_keeps_the_corners_and_drops_the_jitter():
    leg = np.linspace(0, 100, 51)
    jitter = np.random.default_rng(0).normal(0, 0.3, (101, 2))
    line = np.concatenate([np.c_[leg, 0 * leg], np.c_[0 * leg[1:] + 100, leg[1:]]]) + jitter
    assert simplify(line, 4.0, 12).tolist() == [0, pytest.approx(50, abs=1), 100]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (([[0.0, 1.0]], 5), "at least 2 waypoints"),
        (([0.0, 1.0], 5), "at least 2 waypoints"),
        (([[0.0], [1.0], [2.0]], 1), "at least 2 frames"),
        (
            ([[0.0], [1.0], [2.0]], 5, "cubic"),
            "unknown interpolation 'cubic'; there are: linear, spherical, smooth",
        ),
    ],
)
def test_bad_paths_are_refused_with_a_reason(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        through(*arguments)


@settings(deadline=None)
@given(vectors, st.integers(2, 20), st.integers(0, 6))
def test_beyond_its_ends_a_straight_path_goes_on_as_it_went(ends, frames, beyond):
    a, b = (end.astype(np.float64) for end in ends)
    path = interpolate(a, b, frames)
    longer = going_on(path, [a, b], beyond)
    assert len(longer) == frames + 2 * beyond
    assert np.array_equal(longer[beyond : beyond + frames], path), "both ends are still frames"
    assert np.allclose(np.diff(longer, axis=0), (b - a) / (frames - 1), atol=1e-6)


def test_beyond_a_path_of_several_waypoints_it_follows_the_first_and_the_last_leg():
    waypoints = np.array([[0.0, 0.0], [0.0, 3.0], [1.0, 3.0]])
    longer = going_on(through(waypoints, 5), waypoints, 2)
    assert np.allclose(longer[:2], [[0, -2], [0, -1]])
    assert np.allclose(longer[-2:], [[2, 3], [3, 3]])
