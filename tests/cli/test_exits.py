"""What becomes of an error: its exit code and its sentence."""

import errno
from pathlib import Path

import pytest

from latentlab.cli.exits import guarded
from latentlab.runs.lock import RunLock, RunLocked


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ValueError("choose\nanother"), 2, "latentlab: choose another\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/runs/a"),
            1,
            "latentlab: No space left on device: /runs/a\n",
        ),
        (OSError("the network is gone"), 1, "latentlab: the network is gone\n"),
        (
            MemoryError("1.75 TiB"),
            1,
            "latentlab: there is not enough memory for this: ask for less of it, or for smaller pictures\n",
        ),
        (KeyboardInterrupt(), 130, "latentlab: interrupted\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_a_sentence(error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        raise error

    assert guarded(work) == code
    assert capsys.readouterr().err == said


def test_a_run_in_use_is_a_wrong_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        with pytest.raises(RunLocked) as refused:
            RunLock(tmp_path / "lock").acquire()
        raise refused.value

    with RunLock(tmp_path / "lock"):
        assert guarded(work) == 2
    assert "in use by process" in capsys.readouterr().err


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    def work() -> int:
        raise TypeError("a mistake")

    with pytest.raises(TypeError):
        guarded(work)


def test_what_works_keeps_its_code() -> None:
    assert guarded(lambda: 1) == 1
