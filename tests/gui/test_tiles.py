"""Room for pictures on the map: none over another, none left out that has room, and none that jumps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.gui.widgets.tiles import Tiling, tile_size, with_room

places = st.lists(st.tuples(st.integers(-60, 460), st.integers(-60, 360)), min_size=1, max_size=150)


@settings(max_examples=120, deadline=None)
@given(places=places, wide=st.integers(4, 60), high=st.integers(4, 60))
def test_no_tile_lies_over_another_and_none_is_left_out_that_has_room(places, wide: int, high: int):
    middle, size = np.array(places, np.int64), (400, 300)
    chosen = with_room(middle, (wide, high), size)
    assert chosen == sorted(chosen)
    at = middle[chosen]
    apart = np.abs(at[:, None] - at[None])
    over = (apart[..., 0] < wide) & (apart[..., 1] < high)
    assert not (over & ~np.eye(len(at), dtype=bool)).any()
    near = (middle >= (-wide, -high)).all(axis=1) & (middle < (400 + wide, 300 + high)).all(axis=1)
    assert near[chosen].all()
    for row in np.flatnonzero(near):
        if row not in chosen:
            before = [other for other in chosen if other < row]
            gap = np.abs(middle[before] - middle[row])
            assert ((gap[:, 0] < wide) & (gap[:, 1] < high)).any(), "nothing before it was in its way"


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(1, 300),
    seed=st.integers(0, 99),
    moves=st.lists(
        st.tuples(st.floats(-40, 40), st.floats(-40, 40), st.sampled_from([0.8, 1.0, 1.0, 1.3])), max_size=8
    ),
)
def test_wherever_one_goes_tiles_keep_apart_and_stay_while_panning(count: int, seed: int, moves):
    coords = np.random.default_rng(seed).uniform(0, 1, (count, 2)).astype(np.float32)
    tiling, may, tile, size = Tiling(), np.ones(count, np.bool_), (30, 24), (400, 300)
    scale, x, y = 380.0, 10.0, 290.0
    before: set[int] = set()
    for dx, dy, factor in [(0.0, 0.0, 1.0), *moves]:
        scale, x, y = scale * factor, x + dx, y + dy
        laid = tiling.lay(coords, may, (scale, -scale, x, y), size, tile)
        rows = np.array([row for row, _, _ in laid], np.int64)
        at = np.array([place[1:] for place in laid], np.int64).reshape(-1, 2)
        assert len(set(rows.tolist())) == len(rows)
        assert (np.abs(at - (coords[rows].astype(np.float64) * (scale, -scale) + (x, y))) <= 2).all()
        apart = np.abs(at[:, None] - at[None])
        over = (apart[..., 0] < tile[0]) & (apart[..., 1] < tile[1])
        assert not (over & ~np.eye(len(at), dtype=bool)).any()
        if factor >= 1.0 and before:
            shown = coords[sorted(before)] * (scale, -scale) + (x, y)
            inside = ((shown > 0) & (shown < size)).all(axis=1)
            stay = np.array(sorted(before))[inside]
            assert set(stay.tolist()) <= set(rows.tolist())
        before = set(rows.tolist())


@pytest.mark.parametrize(
    ("shape", "side", "expected"),
    [((8, 8), 28, (24, 24)), ((28, 28), 40, (28, 28)), ((64, 64), 40, (32, 32)), ((218, 178), 40, (29, 36))],
)
def test_pictures_have_whole_multiples_or_parts_of_their_size(shape, side: int, expected):
    assert tile_size(shape, side) == expected
