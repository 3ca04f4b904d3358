"""latentlab evaluate: a run's newest checkpoint, measured on one part of its data."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from latentlab.cli.evaluation_table import table
from latentlab.cli.exits import DONE
from latentlab.cli.opening import Steps, data_of, device_of, opened, runs_root
from latentlab.config import RunConfig
from latentlab.events import Measured
from latentlab.images import Dataset, Images, held_out, limited
from latentlab.runs.folder import RunFolder, open_run

if TYPE_CHECKING:
    from latentlab.explore.loaded import Loaded

LEAST_LIMIT = 2  # of a configuration
OF_LATENTS = ("collapse", "over-regularised", "few-dimensions", "runaway")


def evaluate(request: Namespace) -> int:
    """Prints a table, or one JSON object, and returns the exit code. Raises ValueError for a wrong request."""
    open_run(request.run, runs_root(request.checkpoints))  # before torch is imported, which takes seconds
    from latentlab.evaluation import evaluate as evaluation
    from latentlab.evaluation.protocol import protocol

    device = device_of(request.device)
    run, loaded = opened(request.run, request.checkpoints, device)
    dataset = data_of(loaded.config, request.data_dir)
    if dataset.fingerprint != run.record.dataset.fingerprint:
        changed = f"the images of {dataset.name} are not those that {run.name} was trained on"
        print(f"{changed}: the parts may not be the same", file=sys.stderr)
    whole = part(dataset, loaded.config, request.split)
    images = limited(whole, request.limit, request.seed)
    against = None if request.against is None else _others(request, loaded)
    with Steps() as steps:
        measured = evaluation.evaluate(
            loaded.model,
            images,
            split=request.split,
            samples=request.samples,
            seed=request.seed,
            device=device,
            progress=lambda done, total: steps(f"evaluating on {total:,} images", done, total),
            against=against,
        )
    about = {"run": run.name, "data": dataset.name, "fingerprint": dataset.fingerprint, "step": loaded.step}
    about |= {"limit": request.limit if len(images) < len(whole) else None, "against": request.against}
    found: dict[str, Any] = {"run": run.name, "data": dataset.name, "step": loaded.step, **measured.to_dict()}
    found["protocol"] = protocol(loaded.model, measured, str(device), **about)
    if loaded.config.model.kind == "cvae":
        found["condition"] = _condition(loaded, dataset, request.seed)
    print(json.dumps(found) if request.json else table(found))
    for sentence in _ailments(run, loaded, measured.kl_per_dim):
        print(sentence, file=sys.stderr)
    _keep(run, found)
    return DONE


def _ailments(run: RunFolder, loaded: "Loaded", kl_per_dim: Sequence[float]) -> list[str]:
    """What is not well with the model: what was said while it was trained, and of what was measured now."""
    from latentlab.evaluation.health import findings, of_latents

    history = [measured for record in run.metrics.read() if (measured := Measured.from_record(record)) is not None]
    history = [measured for measured in history if measured.step <= loaded.step]
    beta = next((each.beta for each in reversed(history) if each.split == "train"), loaded.config.objective.beta)
    found = findings(history)
    now = of_latents(kl_per_dim, beta)
    if now is not None and not any(finding.kind in OF_LATENTS for finding in found):
        found.append(now)
    return [finding.sentence for finding in found]


def _keep(run: RunFolder, found: dict[str, Any]) -> None:
    """Into the run's folder; where that cannot be written, the person is told and has the figures all the same."""
    from latentlab.evaluation.kept import keep

    try:
        keep(run, found)
    except OSError as error:
        print(f"the evaluation is not kept with the run: {error}", file=sys.stderr)


def _others(request: Namespace, loaded: "Loaded") -> Images:
    """The test images of --against, or all where it has none, in the size that the model takes. Raises ValueError."""
    from latentlab.data.sources import from_argument

    if loaded.model.num_classes:
        raise ValueError("--against needs a model without condition: other data have other classes")
    channels, height, width = loaded.image_shape
    if height != width:
        raise ValueError(f"--against needs a model of square images, and this one's are {width}x{height}")
    values = {**from_argument(request.against), "image_size": height, "channels": channels}
    if request.limit is not None:
        values["limit"] = max(request.limit, LEAST_LIMIT)  # where the source can, it reads no more than that
    config = RunConfig.parse({"data": values, "training": {"seed": request.seed}})
    dataset = data_of(config, request.data_dir)
    return limited(dataset.test if len(dataset.test) else dataset.train, request.limit, request.seed)


def part(dataset: Dataset, config: RunConfig, split: str) -> Images:
    """The images of a split as training saw it. Raises ValueError where it is empty."""
    if split == "test":
        images = dataset.test
    else:
        seed = config.training.seed
        seen = limited(dataset.train, config.data.limit, seed)
        train, validation = held_out(seen, config.data.val_fraction, seed)
        images = seen.subset(train if split == "train" else validation)
    if len(images) == 0:
        others = ", ".join(other for other in ("test", "validation", "train") if other != split)
        raise ValueError(f"{dataset.name} has no {split} images for this run; choose another --split ({others})")
    return images


def _condition(loaded: "Loaded", dataset: Dataset, seed: int) -> dict[str, Any]:
    """How often a classifier trained on the real images gives a sample the label that it was drawn for."""
    from latentlab.evaluation.classifier import condition_accuracy

    with Steps() as steps:
        return condition_accuracy(
            loaded.model,
            dataset.train,
            seed,
            test=dataset.test if len(dataset.test) else None,
            device=loaded.device,
            progress=lambda done, total: steps("training a classifier of real images", done, total),
        )
