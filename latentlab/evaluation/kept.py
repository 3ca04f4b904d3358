"""Evaluations in a run's folder: evaluation/<what was measured>.json, one file for each protocol."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from latentlab.runs.files import read_json, write_json
from latentlab.runs.folder import RunFolder
from latentlab.runs.names import cleaned

FOLDER = "evaluation"


def keep(run: RunFolder, found: dict[str, Any]) -> Path | None:
    """Writes `found`, whole, and returns where; None where the run is read-only. Raises OSError.

    `found` has a `protocol` with split, step, n, samples and seed; the time of writing goes with it as `created`. An
    evaluation of the same protocol, and so of the same figures, is replaced; any other is left as it is, and the new
    one gets a number.
    """
    if run.record.read_only:
        return None
    folder = run.path / FOLDER
    folder.mkdir(exist_ok=True)
    path = _place(folder, found["protocol"])
    write_json(path, {**found, "created": datetime.now(UTC).isoformat(timespec="seconds")})
    return path


def _place(folder: Path, protocol: dict[str, Any]) -> Path:
    stem = "{split}-step-{step}-images-{n}-samples-{samples}-seed-{seed}".format(**protocol)
    if against := protocol.get("against"):
        stem += f"-against-{cleaned(Path(against).name)}"
    number = 1
    while True:
        path = folder / f"{stem}{f'-{number}' if number > 1 else ''}.json"
        if not path.exists() or _protocol(path) == protocol:
            return path
        number += 1


def _protocol(path: Path) -> Any:
    try:
        return read_json(path)["protocol"]
    except (ValueError, KeyError, TypeError):
        return None  # damaged: left for the person to look at
