"""A folder of the person's own pictures: one subfolder per class, or none.

Every picture becomes a square of one size. Every tenth picture, in the order of their names, is the test part; so it
stays the same from day to day, and every class that has ten pictures is in it. A file that cannot be used is skipped
and told of in the notes.

With a limit only what the seed draws is looked at, balanced over the subfolders: a few of a million pictures are read
as quickly as a few.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from latentlab.data.decoding import EVERY, Decoded, Plan, decoded, told
from latentlab.data.pictures import SUFFIXES, Header, Unusable, header
from latentlab.data.request import Request
from latentlab.images import Dataset, Images, Indices, balanced, chosen

SIZE = 64  # where the pictures have no common size of their own
SMALLEST, LARGEST = 8, 128  # sides that the networks take
TEST_EVERY = 10
SHOWN = 3  # names of folders in a note
LEAST_TESTED = 1000  # pictures of the test part that are drawn beside a limit that is smaller


@dataclass(frozen=True)
class Listing:
    """The files that may be pictures, in order, and the class of each (None where there are no subfolders)."""

    paths: list[Path]
    labels: list[int] | None
    class_names: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Drawn:
    """Some of a list: rows in it, training part first, which has `train` of them; and their indices in the data set."""

    rows: Indices
    index: Indices
    train: int


def read(request: Request) -> Dataset:
    """The pictures as uint8 (N, 1 or 3, S, S), labelled by subfolder. Raises ValueError where there are none.

    Many of them are decoded once and then read from where `decoding` keeps them. With a limit, a size and channels that
    are not asked for are those that fit what was drawn.
    """
    assert request.config.path is not None, "the configuration has seen to that"
    root = Path(request.config.path).expanduser()
    listing = listed(root)
    if not listing.paths:
        raise ValueError(f"{root} has no pictures in it or its subfolders ({', '.join(SUFFIXES)} are read)")
    drawn = _drawn(listing, request)
    whose, paths = str(root.resolve()), listing.paths
    if drawn is not None:
        whose += f" ({request.config.limit} by seed {request.seed})"
        paths = [listing.paths[row] for row in drawn.rows]
    found = decoded(whose, root, paths, request, lambda: _plan(paths, request))
    names = [str(path.relative_to(root)) for path in paths]
    skipped = told({names[row]: reason for row, reason in found.skipped.items()}, len(names))
    if not len(found.rows):
        raise ValueError(f"{root} has no usable picture: {'; '.join(skipped)}")
    if len(found.rows) < 2:
        raise ValueError(f"{root} has only 1 usable picture; at least 2 are needed")
    return _divided(root.resolve().name, found, listing, drawn, (*listing.notes, *skipped, *found.notes))


def listed(root: Path) -> Listing:
    """What lies in `root`: subfolders are classes where two or more of them hold pictures. Raises ValueError."""
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}")
    try:
        entries = sorted(path for path in root.iterdir() if not path.name.startswith((".", "__MACOSX")))
    except PermissionError:
        raise ValueError(f"the folder {root} may not be read: change its permissions") from None
    loose = [path for path in entries if _is_picture(path)]
    classes = {entry.name: found for entry in entries if entry.is_dir() and (found := list(_walk(entry)))}
    deeper = _deeper(root, classes) if not loose else ()
    if len(classes) < 2:
        return Listing(sorted([*loose, *(path for found in classes.values() for path in found)]), None, (), deeper)
    count = f"{_pictures(len(loose))} beside the class folders {'was' if len(loose) == 1 else 'were'}"
    notes = (f"{count} left out",) if loose else deeper
    names = tuple(sorted(classes))
    paths = [path for name in names for path in classes[name]]
    labels = [label for label, name in enumerate(names) for _ in classes[name]]
    return Listing(paths, labels, names, notes)


def _deeper(root: Path, found: dict[str, list[Path]]) -> tuple[str, ...]:
    """A note where `root` may be the parent of the folder that is meant: its subfolders hold folders alone."""
    below = {name: {path.relative_to(root / name).parts[:-1][:1] for path in paths} for name, paths in found.items()}
    if not below or any(() in parts for parts in below.values()) or max(map(len, below.values())) < 2:
        return ()
    names = sorted({part for parts in below.values() for (part,) in parts})
    shown = ", ".join(names[:SHOWN]) + (" and others" if len(names) > SHOWN else "")
    taken = f"{', '.join(sorted(found))} are the classes" if len(found) > 1 else "there are no classes"
    return (f"{taken}; where {shown} are meant to be, name the folder that holds these: {root / min(found)}",)


def _walk(folder: Path) -> Iterator[Path]:
    """The pictures in `folder` and below, in the order of their paths; links are not followed down, for their loops."""
    found = []
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        found += [path for name in names if _is_picture(path := Path(where, name))]
    yield from sorted(found)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _plan(paths: list[Path], request: Request) -> Plan:
    """A look at each file's header: what the pictures become, and which of them have none."""
    known: dict[int, Header] = {}
    skipped: dict[int, str] = {}
    for row, path in enumerate(paths):
        if row % EVERY == 0:
            request.report("looking at the pictures", row, len(paths))
        try:
            known[row] = header(path)
        except Unusable as reason:
            skipped[row] = str(reason)
    size = request.config.image_size or _own_size(known)
    only_grey = all(one.grey for one in known.values())
    channels: Literal[1, 3] = request.config.channels or (1 if only_grey else 3)
    return Plan(size, channels, list(known), skipped, detect_grey=request.config.channels is None and channels == 3)


def _own_size(headers: dict[int, Header]) -> int:
    """The pictures' common shorter side where they are all of one size that the networks take, else 64."""
    sizes = {known.sides for known in headers.values()}
    if len(sizes) != 1:  # none at all where no file is a picture
        return SIZE
    ((side, _),) = sizes
    return side if SMALLEST <= side <= LARGEST else SIZE


def _is_test(count: int) -> NDArray[np.bool_]:
    """Which of so many pictures are the test part."""
    is_test = np.arange(count) % TEST_EVERY == TEST_EVERY - 1
    if not is_test.any():
        is_test[-1] = True
    return is_test


def _drawn(listing: Listing, request: Request) -> Drawn | None:
    """What a limit leaves of the list; None where that is all of it."""
    limit, is_test = request.config.limit, _is_test(len(listing.paths))
    train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    if limit is None or limit >= len(train):
        return None
    labels = None if listing.labels is None else np.array(listing.labels)
    kept = [
        balanced(None if labels is None else labels[part], len(part), count, request.seed)
        for part, count in ((train, limit), (test, max(limit, LEAST_TESTED)))
    ]
    return Drawn(
        np.concatenate([train[kept[0]], test[kept[1]]]), np.concatenate([kept[0], len(train) + kept[1]]), limit
    )


def _divided(name: str, found: Decoded, listing: Listing, drawn: Drawn | None, notes: tuple[str, ...]) -> Dataset:
    """Training and test part. Of a whole folder what cannot be used, and classes of nothing else, do not count."""
    order = np.arange(len(found.rows), dtype=np.int64)
    labels, class_names = None, listing.class_names
    if drawn is None:
        rows, is_test = found.rows, _is_test(len(order))
        index = np.empty_like(order)
        index[~is_test], index[is_test] = np.split(order, [np.count_nonzero(~is_test)])
    else:
        rows, index, is_test = drawn.rows[found.rows], drawn.index[found.rows], found.rows >= drawn.train
    if listing.labels is not None:
        labels = np.array(listing.labels, np.int64)[rows]
        if drawn is None:
            used, labels = np.unique(labels, return_inverse=True)
            class_names = tuple(class_names[label] for label in used)
    images = [
        Images(chosen(found.pixels, part), index[part], None if labels is None else labels[part], class_names)
        for part in (order[~is_test], order[is_test])
    ]
    if not len(images[0]):
        raise ValueError(f"{name} has no usable picture to train on among those drawn: take a larger limit")
    return Dataset(name, images[0], images[1], notes)


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"
