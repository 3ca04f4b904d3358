"""run.json: what a run is, and how it stands.

An older file is brought up to date by named migrations, one function per schema version; a newer one is refused.
"""

import platform
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from latentlab.config import RunConfig, Section, explain, without_warmup_steps
from latentlab.images import Dataset, split_sizes
from latentlab.runs.files import read_json, write_json
from latentlab.runs.places import RECORD_FILE

SCHEMA_VERSION = 2


def schedules_have_shapes(values: dict[str, Any]) -> dict[str, Any]:
    """1 to 2: a warm-up of beta was a number of steps."""
    return {**values, "config": without_warmup_steps(values["config"])}


MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: schedules_have_shapes}
"""From this version to the next."""

Status = Literal["created", "training", "paused", "stopped", "completed", "failed"]
VERSIONS_THAT_MATTER = ("latentlab", "torch", "numpy", "safetensors")


class DatasetRecord(Section):
    """Which images were learnt from; the counts are of images after limit and held-out part."""

    name: str
    fingerprint: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...] = ()
    train: int
    validation: int
    test: int


class ChangeRecord(Section):
    """What was changed in mid-run, from this step on."""

    step: int
    beta: float
    learning_rate: float


class RunRecord(Section):
    """run.json. `created` is ISO 8601 in UTC; `message` says why a run failed; `note` is the person's own.

    `precision` is what it was last trained in, empty before; `started_from` the run and step whose weights it began
    with, empty where there is none.
    """

    schema_version: int = SCHEMA_VERSION
    name: str
    config: RunConfig
    dataset: DatasetRecord
    versions: dict[str, str] = Field(default_factory=dict)
    created: str
    status: Status = "created"
    message: str | None = None
    read_only: bool = False
    changes: tuple[ChangeRecord, ...] = ()
    precision: str = ""
    started_from: str = ""
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return self.model_dump(mode="json")


def new_record(name: str, config: RunConfig, dataset: Dataset) -> RunRecord:
    """The record of a run that is about to be created, with versions and time of now."""
    train, validation = split_sizes(len(dataset.train), config.data.limit, config.data.val_fraction)
    described = DatasetRecord(
        name=dataset.name,
        fingerprint=dataset.fingerprint,
        image_shape=dataset.shape,
        class_names=dataset.class_names,
        train=train,
        validation=validation,
        test=len(dataset.test),
    )
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    return RunRecord(name=name, config=config, dataset=described, versions=versions(), created=created)


def versions() -> dict[str, str]:
    """The versions that decide whether a run can be repeated exactly; no package is imported for it."""
    found = {"python": platform.python_version()}
    for package in VERSIONS_THAT_MATTER:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def read_record(folder: Path) -> RunRecord:
    """The record of the run in `folder`. Raises ValueError with one sentence (damaged, newer), OSError."""
    path = folder / RECORD_FILE
    values = read_json(path)
    if not isinstance(values, dict) or not isinstance(values.get("schema_version"), int):
        raise ValueError(f"{path} is damaged: it has no schema version")
    try:
        return RunRecord.model_validate(migrated(values, path))
    except ValidationError as error:
        raise ValueError(f"{path} is damaged: {explain(error)}") from None


def migrated(values: dict[str, Any], path: Path) -> dict[str, Any]:
    """`values` in today's schema. Raises ValueError where they are newer than this LatentLab."""
    if values["schema_version"] > SCHEMA_VERSION:
        raise ValueError(f"{path} was written by a newer LatentLab: update this one to open the run")
    while (version := values["schema_version"]) < SCHEMA_VERSION:
        if version not in MIGRATIONS:
            raise ValueError(f"{path} is damaged: there never was a schema version {version}")
        values = {**MIGRATIONS[version](values), "schema_version": version + 1}
    return values


def write_record(folder: Path, record: RunRecord) -> None:
    """Put the record into `folder`, whole. Raises OSError."""
    write_json(folder / RECORD_FILE, record.to_dict())
