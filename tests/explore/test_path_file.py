"""A path in a file: it comes back to the bit, and what is no path is refused with a sentence."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from latentlab.explore.path_file import PathFile, load_path, save_path

finite = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, min_side=2),
    elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(z=finite, method=st.sampled_from(["linear", "spherical", "smooth"]), label=st.none() | st.integers(0, 9))
def test_a_path_comes_back_to_the_bit(tmp_path: Path, z: np.ndarray, method: str, label: int | None):
    file = tmp_path / "walk.json"
    save_path(file, PathFile(z, "digits-1", method, label))
    back = load_path(file)
    assert np.array_equal(back.z, z)
    assert back.z.dtype == np.float32
    assert (back.run, back.method, back.label) == ("digits-1", method, label)


def held(**changes: object) -> str:
    known = {"schema_version": 1, "kind": "path", "run": "a", "method": "linear", "latent_dim": 2, "label": None}
    return json.dumps({**known, "waypoints": [[0, 1], [2, 3]], **changes})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not complete JSON"),
        ("[]", "no path of LatentLab"),
        (held(kind="mixture"), "no path of LatentLab"),
        (held(schema_version=2), "newer LatentLab"),
        (held(method="cubic"), "unknown way: 'cubic'"),
        (held(method=["linear"]), "unknown way"),
        (held(waypoints=[[0, 1]]), "two waypoints or more"),
        (held(waypoints=[[0, 1], [2]]), "rows of numbers"),
        (held(waypoints=[["a", 1], [2, 3]]), "rows of numbers"),
        (held(waypoints=None), "rows of numbers|two waypoints"),
        (held(latent_dim=3), "as many numbers as it says"),
        (held(waypoints=[[0, 1]] * 101), "has 101 waypoints, and a path has at most 100"),
        (held(waypoints=[[1e300, 1], [2, 3]]), "not finite"),
        (held().replace("2, 3", "NaN, 3"), "not finite"),
        (held(label=True), "label"),
        (held(label="three"), "label"),
    ],
)
def test_what_is_no_path_is_refused_with_one_sentence(tmp_path: Path, text: str, reason: str):
    file = tmp_path / "walk.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=reason) as refused:
        load_path(file)
    assert "\n" not in str(refused.value)


def test_numbers_that_are_not_finite_are_not_written_and_the_old_file_stays(tmp_path: Path):
    file = tmp_path / "walk.json"
    save_path(file, PathFile(np.zeros((2, 3), np.float32), "a"))
    before = file.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        save_path(file, PathFile(np.full((2, 3), np.nan, np.float32), "a"))
    assert file.read_bytes() == before


def test_no_more_waypoints_are_written_than_can_be_read(tmp_path: Path):
    file = tmp_path / "walk.json"
    with pytest.raises(ValueError, match="at most 100 waypoints, and this one 101"):
        save_path(file, PathFile(np.zeros((101, 3), np.float32), "a"))
    assert not file.exists()
    save_path(file, PathFile(np.zeros((100, 3), np.float32), "a"))
    assert len(load_path(file).z) == 100


def test_a_path_of_another_dimension_is_refused_by_both_names():
    path = PathFile(np.zeros((2, 3), np.float32), "digits-1")
    path.check_fits(3, "digits-2")
    with pytest.raises(ValueError, match="of digits-1, with 3 latent dimensions, and faces has 10"):
        path.check_fits(10, "faces")
