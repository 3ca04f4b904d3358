"""A folder of the person's own pictures: one subfolder per class, or none.

Every picture becomes a square of one size. Every tenth picture, in the order of their names, is the test part; so it
stays the same from day to day, and every class that has ten pictures is in it. A file that cannot be used is skipped
and told of in the notes.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from latentlab.data.pictures import SUFFIXES, Header, Unusable, decode_all, header
from latentlab.data.request import Request
from latentlab.images import Dataset, Images, Indices, Pixels

SIZE = 64  # where the pictures have no common size of their own
SMALLEST, LARGEST = 8, 128  # sides that the networks take
TEST_EVERY = 10
EVERY = 32  # pictures between two reports of progress
EXAMPLES = 3  # file names in a note


@dataclass(frozen=True)
class Listing:
    """The files that may be pictures, in order, and the class of each (None where there are no subfolders)."""

    paths: list[Path]
    labels: list[int] | None
    class_names: tuple[str, ...]
    notes: tuple[str, ...]


def read(request: Request) -> Dataset:
    """The pictures as uint8 (N, 1 or 3, S, S), labelled by subfolder. Raises ValueError where there are none."""
    assert request.config.path is not None, "the configuration has seen to that"
    root = Path(request.config.path).expanduser()
    listing = listed(root)
    skipped: dict[Path, str] = {}
    headers = _headers(listing.paths, skipped, request)
    if not headers:
        raise ValueError(_nothing(root, listing, skipped))
    rows, pixels = _decoded(headers, listing.paths, skipped, request)
    if len(rows) < 2:
        count = "1 usable picture" if len(rows) else "broken pictures"
        raise ValueError(f"{root} has only {count}; at least 2 are needed")
    notes = (*listing.notes, *_told(skipped, root, len(listing.paths)))
    return _divided(root.resolve().name, pixels, rows, listing, notes)


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


def _headers(paths: list[Path], skipped: dict[Path, str], request: Request) -> dict[int, Header]:
    """Header by row of `paths`; what has none goes to `skipped`."""
    known: dict[int, Header] = {}
    for row, path in enumerate(paths):
        if row % EVERY == 0:
            request.report("looking at the pictures", row, len(paths))
        try:
            known[row] = header(path)
        except Unusable as reason:
            skipped[path] = str(reason)
    return known


def _decoded(
    headers: dict[int, Header], paths: list[Path], skipped: dict[Path, str], request: Request
) -> tuple[Indices, Pixels]:
    """int64 (N,) rows of `paths` and uint8 (N, channels, S, S) of those that could be decoded."""
    size = request.config.image_size or _own_size(headers)
    only_grey = all(known.grey for known in headers.values())
    channels: Literal[1, 3] = request.config.channels or (1 if only_grey else 3)
    try:
        pixels = np.empty((len(headers), channels, size, size), np.uint8)
    except MemoryError:
        raise ValueError(
            f"{len(headers):,} pictures of {size} pixels are too much for the memory: ask for a smaller size"
        ) from None
    rows: list[int] = []
    with closing(decode_all((paths[row] for row in headers), size, channels)) as pictures:
        for done, (row, picture) in enumerate(zip(headers, pictures, strict=True)):
            if done % EVERY == 0:
                request.report("reading the pictures", done, len(headers))
            if isinstance(picture, Unusable):
                skipped[paths[row]] = str(picture)
            else:
                pixels[len(rows)] = picture
                rows.append(row)
    request.report("reading the pictures", len(headers), len(headers))
    pixels = pixels[: len(rows)]
    if request.config.channels is None and channels == 3 and _colourless(pixels):
        pixels = np.ascontiguousarray(pixels[:, :1])
    return np.array(rows, np.int64), pixels


def _own_size(headers: dict[int, Header]) -> int:
    """The pictures' common shorter side where they are all of one size that the networks take, else 64."""
    sizes = {known.sides for known in headers.values()}
    side = next(iter(sizes))[0]
    return side if len(sizes) == 1 and SMALLEST <= side <= LARGEST else SIZE


def _colourless(pixels: Pixels) -> bool:
    """Grey pictures are often kept in colour files: true where no pixel of any has a colour."""
    return all(
        np.array_equal(part[:, 0], part[:, 1]) and np.array_equal(part[:, 0], part[:, 2])
        for part in (pixels[start : start + EVERY] for start in range(0, len(pixels), EVERY))
    )


def _divided(name: str, pixels: Pixels, rows: Indices, listing: Listing, notes: tuple[str, ...]) -> Dataset:
    """Training and test part; classes of which nothing was usable are gone."""
    order = np.arange(len(pixels))
    is_test = order % TEST_EVERY == TEST_EVERY - 1
    if not is_test.any():
        is_test[-1] = True
    labels, class_names = None, listing.class_names
    if listing.labels is not None:
        used, labels = np.unique(np.array(listing.labels)[rows], return_inverse=True)
        class_names = tuple(class_names[label] for label in used)
    train, test = order[~is_test], order[is_test]
    parts = (train, np.arange(len(train))), (test, np.arange(len(train), len(order)))
    images = [
        Images(pixels[part], index, None if labels is None else labels[part].astype(np.int64), class_names)
        for part, index in parts
    ]
    return Dataset(name, images[0], images[1], notes)


def _told(skipped: dict[Path, str], root: Path, total: int) -> tuple[str, ...]:
    """One sentence per reason, with how many and a few names."""
    sentences = []
    for reason, count in Counter(skipped.values()).most_common():
        names = [str(path.relative_to(root)) for path, why in skipped.items() if why == reason]
        more = f" and {count - EXAMPLES} more" if count > EXAMPLES else ""
        verb = "it is" if count == 1 else "they are"
        sentences.append(
            f"{count} of {total} pictures skipped, because {verb} {reason}: {', '.join(names[:EXAMPLES])}{more}"
        )
    return tuple(sentences)


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"


def _nothing(root: Path, listing: Listing, skipped: dict[Path, str]) -> str:
    if listing.paths:
        return f"{root} has no usable picture: {'; '.join(_told(skipped, root, len(listing.paths)))}"
    return f"{root} has no pictures in it or its subfolders ({', '.join(SUFFIXES)} are read)"
