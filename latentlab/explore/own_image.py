"""An image of the person's own, made into what a run's images are, with a sentence on what was done to it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from latentlab.data.pictures import Unusable, upright
from latentlab.images import Pixels

MIDDLE = 127.5  # grey, of 0 to 255: a rim above it is light


@dataclass(frozen=True, eq=False)
class OwnImage:
    """pixels uint8 (C, H, W), as the run's; done: what was done to it, in words that follow its name; inverted: light
    and dark were exchanged."""

    pixels: Pixels
    name: str
    done: tuple[str, ...]
    inverted: bool = False

    @property
    def note(self) -> str:
        """One sentence on it."""
        done = [*self.done, *(["light and dark exchanged"] if self.inverted else [])]
        return f"{self.name}: {', '.join(done)}"

    def exchanged(self) -> "OwnImage":
        """Light for dark and dark for light."""
        return replace(self, pixels=255 - self.pixels, inverted=not self.inverted)


def read(path: Path, shape: tuple[int, int, int], rim: float | None = None) -> OwnImage:
    """The file as an image of the shape (C, H, W); rim as for `fitted`. Raises ValueError with one sentence."""
    if not path.is_file():
        raise ValueError(f"There is no file {path}")
    try:
        image = upright(path)
    except Unusable as reason:
        raise ValueError(f"{path.name} cannot be used: it is {reason}") from None
    return fitted(image, shape, path.name, rim)


def from_pixels(rgb: Pixels, shape: tuple[int, int, int], name: str, rim: float | None = None) -> OwnImage:
    """Of pixels uint8 (height, width, 3), as from a clipboard; rim as for `fitted`."""
    return fitted(Image.fromarray(rgb), shape, name, rim)


def fitted(image: Image.Image, shape: tuple[int, int, int], name: str, rim: float | None = None) -> OwnImage:
    """The middle of the image, scaled to the shape (C, H, W).

    rim: the mean of the outermost pixels of the run's images, 0 to 255. Where theirs is dark and this one's is light,
    or the other way round, and both are grey, light and dark are exchanged: a digit in ink on paper is learnt from
    MNIST as light on black.
    """
    channels, height, width = shape
    was = (image.width, image.height)
    coloured = image.mode not in ("1", "L") and _has_colour(image)
    done = [f"{was[0]}×{was[1]} {'colour' if coloured else 'grey'}"]
    picture = image.convert("L" if channels == 1 else "RGB")
    if was[0] * height != was[1] * width:
        done.append("its middle kept")
    if was != (width, height):
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
        done.append(f"scaled to {width}×{height}")
    if coloured and channels == 1:
        done.append("made grey")
    values = np.asarray(picture)
    pixels = values[None].copy() if channels == 1 else np.ascontiguousarray(values.transpose(2, 0, 1))
    if len(done) == 1:
        done.append("taken as it is")
    found = OwnImage(pixels, name, tuple(done))
    other = rim is not None and (rim_of(pixels[None]) > MIDDLE) != (rim > MIDDLE)
    return found.exchanged() if other and channels == 1 else found


def rim_of(pixels: Pixels) -> float:
    """The mean of the outermost pixels of images uint8 (N, C, H, W), 0 to 255."""
    edges = (pixels[..., 0, :], pixels[..., -1, :], pixels[..., :, 0], pixels[..., :, -1])
    return float(np.mean([edge.mean() for edge in edges]))


def _has_colour(image: Image.Image) -> bool:
    """Grey pictures are often kept in colour files."""
    low, middle, high = (band.tobytes() for band in image.convert("RGB").split())
    return not low == middle == high
