"""Past epochs in the run folder: kept in place of older ones, thinned, cut, and never mistaken for anything else."""

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.runs import files
from latentlab.runs.history import MOST, History


def epochs(history: History) -> list[int]:
    return [past.epoch for past in history.epochs()]


def test_what_was_written_is_there_in_order_and_nothing_else(tmp_path: Path):
    history = History(tmp_path)
    assert history.epochs() == []
    for epoch in (0, 1, 2, 1_000_000):
        assert not history.write(epoch, epoch * 10, b"weights of %d" % epoch)
    (history.folder / "notes.txt").write_text("a person's own")
    (history.folder / ".0123456789ab.tmp").write_bytes(b"half")
    assert epochs(history) == [0, 1, 2, 1_000_000]
    assert [past.step for past in history.epochs()] == [0, 10, 20, 10_000_000]
    assert history.epochs()[2].path.read_bytes() == b"weights of 2"


def test_an_epoch_that_is_trained_again_replaces_the_one_before(tmp_path: Path):
    history = History(tmp_path)
    history.write(3, 300, b"old")
    history.write(3, 290, b"new")
    assert [(past.epoch, past.step, past.path.read_bytes()) for past in history.epochs()] == [(3, 290, b"new")]


def test_what_was_undone_is_cut(tmp_path: Path):
    history = History(tmp_path)
    history.cut_after(0)  # of a run without one
    for epoch in range(5):
        history.write(epoch, epoch * 10, b"")
    history.cut_after(25)
    assert epochs(history) == [0, 1, 2]
    history.cut_after(20)
    assert epochs(history) == [0, 1, 2], "the present step's own stays"


def in_use(monkeypatch: pytest.MonkeyPatch, times: int, *names: str) -> None:
    """As on Windows, where a file that someone reads cannot be removed, these cannot for the first so many times."""
    tried: Counter[str] = Counter()

    def refuse(path: Path, missing_ok: bool = False) -> None:
        tried[path.name] += 1
        if path.name in names and tried[path.name] <= times:
            error = PermissionError(13, "The process cannot access the file", str(path))
            error.winerror = 32
            raise error
        os.unlink(path)

    monkeypatch.setattr(files, "BETWEEN", 0.0)
    monkeypatch.setattr(Path, "unlink", refuse)


def test_a_file_that_is_read_for_a_moment_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    history = History(tmp_path)
    for epoch in range(4):
        history.write(epoch, epoch * 10, b"")
    in_use(monkeypatch, 3, "epoch-000002-step-000000020.safetensors")
    history.cut_after(10)
    assert epochs(history) == [0, 1]


def test_one_that_stays_in_use_keeps_nothing_else_and_goes_with_the_next_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    history = History(tmp_path)
    for epoch in range(5):
        history.write(epoch, epoch * 10, b"old")
    in_use(monkeypatch, files.TRIES, "epoch-000003-step-000000030.safetensors")
    with pytest.raises(OSError, match="cannot access"):
        history.cut_after(10)
    assert epochs(history) == [0, 1, 3], "the others are gone"
    history.write(2, 19, b"new")
    assert [(past.step, past.path.read_bytes()) for past in history.epochs()] == [
        (0, b"old"),
        (10, b"old"),
        (19, b"new"),
    ]


def test_thinning_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    history = History(tmp_path, limit=3)
    for epoch in range(3):
        history.write(epoch, epoch, b"x")
    in_use(monkeypatch, files.TRIES, "epoch-000001-step-000000001.safetensors")
    assert not history.write(3, 3, b"x")
    assert epochs(history) == [0, 1, 2, 3]
    assert history.write(4, 4, b"x")
    assert epochs(history) == [0, 2, 4]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    history = History(tmp_path)
    history.write(0, 0, b"first")

    def full(path: Path, data: bytes) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        history.write(1, 10, b"second")
    assert [entry.name for entry in history.folder.iterdir()] == [history.epochs()[0].path.name]


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 60), size=st.integers(1, 40))
def test_the_oldest_and_the_newest_stay_within_the_limit(tmp_path_factory, count: int, size: int):
    history = History(tmp_path_factory.mktemp("thin"), limit=120)
    assert history.fits(size)
    thinned = [history.write(epoch, epoch, bytes(size)) for epoch in range(count)]
    kept = epochs(history)
    assert kept[0] == 0
    assert kept[-1] == count - 1
    assert len(kept) * size <= 120
    assert any(thinned) == (count * size > 120)
    assert len(kept) >= min(count, 120 // size // 2), "no more is dropped than every second one"


def test_of_a_thousand_and_one_epochs_half_stay(tmp_path: Path):
    history = History(tmp_path)
    history.folder.mkdir()
    for epoch in range(MOST):
        (history.folder / f"epoch-{epoch:06d}-step-{epoch:09d}.safetensors").touch()
    assert history.write(MOST, MOST, b"")
    assert epochs(history) == list(range(0, MOST + 1, 2))


def test_weights_of_which_three_are_too_large_are_not_for_keeping(tmp_path: Path):
    assert History(tmp_path, limit=30).fits(10)
    assert not History(tmp_path, limit=30).fits(11)
