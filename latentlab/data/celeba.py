"""CelebA: 202,599 faces with 40 attributes each, from files that lie in the data folder.

Source: Liu et al., Deep Learning Face Attributes in the Wild, 2015 (for research only; it cannot be downloaded without
its authors' consent, so we read what the person has). The folder is laid out as torchvision's or as Kaggle's copy: the
aligned pictures, the list of attributes as .txt or .csv, and, if there, the official partition, whose training and
validation faces are our training part. The label is whether the face smiles, or the combination of the attributes that
the configuration names; all attributes are kept as factors.
"""

import os
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentlab.data.decoding import Decoded, Plan, decoded, told
from latentlab.data.request import Request
from latentlab.images import Dataset, Images, Indices, balanced

SIZE = 64  # of the middle square, the default
LABEL = "Smiling"
OFFERED = 5  # names, where one is not known
PICTURES = ("img_align_celeba", "img_align_celeba/img_align_celeba")
OFFICIAL_TEST = 182_638  # number of the first face of the official test part
TEST_MARK = 2  # its mark in the list of the partition


@dataclass(frozen=True)
class Attributes:
    """The list: file names, the attributes' names, and float32 (N, 40) with 1 where a face has one, else 0."""

    files: list[str]
    names: tuple[str, ...]
    values: NDArray[np.float32]


def read(request: Request) -> Dataset:
    """The faces that lie there, in two parts; with a limit, the training part that the seed chooses.

    Raises ValueError with how to get them where they do not lie there.
    """
    home = _home(request.data_dir)
    if home is None:
        raise ValueError(_how_to_get(request.data_dir))
    folder, listing = home
    request.report("reading the attributes", 0, 0)
    attributes = read_attributes(listing)
    known = set(os.listdir(folder))
    rows = np.array([row for row, name in enumerate(attributes.files) if name in known], np.int64)
    if len(rows) < 2:
        raise ValueError(f"{folder} has not the pictures that {listing} names: unpack img_align_celeba.zip there")
    labels, class_names = _classes(attributes, request.config.attributes)
    is_test = _is_test(listing.parent, attributes.files)[rows]
    if is_test.all() or not is_test.any():
        is_test = np.arange(len(rows)) % 10 == 9  # a few faces, all of one part
        is_test[-1] = True
    absent = len(attributes.files) - len(rows)
    notes = [f"{absent:,} of the {len(attributes.files):,} faces in the list are not there"] if absent else []
    train, test = rows[~is_test], rows[is_test]
    index = np.arange(len(rows), dtype=np.int64)
    limit, names = request.config.limit, request.config.attributes
    kept = balanced(labels[train], len(train), len(train) if limit is None else limit, request.seed)
    drawn = "" if len(kept) == len(train) else f", {limit} of {names or LABEL} by seed {request.seed}"
    parts = []
    for part, mine, where in ((f"training{drawn}", train[kept], index[kept]), ("test", test, index[len(train) :])):
        found = _decoded(folder, attributes, mine, part, request)
        used = mine[found.rows]
        values = attributes.values[used]
        parts.append(Images(found.pixels, where[found.rows], labels[used], class_names, values, attributes.names))
        notes += told({attributes.files[mine[row]]: why for row, why in found.skipped.items()}, len(mine))
        notes += found.notes
    return Dataset("celeba", parts[0], parts[1], tuple(notes))


def _decoded(folder: Path, attributes: Attributes, rows: Indices, part: str, request: Request) -> Decoded:
    """These faces' middle squares. part: tells them from other faces of the folder, which may be kept beside them.

    Raises ValueError where none of them can be used.
    """
    paths = [folder / attributes.files[row] for row in rows]
    plan = Plan(request.config.image_size or SIZE, request.config.channels or 3, list(range(len(paths))))
    found = decoded(f"{folder.resolve()} ({part} part)", folder, paths, request, lambda: plan)
    if not len(found.rows):
        known = part.partition(",")[0]
        raise ValueError(
            f"no picture of CelebA's {known} part in {folder} can be used: unpack img_align_celeba.zip again"
        )
    return found


def _classes(attributes: Attributes, names: tuple[str, ...]) -> tuple[Indices, tuple[str, ...]]:
    """int64 (N,) and what each value means: whether a face smiles, or the combination of the attributes that are named.

    Bit i of a label is attribute i; a class is called like "smiling, not male". Raises ValueError for a name that
    CelebA does not have, or one given twice.
    """
    known = {name.lower(): column for column, name in enumerate(attributes.names)}
    columns = []
    for name in names or (LABEL,):
        column = known.get(name.strip().lower().replace(" ", "_"))
        if column is None:
            raise ValueError(_unknown(name, attributes.names))
        if column in columns:
            raise ValueError(f"the attribute {attributes.names[column]} is named twice")
        columns.append(column)
    bits = attributes.values[:, columns].astype(np.int64)
    labels = (bits << np.arange(len(columns))).sum(1)
    words = [attributes.names[column].lower().replace("_", " ") for column in columns]
    class_names = [
        ", ".join(word if label >> bit & 1 else f"not {word}" for bit, word in enumerate(words))
        for label in range(1 << len(words))
    ]
    return labels, tuple(class_names)


def _unknown(name: str, names: tuple[str, ...]) -> str:
    folded = {known.lower(): known for known in names}
    wanted = name.strip().lower().replace(" ", "_")
    close = [known for low, known in folded.items() if wanted in low] if wanted else []
    close += [folded[low] for low in get_close_matches(wanted, folded, cutoff=0.5) if folded[low] not in close]
    return f"CelebA has no attribute '{name}'; it has {', '.join(close[:OFFERED] or names)}"


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
