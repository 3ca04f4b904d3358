"""A path through latent space as a file: its waypoints, the run that they are of, and how it goes between them.

{"schema_version": 1, "kind": "path", "run": "digits-demo", "method": "linear", "latent_dim": 10, "label": null,
 "waypoints": [[0.1, ...], ...]}
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.paths import Way
from latentlab.runs.files import read_json, write_json

SCHEMA_VERSION = 1
MOST = 100  # waypoints: each is found again on every new map, which takes 0.3 ms of a window that is to follow the hand
LARGEST = 10_000_000  # bytes: no path is longer, and what is may be anything


@dataclass(frozen=True, eq=False)
class PathFile:
    """waypoints z float32 (W, d), W >= 2; run: the name of the run; label: the class it was decoded with, or None."""

    z: NDArray[np.float32]
    run: str
    method: Way = "linear"
    label: int | None = None

    def check_fits(self, latent_dim: int, name: str) -> None:
        """Raises ValueError with one sentence where the run `name` has another number of latent dimensions."""
        if self.z.shape[1] != latent_dim:
            raise ValueError(
                f"the path is of {self.run}, with {self.z.shape[1]} latent dimensions, and {name} has {latent_dim}: "
                "it leads nowhere there"
            )


def save_path(file: Path, path: PathFile) -> None:
    """Writes it whole or not at all. Raises OSError, and ValueError for waypoints that are not finite, or too many."""
    if len(path.z) > MOST:
        raise ValueError(f"a path has at most {MOST} waypoints, and this one {len(path.z):,}: take some of them out")
    write_json(
        file,
        {
            "schema_version": SCHEMA_VERSION,
            "kind": "path",
            "run": path.run,
            "method": path.method,
            "latent_dim": path.z.shape[1],
            "label": path.label,
            "waypoints": [[float(value) for value in waypoint] for waypoint in path.z],
        },
    )


def load_path(file: Path) -> PathFile:
    """Raises ValueError with one sentence for what is no path of 2 to MOST waypoints; OSError where unreadable."""
    if file.stat().st_size > LARGEST:
        raise ValueError(f"{file.name} is no path: it is larger than {LARGEST // 1_000_000} MB")
    held = read_json(file)
    if not isinstance(held, dict) or held.get("kind") != "path":
        raise ValueError(f"{file.name} is no path of LatentLab")
    if held.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"{file.name} was written by a newer LatentLab: this one cannot read it")
    method: Any = held.get("method")
    label: Any = held.get("label")
    if method not in get_args(Way):
        raise ValueError(f"{file.name} goes between its waypoints in an unknown way: {method!r}")
    whole = isinstance(label, int) and not isinstance(label, bool) and label >= 0
    if not (label is None or whole):
        raise ValueError(f"{file.name} is damaged: its label is no class")
    return PathFile(_waypoints(file, held), str(held.get("run", "")), method, label)


def _waypoints(file: Path, held: dict[str, Any]) -> NDArray[np.float32]:
    try:
        z = np.array(held.get("waypoints"), np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{file.name} is damaged: its waypoints are not rows of numbers") from None
    if z.ndim != 2 or len(z) < 2 or z.shape[1] != held.get("latent_dim") or not z.shape[1]:
        raise ValueError(f"{file.name} is damaged: a path has two waypoints or more, of as many numbers as it says")
    if len(z) > MOST:
        raise ValueError(f"{file.name} has {len(z):,} waypoints, and a path has at most {MOST}: keep every so-manieth")
    with np.errstate(over="ignore"):
        narrow = z.astype(np.float32)
    if not np.isfinite(narrow).all():
        raise ValueError(f"{file.name} is damaged: its waypoints are not finite numbers")
    return narrow
