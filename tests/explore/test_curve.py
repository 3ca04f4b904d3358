"""Curves: frames at even decoded lengths, whatever the points that carry them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.explore.curve import Curve


@settings(deadline=None)
@given(st.lists(st.floats(0.0, 10.0, width=16), min_size=1, max_size=12), st.integers(2, 30))
def test_frames_lie_evenly_in_decoded_length(gaps, count):
    lengths = np.r_[0.0, np.cumsum(gaps)]
    curve = Curve(np.arange(len(lengths), dtype=np.float32)[:, None], lengths)
    frames = curve.frames(count)
    assert frames.shape == (count, 1)
    assert np.array_equal(frames[[0, -1]], curve.z[[0, -1]])
    if lengths[-1] > 1e-3:
        come = np.interp(frames[:, 0], np.arange(len(lengths)), lengths)
        assert np.allclose(come, np.linspace(0, lengths[-1], count), atol=1e-4 * lengths[-1])


def test_curves_are_joined_end_to_begin():
    one = Curve(np.array([[0.0], [1.0]], np.float32), np.array([0.0, 2.0]))
    other = Curve(np.array([[1.0], [5.0], [6.0]], np.float32), np.array([0.0, 1.0, 4.0]))
    whole = Curve.joined([one, other])
    assert whole.z[:, 0].tolist() == [0, 1, 5, 6]
    assert whole.lengths.tolist() == [0, 2, 3, 6]
