"""Directions from two groups: the difference of means is exact, and the classifier's normal finds what tells apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latentlab.explore.directions import (
    analogy,
    classifier_normal,
    difference_of_means,
    make,
    make_anew,
    moved,
    rows_of,
    told_apart,
)
from latentlab.runs.groups import Group, of_indices

whole = st.integers(-1000, 1000).map(float)
REST = Group("all others")


def two_groups(apart: float, dims: int = 6, count: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Normal about 0, and `apart` away along the second dimension; the first carries much that says nothing."""
    draw = np.random.default_rng(seed)
    noise = draw.standard_normal((2, count, dims)) * np.array([8.0, *[1.0] * (dims - 1)])
    noise[1, :, 1] += apart
    return noise[0].astype(np.float32), noise[1].astype(np.float32)


@given(st.data(), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_the_difference_of_means_is_exact(data, dims: int):
    a, b = (data.draw(arrays(np.float32, (8, dims), elements=whole)) for _ in range(2))
    by_hand = [sum(map(float, b[:, d])) / 8 - sum(map(float, a[:, d])) / 8 for d in range(dims)]
    assert difference_of_means(a, b).tolist() == by_hand, "eighths of whole numbers are exact in float32"
    assert difference_of_means(b, a).tolist() == [-value for value in by_hand]


def test_the_classifier_s_normal_points_where_the_groups_differ():
    a, b = two_groups(6.0)
    normal = classifier_normal(a, b)
    unit = normal / np.linalg.norm(normal)
    assert unit[1] > 0.99
    means = difference_of_means(a, b)
    assert abs(means[0] / means[1]) > abs(normal[0] / normal[1]), "chance in what says nothing weighs less"


def test_amount_one_goes_as_far_as_the_means_lie_apart_along_the_normal():
    a, b = two_groups(4.0, seed=3)
    normal = classifier_normal(a, b)
    unit = (normal / np.linalg.norm(normal)).astype(np.float64)
    along = [float((part.astype(np.float64) @ unit).mean()) for part in (a, moved(a, normal, [1.0] * len(a))[0], b)]
    assert along[2] > along[0]
    assert np.linalg.norm(normal) == pytest.approx(along[2] - along[0], rel=1e-5)


def test_of_unequal_groups_each_counts_the_same():
    a, b = two_groups(3.0, count=2000)
    few = b[:40]
    assert told_apart(a, few, "classifier") > 0.85, "saying 'the large one' always would be 0.5"
    assert told_apart(a, few, "means") > 0.6


@pytest.mark.parametrize("method", ["means", "classifier"])
def test_the_accuracy_says_whether_a_direction_means_something(method):
    far, same = two_groups(9.0), two_groups(0.0)
    if method == "classifier":
        assert told_apart(*far, method) > 0.99
    assert told_apart(*far, method) > 0.75
    assert told_apart(*same, method) == pytest.approx(0.5, abs=0.06)


def test_one_image_alone_cannot_be_held_out():
    a, b = two_groups(2.0)
    assert told_apart(a, b[:1], "means") is None


MU, INDEX = np.random.default_rng(1).standard_normal((60, 4)).astype(np.float32), np.arange(100, 160)
LABELS = np.arange(60) % 3


@pytest.mark.parametrize("method", ["means", "classifier"])
def test_a_direction_is_made_of_dataset_indices_and_made_anew_from_other_weights(method):
    start, end = of_indices("few", [103, 101, 159, 4000]), Group("2", label=2)
    direction = make("few to 2", start, end, method, MU, INDEX, LABELS, 7, "run")
    assert direction.counts == (3, 20), "what is not here is not counted"
    if method == "means":
        assert np.allclose(direction.vector, MU[LABELS == 2].mean(axis=0) - MU[[3, 1, 59]].mean(axis=0), atol=1e-6)
    again = make_anew(direction, 2 * MU[::-1], INDEX[::-1], LABELS[::-1], 9, "run")
    assert np.allclose(again.vector, 2 * direction.vector, rtol=0.05, atol=1e-3), "whatever the order of the images"
    assert (again.step, again.name, again.counts) == (9, "few to 2", (3, 20))


def test_all_others_are_those_that_the_other_group_has_not():
    one = Group("1", label=1)
    for start, end in ((one, REST), (REST, one)):
        rows = rows_of(start, end, INDEX, LABELS)
        assert np.array_equal(rows[0], ~rows[1])
        assert np.array_equal(rows[0] if start is one else rows[1], LABELS == 1)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (REST, REST, "choose a group"),
        (of_indices("far", [7]), REST, "'far'"),
        (Group("1", label=1), Group("one", label=1), "same images"),
        (Group("1", label=1), Group("9", label=9), "'9'"),
    ],
)
def test_what_is_no_direction_is_refused_in_one_sentence(start: Group, end: Group, words: str):
    with pytest.raises(ValueError, match=words) as caught:
        make("name", start, end, "means", MU, INDEX, LABELS, 7, "run")
    assert "\n" not in str(caught.value)


def test_classes_need_labels():
    with pytest.raises(ValueError, match="these images have none"):
        make("name", Group("1", label=1), REST, "means", MU, INDEX, None, 7, "run")


@given(arrays(np.float32, (3, 5), elements=whole))
@settings(max_examples=30, deadline=None)
def test_arithmetic_with_places(places: np.ndarray):
    a, b, c = places
    assert np.array_equal(analogy(a, b, c), a - b + c)
    assert np.array_equal(analogy(a, a, c), c)
    film = moved(a, b, [-2, 0, 0.5])
    assert np.array_equal(film, np.stack([a - 2 * b, a, a + 0.5 * b]))


def test_the_normal_is_the_same_in_whatever_units_a_dimension_is():
    a, b = two_groups(3.0, seed=5)
    b[:, 3] += 2.0
    units = np.array([1.0, 1.0, 1.0, 10.0, 1.0, 1.0], np.float32)
    plain, scaled = classifier_normal(a, b), classifier_normal(a * units, b * units)
    wanted = plain / units
    unit = [each / np.linalg.norm(each) for each in (scaled, wanted)]
    assert np.allclose(unit[0], unit[1], atol=1e-3), "the plane is the same, and its normal at right angles to it"
    assert abs(plain[3]) > 0.2 * abs(plain[1]), "it says something"
