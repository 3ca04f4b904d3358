"""A map of encoded images as a picture: a dot per image, a colour per class, and which is which."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from latentlab.explore.grids import Rgb
from latentlab.explore.palettes import classes

MARGIN = 0.04  # of the side
SMOOTHING = 2  # drawn so many times larger, then reduced
LEGEND_ENTRIES = 20


def draw_map(
    points: NDArray[np.floating], labels: NDArray[np.int64] | None, class_names: tuple[str, ...], side: int = 1000
) -> Rgb:
    """Points (N, 2) on white, uint8 (side, side, 3), both axes to one scale and the second one upwards.

    Raises ValueError where there are none.
    """
    if len(points) == 0:
        raise ValueError("there are no points to draw a map of")
    large = side * SMOOTHING
    places = _fitted(points, large)
    picture = Image.new("RGB", (large, large), "white")
    draw = ImageDraw.Draw(picture)
    radius = large * float(np.clip(0.18 / np.sqrt(len(points)), 0.001, 0.008))
    colours = classes(1 if labels is None else max(int(labels.max()) + 1, len(class_names)), dark=False)
    order = np.random.default_rng(0).permutation(len(points))  # no class hides the others by being drawn last
    for row in order:
        x, y = places[row]
        colour = colours[0 if labels is None else int(labels[row])]
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    if labels is not None:
        _legend(draw, class_names, colours, large)
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX))


def _fitted(points: NDArray[np.floating], side: int) -> NDArray[np.floating]:
    """Coordinates in pixels, centred, as large as they fit."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max()) or 1.0
    scale = side * (1 - 2 * MARGIN) / extent
    return side / 2 + (points - (low + high) / 2) * scale * np.array([1.0, -1.0])


def _legend(draw: ImageDraw.ImageDraw, class_names: tuple[str, ...], colours: tuple[str, ...], side: int) -> None:
    size = side * 0.016
    font = ImageFont.load_default(size=size)
    for row, (name, colour) in enumerate(zip(class_names[:LEGEND_ENTRIES], colours, strict=False)):
        top = side * 0.015 + row * size * 1.5
        draw.ellipse((size, top, size * 2, top + size), fill=colour)
        draw.text((size * 2.5, top + size / 2), name, fill="#333333", font=font, anchor="lm")
