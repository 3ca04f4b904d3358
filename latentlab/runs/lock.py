"""One writer per run: a lock of the operating system, which drops it when the process ends, however it ends.

PID and host stand in the file for the sentence that a second process shows; the lock itself never trusts them.
The file is left where it is: deleting a lock file lets two processes lock two files of one name.
"""

import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 0.3  # seconds: `holder` in another process takes the lock for an instant


class RunLocked(OSError):
    """The run is being written by another process; it can be opened read-only."""


class RunLock:
    """The lock at `path`, free at first; also a context manager. Two of them exclude one another in one process too.

    `taken` is called whenever the lock has just been taken; where it raises, the lock is given back.
    """

    def __init__(self, path: Path, taken: Callable[[], object] = lambda: None) -> None:
        self.path = path
        self._taken = taken
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises RunLocked naming PID and host, OSError where the folder cannot be written."""
        assert self._descriptor is None, "taken already"
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        deadline = time.monotonic() + PATIENCE
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                who = _read_holder(descriptor)
                os.close(descriptor)
                raise RunLocked(_sentence(self.path.parent.name, who))
            time.sleep(0.01)
        self._descriptor = descriptor
        try:
            _write_holder(descriptor, f"{os.getpid()} {socket.gethostname()}\n".encode())
            self._taken()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give the lock back; nothing happens where it is not held."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            try:
                os.ftruncate(descriptor, 0)
            finally:
                _unlock(descriptor)
                os.close(descriptor)

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def holder(self) -> tuple[int, str] | None:
        """PID and host of the living process that holds the lock, or None. PID 0 where it has not said yet."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            if _try_lock(descriptor, shared=True):
                _unlock(descriptor)
                return None
            return _read_holder(descriptor)
        finally:
            os.close(descriptor)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _sentence(run: str, who: tuple[int, str]) -> str:
    pid, host = who
    by = f"process {pid} on {host}" if pid else "another process"
    return f"the run '{run}' is in use by {by}; wait until it has ended, or open the run read-only"


def _read_holder(descriptor: int) -> tuple[int, str]:
    os.lseek(descriptor, 0, os.SEEK_SET)
    pid, _, host = os.read(descriptor, 512).decode(errors="replace").strip().partition(" ")
    return (int(pid), host) if pid.isdigit() else (0, "")


def _write_holder(descriptor: int, text: bytes) -> None:
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, text)


if sys.platform == "win32":
    import msvcrt

    FAR = 1 << 20  # Windows forbids others to read what is locked, so a byte far behind the text is

    def _try_lock(descriptor: int, shared: bool = False) -> bool:
        os.lseek(descriptor, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    # flock and not lockf: a POSIX record lock is lost as soon as the process closes any descriptor of the file.
    def _try_lock(descriptor: int, shared: bool = False) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
