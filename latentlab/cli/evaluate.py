"""latentlab evaluate: a run's newest checkpoint, measured on one part of its data."""

import json
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from latentlab.cli.exits import DONE
from latentlab.cli.opening import Steps, data_of, device_of, opened
from latentlab.config import RunConfig
from latentlab.images import Dataset, Images, held_out, limited

if TYPE_CHECKING:
    from latentlab.explore.loaded import Loaded


def evaluate(request: Namespace) -> int:
    """Prints a table, or one JSON object, and returns the exit code. Raises ValueError for a wrong request."""
    from latentlab.evaluation import evaluate as evaluation

    device = device_of(request.device)
    run, loaded = opened(request.run, request.checkpoints, device)
    dataset = data_of(loaded.config, request.data_dir)
    if dataset.fingerprint != run.record.dataset.fingerprint:
        changed = f"the images of {dataset.name} are not those that {run.name} was trained on"
        print(f"{changed}: the parts may not be the same", file=sys.stderr)
    images = limited(part(dataset, loaded.config, request.split), request.limit, request.seed)
    with Steps() as steps:
        measured = evaluation.evaluate(
            loaded.model,
            images,
            split=request.split,
            samples=request.samples,
            seed=request.seed,
            device=device,
            progress=lambda done, total: steps(f"evaluating on {len(images):,} images", done, total),
        )
    found: dict[str, Any] = {"run": run.name, "data": dataset.name, "step": loaded.step, **measured.to_dict()}
    if loaded.config.model.kind == "cvae":
        found["condition"] = _condition(loaded, dataset, request.seed)
    print(json.dumps(found) if request.json else table(found))
    return DONE


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


def table(found: dict[str, Any]) -> str:
    """The figures for a person: one per line, in nats per image."""
    nats = "nats per image"
    threshold = found.get("active_units_threshold", 0.01)
    rows = [
        ("run", f"{found['run']}, step {found['step']:,}", ""),
        ("images", f"{found['n']:,}", f"{found['split']} part of {found['data']}, seed {found['seed']}"),
        ("negative ELBO", f"{found['neg_elbo']:.3f}", nats),
        ("reconstruction", f"{found['reconstruction']:.3f}", nats),
        ("KL", f"{found['kl']:.3f}", nats),
        ("NLL", f"{found['nll']:.3f}", f"{nats}, by {found['nll_samples']} importance samples"),
        ("active units", f"{found['active_units']}", f"of {len(found['kl_per_dim'])}; Var E[z|x] above {threshold:g}"),
    ]
    if "condition" in found:
        rows += _condition_rows(found["condition"])
    return "\n".join(f"{name:<16}{figure:>10}  {note}".rstrip() for name, figure, note in rows)


def _condition_rows(condition: dict[str, Any]) -> list[tuple[str, str, str]]:
    each, right = condition["per_label"], condition["classifier_accuracy"]
    rows = [("condition kept", f"{condition['condition_accuracy']:.1%}", f"of {each} samples drawn for each class")]
    rows += [(f"  {name}", f"{share:.1%}", "") for name, share in condition["condition_accuracy_per_class"].items()]
    return [*rows, ("classifier", f"{right:.1%}", f"right on {condition['n']:,} real images it had not seen")]
