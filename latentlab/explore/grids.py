"""Many images as one: rows and columns with a gap between them, magnified without smoothing."""

import math

import numpy as np
from numpy.typing import NDArray

from latentlab.images import Pixels

Rgb = NDArray[np.uint8]
GAP = 255  # white, as on paper


def grid(pixels: Pixels, columns: int, padding: int = 2, scale: int = 1) -> Rgb:
    """Images (N, C, H, W), row by row, as one picture uint8 (H', W', 3).

    Each pixel becomes scale x scale; `padding` pixels of the picture lie between and around the images. Raises
    ValueError for no images, or a number of columns, a scale or a padding that is too small.
    """
    if len(pixels) == 0:
        raise ValueError("there are no images to draw")
    if columns < 1 or scale < 1 or padding < 0:
        raise ValueError("a grid needs at least 1 column and a scale of at least 1, and no negative padding")
    tiles = np.stack([to_rgb(image, scale) for image in pixels])
    count, height, width, _ = tiles.shape
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    picture = np.full((rows * (height + padding) + padding, columns * (width + padding) + padding, 3), GAP, np.uint8)
    for place, tile in enumerate(tiles):
        top = padding + place // columns * (height + padding)
        left = padding + place % columns * (width + padding)
        picture[top : top + height, left : left + width] = tile
    return picture


def to_rgb(image: Pixels, scale: int = 1) -> Rgb:
    """One image (C, H, W), grey or colour, as uint8 (H * scale, W * scale, 3)."""
    colours = np.broadcast_to(image, (3, *image.shape[1:])) if len(image) == 1 else image
    return colours.transpose(1, 2, 0).repeat(scale, axis=0).repeat(scale, axis=1)
