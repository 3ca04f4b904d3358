"""Batches as tensors on the device: which images, in which order, and from where they are read.

No DataLoader: for images that lie in memory, indexing one uint8 tensor is faster than any worker process, and images
that do not are read ahead by one thread.
"""

import math
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from latentlab.config import RunConfig
from latentlab.images import Images, Indices
from latentlab.training.ahead import ahead
from latentlab.training.distributed import ALONE, Ranks, Share

DEVICE_SHARE = 0.5  # of a GPU's free memory that images may take; larger sets are sent batch by batch
AHEAD = 3  # batches that are read before they are asked for
PART = 4096  # images that are sent to a GPU at once
ORDER, NOISE, VALIDATION_NOISE, PROBE_NOISE = 1, 2, 3, 4  # separate random streams of one seed


@dataclass(frozen=True, slots=True)
class Batch:
    """pixels: uint8 (B, C, H, W); labels: int64 (B,), or None; both on the training device.

    Where several processes train together these are one's rows, and `share` says which of the whole batch.
    """

    pixels: Tensor
    labels: Tensor | None
    share: Share | None = None

    def __len__(self) -> int:
        """Rows that count."""
        return len(self.pixels) if self.share is None else self.share.counts


def stream(seed: int, purpose: int) -> int:
    """A seed of its own for each purpose, so that (say) noise and shuffling are independent."""
    return int(np.random.SeedSequence((seed, purpose)).generate_state(1)[0])


def epoch_order(positions: Indices, seed: int, epoch: int) -> Indices:
    """The positions in the order of this epoch: a function of seed and epoch alone, so nothing need be stored."""
    return np.random.default_rng((seed, ORDER, epoch)).permutation(positions)


def least_batch(config: RunConfig, ranks: Ranks) -> int:
    """Images that a batch must have: two for each process, where batch normalisation looks at each one's own."""
    return 2 * ranks.world if config.model.norm == "batch" else 2


def batch_count(total: int, size: int, least: int = 2) -> int:
    """Batches of an epoch: asked for at every step, so without counting them out.

    Fewer images than `least` at the end join the batch before: batch normalisation cannot learn from one image.
    """
    count = -(-total // size)
    last = total - (count - 1) * size
    return count - (count > 1 and last < least)


def spans(total: int, size: int, least: int = 2) -> list[tuple[int, int]]:
    """Start and stop of each of the `batch_count` batches of an epoch."""
    starts = [number * size for number in range(batch_count(total, size, least))]
    return list(zip(starts, [*starts[1:], total], strict=True))


class ImageReader:
    """Reads batches of images by position.

    Pixels in memory become one uint8 tensor, on the device where it has room. Anything else (a memory map, shapes
    drawn on demand, more than a GPU holds) is read batch by batch, by a thread a few batches ahead of training.
    """

    def __init__(
        self, images: Images, device: torch.device, labelled: bool, ranks: Ranks = ALONE, least: int = 2
    ) -> None:
        assert not labelled or images.labels is not None, "labels are needed for a condition"
        self._images = images
        self._device = device
        self._ranks, self._least = ranks, least
        self._labels = torch.from_numpy(np.array(images.labels)).to(device) if labelled else None
        self._pixels = _resident(images, device)

    def read(self, positions: Indices) -> Batch:
        """The images at these positions, all of them."""
        return self._placed(self._fetched(positions), positions, None)

    def batches(self, order: Indices, size: int, first: int = 0) -> Generator[Batch, None, None]:
        """The batches of an epoch in this order, from batch number `first` on; of each, this process's rows.

        Close the generator where it is left early: that ends the thread that reads ahead.
        """
        cut = spans(len(order), size, self._least)[first:]
        shares = [None if self._ranks.alone else self._ranks.share(stop - start) for start, stop in cut]
        mine = [
            slice(start, stop) if share is None else slice(start + share.first, start + share.stop)
            for (start, stop), share in zip(cut, shares, strict=True)
        ]
        if self._pixels is not None and self._pixels.device.type == self._device.type:  # "cuda" is "cuda:0" here
            places = torch.from_numpy(order).to(self._device)  # at once: sending some for each step waits for the last
            for part, share in zip(mine, shares, strict=True):
                labels = None if self._labels is None else self._labels[places[part]]
                yield Batch(self._pixels[places[part]], labels, share)
            return
        chunks = [order[part] for part in mine]
        with closing(ahead(self._fetched, chunks, AHEAD)) as fetched:
            for positions, share, pixels in zip(chunks, shares, fetched, strict=True):
                yield self._placed(pixels, positions, share)

    def _fetched(self, positions: Indices) -> Tensor:
        """uint8 (B, C, H, W), where the pixels lie; in memory that a GPU copies from by itself, if it is to go there.

        Draws nothing by chance, and of a GPU asks for pinned memory at most where a thread runs it ahead.
        """
        if self._pixels is not None:
            pixels = self._pixels[torch.from_numpy(positions).to(self._pixels.device)]
        else:
            pixels = torch.from_numpy(np.ascontiguousarray(self._images.pixels[positions]))
        return pixels.pin_memory() if self._device.type == "cuda" and pixels.device.type == "cpu" else pixels

    def _placed(self, pixels: Tensor, positions: Indices, share: Share | None) -> Batch:
        """On the training device, with labels."""
        labels = None if self._labels is None else self._labels[torch.from_numpy(positions).to(self._device)]
        return Batch(pixels.to(self._device, non_blocking=pixels.is_pinned()), labels, share)


def _resident(images: Images, device: torch.device) -> Tensor | None:
    """All pixels as one uint8 tensor, or None where they are to be read batch by batch."""
    in_memory = type(images.pixels) is np.ndarray  # a memory map is an array too, and should stay on disk
    if device.type == "cuda" and math.prod(images.pixels.shape) <= DEVICE_SHARE * torch.cuda.mem_get_info(device)[0]:
        return _uploaded(images, device)
    if not in_memory:
        return None
    assert isinstance(images.pixels, np.ndarray), "it has just been seen"
    pixels = torch.from_numpy(images.pixels if images.pixels.flags.writeable else images.pixels.copy())
    return pixels if device.type == "cuda" else pixels.to(device)


def _uploaded(images: Images, device: torch.device) -> Tensor:
    """All pixels on a GPU, part by part: wherever they lie, no more than a part of them is in memory."""
    pixels = torch.empty(tuple(images.pixels.shape), dtype=torch.uint8, device=device)
    for start in range(0, len(images), PART):
        rows = np.arange(start, min(start + PART, len(images)), dtype=np.int64)
        pixels[start : start + PART] = torch.from_numpy(np.ascontiguousarray(images.pixels[rows])).to(device)
    return pixels
