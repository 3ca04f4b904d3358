"""CIFAR-10: 50,000 and 10,000 photographs of 32x32 in ten classes, from its binary archive.

Source: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009. A record is one byte of label and
3 x 32 x 32 bytes of pixels (channel, row, column). torchvision reads the other archive, which is pickled; this one
is plain bytes. Of the archive only the six files that are known by name are read, into memory and at most as long as
they may be: nothing in it can name a place to write to.
"""

import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from latentlab.data.download import fetch
from latentlab.data.fit import fit
from latentlab.data.request import Request
from latentlab.images import Dataset, Images

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CHECKSUM = "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
ARCHIVE = "cifar-10-binary.tar.gz"
FOLDER = "cifar-10-batches-bin"
TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST = "test_batch.bin"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
RECORD = 1 + 3 * 32 * 32
BATCH = 10_000 * RECORD  # bytes of a whole file


def read(request: Request) -> Dataset:
    """uint8 (50000 and 10000, 3, 32, 32) with labels. Raises ValueError where a file is damaged."""
    batches = _batches(request)
    train = np.concatenate([_records(name, batches[name]) for name in TRAIN])
    return Dataset("cifar10", _part(train, 0, request), _part(_records(TEST, batches[TEST]), len(train), request))


def _part(records: np.ndarray, first: int, request: Request) -> Images:
    pixels = np.ascontiguousarray(records[:, 1:]).reshape(-1, 3, 32, 32)
    index = np.arange(first, first + len(records), dtype=np.int64)
    return Images(fit(pixels, request), index, records[:, 0].astype(np.int64), CLASSES)


def _batches(request: Request) -> dict[str, bytes]:
    """The six files by name: unpacked where they lie so, else from the archive, which is downloaded if need be."""
    places = [request.data_dir, request.data_dir / "CIFAR10", request.data_dir / "cifar10"]
    for folder in [place / FOLDER for place in places]:
        if all((folder / name).is_file() for name in (*TRAIN, TEST)):
            return _all(lambda name: _file(folder / name), request)  # noqa: B023 (used at once)
    archive = next((place / ARCHIVE for place in places if (place / ARCHIVE).is_file()), None)
    if archive is None:
        archive = request.data_dir / ARCHIVE
        fetch("CIFAR-10", [URL], archive, CHECKSUM, request)
    return _unpacked(archive, request)


def _all(read_one: Callable[[str], bytes], request: Request) -> dict[str, bytes]:
    names = (*TRAIN, TEST)
    found = {}
    for done, name in enumerate(names):
        request.report("reading CIFAR-10", done, len(names))
        found[name] = read_one(name)
    return found


def _file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(BATCH + 1)


def _unpacked(archive: Path, request: Request) -> dict[str, bytes]:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            return _all(lambda name: _member(tar, name), request)
    except (tarfile.TarError, EOFError, zlib.error, KeyError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{archive} is damaged ({error}): delete it, and it is downloaded again") from None


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(f"{FOLDER}/{name}")
    if file is None:
        raise KeyError(f"{name} is no file")
    with file:
        return file.read(BATCH + 1)


def _records(name: str, data: bytes) -> np.ndarray:
    """uint8 (N, 3073)."""
    if not data or len(data) % RECORD or len(data) > BATCH:
        raise ValueError(f"CIFAR-10's {name} is damaged (it should have {BATCH:,} bytes): delete it and try again")
    records = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
    if records[:, 0].max() >= len(CLASSES):
        raise ValueError(f"CIFAR-10's {name} is damaged (it has labels above 9): delete it and try again")
    return records
