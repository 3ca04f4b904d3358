"""Some of the images to take away: as a table, as latents or as a folder of pictures; whole or not at all."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from latentlab.export.folders import save_folder
from latentlab.export.watching import Cancelled, FramesDone, Watch
from latentlab.images import Pixels
from latentlab.runs.files import write_array, write_whole
from latentlab.runs.names import cleaned

Floats = NDArray[np.float32]
What = Literal["table", "latents", "pictures"]
AT_ONCE = 500  # rows between two reports


@dataclass(frozen=True, eq=False)
class Selected:
    """n images: index (n,), the class's name of each or nothing, latents mu (n, d), and what else is known of them.

    figures: columns (n,) by their names, such as the reconstruction error in nats; coords (n, 2) on the map;
    pixels uint8 (n, C, H, W). None: not known.
    """

    index: NDArray[np.int64]
    labels: list[str]
    mu: Floats
    figures: dict[str, Floats]
    coords: Floats | None = None
    pixels: Pixels | None = None

    def __len__(self) -> int:
        return len(self.index)


def save_selection(
    path: Path,
    what: What,
    selected: Selected,
    progress: FramesDone | None = None,
    cancelled: Cancelled | None = None,
) -> bool:
    """Write 'table' (.csv), 'latents' (.npy, (n, d) float32) or 'pictures' (a new folder of PNGs) to `path`.

    False, and nothing written, when cancelled. `progress` is told rows done and their number. Raises ValueError where
    there is nothing to write or a folder of that name is there already, OSError where it cannot be written.
    """
    if not len(selected):
        raise ValueError("nothing is selected: there is nothing to export")
    watch = Watch(len(selected), progress, cancelled)
    return {"table": _table, "latents": _latents, "pictures": _pictures}[what](path, selected, watch)


def _table(path: Path, selected: Selected, watch: Watch) -> bool:
    """index, label, the figures, x and y on the map, z0 and so on; numbers read back as the same float32."""
    names = ["index", *(["label"] if selected.labels else []), *selected.figures]
    values = [*selected.figures.values()]
    if selected.coords is not None:
        names, values = [*names, "x", "y"], [*values, *selected.coords.T]
    names += [f"z{dim}" for dim in range(selected.mu.shape[1])]
    numbers = np.stack([*values, *selected.mu.T], axis=1).astype(np.float32)
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(names)
    for row, (index, line) in enumerate(zip(selected.index.tolist(), numbers, strict=True)):
        if row % AT_ONCE == 0 and not watch.goes_on(row):
            return False
        label = [selected.labels[row]] if selected.labels else []
        table.writerow([index, *label, *(str(number) for number in line)])
    return _finish(watch, lambda: write_whole(path, text.getvalue().encode("utf-8")))


def _latents(path: Path, selected: Selected, watch: Watch) -> bool:
    return _finish(watch, lambda: write_array(path, selected.mu.astype(np.float32)))


def _pictures(path: Path, selected: Selected, watch: Watch) -> bool:
    if selected.pixels is None:
        raise ValueError("the pictures are not loaded yet: wait until the map shows them")
    labels = selected.labels or [""] * len(selected)
    names = [picture_name(index, label) for index, label in zip(selected.index.tolist(), labels, strict=True)]
    return save_folder(path, selected.pixels, names, watch)


def picture_name(index: int, label: str) -> str:
    """'000123-boot.png': sorted by index, and a name that every system accepts."""
    return f"{index:06d}-{cleaned(label)}.png" if label else f"{index:06d}.png"


def _finish(watch: Watch, write: Callable[[], None]) -> bool:
    """The last question, then the one step that cannot be half done."""
    if not watch.goes_on(watch.total):
        return False
    write()
    return True
