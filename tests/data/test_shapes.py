"""Shapes: the picture follows from the factors, and a subset is part of the whole."""

from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.config import DataConfig
from latentlab.data.shapes import FACTORS, TOTAL, DrawnShapes, factors, shuffle, unravel
from latentlab.data.sources import load
from latentlab.images import Dataset, limited

codes = st.integers(0, TOTAL - 1)


@cache
def whole() -> Dataset:
    return load(DataConfig(source="shapes"), data_dir=Path("x"))


def picture(code: int) -> np.ndarray:
    return DrawnShapes(np.array([code]))[np.array([0])][0, 0]


def test_the_whole_set_is_there_but_not_in_memory() -> None:
    data = whole()
    assert (len(data), data.shape, len(data.test)) == (3 * 6 * 40 * 32 * 32, (1, 64, 64), 10_000)
    assert not isinstance(data.train.pixels, np.ndarray)
    assert data.class_names == ("square", "ellipse", "heart")
    assert data.train.factors is not None
    assert data.test.factors is not None
    known = np.concatenate([data.train.factors, data.test.factors]) - np.array([0, 0.5, 0, 0, 0])
    steps = np.rint(known * np.array([1, 10, 20 / np.pi, 31, 31])).astype(int)
    assert len(np.unique(np.ravel_multi_index(tuple(steps.T), FACTORS))) == TOTAL


@settings(deadline=None, max_examples=40)
@given(codes)
def test_a_picture_follows_from_its_factors_and_tells_them(code: int) -> None:
    drawn = picture(code)
    assert np.array_equal(drawn, picture(code))
    ys, xs = np.mgrid[:64, :64]
    mass = drawn.astype(float)
    centre = np.array([(xs * mass).sum(), (ys * mass).sum()]) / mass.sum()
    shape, scale, _, x, y = factors(np.array([code]))[0]
    area = (20 * 20, np.pi * 14 * 8, 20 * 20 * (0.5 + np.pi / 8))[int(shape)] * scale**2
    assert abs(mass.sum() / 255 - area) < 0.03 * area + 2
    assert np.allclose(centre, [16 + 31 * x, 16 + 31 * y], atol=0.1)


@settings(deadline=None, max_examples=40)
@given(codes, st.integers(1, 31))
def test_moving_moves_and_nothing_else(code: int, shift: int) -> None:
    factor = unravel(np.array([code]))[0]
    moved = factor.copy()
    moved[3] = (factor[3] + shift) % 32
    other = picture(int(np.ravel_multi_index(moved, FACTORS)))
    assert np.array_equal(np.roll(picture(code), moved[3] - factor[3], axis=1), other)


def test_turning_by_a_right_angle_turns_the_picture() -> None:
    upright = int(np.ravel_multi_index((2, 5, 0, 16, 16), FACTORS))
    turned = int(np.ravel_multi_index((2, 5, 10, 16, 16), FACTORS))
    first, second = picture(upright)[16:49, 16:49], picture(turned)[16:49, 16:49]
    assert not np.array_equal(first, second)
    assert np.abs(np.rot90(first, -1).astype(int) - second).max() <= 1


@settings(deadline=None, max_examples=5)
@given(st.integers(2, 300), st.integers(0, 1000))
def test_a_subset_is_part_of_the_whole_and_balanced(count: int, seed: int) -> None:
    data = load(DataConfig(source="shapes", limit=count), data_dir=Path("x"), seed=seed)
    assert len(data.train) == count
    assert np.array_equal(data.train.index, np.unique(data.train.index))
    some = data.train.take(np.arange(0, count, max(1, count // 10)))
    same = whole().at(some.index)
    assert np.array_equal(some.pixels, same.pixels)
    assert some.labels is not None
    assert same.labels is not None
    assert np.array_equal(some.labels, same.labels)
    assert data.train.labels is not None
    assert np.ptp(np.bincount(data.train.labels, minlength=3)) <= 1
    assert len(limited(data.train, count, seed)) == count


def test_limiting_here_chooses_what_limiting_later_would() -> None:
    early = load(DataConfig(source="shapes", limit=50), data_dir=Path("x"), seed=3).train
    late = limited(whole().train, 50, 3)
    assert np.array_equal(early.index, late.index)
    assert np.array_equal(early.take(np.arange(50)).pixels, late.pixels)


def test_the_order_never_changes() -> None:
    """Written down once: a run's indices mean the same pictures on any machine and with any NumPy."""
    order = shuffle(TOTAL)
    assert np.array_equal(np.sort(order), np.arange(TOTAL))
    assert order[:4].tolist() == [0, 573549, 70274, 390832]


def test_size_and_channels_are_honoured() -> None:
    data = load(DataConfig(source="shapes", limit=6, image_size=33, channels=3), data_dir=Path("x"))
    drawn = data.train.take(np.arange(6)).pixels
    assert drawn.shape == (6, 3, 33, 33)
    assert np.array_equal(drawn[:, 0], drawn[:, 2])
    assert drawn.max() > 200
