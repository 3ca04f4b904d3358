"""PNG and GIF files, complete or absent."""

import io
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.GifImagePlugin import getdata

from latentlab.explore.grids import Rgb, to_rgb
from latentlab.images import Pixels
from latentlab.runs.files import write_whole

LEAST_FPS, MOST_FPS = 0.1, 50.0  # most viewers slow down what is faster than 2 units of 10 ms
LONGEST_SIDE = 65_535  # pixels: what a GIF's header can say
PALETTE_PIXELS = 8192  # drawn from all frames, from which the shared palette is made

FramesDone = Callable[[int, int], None]
Cancelled = Callable[[], bool]


def save_png(path: Path, rgb: Rgb) -> None:
    """Write a picture uint8 (H, W, 3). Raises OSError where it cannot be written."""
    data = io.BytesIO()
    Image.fromarray(rgb).save(data, "PNG", optimize=True)
    write_whole(path, data.getvalue())


def save_gif(
    path: Path,
    frames: Pixels | Iterable[Pixels],
    fps: float,
    scale: int = 1,
    loop: bool = True,
    ping_pong: bool = False,
    progress: FramesDone | None = None,
    cancelled: Cancelled | None = None,
) -> bool:
    """Write frames (T, C, H, W) as an animation; False, and no file, when cancelled.

    Grey frames keep every grey; colour frames share one palette of 256. `fps` is kept on average: a GIF's delays are
    whole units of 10 ms, so neighbouring frames may differ by one. ping_pong goes back again without showing either end
    twice. `progress` is told frames done and their number. Raises ValueError for no frames, or an fps or a size that a
    GIF cannot have, and OSError where it cannot be written.
    """
    if not LEAST_FPS <= fps <= MOST_FPS:
        raise ValueError(f"a GIF shows {LEAST_FPS:g} to {MOST_FPS:g} frames per second, not {fps:g}")
    images = _within(frames, cancelled)
    if images is None:
        return False
    if len(images) == 0 or scale < 1 or max(images.shape[2:]) * scale > LONGEST_SIDE:
        raise ValueError(f"a GIF needs at least one frame, and sides of 1 to {LONGEST_SIDE} pixels")
    order = [*range(len(images)), *(range(len(images) - 2, 0, -1) if ping_pong else ())]
    palette = _palette(images)
    parts = [_header(images.shape[3] * scale, images.shape[2] * scale, palette, loop)]
    for done, (row, delay) in enumerate(zip(order, delays(len(order), fps), strict=True)):
        if cancelled is not None and cancelled():
            return False
        parts += _frame(images[row], palette, scale, delay)
        if progress is not None:
            progress(done + 1, len(order))
    write_whole(path, b"".join([*parts, b";"]))
    return True


def delays(count: int, fps: float) -> list[int]:
    """How long each of `count` frames is shown, in units of 10 ms, such that rounding errors do not add up."""
    ends = np.round(np.arange(count + 1) * (100.0 / fps)).astype(int)
    return np.diff(ends).tolist()


def _within(frames: Pixels | Iterable[Pixels], cancelled: Cancelled | None) -> Pixels | None:
    """All frames in one array (T, C, H, W), which may take decoding; None when cancelled meanwhile."""
    if isinstance(frames, np.ndarray):
        return frames
    taken = []
    for frame in frames:
        if cancelled is not None and cancelled():
            return None
        taken.append(frame)
    return np.stack(taken) if taken else np.zeros((0, 1, 1, 1), np.uint8)


def _palette(images: Pixels) -> Image.Image:
    """One palette for all frames, so that colours do not flicker: an image of one pixel that carries it."""
    if images.shape[1] == 1:
        palette = Image.new("P", (1, 1))
        palette.putpalette([level for level in range(256) for _ in "rgb"])
        return palette
    colours = images.transpose(0, 2, 3, 1).reshape(-1, 3)
    some = np.random.default_rng(0).choice(len(colours), min(len(colours), PALETTE_PIXELS), replace=False)
    # k-means after the median cut: half the error on smooth ramps.
    return Image.fromarray(colours[None, some]).quantize(256, Image.Quantize.MEDIANCUT, kmeans=1)


def _header(width: int, height: int, palette: Image.Image, loop: bool) -> bytes:
    """The file's beginning, after the GIF89a specification: size, 256 colours for all, and whether it starts again.

    Pillow's own writer is not used because it merges identical neighbouring frames and writes a palette per frame.
    """
    colours = bytes(palette.getpalette("RGB") or ()).ljust(768, b"\0")[:768]
    screen = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0b1_111_0_111, 0, 0)
    again = b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0" if loop else b""
    return screen + colours + again


def _frame(image: Pixels, palette: Image.Image, scale: int, delay: int) -> list[bytes]:
    """One frame's control block and its compressed pixels. Without dithering: its grain would crawl."""
    if len(image) == 1:
        indexed = Image.fromarray(image[0])
    else:
        indexed = Image.fromarray(to_rgb(image)).quantize(palette=palette, dither=Image.Dither.NONE)
    large = Image.fromarray(np.asarray(indexed).repeat(scale, axis=0).repeat(scale, axis=1))
    return getdata(large, duration=delay * 10)
