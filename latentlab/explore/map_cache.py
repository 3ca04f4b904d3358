"""The maps as last computed, kept in the run folder so that a window can show one before torch is there.

latents.npy (N, d), map_index.npy (N,), map_labels.npy (N,), one map-<settings>.npy (N, 2) for each layout, and
map.json, written last, with the step they belong to, a checksum of each, and with each layout the checksum of the
latents that it is of. All of it can be computed again: what does not fit together counts as absent.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.pca import Floats
from latentlab.explore.projection_settings import ProjectionSettings
from latentlab.runs.files import read_array, read_json, write_array, write_json
from latentlab.runs.folder import RunFolder

SCHEMA_VERSION = 2  # 1 knew a single layout, UMAP with the parameters that were then fixed, in map.npy
INFO = "map.json"
FILES = {"mu": "latents.npy", "index": "map_index.npy", "labels": "map_labels.npy"}
FIRST_LAYOUT = "map.npy"  # of version 1
MOST = 8  # layouts of a run, 40 kB each at 5,000 points
UNREADABLE = (OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True, eq=False)
class StoredLayout:
    """coords float32 (N, 2). followed: it began from an earlier layout, not from the PCA plane."""

    settings: ProjectionSettings
    coords: NDArray[np.float32]
    followed: bool = False


@dataclass(frozen=True, eq=False)
class StoredMap:
    """N encoded images: index int64 (N,), mu float32 (N, d), kl_per_dim (d,) in nats, layouts, the newest last, labels
    int64 (N,) or None; as of optimizer step `step`."""

    step: int
    index: NDArray[np.int64]
    mu: NDArray[np.float32]
    kl_per_dim: NDArray[np.float32]
    layouts: tuple[StoredLayout, ...]
    labels: NDArray[np.int64] | None


def save_map(
    run: RunFolder,
    step: int,
    index: NDArray[np.int64],
    mu: Floats,
    kl_per_dim: Floats,
    layouts: Sequence[StoredLayout] = (),
    labels: NDArray[np.int64] | None = None,
) -> None:
    """Keep a map in the run's folder, with the newest MOST of its layouts. Raises OSError where that cannot be."""
    arrays: dict[str, NDArray[Any]] = {"mu": mu.astype(np.float32), "index": np.asarray(index, np.int64)}
    if labels is not None:
        arrays["labels"] = np.asarray(labels, np.int64)
    for name, array in arrays.items():
        assert len(array) == len(mu), f"one row of {name} per encoded image"
        _write(run.path / FILES[name], array)
    layouts = layouts[-MOST:]
    for layout in layouts:
        assert layout.coords.shape == (len(mu), 2), "one place per encoded image"
        _write(_file(run, layout.settings), layout.coords.astype(np.float32))
    latents = _checksum(arrays["mu"])
    write_json(
        run.path / INFO,
        {
            "schema_version": SCHEMA_VERSION,
            "step": step,
            "kl_per_dim": [float(kl) for kl in kl_per_dim],
            "checksums": {name: _checksum(array) for name, array in arrays.items()},
            "layouts": [_described(layout, latents) for layout in layouts],
        },
    )
    _remove_others(run, {_file(run, layout.settings).name for layout in layouts})


def load_map(run: RunFolder) -> StoredMap | None:
    """The map kept in the run's folder; None when there is none, or when its parts do not belong together.

    A layout that is damaged, or of other latents, is left out.
    """
    try:
        info = read_json(run.path / INFO)
        if info["schema_version"] == 1:
            info = _from_version_1(info)
        elif info["schema_version"] != SCHEMA_VERSION:
            return None
        arrays = {name: _read(run.path / FILES[name], wanted) for name, wanted in info["checksums"].items()}
        return StoredMap(
            step=int(info["step"]),
            index=arrays["index"],
            mu=arrays["mu"],
            kl_per_dim=np.asarray(info["kl_per_dim"], np.float32),
            layouts=tuple(_layouts(run, info["layouts"], arrays["mu"])),
            labels=arrays.get("labels"),
        )
    except UNREADABLE:
        return None


def _from_version_1(info: dict[str, Any]) -> dict[str, Any]:
    checksums = dict(info["checksums"])
    umap, layouts = checksums.pop("umap", None), []
    if umap is not None:
        known = {"settings": asdict(ProjectionSettings()), "file": FIRST_LAYOUT, "checksum": umap}
        layouts = [{**known, "latents": checksums["mu"], "followed": True}]  # which was not noted: the lesser claim
    return {**info, "checksums": checksums, "layouts": layouts}


def _described(layout: StoredLayout, latents: int) -> dict[str, Any]:
    return {
        "settings": asdict(layout.settings),
        "followed": layout.followed,
        "checksum": _checksum(layout.coords.astype(np.float32)),
        "latents": latents,
    }


def _layouts(run: RunFolder, described: list[dict[str, Any]], mu: NDArray[np.float32]) -> Iterator[StoredLayout]:
    latents = _checksum(mu)
    for each in described:
        with suppress(*UNREADABLE):
            settings = ProjectionSettings.parse(each["settings"])
            path = run.path / FIRST_LAYOUT if each.get("file") == FIRST_LAYOUT else _file(run, settings)
            coords = _read(path, each["checksum"])
            if each["latents"] == latents and coords.shape == (len(mu), 2):
                yield StoredLayout(settings, coords, bool(each["followed"]))


def _file(run: RunFolder, settings: ProjectionSettings) -> Path:
    return run.path / f"map-{settings.key}.npy"


def _remove_others(run: RunFolder, wanted: set[str]) -> None:
    """Layouts of older latents, which nothing refers to any more."""
    for path in (*run.path.glob("map-*.npy"), run.path / FIRST_LAYOUT):
        if path.name not in wanted:
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _write(path: Path, array: NDArray[Any]) -> None:
    """Unless it is there already: of several layouts mostly one is new."""
    try:
        _read(path, _checksum(array))
    except UNREADABLE:
        write_array(path, array)


def _read(path: Path, wanted: int) -> NDArray[Any]:
    array: NDArray[Any] = read_array(path)
    if _checksum(array) != wanted:
        raise ValueError(f"{path.name} belongs to another map")
    return array


def _checksum(array: NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(array).tobytes())
