"""One point of a sweep: an ordinary run, trained to its end and measured on images that it was not trained on."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

from latentlab.config import RunConfig
from latentlab.evaluation.evaluate import evaluate
from latentlab.events import Event, Failed, Finished
from latentlab.explore.loaded import load
from latentlab.images import Dataset, Images, held_out, limited
from latentlab.runs.folder import RunFolder, create_run, open_run
from latentlab.runs.places import is_run
from latentlab.runs.record import new_record
from latentlab.training.control import Control
from latentlab.training.loop import train

SAMPLES = 8  # draws per image when a run is measured: a standard error of about 0.01 nats over 10,000 images

Tell = Callable[[Event], None]


class Stopped(Exception):
    """A stop was asked for."""


def run_point(
    root: Path, name: str, config: RunConfig, dataset: Dataset, control: Control, tell: Tell
) -> dict[str, Any]:
    """Train the run `name`, or go on with it, and measure it: the figures, as plain JSON values.

    `tell` is given every event of the training. Raises Stopped, with a checkpoint saved, and ValueError or OSError
    with a sentence where it cannot be trained or fails.
    """
    run = found(root, name, config) or create_run(root, new_record(name, config, dataset))
    if run.record.status != "completed":
        with run.lock(), closing(train(run.record.config, dataset, run, control)) as events:
            _follow(events, tell)
    return measured(run, dataset, control)


def found(root: Path, name: str, config: RunConfig) -> RunFolder | None:
    """The point's run where it is there. Raises ValueError where that name is taken by another run."""
    if not is_run(root / name):
        return None
    run = open_run(root / name)
    if _what_matters(run.record.config) != _what_matters(config):
        raise ValueError(f"there is another run called {name} in {root}: rename it, or give the sweep another name")
    return run


def measured(run: RunFolder, dataset: Dataset, control: Control) -> dict[str, Any]:
    """The figures of a completed run. Raises Stopped."""
    from latentlab.training.devices import choose_device

    def look(_done: int, _total: int) -> None:
        if control.stopped:
            raise Stopped

    config = run.record.config
    device = choose_device(config.training.device)
    loaded = load(run, device=device)
    split, images = held_out_images(dataset, config)
    look(0, 0)
    found = evaluate(loaded.model, images, split=split, samples=SAMPLES, seed=0, device=device, progress=look).to_dict()
    records = [record for record in run.metrics.read() if record["split"] == "train"]
    return {
        "rate": found["rate"],
        "distortion": found["distortion"],
        "neg_elbo": found["neg_elbo"],
        "active_units": found["active_units"],
        "smoothness": found["smoothness"],
        "images_per_second": median(record["images_per_second"] for record in records) if records else None,
        "seconds": records[-1]["time_s"] if records else None,
        "step": loaded.step,
        "split": split,
        "n": found["n"],
        "samples": SAMPLES,
        "seed": found["seed"],
        "kl_per_dim": list(found["kl_per_dim"]),
    }


def held_out_images(dataset: Dataset, config: RunConfig) -> tuple[str, Images]:
    """The test part; where there is none what was held out for validation; where there is none of that either all."""
    if len(dataset.test):
        return "test", dataset.test
    seen = limited(dataset.train, config.data.limit, config.training.seed)
    train, validation = held_out(seen, config.data.val_fraction, config.training.seed)
    return ("validation", seen.take(validation)) if len(validation) else ("train", seen.take(train))


def _follow(events: Iterator[Event], tell: Tell) -> None:
    """Raises Stopped or ValueError where the training does not come to its end."""
    last: Event | None = None
    for last in events:
        tell(last)
    if isinstance(last, Failed):
        raise ValueError(last.message)
    assert isinstance(last, Finished), "training ends by finishing or failing"
    if last.reason == "stopped":
        raise Stopped


def _what_matters(config: RunConfig) -> dict[str, Any]:
    """All that decides what is learnt; the first sweeps kept a history, too."""
    values = config.to_dict()
    del values["training"]["device"], values["training"]["history"]
    return values
