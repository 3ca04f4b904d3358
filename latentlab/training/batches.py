"""Batches as tensors on the device: which images, in which order, and from where they are read.

No DataLoader: for images that lie in memory, indexing one uint8 tensor is faster than any worker process.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from latentlab.images import Images, Indices

DEVICE_SHARE = 0.5  # of a GPU's free memory that images may take; larger sets are sent batch by batch
ORDER, NOISE, VALIDATION_NOISE = 1, 2, 3  # separate random streams of one seed


@dataclass(frozen=True, slots=True)
class Batch:
    """pixels: uint8 (B, C, H, W); labels: int64 (B,), or None; both on the training device."""

    pixels: Tensor
    labels: Tensor | None

    def __len__(self) -> int:
        return len(self.pixels)


def stream(seed: int, purpose: int) -> int:
    """A seed of its own for each purpose, so that (say) noise and shuffling are independent."""
    return int(np.random.SeedSequence((seed, purpose)).generate_state(1)[0])


def epoch_order(positions: Indices, seed: int, epoch: int) -> Indices:
    """The positions in the order of this epoch: a function of seed and epoch alone, so nothing need be stored."""
    return np.random.default_rng((seed, ORDER, epoch)).permutation(positions)


def spans(total: int, size: int) -> list[tuple[int, int]]:
    """Start and stop of each batch of an epoch.

    A last image that would be alone joins the batch before it: batch normalisation cannot learn from one image.
    """
    starts = list(range(0, total, size))
    if len(starts) > 1 and total - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], total], strict=True))


class ImageReader:
    """Reads batches of images by position.

    Pixels in memory become one uint8 tensor, on the device where it has room; any other store (a memory map, shapes
    drawn on demand) is asked for each batch.
    """

    def __init__(self, images: Images, device: torch.device, labelled: bool) -> None:
        assert not labelled or images.labels is not None, "labels are needed for a condition"
        self._images = images
        self._device = device
        self._labels = torch.from_numpy(np.array(images.labels)).to(device) if labelled else None
        self._pixels = _resident(images, device)

    def read(self, positions: Indices) -> Batch:
        """The images at these positions."""
        if self._pixels is None:
            pixels = torch.from_numpy(np.ascontiguousarray(self._images.pixels[positions])).to(self._device)
        else:
            pixels = self._pixels[torch.from_numpy(positions).to(self._pixels.device)].to(self._device)
        labels = None if self._labels is None else self._labels[torch.from_numpy(positions).to(self._device)]
        return Batch(pixels, labels)

    def batches(self, order: Indices, size: int, first: int = 0) -> Iterator[Batch]:
        """The batches of an epoch in this order, from batch number `first` on."""
        for start, stop in spans(len(order), size)[first:]:
            yield self.read(order[start:stop])


def _resident(images: Images, device: torch.device) -> Tensor | None:
    """All pixels as one uint8 tensor, or None where they do not lie in memory."""
    if type(images.pixels) is not np.ndarray:  # a memory map is an array too, and should stay on disk
        return None
    pixels = torch.from_numpy(images.pixels if images.pixels.flags.writeable else images.pixels.copy())
    if device.type == "cuda" and pixels.nbytes > DEVICE_SHARE * torch.cuda.mem_get_info(device)[0]:
        return pixels
    return pixels.to(device)
