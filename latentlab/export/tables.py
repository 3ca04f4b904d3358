"""Latents and map coordinates as tables: .csv for spreadsheets, .npy for NumPy."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentlab.runs.files import write_array, write_whole

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Rows:
    """What is known of N images beside the numbers: index (N,), split of each, labels (N,) into class_names or None."""

    index: NDArray[np.int64]
    split: Sequence[str]
    labels: NDArray[np.int64] | None
    class_names: tuple[str, ...]

    def label(self, row: int) -> str:
        """The class's name, its number where it has no name, empty where there is none."""
        if self.labels is None:
            return ""
        label = int(self.labels[row])
        return self.class_names[label] if label < len(self.class_names) else str(label)


def save_table(path: Path, rows: Rows, columns: Sequence[str], values: Floats) -> None:
    """Write values (N, len(columns)), a row per image: as .csv after its index, split and label, as .npy alone.

    Numbers in the .csv read back as the same float32. Raises OSError where it cannot be written.
    """
    assert values.shape == (len(rows.index), len(columns)), "a column for each name"
    numbers = values.astype(np.float32)
    if path.suffix.lower() == ".npy":
        write_array(path, numbers)
        return
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["index", "split", "label", *columns])
    for row, (index, split, line) in enumerate(zip(rows.index, rows.split, numbers, strict=True)):
        table.writerow([int(index), split, rows.label(row), *(str(number) for number in line)])
    write_whole(path, text.getvalue().encode("utf-8"))
