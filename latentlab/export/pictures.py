"""PNG files, complete or absent."""

import io
from pathlib import Path

from PIL import Image

from latentlab.explore.grids import Rgb
from latentlab.runs.files import write_whole


def save_png(path: Path, rgb: Rgb) -> None:
    """Write a picture uint8 (H, W, 3). Raises OSError where it cannot be written."""
    write_whole(path, png_bytes(rgb))


def png_bytes(rgb: Rgb) -> bytes:
    data = io.BytesIO()
    Image.fromarray(rgb).save(data, "PNG", optimize=True)
    return data.getvalue()
