"""Pictures brought to the size and the channels that were asked for.

A picture is scaled until its shorter side has the size, and the middle square is kept. Grey is the luma of ITU-R
BT.601 (as Pillow's mode L), colour from grey is three equal channels.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from latentlab.data.request import Request
from latentlab.images import Pixels

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
CHUNK = 1000  # pictures between two reports of progress


def fit(pixels: Pixels, request: Request) -> Pixels:
    """uint8 (N, C, H, W) as `request.config` wants it: (N, channels, image_size, image_size); untouched where empty."""
    size, channels = request.config.image_size, request.config.channels
    if size is not None and pixels.shape[2:] != (size, size):
        total = len(pixels)
        pixels = resized(pixels, size, lambda done: request.report("resizing", done, total))
    return with_channels(pixels, channels)


def with_channels(pixels: Pixels, channels: Literal[1, 3] | None) -> Pixels:
    """uint8 (N, 1 or 3, H, W) as (N, channels, H, W)."""
    if channels is None or pixels.shape[1] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=1)
    grey = np.empty((len(pixels), 1, *pixels.shape[2:]), np.uint8)
    for start in range(0, len(pixels), CHUNK):  # in parts, for the sake of memory
        part = pixels[start : start + CHUNK].astype(np.float32)
        grey[start : start + CHUNK, 0] = np.rint(np.tensordot(part, LUMA, axes=(1, 0)))
    return grey


def resized(pixels: Pixels, size: int, report: Callable[[int], None] | None = None) -> Pixels:
    """uint8 (N, C, H, W) as (N, C, size, size). `report` is told now and then how many are done."""
    from PIL import Image, ImageOps  # not worth its import where nothing is resized

    fitted = np.empty((len(pixels), pixels.shape[1], size, size), np.uint8)
    for row, picture in enumerate(pixels):
        if report is not None and row % CHUNK == 0:
            report(row)
        array = picture[0] if len(picture) == 1 else np.ascontiguousarray(picture.transpose(1, 2, 0))
        square = np.asarray(ImageOps.fit(Image.fromarray(array), (size, size), Image.Resampling.BICUBIC))
        fitted[row] = square[None] if square.ndim == 2 else square.transpose(2, 0, 1)
    return fitted
