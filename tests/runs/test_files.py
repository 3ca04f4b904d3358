import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentlab.runs.files import read_array, read_json, remove_leftovers, write_array, write_json, write_whole

posix = pytest.mark.skipif(os.name == "nt", reason="limits and permissions of POSIX")

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from latentlab.runs.files import write_whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    write_whole(Path(sys.argv[1]), bytes(20_000))
except OSError as error:
    print(type(error).__name__)
"""

# root writes where it likes, so the child gives up that power first: it is gone after an exec.
READ_ONLY = """
import ctypes, os, sys
from pathlib import Path
if "powerless" not in sys.argv:
    if os.geteuid() == 0 and ctypes.CDLL(None).prctl(24, 1, 0, 0, 0) != 0:
        print("cannot")
        raise SystemExit
    os.execv(sys.executable, [*sys.orig_argv, "powerless"])
from latentlab.runs.files import write_whole
try:
    write_whole(Path(sys.argv[1]), b"new")
except PermissionError as error:
    print(error.filename)
"""


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_at_the_file_systems_limit_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_whole(path, b"x")
    assert path.read_bytes() == b"x"


@posix
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, run_python: Any) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"old")
    assert run_python(FULL_DISK, path).stdout.strip() == "OSError"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="capabilities of Linux")
def test_a_read_only_folder_is_an_oserror_that_names_it(tmp_path: Path, run_python: Any) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(b"old")
    tmp_path.chmod(0o555)
    try:
        said = run_python(READ_ONLY, path).stdout.strip()
    finally:
        tmp_path.chmod(0o755)
    if said == "cannot":
        pytest.skip("this root cannot give up its powers")
    assert said == str(path), "the error names what was to be written, and not a temporary file"
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_any_step_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")  # without a name, as the operating system says it

    path = tmp_path / "run.json"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, fails, fail)
    with pytest.raises(OSError, match=r"No space left on device: '.*run\.json'"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_is_read_as_it_was_written_and_torn_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_json(path, {"beta": 4.0, "name": "größer"})
    assert read_json(path) == {"beta": 4.0, "name": "größer"}
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match=r"run\.json is damaged: it is not complete JSON"):
        read_json(path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"neg_elbo": float("nan")})


def test_arrays_are_read_as_written_torn_and_pickled_ones_refused(tmp_path: Path) -> None:
    path = tmp_path / "latents.npy"
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    write_array(path, array)
    assert np.array_equal(read_array(path), array)
    whole = path.read_bytes()
    objects = np.empty(1, object)
    np.save(tmp_path / "objects.npy", objects, allow_pickle=True)
    for broken in (whole[:-1], whole[:20], b"", b"PK\x03\x04", (tmp_path / "objects.npy").read_bytes()):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match="not a complete array"):
            read_array(path)
    with pytest.raises(ValueError, match="Object arrays"):
        write_array(path, objects)


def test_leftovers_of_the_dead_are_removed_and_those_of_the_living_are_not(tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in (".0123456789ab.tmp", ".ba9876543210.tmp", ".mine.tmp"))
    for path in (old, young, other):
        path.write_bytes(b"")
    for path in (old, other):
        os.utime(path, (time.time() - 3600,) * 2)
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([young, other])


DIE_EVERYWHERE = """
import os, signal, sys
from pathlib import Path
from latentlab.runs.files import write_whole

path, die_at, finished = Path(sys.argv[1]), 0, False
while not finished:
    die_at += 1
    path.write_bytes(b"old")
    pid = os.fork()
    if pid == 0:
        left = die_at
        def count(event, arguments):
            global left
            if event in ("open", "os.rename", "os.remove"):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        write_whole(path, b"new")
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    finished = status == 0
    assert finished or os.WTERMSIG(status) == signal.SIGKILL
    print(path.read_bytes().decode())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="fork and SIGKILL")
def test_killed_at_every_touch_of_the_disk_the_file_is_old_or_new(tmp_path: Path, run_python: Any) -> None:
    found = run_python(DIE_EVERYWHERE, tmp_path / "run.json").stdout.split()
    assert found == ["old", "old", "new", "new"]  # at the temporary file, the renaming, the folder's fsync; not at all
