"""What lies in a box, in a line drawn by hand, along a stroke: against the plainest way to ask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlab.explore.regions import Places

numbers = st.integers(-20, 20).map(lambda number: number / 4)  # many points on edges, at corners, on one another
corner = st.tuples(numbers, numbers)
clouds = st.lists(corner, min_size=1, max_size=40).map(lambda points: np.array(points, np.float32))


def crossings(point: np.ndarray, line: np.ndarray) -> int:
    """How many edges a ray to the right crosses, one by one."""
    count = 0
    for (x0, y0), (x1, y1) in zip(line, np.roll(line, -1, axis=0), strict=True):
        if (y0 > point[1]) != (y1 > point[1]) and point[0] < x0 + (point[1] - y0) * ((x1 - x0) / (y1 - y0)):
            count += 1
    return count


@given(clouds, corner, corner)
def test_a_box_holds_what_lies_between_its_corners(cloud: np.ndarray, one: tuple, other: tuple):
    rows = Places(cloud).in_box(one, other)
    low, high = np.minimum(one, other), np.maximum(one, other)
    assert rows.tolist() == [row for row, point in enumerate(cloud) if (point >= low).all() and (point <= high).all()]


@given(clouds, st.lists(corner, min_size=0, max_size=9))
def test_a_lasso_holds_what_a_ray_leaves_an_odd_number_of_times(cloud: np.ndarray, drawn: list):
    line = np.array(drawn, np.float64).reshape(-1, 2)
    expected = [row for row, point in enumerate(cloud) if len(line) > 2 and crossings(point, line) % 2]
    assert Places(cloud).in_polygon(line).tolist() == expected


@given(clouds, corner, corner, st.integers(1, 12).map(lambda number: number / 3))
def test_a_stroke_holds_what_is_near_one_of_its_places(cloud: np.ndarray, start: tuple, end: tuple, radius: float):
    rows = Places(cloud).along(start, end, radius)
    on_it = np.asarray(start) + np.linspace(0, 1, 2001)[:, None] * np.subtract(end, start)
    nearest = np.array([np.hypot(*(on_it - point).T).min() for point in cloud])
    unsure = np.abs(nearest - radius) < 1e-3
    assert set(rows) ^ set(np.flatnonzero(nearest <= radius)) <= set(np.flatnonzero(unsure))


@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_a_star_has_a_hole_and_many_corners_are_no_matter(turn: float):
    """A pentagram drawn in one go: by the even-odd rule its middle is outside."""
    angles = turn + np.arange(5) * 4 * np.pi / 5
    star = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = np.array([[0, 0], [0.8 * np.cos(turn), 0.8 * np.sin(turn)], [1.2, 1.2]], np.float32)
    assert Places(points).in_polygon(star).tolist() == [1]
    along = np.concatenate([np.linspace(one, other, 50) for one, other in zip(star, np.roll(star, -1, 0), strict=True)])
    assert Places(points).in_polygon(along).tolist() == [1]
