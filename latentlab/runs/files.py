"""Whole files: after a crash or on a full disk there is the old file or the new one, never half of one."""

import io
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TEMPORARY = ".tmp"  # ends the name of a file or folder that is still being written
IN_USE = (5, 32)  # of Windows: access denied, sharing violation
TRIES, BETWEEN = 25, 0.02  # and seconds between two of them
LEFTOVER_AGE = 60.0  # seconds after which a temporary file belongs to nobody any more


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path`: written beside it, fsynced, renamed into place, the folder fsynced.

    Raises OSError (full or read-only disk); the temporary file is gone then and the old file is untouched.
    """
    temporary = temporary_beside(path)
    with blaming(path):
        try:
            write_synced(temporary, data)
            replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def replace(source: Path, target: Path) -> None:
    """As os.replace; Windows refuses it while anyone reads `target`, and then it is tried again for half a second."""
    _patiently(lambda: os.replace(source, target))


def unlink(path: Path) -> None:
    """As Path.unlink, of a file that may be gone already; with the patience of `replace`."""
    _patiently(lambda: path.unlink(missing_ok=True))


def _patiently(act: Callable[[], None]) -> None:
    for left in reversed(range(TRIES)):
        try:
            act()
        except PermissionError as error:
            if getattr(error, "winerror", None) not in IN_USE or not left:
                raise
            time.sleep(BETWEEN)
        else:
            return


@contextmanager
def blaming(path: Path) -> Iterator[None]:
    """An OSError that passes names `path`: what a person asked for, not a temporary name, nor nothing (full disk)."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def temporary_beside(path: Path) -> Path:
    """A hidden name in the same folder, so on the same disk, that nobody else has; short, whatever `path` is."""
    return path.parent / f".{secrets.token_hex(6)}{TEMPORARY}"


def write_synced(path: Path, data: bytes) -> None:
    """Create `path` with these bytes and wait until they are on the disk. Raises OSError."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make renames in this folder last through a power cut. Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Delete what killed processes left half-written here; that of a living one is younger than a minute."""
    for entry in list(folder.glob(f".{'[0-9a-f]' * 12}{TEMPORARY}")):
        try:
            if time.time() - entry.stat().st_mtime > LEFTOVER_AGE:
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        except FileNotFoundError:
            continue  # its writer was alive, and has just renamed it


def json_bytes(value: Any) -> bytes:
    """`value` as indented JSON. Raises ValueError for NaN and infinities, which other readers of JSON refuse."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_json(path: Path, value: Any) -> None:
    """Put `value` at `path` as JSON, whole. Raises OSError, and ValueError for what JSON cannot hold."""
    write_whole(path, json_bytes(value))


def read_json(path: Path) -> Any:
    """The value in a JSON file. Raises ValueError with one sentence where it is torn, OSError where unreadable."""
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is damaged: it is not complete JSON") from None


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Put an array of numbers at `path` as .npy, whole. Raises OSError, and ValueError for an array of objects."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_whole(path, buffer.getvalue())


def read_array(path: Path) -> NDArray[Any]:
    """The array in a .npy file. Raises ValueError with one sentence where it is torn or holds more than numbers."""
    with path.open("rb") as file:
        try:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)  # np.load would try archives too
        except (ValueError, EOFError, SyntaxError, TypeError):
            raise ValueError(f"{path} is damaged: it is not a complete array of numbers") from None
    return array
