"""The map as last computed, kept in the run folder so that a window can show it before torch is there.

latents.npy (N, d), map.npy (N, 2), map_index.npy (N,), map_labels.npy (N,), and map.json, written last, with the step
they belong to and a checksum of each. All of it can be computed again: what does not fit together counts as absent.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.pca import Floats
from latentlab.runs.files import read_array, read_json, write_array, write_json
from latentlab.runs.folder import RunFolder

SCHEMA_VERSION = 1
INFO = "map.json"
FILES = {"mu": "latents.npy", "umap": "map.npy", "index": "map_index.npy", "labels": "map_labels.npy"}


@dataclass(frozen=True, eq=False)
class StoredMap:
    """N encoded images: index int64 (N,), mu float32 (N, d), kl_per_dim (d,) in nats, umap float32 (N, 2) or None,
    labels int64 (N,) or None; as of optimizer step `step`."""

    step: int
    index: NDArray[np.int64]
    mu: NDArray[np.float32]
    kl_per_dim: NDArray[np.float32]
    umap: NDArray[np.float32] | None
    labels: NDArray[np.int64] | None


def save_map(
    run: RunFolder,
    step: int,
    index: NDArray[np.int64],
    mu: Floats,
    kl_per_dim: Floats,
    umap: Floats | None = None,
    labels: NDArray[np.int64] | None = None,
) -> None:
    """Keep a map in the run's folder. Raises OSError where the folder cannot be written."""
    arrays: dict[str, NDArray[Any]] = {"mu": mu.astype(np.float32), "index": np.asarray(index, np.int64)}
    if umap is not None:
        arrays["umap"] = umap.astype(np.float32)
    if labels is not None:
        arrays["labels"] = np.asarray(labels, np.int64)
    for name, array in arrays.items():
        assert len(array) == len(mu), f"one row of {name} per encoded image"
        write_array(run.path / FILES[name], array)
    write_json(
        run.path / INFO,
        {
            "schema_version": SCHEMA_VERSION,
            "step": step,
            "kl_per_dim": [float(kl) for kl in kl_per_dim],
            "checksums": {name: _checksum(array) for name, array in arrays.items()},
        },
    )


def load_map(run: RunFolder) -> StoredMap | None:
    """The map kept in the run's folder; None when there is none, or when its parts do not belong together."""
    try:
        info = read_json(run.path / INFO)
        if info["schema_version"] != SCHEMA_VERSION:
            return None
        arrays = {name: _read(run.path / FILES[name], wanted) for name, wanted in info["checksums"].items()}
        return StoredMap(
            step=int(info["step"]),
            index=arrays["index"],
            mu=arrays["mu"],
            kl_per_dim=np.asarray(info["kl_per_dim"], np.float32),
            umap=arrays.get("umap"),
            labels=arrays.get("labels"),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read(path: Path, wanted: int) -> NDArray[Any]:
    array: NDArray[Any] = read_array(path)
    if _checksum(array) != wanted:
        raise ValueError(f"{path.name} belongs to another map")
    return array


def _checksum(array: NDArray[Any]) -> int:
    return zlib.crc32(array.tobytes())
