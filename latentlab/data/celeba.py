"""CelebA: 202,599 faces with 40 attributes each, from files that lie in the data folder.

Source: Liu et al., Deep Learning Face Attributes in the Wild, 2015 (for research only; it cannot be downloaded without
its authors' consent, so we read what the person has). The folder is laid out as torchvision's or as Kaggle's copy: the
aligned pictures, the list of attributes as .txt or .csv, and, if there, the official partition, whose training and
validation faces are our training part. The label is whether the face smiles; all attributes are kept as factors.
Pictures are decoded when they are first asked for, and then kept in memory.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from latentlab.data.pictures import Unusable, decode_all
from latentlab.data.request import Request
from latentlab.images import Dataset, Images, Indices, Pixels

SIZE = 64  # of the middle square, the default
LABEL = "Smiling"
CLASSES = ("not smiling", "smiling")
PICTURES = ("img_align_celeba", "img_align_celeba/img_align_celeba")
OFFICIAL_TEST = 182_638  # number of the first face of the official test part
TEST_MARK = 2  # its mark in the list of the partition


class FacesOnDemand:
    """The pictures in these files, uint8 (N, channels, size, size), each decoded once, when it is first asked for."""

    def __init__(self, paths: list[Path], size: int, channels: Literal[1, 3]) -> None:
        self._paths, self._size, self._channels = paths, size, channels
        self._kept = np.empty(self.shape, np.uint8)  # takes memory only as it is filled
        self._here = np.zeros(len(paths), bool)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return len(self._paths), self._channels, self._size, self._size

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, positions: Indices, /) -> Pixels:
        """Raises OSError where a picture cannot be read."""
        wanted = np.atleast_1d(np.arange(len(self))[positions])
        missing = np.unique(wanted[~self._here[wanted]])
        paths = [self._paths[row] for row in missing]
        for row, path, picture in zip(missing, paths, decode_all(paths, self._size, self._channels), strict=True):
            if isinstance(picture, Unusable):
                raise OSError(f"the picture {path} of CelebA is {picture}: unpack the archive again")
            self._kept[row] = picture
            self._here[row] = True
        return self._kept[positions]


@dataclass(frozen=True)
class Attributes:
    """The list: file names, the attributes' names, and float32 (N, 40) with 1 where a face has one, else 0."""

    files: list[str]
    names: tuple[str, ...]
    values: NDArray[np.float32]


def read(request: Request) -> Dataset:
    """The faces that lie there, in two parts. Raises ValueError with how to get them where they do not."""
    home = _home(request.data_dir)
    if home is None:
        raise ValueError(_how_to_get(request.data_dir))
    folder, listing = home
    request.report("reading the attributes", 0, 0)
    attributes = read_attributes(listing)
    present = {path.name for path in folder.iterdir()}
    rows = np.array([row for row, name in enumerate(attributes.files) if name in present], np.int64)
    if len(rows) < 2:
        raise ValueError(f"{folder} has not the pictures that {listing} names: unpack img_align_celeba.zip there")
    is_test = _is_test(listing.parent, attributes.files)[rows]
    if is_test.all() or not is_test.any():
        is_test = np.arange(len(rows)) % 10 == 9  # a few faces, all of one part
        is_test[-1] = True
    train, test = rows[~is_test], rows[is_test]
    absent = len(attributes.files) - len(rows)
    notes = (f"{absent:,} of the {len(attributes.files):,} faces in the list are not there",) if absent else ()
    parts = (_part(folder, attributes, mine, first, request) for mine, first in ((train, 0), (test, len(train))))
    return Dataset("celeba", next(parts), next(parts), notes)


def _part(folder: Path, attributes: Attributes, rows: Indices, first: int, request: Request) -> Images:
    paths = [folder / attributes.files[row] for row in rows]
    pixels = FacesOnDemand(paths, request.config.image_size or SIZE, request.config.channels or 3)
    values = attributes.values[rows]
    labels = values[:, attributes.names.index(LABEL)].astype(np.int64)
    index = np.arange(first, first + len(rows), dtype=np.int64)
    return Images(pixels, index, labels, CLASSES, values, attributes.names)


def read_attributes(path: Path) -> Attributes:
    """The list as the authors wrote it (a count, the names, then a line of 1 and -1 per face) or as a table (.csv)."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        if path.suffix == ".csv":
            names, rows = lines[0].split(",")[1:], [line.split(",") for line in lines[1:] if line]
        else:
            names, rows = lines[1].split(), [line.split() for line in lines[2:] if line.strip()]
        values = np.array([row[1:] for row in rows], np.int8).reshape(len(rows), len(names))
    except (ValueError, IndexError) as error:
        raise ValueError(f"{path} is not CelebA's list of attributes ({error}): get it again") from None
    if LABEL not in names:
        raise ValueError(f"{path} does not name the attribute {LABEL}: get CelebA's list of attributes again")
    return Attributes([row[0] for row in rows], tuple(names), (values > 0).astype(np.float32))


def _is_test(folder: Path, files: list[str]) -> NDArray[np.bool_]:
    """Which of the files the official test part holds, by its list or else by their numbers."""
    for name in ("list_eval_partition.txt", "list_eval_partition.csv"):
        if (folder / name).is_file():
            lines = (folder / name).read_text(encoding="utf-8").replace(",", " ").splitlines()
            marks = dict(line.split()[:2] for line in lines if len(line.split()) >= 2)
            return np.array([marks.get(file) == str(TEST_MARK) for file in files])
    numbers = [Path(file).stem for file in files]
    return np.array([number.isdecimal() and int(number) >= OFFICIAL_TEST for number in numbers])


def _home(data_dir: Path) -> tuple[Path, Path] | None:
    """The folder of pictures and the list of attributes, where both are there."""
    for root in (data_dir / "celeba", data_dir / "CelebA", data_dir):
        for pictures in PICTURES:
            for name in ("list_attr_celeba.txt", "list_attr_celeba.csv"):
                if (root / pictures).is_dir() and (root / name).is_file():
                    # Kaggle's archive holds the folder twice, one inside the other: the inner one has the pictures.
                    inner = root / PICTURES[1]
                    return (inner if inner.is_dir() else root / pictures), root / name
    return None


def _how_to_get(data_dir: Path) -> str:
    return (
        f"CelebA is not in {data_dir / 'celeba'}: get img_align_celeba.zip and list_attr_celeba.txt from its authors "
        "(mmlab.ie.cuhk.edu.hk/projects/CelebA.html) and unpack both there"
    )
