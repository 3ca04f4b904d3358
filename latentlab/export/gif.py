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

COLOURS = 255  # of a palette of 256, whose last says that nothing has changed
PALETTE_PIXELS = 8192  # drawn from all frames, from which the shared palette is made


def gif_bytes(
    frames: Pixels, order: Sequence[int], scale: int, loop: bool, shown: Sequence[int], watch: Watch
) -> bytes:
    """Frames (T, C, H, W), those of `order` after one another, each for as many milliseconds as `shown` says.

    Grey frames keep every grey; colour frames share one palette of 255, so that colours do not flicker. A frame holds
    what has changed since the one before, and nothing (the colour that is left) where nothing has. Raises Stopped.
    """
    palette, left = _palette(frames)
    parts = [_header(frames.shape[3] * scale, frames.shape[2] * scale, palette, loop)]
    indexed: dict[int, Pixels] = {}  # what comes again on the way back is made once
    before: Pixels | None = None
    for done, (row, milliseconds) in enumerate(zip(order, shown, strict=True)):
        watch.look()
        if row not in indexed:
            indexed[row] = _indexed(frames[row], palette)
        now = indexed[row]
        parts += _frame(now, before, left, scale, milliseconds)
        before = now
        watch.look(done + 1)
    return b"".join([*parts, b";"])


def _frame(now: Pixels, before: Pixels | None, left: int | None, scale: int, milliseconds: int) -> list[bytes]:
    """One frame (H, W) of indices: its control block and its compressed pixels."""
    if before is None:
        return getdata(_large(now, scale), duration=milliseconds)
    changed = now != before
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    top, bottom = (rows[0], rows[-1] + 1) if len(rows) else (0, 1)
    start, end = (columns[0], columns[-1] + 1) if len(columns) else (0, 1)
    cut, corner = (slice(top, bottom), slice(start, end)), (int(start) * scale, int(top) * scale)
    if left is None:
        return getdata(_large(now[cut], scale), corner, duration=milliseconds, disposal=1)
    filled = np.where(changed, now, np.uint8(left))[cut]
    return getdata(_large(filled, scale), corner, duration=milliseconds, disposal=1, transparency=left)


def _large(indexed: Pixels, scale: int) -> Image.Image:
    return Image.fromarray(indexed.repeat(scale, axis=0).repeat(scale, axis=1))


def _palette(frames: Pixels) -> tuple[Image.Image, int | None]:
    """One palette for all frames, as an image of one pixel that carries it, and an index that none of them has."""
    if frames.shape[1] == 1:
        palette = Image.new("P", (1, 1))
        palette.putpalette([level for level in range(256) for _ in "rgb"])
        free = np.flatnonzero(np.bincount(frames.ravel(), minlength=256) == 0)
        return palette, int(free[0]) if len(free) else None
    colours = frames.transpose(0, 2, 3, 1).reshape(-1, 3)
    some = np.random.default_rng(0).choice(len(colours), min(len(colours), PALETTE_PIXELS), replace=False)
    # k-means after the median cut: half the error on smooth ramps.
    return Image.fromarray(colours[None, some]).quantize(COLOURS, Image.Quantize.MEDIANCUT, kmeans=1), COLOURS


def _header(width: int, height: int, palette: Image.Image, loop: bool) -> bytes:
    """The file's beginning: size, 256 colours for all, and whether it starts again."""
    colours = bytes(palette.getpalette("RGB") or ()).ljust(768, b"\0")[:768]
    screen = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0b1_111_0_111, 0, 0)
    again = b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0" if loop else b""
    return screen + colours + again


def _indexed(frame: Pixels, palette: Image.Image) -> Pixels:
    """One frame (H, W) in the palette's colours. Without dithering: its grain would crawl."""
    if len(frame) == 1:
        return frame[0]
    return np.asarray(Image.fromarray(to_rgb(frame)).quantize(palette=palette, dither=Image.Dither.NONE))
