"""Decoded pictures taken away together: as one sheet, one after another, or each in a file of its own."""

from pathlib import Path

from latentlab.explore.grids import grid
from latentlab.export.animations import save_animation
from latentlab.export.folders import save_folder
from latentlab.export.moving_formats import MOVING, Show
from latentlab.export.pictures import save_png
from latentlab.export.watching import Cancelled, FramesDone, Watch
from latentlab.images import Pixels

SHEET, FOLDER = ".png", ""
AS_PICTURES = (SHEET, *MOVING, FOLDER)
"""The suffixes that pictures can be written with; none: a folder of them."""


def save_frames(
    path: Path,
    pixels: Pixels,
    columns: int,
    show: Show,
    progress: FramesDone | None = None,
    cancelled: Cancelled | None = None,
) -> bool:
    """Write images (N, C, H, W) as `path`'s suffix says: .png, a sheet with so many columns; one of MOVING; none, a
    folder of PNGs. False, and nothing written, when cancelled. Raises ValueError and OSError as those do."""
    suffix = path.suffix.lower()
    if suffix in MOVING:
        return save_animation(path, pixels, show, progress, cancelled)
    watch = Watch(len(pixels), progress, cancelled)
    if suffix == FOLDER:
        digits = max(len(str(len(pixels) - 1)), 3)
        return save_folder(path, pixels, [f"{row:0{digits}d}.png" for row in range(len(pixels))], watch, show.scale)
    picture = grid(pixels, columns, scale=show.scale)
    if not watch.goes_on(len(pixels)):
        return False
    save_png(path, picture)
    return True
