"""Picture files of any origin, opened with care and brought to one size.

Only the formats named here are tried, and none above 64 megapixels is decoded. Of an animation the first frame is
taken; a camera's orientation is obeyed; what is transparent becomes white.
"""

import warnings
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from os import cpu_count
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from latentlab.images import Pixels

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm")
LARGEST = 64_000_000  # pixels; Pillow itself only begins to warn at 89 million
THREADS = min(8, cpu_count() or 1)  # decoding lets go of the GIL
AHEAD = 128  # pictures that are decoded ahead of the one that is asked for


class Unusable(Exception):
    """A picture that cannot be used; the message is the reason, in words that follow 'it is' or 'they are'."""


@dataclass(frozen=True)
class Header:
    """What a file says of itself before it is decoded: sides in pixels, shorter first, and whether it is grey."""

    sides: tuple[int, int]
    grey: bool


def header(path: Path) -> Header:
    """Raises Unusable. Not for several threads at once: turning Pillow's warning into an error is global."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with _opened(path) as image:
            short, long = sorted(image.size)
            return Header((short, long), image.mode in ("1", "L", "LA", "I;16", "I;16B", "I;16L", "I;16N"))


def decode(path: Path, size: int, channels: Literal[1, 3]) -> Pixels:
    """uint8 (channels, size, size): the middle square of the picture, scaled. Raises Unusable."""
    with _opened(path) as image:
        try:
            image.draft(None, (2 * size, 2 * size))  # a JPEG is decoded at a fraction of its size where that is enough
            upright = _without_alpha(_eight_bit(ImageOps.exif_transpose(image)))
            picture = upright.convert("L" if channels == 1 else "RGB")
            square = np.asarray(ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS))
        except Unusable:
            raise
        except Exception as error:  # Pillow's decoders raise almost anything on a broken file
            raise Unusable("damaged or cut off") from error
    return square[None] if channels == 1 else np.ascontiguousarray(square.transpose(2, 0, 1))


def upright(path: Path) -> Image.Image:
    """The whole picture, as it is meant to be seen: of 8 bits, without transparency. Raises Unusable."""
    with _opened(path) as image:
        try:
            return _without_alpha(_eight_bit(ImageOps.exif_transpose(image))).copy()
        except Unusable:
            raise
        except Exception as error:  # Pillow's decoders raise almost anything on a broken file
            raise Unusable("damaged or cut off") from error


def decode_all(paths: Iterable[Path], size: int, channels: Literal[1, 3]) -> Generator[Pixels | Unusable, None, None]:
    """Each picture decoded, or why it is not, in order; on several threads, never far ahead."""

    def attempt(path: Path) -> Pixels | Unusable:
        try:
            return decode(path, size, channels)
        except Unusable as reason:
            return reason

    remaining = iter(paths)
    with ThreadPoolExecutor(THREADS, "decode") as pool:
        while chunk := list(islice(remaining, AHEAD)):
            yield from pool.map(attempt, chunk)


def _opened(path: Path) -> Image.Image:
    """The file, its header read. Raises Unusable."""
    try:
        image = Image.open(path, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unusable(_too_large()) from None
    except UnidentifiedImageError:
        raise Unusable("not a picture of a known format, or damaged") from None
    except PermissionError:
        raise Unusable("not allowed to be read") from None
    except Exception as error:  # Pillow's parsers raise almost anything on a broken file
        raise Unusable("damaged or cut off") from error
    if image.width * image.height > LARGEST:
        image.close()
        raise Unusable(_too_large())
    return image


def _too_large() -> str:
    return f"larger than {LARGEST // 1_000_000} megapixels"


def _eight_bit(image: Image.Image) -> Image.Image:
    """Of 16 bits the upper 8; Pillow's own conversion would clip them."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise Unusable("of 32 bits per pixel, whose range is not known")
    return image


def _without_alpha(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
