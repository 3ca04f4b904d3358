"""Many pictures decoded: a few into memory, more into a file that is found again the next time.

Up to SMALL bytes of pixels are decoded into memory each time; up to LARGE they are kept in a file and read from there
into memory; more than that are read from the file as they are asked for.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from latentlab.data import cache
from latentlab.data.pictures import Unusable, decode_all
from latentlab.data.request import Request
from latentlab.images import LARGE, Indices, Pixels, PixelStore

SMALL = 64 << 20  # bytes of pixels, decoded in a few seconds: up to here they stay in memory and nothing is kept
EVERY = 32  # pictures between two reports of progress
EXAMPLES = 3  # file names in a note


@dataclass(frozen=True)
class Plan:
    """What the pictures are to become: a side in pixels, channels, and which of the files are worth decoding at all.

    detect_grey: keep one channel where it turns out that no picture has a colour.
    """

    size: int
    channels: Literal[1, 3]
    rows: list[int]
    skipped: dict[int, str] = field(default_factory=dict)
    detect_grey: bool = False

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return len(self.rows), self.channels, self.size, self.size


@dataclass(frozen=True)
class Decoded:
    """The pictures of some files, uint8 (N, C, S, S), and why others are not among them.

    rows: int64 (N,), their numbers in the list of files; notes: where they have just been kept, for the person.
    """

    pixels: PixelStore
    rows: Indices
    skipped: dict[int, str]
    notes: tuple[str, ...] = ()


def decoded(whose: str, root: Path, paths: list[Path], request: Request, plan: Callable[[], Plan]) -> Decoded:
    """The pictures in `paths` below `root`. What `plan` finds out is kept too, so that it need not look again.

    whose: names these pictures; what was kept of them before they changed is removed. Raises OSError with a sentence
    where the disk is too small or full, and Cancelled.
    """
    asked = f"{request.config.image_size} {request.config.channels}"
    folder = request.data_dir / cache.FOLDER / cache.key_of(root, paths, asked)
    kept = cache.opened(folder)
    notes: tuple[str, ...] = ()
    if kept is None:
        planned = plan()
        if np.prod(planned.shape, dtype=object) <= SMALL:
            return _in_memory(planned, paths, request)
        with cache.writing(folder, planned.shape, f"{whose}: {asked}") as (writer, skipped):
            _write(writer, skipped, planned, paths, request)
        kept = cache.opened(folder)  # before others are removed: another process may be doing the same
        if kept is None:
            raise OSError(f"what was just written to {folder} cannot be read again: check that disk")
        cache.tidy(folder, f"{whose}: {asked}")
        notes = (f"the pictures were decoded into {folder}, which may be deleted and is then made again",)
    rows = np.setdiff1d(np.arange(len(paths), dtype=np.int64), list(kept.skipped))
    pixels: PixelStore = kept.pixels
    if np.prod(pixels.shape, dtype=object) <= LARGE:
        pixels = kept.pixels[np.arange(len(rows))]
    return Decoded(pixels, rows, kept.skipped, notes)


def told(skipped: dict[str, str], total: int) -> tuple[str, ...]:
    """One sentence per reason that pictures were skipped for (by their names), with how many and a few of them."""
    sentences = []
    for reason, count in Counter(skipped.values()).most_common():
        names = [name for name, why in skipped.items() if why == reason]
        more = f" and {count - EXAMPLES} more" if count > EXAMPLES else ""
        verb = "it is" if count == 1 else "they are"
        sentences.append(
            f"{count} of {total:,} pictures skipped, because {verb} {reason}: {', '.join(names[:EXAMPLES])}{more}"
        )
    return tuple(sentences)


def _in_memory(plan: Plan, paths: list[Path], request: Request) -> Decoded:
    pixels = np.empty(plan.shape, np.uint8)
    rows: list[int] = []
    skipped = dict(plan.skipped)
    for row, picture in _pictures(plan, paths, skipped, request):
        pixels[len(rows)] = picture
        rows.append(row)
    pixels = pixels[: len(rows)]
    if plan.detect_grey and all(_colourless(picture) for picture in pixels):
        pixels = np.ascontiguousarray(pixels[:, :1])
    return Decoded(pixels, np.array(rows, np.int64), skipped)


def _write(writer: cache.Writer, skipped: dict[int, str], plan: Plan, paths: list[Path], request: Request) -> None:
    skipped.update(plan.skipped)
    grey = plan.detect_grey
    for _, picture in _pictures(plan, paths, skipped, request):
        writer.add(picture)
        grey = grey and _colourless(picture)
    if grey:
        writer.drop_colour()


def _pictures(plan: Plan, paths: list[Path], skipped: dict[int, str], request: Request) -> Iterator[tuple[int, Pixels]]:
    """Number in `paths` and uint8 (C, S, S) of each picture that can be used; the others go to `skipped`."""
    total = len(plan.rows)
    with closing(decode_all((paths[row] for row in plan.rows), plan.size, plan.channels)) as pictures:
        for done, (row, picture) in enumerate(zip(plan.rows, pictures, strict=True)):
            if done % EVERY == 0:
                request.report("reading the pictures", done, total)
            if isinstance(picture, Unusable):
                skipped[row] = str(picture)
            else:
                yield row, picture
    request.report("reading the pictures", total, total)


def _colourless(picture: Pixels) -> bool:
    """Grey pictures are often kept in colour files: true where no pixel has a colour."""
    return np.array_equal(picture[0], picture[1]) and np.array_equal(picture[0], picture[2])
