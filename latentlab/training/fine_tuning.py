"""Beginning with the weights of another run."""

import json
from pathlib import Path
from typing import NamedTuple

from latentlab.config import ModelConfig, RunConfig
from latentlab.images import Dataset
from latentlab.models.weights import load_model
from latentlab.runs.checkpoints import CheckpointDamaged
from latentlab.runs.folder import RunFolder, open_run
from latentlab.training.learner import Learner, State, new_model

ALIKE = ("network", "hidden", "decoder", "norm", "activation", "latent_dim", "likelihood")
"""Fields of the model under which weights mean something; of the others, what matters shows in names and shapes."""


class Beginning(NamedTuple):
    """The weights to begin with, by name, and where they are from: '<name>, step <number>'."""

    weights: State
    source: str


def begin_with(name: str, run: RunFolder, learner: Learner, config: RunConfig, dataset: Dataset) -> str:
    """Copy the weights of the run called `name`, or at that path, into the learner: of its best checkpoint.

    A name is looked for beside `run`. Moments start from nothing. Returns what was taken, for run.json. Raises
    ValueError as `beginning` does.
    """
    found = beginning(name, run.path.parent, config, dataset)
    _, training = learner.state()
    raw = {key: found.weights[key.removeprefix("weight.")] for key in training if key.startswith("weight.")}
    learner.restore(found.weights, {**training, **raw})
    return found.source


def beginning(name: str, root: Path, config: RunConfig, dataset: Dataset) -> Beginning:
    """The weights of the run called `name` in `root`, or at that path: of its best checkpoint.

    Raises ValueError with one sentence where there are none, or they do not fit what `config` makes of these images.
    """
    source = open_run(name, root)
    place = best_checkpoint(source)
    loaded = load_model(place)
    if (other := _difference(loaded.config.model, config.model)) is not None:
        raise ValueError(f"the weights of {source.name} do not fit this run: {other}")
    if loaded.image_shape != dataset.shape:
        theirs, ours = ("x".join(map(str, shape)) for shape in (loaded.image_shape, dataset.shape))
        raise ValueError(
            f"the weights of {source.name} are for images of {theirs} (channels, height, width), not {ours}"
        )
    weights, wanted = loaded.model.state_dict(), new_model(config, dataset).state_dict()
    if {key: value.shape for key, value in weights.items()} != {key: value.shape for key, value in wanted.items()}:
        theirs = f"a {loaded.config.model.kind} with {len(loaded.class_names)} classes"
        raise ValueError(f"the weights of {source.name} do not fit this run: they are those of {theirs}")
    return Beginning(weights, f"{source.name}, step {int(place.name.rpartition('-')[2])}")


def best_checkpoint(run: RunFolder) -> Path:
    """The run's sound checkpoint with the lowest validation; the newest where there is no such.

    Raises ValueError where the run has no sound checkpoint.
    """
    store = run.checkpoints
    newest, damaged = store.newest_good()
    if newest is None:
        reason = damaged[0] if damaged else "it has no checkpoint yet"
        raise ValueError(f"there are no weights of {run.name} to begin with: {reason}")
    try:
        best = json.loads(store.read(newest, "state.json"))["best_step"]
        place = newest if best is None else store.path(best)
        store.verify(place)
    except (CheckpointDamaged, KeyError):  # the demo's checkpoint is the model alone
        return newest
    return place


def _difference(theirs: ModelConfig, ours: ModelConfig) -> str | None:
    """The first field in which the networks are not alike, in words."""
    for field in ALIKE:
        there, here = (getattr(model, field) for model in (theirs, ours))
        if there != here:
            return f"their {field.replace('_', ' ')} is {_shown(there)}, this one's {_shown(here)}"
    return None


def _shown(value: object) -> str:
    if value is None:
        return "the default"
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
