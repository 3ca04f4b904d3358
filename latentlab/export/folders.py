"""Pictures as files of their own, in a folder that is there with all of them or not at all."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from latentlab.explore.grids import to_rgb
from latentlab.export.watching import Watch
from latentlab.images import Pixels
from latentlab.runs.files import blaming, sync_folder, temporary_beside

AT_ONCE = 20  # pictures between two reports


def save_folder(path: Path, pixels: Pixels, names: Sequence[str], watch: Watch, scale: int = 1) -> bool:
    """Write images (N, C, H, W) as PNGs of these names into the new folder `path`; False, and none, when cancelled.

    They are written into a folder beside, which takes the name once all are there. Raises ValueError where something of
    that name is there already, OSError where it cannot be written.
    """
    if path.exists():
        raise ValueError(f"{path} is there already: choose a name for a new folder")
    beside = temporary_beside(path)
    with blaming(path):
        try:
            beside.mkdir()
            for row, name in enumerate(names):
                if row % AT_ONCE == 0 and not watch.goes_on(row):
                    return False
                Image.fromarray(to_rgb(pixels[row], scale)).save(beside / name, "PNG")
            if not watch.goes_on(watch.total):  # the last question, then the one step that cannot be half done
                return False
            os.rename(beside, path)
            sync_folder(path.parent)
            return True
        finally:
            shutil.rmtree(beside, ignore_errors=True)
