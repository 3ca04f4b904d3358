"""A training as the files of a checkpoint, and back: going on from one is bit for bit the same as not stopping (CPU).

model.safetensors and config.json are the model, for anyone: the weights that are shown, which are the running mean
where there is one. optimizer.safetensors and state.json are for going on, the weights themselves among them then.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from latentlab.config import RunConfig
from latentlab.images import Dataset
from latentlab.models.weights import from_bytes, model_description, state_bytes
from latentlab.runs.files import json_bytes
from latentlab.runs.folder import RunFolder
from latentlab.training.batches import NOISE, stream
from latentlab.training.learner import Learner
from latentlab.training.meter import Meter, NotFinite
from latentlab.training.progress import Progress

SCHEMA_VERSION = 2  # of state.json


def plans_and_precision_are_stored(state: dict[str, Any]) -> dict[str, Any]:
    """1 to 2: without a plan (0) whoever goes on makes one; loss was never undone, and all was float32."""
    return {**state, "planned_steps": 0, "rollbacks": 0, "rollback_step": 0, "precision": "float32"}


MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: plans_and_precision_are_stored}
"""From this version to the next."""


@dataclass(frozen=True, slots=True)
class Written:
    """A checkpoint's folder, and whether its validation is the lowest of those saved."""

    path: Path
    best: bool


@dataclass(frozen=True, slots=True)
class Restored:
    """Where training stood at a checkpoint, the precision that it had, and how many epochs it was to have."""

    progress: Progress
    precision: str
    epochs: int


def save(
    run: RunFolder, config: RunConfig, dataset: Dataset, learner: Learner, progress: Progress, meter: Meter
) -> Written:
    """Write a checkpoint, whole or not at all. Raises OSError; NotFinite rather than keep broken weights."""
    if not learner.finite():
        raise NotFinite("the weights became infinite or not a number")
    sums = meter.to_dict()
    best = progress.note_best()
    state = {
        "schema_version": SCHEMA_VERSION,
        **asdict(progress),
        "meter": sums,
        "noise": base64.b64encode(learner.noise.get_state().numpy().tobytes()).decode(),
        "device": learner.device.type,
        "precision": learner.precision,
    }
    weights, training = learner.state()
    description = model_description(config, dataset.shape, dataset.class_names)
    files = {
        "model.safetensors": state_bytes(weights),
        "config.json": json_bytes(description),
        "optimizer.safetensors": state_bytes(training),
        "state.json": json_bytes(state),
    }
    kept = () if progress.best_step is None else (progress.best_step,)
    return Written(run.checkpoints.write(progress.step, files, keep=kept), best)


def restore(run: RunFolder, path: Path, config: RunConfig, learner: Learner, meter: Meter) -> Restored:
    """Put learner and meter where they stood at this checkpoint. Raises ValueError when it does not fit."""
    read = run.checkpoints.read
    state = _migrated(json.loads(read(path, "state.json")), path)
    progress = Progress(**{field.name: state[field.name] for field in fields(Progress)})
    weights, training = (from_bytes(read(path, f"{name}.safetensors")) for name in ("model", "optimizer"))
    try:
        learner.restore(weights, training)
        meter.restore(state["meter"])
    except (RuntimeError, KeyError) as error:
        raise ValueError(f"the checkpoint {path.name} does not fit the run's model: {_first_line(error)}") from None
    if state["device"] == learner.device.type:
        learner.noise.set_state(torch.frombuffer(bytearray(base64.b64decode(state["noise"])), dtype=torch.uint8))
    else:  # another device has another kind of random state
        learner.noise.manual_seed(stream(config.training.seed + progress.step, NOISE))
    described = json.loads(read(path, "config.json"))
    return Restored(progress, state["precision"], described["config"]["training"]["epochs"])


def _migrated(state: dict[str, Any], path: Path) -> dict[str, Any]:
    """`state` in today's schema. Raises ValueError where it is newer than this LatentLab."""
    while (version := state.get("schema_version")) != SCHEMA_VERSION:
        if version not in MIGRATIONS:
            raise ValueError(
                f"the checkpoint {path.name} was written by a newer LatentLab: update this one to go on with it"
            )
        state = {**MIGRATIONS[version](state), "schema_version": version + 1}
    return state


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
