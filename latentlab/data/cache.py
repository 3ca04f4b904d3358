"""Decoded pictures kept on disk: folders `decoded/<key>` in the data folder, each whole or absent.

    decoded/<key>/
      pixels.npy    uint8 (N, C, S, S)
      info.json     whose they are, what was skipped and why, and what tells whether pixels.npy is as it was written

The key is a hash of all that the pixels depend on (see `key_of`), so what was decoded from files that have changed is
not found again; it goes when the same pictures are decoded anew, and what nobody opened for two months goes too. The
folder may be deleted at any time.
"""

import errno
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from latentlab.data.stored import StoredPixels
from latentlab.images import Pixels

FOLDER = "decoded"
FORMAT = 1  # of what is kept, and of how pictures are decoded
PIXELS, INFO = "pixels.npy", "info.json"
PART = ".part"
PART_AGE = 3600.0  # seconds after which a part that nobody writes to was left behind
UNUSED = 60 * 86400.0  # seconds
CHECKED, BLOCK = 64, 1 << 16  # so many blocks of so many bytes, evenly spread, are compared when it is opened
SPARE = 64 << 20  # bytes of the disk that are left free
COPIED = 1024  # pictures at a time


@dataclass(frozen=True)
class Kept:
    """Pictures from the cache, and why others are not among them, by their number in the list they came from."""

    pixels: StoredPixels
    skipped: dict[int, str]


def key_of(root: Path, paths: Iterable[Path], asked: str) -> str:
    """SHA-256 over each file's place below `root`, size and time of change, and what was asked for of it."""
    digest = hashlib.sha256(f"{FORMAT} {asked}\n".encode())
    for path in paths:
        known = path.stat()
        name = os.fsencode(path.relative_to(root).as_posix())
        digest.update(b"%d %d %s\0" % (known.st_size, known.st_mtime_ns, name))
    return digest.hexdigest()[:32]


def opened(folder: Path) -> Kept | None:
    """What is kept in `folder`, or None where there is nothing or it is not as it was written."""
    try:
        info = json.loads((folder / INFO).read_bytes())
        path = folder / PIXELS
        if info["written"] != _written(path):
            return None
        pixels = StoredPixels(path)
        skipped = {int(row): str(reason) for row, reason in info["skipped"].items()}
        with suppress(OSError):
            os.utime(folder / INFO)  # when it was last of use; a read-only disk does not matter
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Kept(pixels, skipped)


class Writer:
    """Pictures on their way to pixels.npy, one after another."""

    def __init__(self, file: BinaryIO, shape: tuple[int, int, int]) -> None:
        self._file, self._shape, self._count = file, shape, 0
        self._head()

    def __len__(self) -> int:
        return self._count

    def add(self, picture: Pixels) -> None:
        """uint8 (C, S, S)."""
        self._file.write(np.ascontiguousarray(picture).data)
        self._count += 1

    def drop_colour(self) -> None:
        """Keep the first channel alone: (C, S, S) becomes (1, S, S)."""
        head, size = self._head(), int(np.prod(self._shape))
        for start in range(0, self._count, COPIED):
            self._file.seek(head + start * size)
            block = np.frombuffer(self._file.read(COPIED * size), np.uint8).reshape(-1, *self._shape)
            block = block[: self._count - start, :1].copy()
            self._file.seek(head + start * (size // self._shape[0]))
            self._file.write(block.data)
        self._shape = (1, *self._shape[1:])

    def finish(self) -> None:
        """Write how many there are, and wait until all is on the disk."""
        head = self._head()
        self._file.truncate(head + self._count * int(np.prod(self._shape)))
        self._file.flush()
        os.fsync(self._file.fileno())

    def _head(self) -> int:
        """Write the header, whose length does not depend on the count, and return that."""
        self._file.seek(0)
        shape = (self._count, *self._shape)
        fields = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, fields)
        return self._file.tell()


@contextmanager
def writing(folder: Path, shape: tuple[int, int, int, int], whose: str) -> Iterator[tuple[Writer, dict[int, str]]]:
    """Gives a writer, and a dict for what is skipped; at the end of the block all of it appears as `folder`.

    `whose` names where the pictures come from, for `tidy`. After an error, or a cancellation, nothing is left. Raises
    OSError with a sentence where the disk is too small for the N pictures of `shape`, or full.
    """
    home = folder.parent
    home.mkdir(parents=True, exist_ok=True)
    _remove_parts(home)
    needed = int(np.prod(shape, dtype=object))
    if shutil.disk_usage(home).free < needed + SPARE:
        raise OSError(_too_small(home, needed))
    part = home / f"{folder.name}.{os.getpid()}.{secrets.token_hex(4)}{PART}"
    part.mkdir()
    skipped: dict[int, str] = {}
    try:
        with (part / PIXELS).open("w+b") as file:
            writer = Writer(file, shape[1:])
            yield writer, skipped
            writer.finish()
        info = {"whose": whose, "skipped": skipped, "written": _written(part / PIXELS)}
        with (part / INFO).open("w", encoding="utf-8") as text:
            json.dump(info, text)
            text.flush()
            os.fsync(text.fileno())
        _put(part, folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(_too_small(home, needed)) from None
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def tidy(folder: Path, whose: str) -> None:
    """Of the other folders, remove what was kept of the same pictures before, and what nobody uses."""
    for other in folder.parent.iterdir():
        if other == folder or not (other / INFO).is_file():
            continue
        with suppress(OSError, ValueError, TypeError, KeyError):
            same = json.loads((other / INFO).read_bytes())["whose"] == whose
            if same or time.time() - (other / INFO).stat().st_mtime > UNUSED:
                shutil.rmtree(other)  # on Windows not while another program reads it


def _put(part: Path, folder: Path) -> None:
    """Rename into place. What lies there is damaged, or the work of another process that was faster."""
    if folder.exists() and opened(folder) is None:
        shutil.rmtree(folder)
    try:
        part.rename(folder)
    except OSError:
        if opened(folder) is None:
            raise
    if os.name != "nt":
        descriptor = os.open(folder.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _written(path: Path) -> dict[str, int | str]:
    """Size, time of the last change, and a SHA-256 over blocks of it: whatever is written to it changes one of them."""
    known = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for number in range(CHECKED):
            file.seek(max(known.st_size - BLOCK, 0) * number // (CHECKED - 1))
            digest.update(file.read(BLOCK))
    return {"bytes": known.st_size, "changed": known.st_mtime_ns, "blocks": digest.hexdigest()}


def _remove_parts(home: Path) -> None:
    for part in home.glob(f"*{PART}"):
        with suppress(OSError):
            newest = max((entry.stat().st_mtime for entry in part.iterdir()), default=part.stat().st_mtime)
            if time.time() - newest > PART_AGE:
                shutil.rmtree(part)


def _too_small(home: Path, needed: int) -> str:
    return (
        f"the decoded pictures take {needed / 1e9:,.1f} GB and there is not so much room in {home}: make room, choose "
        "another data folder, or ask for a smaller size or a limit"
    )
