"""Past epochs in the run folder: kept in place of older ones, thinned, cut, and never mistaken for anything else."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.runs.history import MOST, History


def epochs(history: History) -> list[int]:
    return [past.epoch for past in history.epochs()]


def test_what_was_written_is_there_in_order_and_nothing_else(tmp_path: Path):
    history = History(tmp_path)
    assert history.epochs() == []
    for epoch in (2, 0, 1, 1_000_000):
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
