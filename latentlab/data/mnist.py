"""MNIST and Fashion-MNIST: 60,000 and 10,000 images of 28x28 in ten classes, in their original order and parts.

Sources: LeCun et al., Gradient-based learning applied to document recognition, 1998; Xiao et al., Fashion-MNIST, 2017.
The files lie where torchvision puts them (`MNIST/raw`, `FashionMNIST/raw`), plain or gzipped, and are read without
torchvision, whose import takes seconds. Only a download imports it, for its list of hosts and checksums; the transfer
is our own, because torchvision's cannot be cancelled or watched.
"""

import gzip
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latentlab.data.download import fetch
from latentlab.data.fit import fit
from latentlab.data.idx import read_idx
from latentlab.data.request import Request
from latentlab.images import Dataset, Images

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
DEAD = "yann.lecun.com"  # first or second in torchvision's list for years, and no longer answering


@dataclass(frozen=True)
class Idx:
    """A data set in four IDX files. `torchvision` is its class there, which also names its folder."""

    name: str
    title: str
    torchvision: str
    mirror: str  # an https host to ask before torchvision's
    class_names: tuple[str, ...]

    def read(self, request: Request) -> Dataset:
        """uint8 (60000 and 10000, 1, 28, 28) with labels. Raises ValueError where a file is damaged."""
        folder = request.data_dir / self.torchvision / "raw"
        missing = [name for name in FILES if _find(folder, name) is None]
        if missing:
            self._download(folder, missing, request)
        train = self._part(folder, FILES[0], FILES[1], 0, request)
        return Dataset(self.name, train, self._part(folder, FILES[2], FILES[3], len(train), request))

    def _part(self, folder: Path, images: str, labels: str, first: int, request: Request) -> Images:
        request.report(f"reading {self.title}", int(first > 0), 2)
        image_path, label_path = _find(folder, images), _find(folder, labels)
        assert image_path is not None, f"{images} was there or has just been written"
        assert label_path is not None, f"{labels} was there or has just been written"
        pixels, classes = read_idx(image_path, 3), read_idx(label_path, 1).astype(np.int64)
        if len(pixels) != len(classes) or not len(pixels) or classes.max() >= len(self.class_names):
            raise ValueError(
                f"{image_path} and {label_path} do not belong together: delete both to download them again"
            )
        index = np.arange(first, first + len(pixels), dtype=np.int64)
        return Images(fit(pixels[:, None], request), index, classes, self.class_names)

    def _download(self, folder: Path, missing: list[str], request: Request) -> None:
        """Fetch what is missing and unpack it, so that torchvision finds it as well."""
        request.report(f"preparing to download {self.title}", 0, 0)
        from torchvision import datasets

        known = getattr(datasets, self.torchvision)
        checksums = dict(known.resources)
        hosts = (self.mirror, *(host for host in known.mirrors if DEAD not in host))
        for name in missing:
            packed = folder / f"{name}.gz"
            urls = [f"{host}{packed.name}" for host in hosts]
            fetch(f"{self.title} ({name})", urls, packed, f"md5:{checksums[packed.name]}", request)
            _unpack(packed, folder / name)


def _find(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _unpack(packed: Path, path: Path) -> None:
    """`packed` as `path`, whole or absent; the packed file goes."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with gzip.open(packed) as source, part.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    packed.unlink()


MNIST = Idx(
    "mnist",
    "MNIST",
    "MNIST",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    tuple("0123456789"),
)
FASHION = Idx(
    "fashion-mnist",
    "Fashion-MNIST",
    "FashionMNIST",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
