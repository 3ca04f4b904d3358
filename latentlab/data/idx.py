"""Files of MNIST's IDX format, plain or gzipped.

Layout (LeCun, Cortes and Burges): two zero bytes, the element type (8: uint8), the number of dimensions, each
dimension as a big-endian uint32, then the elements, last dimension fastest.
"""

import gzip
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

UINT8 = 8
LIMIT = 1 << 28  # bytes; the largest file we know has 47 million


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The array in the file, uint8 with so many dimensions. Raises ValueError where the file is damaged."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(LIMIT)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(path, str(error)) from None
    head = 4 + 4 * dimensions
    if len(data) < head or data[:4] != bytes((0, 0, UINT8, dimensions)):
        raise _damaged(path, f"it is no IDX file with {dimensions} dimensions")
    shape = tuple(int(size) for size in np.frombuffer(data, ">u4", dimensions, offset=4))
    expected = head + int(np.prod(shape, dtype=object))
    if len(data) != expected:
        raise _damaged(path, f"it has {len(data):,} bytes instead of {expected:,}")
    return np.frombuffer(data, np.uint8, offset=head).reshape(shape).copy()


def _damaged(path: Path, why: str) -> ValueError:
    return ValueError(f"{path} is damaged ({why}): delete it, and it is downloaded again")
