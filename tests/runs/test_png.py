"""Pictures written with zlib alone are what another program reads."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from latentlab.runs.png import png_bytes


@given(
    st.tuples(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3])).flatmap(
        lambda shape: arrays(np.uint8, shape)
    )
)
@settings(deadline=None, max_examples=60)
def test_pillow_reads_the_same_pixels(picture: np.ndarray) -> None:
    image = Image.open(io.BytesIO(png_bytes(picture)))
    assert image.format == "PNG"
    assert image.mode == {1: "L", 3: "RGB"}[picture.shape[2]]
    assert np.array_equal(np.asarray(image).reshape(picture.shape), picture)
    Image.open(io.BytesIO(png_bytes(picture))).verify()  # its checksums


def test_eight_bits_are_asked_for() -> None:
    with pytest.raises(AssertionError, match="8 bits"):
        png_bytes(np.zeros((2, 2, 3), np.float32))  # type: ignore[arg-type]
