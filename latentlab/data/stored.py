"""Pixels in a .npy file, of which only what is asked for is read: for data larger than memory."""

import os
import weakref
from io import FileIO
from pathlib import Path
from threading import Lock

import numpy as np

from latentlab.images import Indices, Pixels


class StoredPixels:
    """The pictures of a file, uint8 (N, C, H, W). Any number of threads may read; the file must not change meanwhile.

    They are read and not mapped: of batches of 128 colour pictures of 64x64, 32,000 pictures a second came from the
    system's cache, and 8,500 through a map; 12,000 from a disk, with the system told what comes next, and 6,400
    (in turn, two busy cores). Besides, a map ends the whole process where a disk fails or a file is cut off, and what
    it has touched counts as the process's memory.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError where there is no such file, ValueError where it is not whole or holds something else."""
        self._path = path
        self._file = FileIO(path)
        weakref.finalize(self, self._file.close)
        self._shape = _head(self._file, path)
        self._offset, self._size = self._file.tell(), int(np.prod(self._shape[1:]))
        if os.fstat(self._file.fileno()).st_size != self._offset + len(self) * self._size:
            raise ValueError(f"{path} is not whole")
        self._lock = Lock()
        if hasattr(os, "posix_fadvise"):  # reading on by itself would fetch pictures that nobody wants
            os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._shape

    def __len__(self) -> int:
        return self._shape[0]

    def __getitem__(self, positions: Indices, /) -> Pixels:
        """Read in the order of the file, given in the order that was asked for. Raises OSError."""
        positions = np.asarray(positions, np.int64)
        assert not len(positions) or 0 <= positions.min() <= positions.max() < len(self), "positions are 0 to N - 1"
        found = np.empty((len(positions), *self._shape[1:]), np.uint8)
        order = np.argsort(positions, kind="stable")
        places = [(row, self._offset + place * self._size) for row, place in zip(order, positions[order], strict=True)]
        if hasattr(os, "posix_fadvise"):  # the disk may begin with all of them before the first is waited for
            for _, start in places:
                os.posix_fadvise(self._file.fileno(), start, self._size, os.POSIX_FADV_WILLNEED)
        with self._lock:
            for row, start in places:
                self._file.seek(start)
                self._fill(found[row].reshape(-1).data)
        return found

    def _fill(self, room: memoryview) -> None:
        """Read on until it is full: one raw read may give less than it was asked for."""
        while room:
            count = self._file.readinto(room)
            if not count:
                raise OSError(f"{self._path} has become shorter: start again, and it is made anew")
            room = room[count:]


def _head(file: FileIO, path: Path) -> tuple[int, int, int, int]:
    """The shape in the file's header, after which the file stands. Raises ValueError where it is not for pictures."""
    try:
        version = np.lib.format.read_magic(file)
        shape, fortran, kind = np.lib.format.read_array_header_1_0(file)
    except (ValueError, EOFError):
        raise ValueError(f"{path} is damaged: it is no array") from None
    if version != (1, 0) or fortran or kind != np.uint8 or len(shape) != 4 or not all(shape):
        raise ValueError(f"{path} holds no pictures")
    count, channels, height, width = (int(size) for size in shape)
    return count, channels, height, width
