"""How large, how opaque and how hazy points are drawn, from how close together they lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.gui.widgets.point_style import stamps, style_for, taps, typical_spacing

QUICK = settings(deadline=None, max_examples=40)


@QUICK
@given(spacing=st.floats(0.05, 50), closer=st.floats(1.0, 4.0), ratio=st.sampled_from([1.0, 1.5, 2.0]))
def test_zooming_in_makes_points_larger_more_opaque_and_less_hazy(spacing: float, closer: float, ratio: float):
    far, near = style_for(spacing, ratio), style_for(spacing * closer, ratio)
    assert far.diameter <= near.diameter <= 10 * ratio
    assert far.opacity <= near.opacity <= 1
    assert 1 >= far.haze >= near.haze >= 0
    assert taps(far.diameter).sum() == pytest.approx(1)
    assert len(taps(far.diameter)) % 2 == 1


@QUICK
@given(seed=st.integers(0, 99), count=st.integers(200, 5000), scale=st.floats(0.01, 100))
def test_the_usual_distance_is_that_of_even_points_however_large_the_map(seed: int, count: int, scale: float):
    places = (np.random.default_rng(seed).random((count, 2)) * (3 * scale, scale)).astype(np.float32)
    assert typical_spacing(places, count) == pytest.approx(np.sqrt(3 * scale**2 / count), rel=0.25)
    half = typical_spacing(places[: count // 2], count)
    assert half == pytest.approx(typical_spacing(places, count), rel=0.25), "a sample will do"


def test_one_place_or_none_has_no_usual_distance():
    for places in (np.empty((0, 2)), np.ones((1, 2)), np.ones((50, 2)), np.full((5, 2), np.nan)):
        assert typical_spacing(places.astype(np.float32), len(places)) == np.inf
    line = np.stack([np.arange(100), np.zeros(100)], axis=1).astype(np.float32)
    assert np.isfinite(typical_spacing(line, 100))


@pytest.mark.parametrize("diameter", [1.75, 3.0, 5.5, 18.0])
def test_a_disc_has_its_area_wherever_its_middle_is_in_the_pixel(diameter: float):
    offsets, shares = stamps(diameter, 1.0, 4)
    assert offsets.shape == shares.shape
    assert np.allclose(shares[:, :, 0].sum(axis=1) / 256, np.pi * diameter**2 / 4, rtol=0.16)
    assert (shares[:, :, 1] <= shares[:, :, 0]).all()
    assert stamps(diameter, 0.5, 4)[1].max() == 128
