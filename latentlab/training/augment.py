"""Chance changes to training images, whole batches at once, as uint8 and on whatever device they lie.

Each image has a chance of its own. Beside torchvision's v2.RandomHorizontalFlip and v2.RandomCrop, called once per
image, one indexing of the whole batch was 20 times as fast for 128 images of 28x28 (grey), 7 times for 64x64 (colour)
and 6 times for 128x128 (in turn in one process, two busy cores); called once on a batch, torchvision draws one chance
for all of its images.
"""

import torch
from torch import Tensor

from latentlab.config import Augmentation
from latentlab.models.chance import Rows, drawn

REACH = 8  # a crop moves an image by up to an eighth of its side


def augmented(pixels: Tensor, kinds: tuple[Augmentation, ...], generator: torch.Generator | Rows) -> Tensor:
    """uint8 (B, C, H, W) with the changes of `kinds` made to each image by a chance of its own; a new tensor.

    flip: mirrored left to right, every second time. crop: moved by up to an eighth of the side each way, what comes in
    being the image mirrored at its edge (torchvision's RandomCrop with padding_mode "reflect"). `generator` is the only
    source of chance; it lies on the device of the pixels. No value is looked at, so that a CUDA graph can hold this.
    """
    if not kinds:
        return pixels
    count, channels, height, width = pixels.shape
    rows = _moved(count, height, "crop" in kinds, generator)
    columns = _moved(count, width, "crop" in kinds, generator)
    if "flip" in kinds:
        mirrored = drawn(count, generator, _uniform) < 0.5  # (B, 1)
        columns = torch.where(mirrored, width - 1 - columns, columns)
    source = (rows[:, :, None] * width + columns[:, None, :]).view(count, 1, height * width)
    flat = pixels.reshape(count, channels, height * width)
    return flat.gather(2, source.expand(-1, channels, -1)).view(count, channels, height, width)


def _uniform(rows: int, generator: torch.Generator | None) -> Tensor:
    """(rows, 1) in [0, 1)."""
    return torch.rand(rows, 1, generator=generator, device=generator.device if generator is not None else None)


def _moved(count: int, side: int, move: bool, generator: torch.Generator | Rows) -> Tensor:
    """int64 (count, side): which row (or column) of its image each one shows."""
    places = torch.arange(side, device=generator.device).expand(count, side)
    if not move:
        return places
    reach = side // REACH
    shift = drawn(
        count,
        generator,
        lambda rows, source: torch.randint(-reach, reach + 1, (rows, 1), generator=source, device=generator.device),
    )
    places = (places + shift).abs()
    return torch.where(places >= side, 2 * (side - 1) - places, places)
