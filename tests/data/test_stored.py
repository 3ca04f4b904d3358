"""Pixels that are read from a file as they are asked for."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.data import stored
from latentlab.data.stored import StoredPixels
from latentlab.images import Chosen

COUNT = 50
PIXELS = np.random.default_rng(0).integers(0, 256, (COUNT, 3, 30, 31), np.uint8)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> StoredPixels:
    path = tmp_path_factory.mktemp("mapped") / "pixels.npy"
    np.save(path, PIXELS)
    return StoredPixels(path)


@given(positions=st.lists(st.integers(0, COUNT - 1), max_size=80))
@settings(deadline=None)
def test_any_positions_in_any_order(store: StoredPixels, positions: list[int]) -> None:
    asked = np.array(positions, np.int64)
    assert np.array_equal(store[asked], PIXELS[asked])
    assert store[asked].dtype == np.uint8


@given(first=st.lists(st.integers(0, COUNT - 1), min_size=1, max_size=40), data=st.data())
@settings(deadline=None)
def test_a_choice_of_a_choice_is_a_choice(store: StoredPixels, first: list[int], data: st.DataObject) -> None:
    second = data.draw(st.lists(st.integers(0, len(first) - 1), max_size=40))
    twice = Chosen(Chosen(store, np.array(first)), np.array(second, np.int64))
    assert twice.shape == (len(second), 3, 30, 31)
    assert np.array_equal(twice[np.arange(len(second))], PIXELS[np.array(first)][np.array(second, np.int64)])


def test_several_threads_may_read_at_once(store: StoredPixels) -> None:
    draw = np.random.default_rng(1)
    asked = [draw.integers(0, COUNT, 30) for _ in range(200)]
    with ThreadPoolExecutor(4) as pool:
        for positions, found in zip(asked, pool.map(store.__getitem__, asked), strict=True):
            assert np.array_equal(found, PIXELS[positions])


def test_a_read_may_give_less_than_it_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As raw reads do on network disks, or where a signal comes in between."""

    class Slow(FileIO):
        def readinto(self, room: Any) -> int | None:
            return super().readinto(memoryview(room).cast("B")[:1000])

    np.save(tmp_path / "pixels.npy", PIXELS)
    monkeypatch.setattr(stored, "FileIO", Slow)
    slow = StoredPixels(tmp_path / "pixels.npy")
    asked = np.array([7, COUNT - 1, 0])
    assert np.array_equal(slow[asked], PIXELS[asked])
    os.truncate(tmp_path / "pixels.npy", 10_000)
    with pytest.raises(OSError, match="has become shorter"):
        slow[asked]


@pytest.mark.parametrize(
    "wrong", [np.zeros((3, 8, 8), np.uint8), np.zeros((3, 1, 8, 8)), np.zeros((0, 1, 8, 8), np.uint8)]
)
def test_other_arrays_are_refused(tmp_path: Path, wrong: np.ndarray) -> None:
    np.save(tmp_path / "pixels.npy", wrong)
    with pytest.raises(ValueError, match="no pictures"):
        StoredPixels(tmp_path / "pixels.npy")


def test_pickles_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "pixels.npy", np.array([{}, []], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="no pictures"):
        StoredPixels(tmp_path / "pixels.npy")


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-1], lambda data: data + b"x", lambda data: data[:40], bytes.upper]
)
def test_a_file_that_is_not_whole_is_refused(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    np.save(tmp_path / "pixels.npy", PIXELS)
    path = tmp_path / "pixels.npy"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ValueError, match=r"not whole|damaged"):
        StoredPixels(path)


def test_a_file_that_is_cut_off_later_is_an_error_and_no_crash(tmp_path: Path) -> None:
    np.save(tmp_path / "pixels.npy", PIXELS)
    store = StoredPixels(tmp_path / "pixels.npy")
    os.truncate(tmp_path / "pixels.npy", 10_000)
    with pytest.raises(OSError, match="has become shorter"):
        store[np.array([0, COUNT - 1])]
