"""A folder of the person's own pictures: one subfolder per class, or none.

Every picture becomes a square of one size. Every tenth picture, in the order of their names, is the test part; so it
stays the same from day to day, and every class that has ten pictures is in it. A file that cannot be used is skipped
and told of in the notes.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from latentlab.data.decoding import EVERY, Decoded, Plan, decoded, told
from latentlab.data.pictures import SUFFIXES, Header, Unusable, header
from latentlab.data.request import Request
from latentlab.images import Dataset, Images, chosen

SIZE = 64  # where the pictures have no common size of their own
SMALLEST, LARGEST = 8, 128  # sides that the networks take
TEST_EVERY = 10


@dataclass(frozen=True)
class Listing:
    """The files that may be pictures, in order, and the class of each (None where there are no subfolders)."""

    paths: list[Path]
    labels: list[int] | None
    class_names: tuple[str, ...]
    notes: tuple[str, ...]


def read(request: Request) -> Dataset:
    """The pictures as uint8 (N, 1 or 3, S, S), labelled by subfolder. Raises ValueError where there are none.

    Many of them are decoded once and then read from where `decoding` keeps them.
    """
    assert request.config.path is not None, "the configuration has seen to that"
    root = Path(request.config.path).expanduser()
    listing = listed(root)
    if not listing.paths:
        raise ValueError(f"{root} has no pictures in it or its subfolders ({', '.join(SUFFIXES)} are read)")
    found = decoded(str(root.resolve()), root, listing.paths, request, lambda: _plan(listing.paths, request))
    names = [str(path.relative_to(root)) for path in listing.paths]
    skipped = told({names[row]: reason for row, reason in found.skipped.items()}, len(names))
    if not len(found.rows):
        raise ValueError(f"{root} has no usable picture: {'; '.join(skipped)}")
    if len(found.rows) < 2:
        raise ValueError(f"{root} has only 1 usable picture; at least 2 are needed")
    return _divided(root.resolve().name, found, listing, (*listing.notes, *skipped, *found.notes))


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
    if len(classes) < 2:
        return Listing(sorted([*loose, *(path for found in classes.values() for path in found)]), None, (), ())
    count = f"{_pictures(len(loose))} beside the class folders {'was' if len(loose) == 1 else 'were'}"
    notes = (f"{count} left out",) if loose else ()
    names = tuple(sorted(classes))
    paths = [path for name in names for path in classes[name]]
    labels = [label for label, name in enumerate(names) for _ in classes[name]]
    return Listing(paths, labels, names, notes)


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


def _divided(name: str, found: Decoded, listing: Listing, notes: tuple[str, ...]) -> Dataset:
    """Training and test part; classes of which nothing was usable are gone."""
    order = np.arange(len(found.rows), dtype=np.int64)
    is_test = order % TEST_EVERY == TEST_EVERY - 1
    if not is_test.any():
        is_test[-1] = True
    labels, class_names = None, listing.class_names
    if listing.labels is not None:
        used, labels = np.unique(np.array(listing.labels)[found.rows], return_inverse=True)
        labels = labels.astype(np.int64)
        class_names = tuple(class_names[label] for label in used)
    train, test = order[~is_test], order[is_test]
    images = [
        Images(chosen(found.pixels, part), index, None if labels is None else labels[part], class_names)
        for part, index in ((train, order[: len(train)]), (test, order[len(train) :]))
    ]
    return Dataset(name, images[0], images[1], notes)


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"
