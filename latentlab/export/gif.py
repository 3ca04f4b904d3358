"""GIF files, after the GIF89a specification.

Pillow's own writer is not used because it merges identical neighbouring frames and writes a palette per frame.
"""

import struct
from collections.abc import Sequence

import numpy as np
from PIL import Image
from PIL.GifImagePlugin import getdata

from latentlab.explore.grids import to_rgb
from latentlab.export.watching import Watch
from latentlab.images import Pixels

PALETTE_PIXELS = 8192  # drawn from all frames, from which the shared palette is made


def gif_bytes(
    frames: Pixels, order: Sequence[int], scale: int, loop: bool, shown: Sequence[int], watch: Watch
) -> bytes:
    """Frames (T, C, H, W), those of `order` after one another, each for as many milliseconds as `shown` says.

    Grey frames keep every grey; colour frames share one palette of 256, so that colours do not flicker. Raises Stopped.
    """
    palette = _palette(frames)
    parts = [_header(frames.shape[3] * scale, frames.shape[2] * scale, palette, loop)]
    indexed: dict[int, Image.Image] = {}  # what comes again on the way back is made once
    for done, (row, milliseconds) in enumerate(zip(order, shown, strict=True)):
        watch.look()
        if row not in indexed:
            indexed[row] = _indexed(frames[row], palette)
        large = Image.fromarray(np.asarray(indexed[row]).repeat(scale, axis=0).repeat(scale, axis=1))
        parts += getdata(large, duration=milliseconds)
        watch.look(done + 1)
    return b"".join([*parts, b";"])


def _palette(frames: Pixels) -> Image.Image:
    """One palette for all frames: an image of one pixel that carries it."""
    if frames.shape[1] == 1:
        palette = Image.new("P", (1, 1))
        palette.putpalette([level for level in range(256) for _ in "rgb"])
        return palette
    colours = frames.transpose(0, 2, 3, 1).reshape(-1, 3)
    some = np.random.default_rng(0).choice(len(colours), min(len(colours), PALETTE_PIXELS), replace=False)
    # k-means after the median cut: half the error on smooth ramps.
    return Image.fromarray(colours[None, some]).quantize(256, Image.Quantize.MEDIANCUT, kmeans=1)


def _header(width: int, height: int, palette: Image.Image, loop: bool) -> bytes:
    """The file's beginning: size, 256 colours for all, and whether it starts again."""
    colours = bytes(palette.getpalette("RGB") or ()).ljust(768, b"\0")[:768]
    screen = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0b1_111_0_111, 0, 0)
    again = b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0" if loop else b""
    return screen + colours + again


def _indexed(frame: Pixels, palette: Image.Image) -> Image.Image:
    """One frame in the palette's colours. Without dithering: its grain would crawl."""
    if len(frame) == 1:
        return Image.fromarray(frame[0])
    return Image.fromarray(to_rgb(frame)).quantize(palette=palette, dither=Image.Dither.NONE)
