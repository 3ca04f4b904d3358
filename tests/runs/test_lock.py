import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from latentlab.runs.folder import RunFolder
from latentlab.runs.lock import RunLock, RunLocked

HOLD = """
import sys
from pathlib import Path
from latentlab.runs.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

Start = Callable[[Path], "subprocess.Popen[str]"]


@pytest.fixture
def other() -> Iterator[Start]:
    """Starts another process that takes the lock and holds it until its input ends."""
    started = []

    def start(path: Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", HOLD, str(path)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_second_process_is_told_who_holds_it(tmp_path: Path, other: Start) -> None:
    path = tmp_path / "lock"
    process = other(path)
    lock = RunLock(path)
    with pytest.raises(
        RunLocked, match=f"'{tmp_path.name}' is in use by process {process.pid} on {socket.gethostname()}"
    ):
        lock.acquire()
    assert not lock.held
    assert lock.holder() == (process.pid, socket.gethostname())
    process.communicate("")
    assert lock.holder() is None
    with lock:
        assert lock.holder() == (os.getpid(), socket.gethostname())


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_killed_process_holds_nothing(tmp_path: Path, other: Start) -> None:
    path = tmp_path / "lock"
    process = other(path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert path.read_text().startswith(str(process.pid)), "it had no time to clear its name"
    assert RunLock(path).holder() is None
    with RunLock(path) as lock:
        assert lock.held


def test_two_in_one_process_exclude_one_another(tmp_path: Path) -> None:
    first, second = RunLock(tmp_path / "lock"), RunLock(tmp_path / "lock")
    with first:
        assert second.holder() == (os.getpid(), socket.gethostname())
        with pytest.raises(RunLocked):
            second.acquire()
        assert first.holder() is not None, "asking and failing must not let go of it"
    with second:
        assert second.held


def test_asking_who_holds_it_creates_nothing(tmp_path: Path) -> None:
    assert RunLock(tmp_path / "lock").holder() is None
    assert list(tmp_path.iterdir()) == []


def test_taking_the_lock_reads_the_run_again(runs: Any) -> None:
    """What another process wrote since the run was opened must neither be missed nor written over."""
    opened = runs.create()
    other = RunFolder(opened.path)
    with other.lock():
        other.update(status="completed", note="mine")
    assert opened.record.status == "created"
    with opened.lock():
        assert opened.record.status == "completed"
        opened.update(message="more")
    assert RunFolder(opened.path).record.note == "mine"


def test_a_lock_is_given_back_where_the_run_cannot_be_read(runs: Any) -> None:
    opened = runs.create()
    with opened.lock():
        pass
    record = (opened.path / "run.json").read_bytes()
    (opened.path / "run.json").write_text("{")
    with pytest.raises(ValueError, match="damaged"), opened.lock():
        raise AssertionError("it was taken")
    (opened.path / "run.json").write_bytes(record)
    with opened.lock():
        assert opened.holder() is not None
    RunFolder(opened.path).update(read_only=True)
    with pytest.raises(ValueError, match="read-only"), opened.lock():
        raise AssertionError("it was taken")
