"""Images and data sets: what the data room hands to everyone else.

Pixels are uint8 of shape (N, C, H, W). They need not lie in memory: anything that has a shape and answers
`pixels[positions]` with such an array will do (a memory map, or shapes drawn on demand).
An image's index is its position in the training part, then in the test part, of the whole data set; limiting,
splitting and filtering never change it.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Pixels = NDArray[np.uint8]
FINGERPRINT_IMAGES = 4096  # so many images, evenly spread, enter a fingerprint
FINGERPRINT_BATCH = 256  # of them in memory at a time
LARGE = 256 << 20  # bytes of pixels: a part of a store that has more is not read into memory as a whole


class PixelStore(Protocol):
    """Pixels that may lie elsewhere than in memory. np.ndarray is one."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, positions: Indices, /) -> Pixels: ...


class Chosen:
    """The pixels at these positions of another store, read when they are asked for."""

    def __init__(self, pixels: PixelStore, positions: Indices) -> None:
        self._pixels: PixelStore = pixels
        self._positions: Indices = positions
        if isinstance(pixels, Chosen):  # one step instead of two
            self._pixels, self._positions = pixels._pixels, pixels._positions[positions]

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self._positions), *self._pixels.shape[1:]

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, positions: Indices, /) -> Pixels:
        return self._pixels[self._positions[positions]]


def chosen(pixels: PixelStore, positions: Indices) -> PixelStore:
    """The pixels at these positions: in memory where all are, else where they lie."""
    in_memory = type(pixels) is np.ndarray  # a memory map is an array too
    return pixels[positions] if in_memory else Chosen(pixels, positions)


@dataclass(frozen=True, eq=False)
class Images:
    """N images with their indices and, where known, labels.

    pixels: uint8 (N, C, H, W); index: int64 (N,); labels: int64 (N,) into class_names, or None;
    factors: float32 (N, F) ground truth of generated data, or None, named by factor_names.
    """

    pixels: PixelStore
    index: Indices
    labels: Indices | None = None
    class_names: tuple[str, ...] = ()
    factors: NDArray[np.float32] | None = None
    factor_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = self.pixels.shape[0]
        assert len(self.pixels.shape) == 4, f"pixels are (N, C, H, W), not {self.pixels.shape}"
        assert self.index.shape == (n,), "one index per image"
        assert self.labels is None or self.labels.shape == (n,), "one label per image"

    def __len__(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        _, channels, height, width = self.pixels.shape
        return channels, height, width

    @property
    def num_classes(self) -> int:
        """0 where there are no labels."""
        return 0 if self.labels is None else len(self.class_names)

    def take(self, positions: Indices) -> "Images":
        """The images at these positions (0 to N - 1), read into memory."""
        return self._at(positions, np.asarray(self.pixels[positions]))

    def subset(self, positions: Indices) -> "Images":
        """The images at these positions; where they lie elsewhere and are more than LARGE, they stay there."""
        if len(positions) * math.prod(self.shape) <= LARGE:
            return self.take(positions)
        return self._at(positions, chosen(self.pixels, positions))

    def _at(self, positions: Indices, pixels: PixelStore) -> "Images":
        return replace(
            self,
            pixels=pixels,
            index=self.index[positions],
            labels=None if self.labels is None else self.labels[positions],
            factors=None if self.factors is None else self.factors[positions],
        )

    def batches(self, size: int) -> Iterator["Images"]:
        """The images in order, at most `size` at a time in memory."""
        for start in range(0, len(self), size):
            yield self.take(np.arange(start, min(start + size, len(self))))


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set in its two official parts. `notes` are sentences for the person (pictures skipped, and why)."""

    name: str
    train: Images
    test: Images
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.train) + len(self.test)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return self.train.shape

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.train.class_names

    @property
    def num_classes(self) -> int:
        return self.train.num_classes

    @cached_property
    def _rows(self) -> tuple[Indices, Indices]:
        """All indices sorted, and where each stands in train followed by test."""
        index = np.concatenate([self.train.index, self.test.index])
        order = np.argsort(index, kind="stable")
        return index[order], order

    def at(self, index: Indices) -> Images:
        """The images with these indices, in that order. Raises KeyError for an index that is not here."""
        index = np.asarray(index, dtype=np.int64)
        known, order = self._rows
        if not len(known) and len(index):
            raise KeyError(f"{self.name} has no images")
        place = np.minimum(np.searchsorted(known, index), len(known) - 1)
        if not np.array_equal(known[place], index):
            raise KeyError(f"{self.name} has no image {index[known[place] != index][0]}")
        row = order[place]
        in_train = row < len(self.train)
        pixels = np.empty((len(index), *self.shape), np.uint8)
        labelled = all(part.labels is not None for part in (self.train, self.test) if len(part))
        labels = np.empty(len(index), np.int64) if labelled else None
        for part, here, rows in ((self.train, in_train, row), (self.test, ~in_train, row - len(self.train))):
            if here.any():
                pixels[here] = part.pixels[rows[here]]
                if labels is not None and part.labels is not None:
                    labels[here] = part.labels[rows[here]]
        return Images(pixels, index, labels, self.class_names)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over sizes, class names and evenly spread images with their labels: tells whether data changed."""
        digest = hashlib.sha256()
        for part in (self.train, self.test):
            digest.update(repr((tuple(part.pixels.shape), part.class_names)).encode())
            if len(part):
                count = min(len(part), FINGERPRINT_IMAGES)
                positions = np.arange(count, dtype=np.int64) * (len(part) - 1) // max(count - 1, 1)
                for start in range(0, count, FINGERPRINT_BATCH):
                    some = part.pixels[positions[start : start + FINGERPRINT_BATCH]]
                    digest.update(np.ascontiguousarray(some).data)
                if part.labels is not None:
                    digest.update(part.labels[positions].tobytes())
        return f"sha256:{digest.hexdigest()}"


def balanced(labels: Indices | None, total: int, count: int, seed: int) -> Indices:
    """Sorted positions of `count` of `total` images, drawn by the seed, the classes as equal as they allow."""
    count = min(count, total)
    draw = np.random.default_rng(seed)
    if labels is None:
        return np.sort(draw.choice(total, count, replace=False)).astype(np.int64)
    shuffled = draw.permutation(total)
    rank = np.empty(total, np.int64)  # an image's place among those of its own class
    for label in np.unique(labels):
        mine = shuffled[labels[shuffled] == label]
        rank[mine] = np.arange(len(mine))
    order = shuffled[np.argsort(rank[shuffled], kind="stable")]
    return np.sort(order[:count]).astype(np.int64)


def limited(images: Images, count: int | None, seed: int) -> Images:
    """At most `count` of the images, class-balanced and drawn by the seed; their indices stay what they were.

    What would be too much for the memory stays where it is (`Images.subset`).
    """
    if count is None or count >= len(images):
        return images
    return images.subset(balanced(images.labels, len(images), count, seed))


def held_out(images: Images, fraction: float, seed: int) -> tuple[Indices, Indices]:
    """Positions to train on and positions to validate on, drawn by the seed; both sorted.

    At least one image trains; with a fraction above 0 and two images or more, at least one validates.
    """
    total = len(images)
    _, count = split_sizes(total, None, fraction)
    order = np.random.default_rng(seed).permutation(total).astype(np.int64)
    return np.sort(order[count:]), np.sort(order[:count])


def split_sizes(total: int, limit: int | None, fraction: float) -> tuple[int, int]:
    """How many of `total` images train and validate, as `limited` and then `held_out` divide them."""
    count = total if limit is None else min(limit, total)
    validation = min(max(round(count * fraction), 1), count - 1) if fraction > 0 and count > 1 else 0
    return count - validation, validation
