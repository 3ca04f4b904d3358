"""What is kept of directions and groups: the same after a file, and nothing of what is none."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.runs.directions import (
    FILE,
    Direction,
    Directions,
    load_directions,
    read_directions,
    save_directions,
    to_dict,
    write_directions,
)
from latentlab.runs.groups import LONGEST_NAME, Group, free_name, of_indices, read_group

names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=LONGEST_NAME)
indices = st.lists(st.integers(0, 2**53), min_size=1, max_size=20)
groups = st.one_of(
    st.builds(Group, names, label=st.integers(0, 1000)),
    st.builds(of_indices, names, indices),
    st.builds(Group, names),
)


@st.composite
def directions(draw, dims: int) -> Direction:
    vector = draw(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=dims, max_size=dims))
    return Direction(
        draw(names),
        np.array(vector, np.float32),
        draw(st.sampled_from(["means", "classifier"])),
        draw(st.none() | groups),
        draw(st.none() | groups),
        draw(st.integers(0, 2**50)),
        draw(names),
        draw(st.none() | st.floats(0, 1)),
        draw(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6))),
    )


@st.composite
def books(draw) -> Directions:
    dims = draw(st.integers(1, 5))
    book = Directions(draw(names), dims, draw(st.text(max_size=20).filter(lambda t: "\ud800" not in t)))
    for group in draw(st.lists(groups, max_size=3)):
        book = book.with_group(group)
    for direction in draw(st.lists(directions(dims), max_size=3)):
        book = book.put(replace(direction, name=book.free_name(direction.name)))
    return book


@given(books())
@settings(max_examples=80, deadline=None)
def test_what_is_written_is_read_again(tmp_path_factory, book: Directions):
    file = tmp_path_factory.mktemp("kept") / "there.json"
    write_directions(file, book)
    found = read_directions(file)
    assert to_dict(found) == to_dict(book)
    assert found.groups == book.groups
    for one, other in zip(found.directions, book.directions, strict=True):
        assert one.vector.dtype == np.float32
        assert np.array_equal(one.vector, other.vector), "to the bit"
        assert (one.start, one.end, one.counts) == (other.start, other.end, other.counts)


def direction(name: str = "2 → 7", dims: int = 3, **changes) -> Direction:
    made = Direction(name, np.arange(dims, dtype=np.float32), "means", Group("2", 2), Group("7", 7), 10, "run", 0.9)
    return replace(made, **changes)


def book(dims: int = 3, run: str = "run", dataset: str = "sha256:1") -> Directions:
    return Directions(run, dims, dataset).with_group(of_indices("some", [5, 3])).put(direction(dims=dims))


def test_a_run_s_folder_holds_them_and_one_without_has_none(tmp_path: Path):
    assert load_directions(tmp_path, "run", 3, "x").directions == ()
    save_directions(tmp_path, book())
    assert [each.name for each in tmp_path.iterdir()] == [FILE], "no leftovers"
    assert to_dict(load_directions(tmp_path, "run", 3, "x")) == to_dict(book())


def test_a_run_that_was_renamed_knows_its_own(tmp_path: Path):
    save_directions(tmp_path, book().put(direction("from far", run="another")))
    found = load_directions(tmp_path, "renamed", 3, "x")
    assert found.run == "renamed"
    assert [each.run for each in found.directions] == ["renamed", "another"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch):
    save_directions(tmp_path, book())
    before = (tmp_path / FILE).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        save_directions(tmp_path, book().without("2 → 7"))
    assert (tmp_path / FILE).read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_another_latent_size_is_refused_in_one_sentence(tmp_path: Path):
    with pytest.raises(ValueError, match="4 latent dimensions, and run has 3") as caught:
        book().merged(book(4, "other"))
    assert "\n" not in str(caught.value)
    save_directions(tmp_path, book(4))
    with pytest.raises(ValueError, match="4 latent dimensions"):
        load_directions(tmp_path, "run", 3, "x")


def test_of_the_same_data_groups_come_too_and_of_others_the_directions_alone():
    mine = Directions("mine", 3, "sha256:1")
    same = mine.merged(book())
    assert [each.name for each in same.groups] == ["some"]
    assert same.directions[0].again
    other = mine.merged(book(dataset="sha256:2"))
    assert other.groups == ()
    assert not other.directions[0].again
    twice = same.merged(book())
    assert [each.name for each in twice.directions] == ["2 → 7", "2 → 7 2"]
    assert len(twice.groups) == 1, "the same group is not there twice"


def test_names_are_kept_apart():
    two = book().put(direction("other"))
    assert [each.name for each in two.rename("other", " new ").directions] == ["2 → 7", "new"]
    for wrong in ("2 → 7", "", "  ", "a\nb", "x" * (LONGEST_NAME + 1)):
        with pytest.raises(ValueError, match=r"already|name"):
            two.rename("other", wrong)
    assert len(free_name("x" * LONGEST_NAME, ["x" * LONGEST_NAME])) == LONGEST_NAME


WRONG = {
    "kind": "path",
    "schema_version": 2,
    "latent_dim": 4,
    "run": None,
    "groups": [{"name": "g", "index": [-1]}],
    "directions": {},
}


@pytest.mark.parametrize("key", WRONG)
def test_what_is_no_file_of_directions_is_refused(tmp_path: Path, key: str):
    file = tmp_path / "kept.json"
    file.write_text(json.dumps({**to_dict(book()), key: WRONG[key]}))
    with pytest.raises(ValueError, match=r"kept\.json"):
        read_directions(file)


WRONG_DIRECTION = {
    "vector": [0, 1],
    "method": "magic",
    "accuracy": 1.5,
    "counts": [1],
    "step": -1,
    "name": "",
    "start": {"name": "x", "label": True},
}


@pytest.mark.parametrize("key", WRONG_DIRECTION)
def test_a_damaged_direction_is_refused(tmp_path: Path, key: str):
    held = to_dict(book())
    held["directions"][0][key] = WRONG_DIRECTION[key]
    file = tmp_path / "kept.json"
    file.write_text(json.dumps(held))
    with pytest.raises(ValueError, match=r"kept\.json is damaged"):
        read_directions(file)


@pytest.mark.parametrize("vector", ["[0, 1, 1e39]", "[0, 1, NaN]", "[0, 1, null]", f"[0, 1, {10**400}]"])
def test_a_vector_is_finite(tmp_path: Path, vector: str):
    text = json.dumps(to_dict(book()))
    file = tmp_path / "kept.json"
    file.write_text(text.replace("[0.0, 1.0, 2.0]", vector))
    with pytest.raises(ValueError, match=r"vector|finite"):
        read_directions(file)


@pytest.mark.parametrize(
    "text",
    [
        "[7, 3, 3]",
        '{"index": [3, 7]}',
        "3\n7\n",
        "index,label\n3,a\n7,b\n",
        "label,index\na,7\nb,3\n",
        "\ufeffindex\r\n3\r\n7\r\n",
        "number\n7\n3\n",
    ],
)
def test_a_group_is_read_from_json_and_csv(tmp_path: Path, text: str):
    file = tmp_path / "with a loop.csv"
    file.write_text(text, encoding="utf-8")
    assert read_group(file) == Group("with a loop", index=(3, 7))
    assert read_group(file, "mine").name == "mine"


@pytest.mark.parametrize(
    "text", ["", "[]", "[1.5]", "[true]", "[-1]", "{}", "{", "index\na\n", "index\n-1\n", "a,b\n1.5,2"]
)
def test_what_is_no_group_is_refused_in_one_sentence(tmp_path: Path, text: str):
    file = tmp_path / "group.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match="group") as caught:
        read_group(file)
    assert "\n" not in str(caught.value)


def test_bytes_are_no_group(tmp_path: Path):
    file = tmp_path / "group.csv"
    file.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ValueError, match="not text"):
        read_group(file)
