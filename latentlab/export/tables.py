"""Latents, map coordinates and curves as tables: .csv for spreadsheets, .npy for NumPy."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlab.export.watching import Watch
from latentlab.runs.files import write_array, write_whole

Floats = NDArray[np.floating]
AT_ONCE = 500  # rows between two reports


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


@dataclass(frozen=True, eq=False)
class Latents:
    """Where N images lie: mu and log_var (N, d) of q(z | x); coords (N, 2) on a map, nan for images that are not on it,
    or None."""

    mu: Floats
    log_var: Floats
    coords: Floats | None = None


def save_table(path: Path, rows: Rows, columns: Sequence[str], values: Floats, watch: Watch | None = None) -> bool:
    """Write values (N, len(columns)), a row per image: as .csv after its index, split and label, as .npy alone.

    Numbers in the .csv read back as the same float32; one that is not known (nan) is left empty. False, and no file,
    when cancelled. Raises OSError where it cannot be written.
    """
    assert values.shape == (len(rows.index), len(columns)), "a column for each name"
    numbers = values.astype(np.float32)
    if path.suffix.lower() == ".npy":
        return _at_the_end(watch, path, numbers)
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["index", "split", "label", *columns])
    for row, (index, split, line) in enumerate(zip(rows.index, rows.split, numbers, strict=True)):
        if row % AT_ONCE == 0 and watch is not None and not watch.goes_on(row):
            return False
        written = ("" if np.isnan(number) else str(number) for number in line)
        table.writerow([int(index), split, rows.label(row), *written])
    return _at_the_end(watch, path, text.getvalue().encode("utf-8"))


def save_latents(path: Path, rows: Rows, latents: Latents, watch: Watch | None = None) -> bool:
    """Write latents of N images: as .csv with columns mu0 .., log_var0 .. and, of a map, x and y; as .npy with fields.

    The fields of the .npy are index, split, label (a number, -1 where there is none), mu and log_var of d numbers each,
    and coords of two where there are any: np.load(file)["mu"] is (N, d). As `save_table` otherwise.
    """
    dims = range(latents.mu.shape[1])
    if path.suffix.lower() == ".npy":
        return _at_the_end(watch, path, _fields(rows, latents))
    columns = [*(f"mu{dim}" for dim in dims), *(f"log_var{dim}" for dim in dims)]
    values = [latents.mu, latents.log_var]
    if latents.coords is not None:
        columns, values = ["x", "y", *columns], [latents.coords, *values]
    return save_table(path, rows, columns, np.concatenate(values, axis=1), watch)


def save_records(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write a run's curves as .csv: a row per record of its metrics, a column per quantity, d of KL per dimension.

    Raises ValueError where there are none yet, OSError where it cannot be written.
    """
    flat = [dict(_flat(record)) for record in records]
    if not flat:
        raise ValueError("there are no curves yet: train the run first")
    names = list(dict.fromkeys(name for record in flat for name in record))
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, names, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(flat)
    write_whole(path, text.getvalue().encode("utf-8"))


def _flat(record: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, list | tuple):
            yield from ((f"{name}_{at}", each) for at, each in enumerate(value))
        else:
            yield name, "" if value is None else value


def _fields(rows: Rows, latents: Latents) -> NDArray[Any]:
    count, dims = latents.mu.shape
    labels = np.full(count, -1, np.int64) if rows.labels is None else rows.labels
    held: list[tuple[str, Any, Any]] = [
        ("index", rows.index, np.int64),
        ("split", np.array(rows.split), "U10"),
        ("label", labels, np.int64),
        ("mu", latents.mu, (np.float32, dims)),
        ("log_var", latents.log_var, (np.float32, dims)),
    ]
    if latents.coords is not None:
        held.append(("coords", latents.coords, (np.float32, 2)))
    table = np.zeros(count, np.dtype([(name, kind) for name, _, kind in held]))
    for name, values, _ in held:
        table[name] = values.reshape(table[name].shape)
    return table


def _at_the_end(watch: Watch | None, path: Path, written: bytes | NDArray[Any]) -> bool:
    """The last question, then the one step that cannot be half done."""
    if watch is not None and not watch.goes_on(watch.total):
        return False
    if isinstance(written, bytes):
        write_whole(path, written)
    else:
        write_array(path, written)
    return True
