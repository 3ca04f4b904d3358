"""latentlab train: a new run from flags, a file and a recipe, or one more stretch of a run that is there."""

import os
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from latentlab.cli import report
from latentlab.cli.exits import DONE, FAILED, INTERRUPTED, WRONG, say
from latentlab.cli.fields import check_known
from latentlab.cli.opening import data_of, runs_root
from latentlab.cli.settings import given, settings
from latentlab.config import RunConfig, merge, read_values
from latentlab.events import Event, Failed, Finished
from latentlab.images import Dataset
from latentlab.presets import preset
from latentlab.runs.folder import RunFolder, check_free, create_numbered, create_run, open_run, summary
from latentlab.runs.names import check_name
from latentlab.runs.places import is_run
from latentlab.runs.record import new_record
from latentlab.training.control import Control

if TYPE_CHECKING:
    from latentlab.training.distributed import Ranks


def train(request: Namespace) -> int:
    """Trains, telling how it goes, and returns the exit code. Raises ValueError and OSError for `exits.guarded`."""
    if "RANK" not in os.environ:  # of several processes the first says what is wrong, once they have met
        (_new if request.resume is None else _again)(request)  # before torch is imported, which takes seconds
    from latentlab.training.distributed import joined

    with joined() as ranks:
        found = _found(request, ranks)
        if found is None:
            return WRONG  # the first process has said why
        run, dataset = found
        if run.record.status == "completed":
            if ranks.writes:
                done = report.counted(run.record.config.training.epochs, "epoch")
                print(f"{run.name} has had its {done} already; --more N adds to that")
            return DONE
        return _follow(run, dataset, request.json, ranks)


def _found(request: Namespace, ranks: "Ranks") -> tuple[RunFolder, Dataset] | None:
    """The run and its data. Of several processes the first makes or finds them, and the others follow: None if not."""
    if ranks.writes:
        path = ""
        try:
            run, dataset = (_resumed if request.resume is not None else _created)(request, ranks)
            path = str(run.path.resolve())
        finally:
            ranks.tell(path)
        return run, dataset
    path = ranks.tell("")
    if not path:
        return None
    run = open_run(path)
    return run, data_of(run.record.config, request.data_dir)


def configuration(request: Namespace) -> RunConfig:
    """What is to be trained, with the defaults. Raises ValueError."""
    return RunConfig.parse(values_of(request))


def values_of(request: Namespace) -> dict[str, Any]:
    """What of a configuration was asked for: flags over --config over --preset. Raises ValueError."""
    values = _beginning(request)
    if request.preset is not None:
        values = merge(values, preset(request.preset))
    if request.config is not None:
        values = merge(values, read_values(request.config))
    values = merge(values, _flags(request))
    check_known(values)
    return values


def _beginning(request: Namespace) -> dict[str, Any]:
    """With --from RUN: that run's model, and where its weights lie. Raises ValueError where there is no such run."""
    if request.start_from is None:
        return {}
    root = runs_root(request.checkpoints)
    run = open_run(request.start_from, root)
    beside = run.path.parent.resolve() == root.resolve()
    model = run.record.config.to_dict()["model"]
    return {"model": model, "training": {"start_from": run.name if beside else str(run.path.resolve())}}


def _flags(request: Namespace) -> dict[str, Any]:
    """The configuration's fields that were set on the command line, section by section."""
    values = settings(request)
    if request.data is not None:
        from latentlab.data.sources import from_argument

        values["data"] = {"path": None, **values.get("data", {}), **from_argument(request.data)}
    return values


def _created(request: Namespace, ranks: "Ranks") -> tuple[RunFolder, Dataset]:
    """A new run's folder and its data. Nothing is created before all that was asked for has been looked at."""
    from latentlab.training.preparation import check

    config, root = _new(request)
    dataset = data_of(config, request.data_dir)
    check(config, dataset, ranks, root)
    if request.name is not None:
        return create_run(root, new_record(request.name, config, dataset)), dataset
    stem = _stem(config)
    return create_numbered(root, stem, new_record(stem, config, dataset)), dataset


def _new(request: Namespace) -> tuple[RunConfig, Path]:
    """What a new run is to be and where it is to lie. Raises ValueError for what needs no data to be refused."""
    if request.more is not None:
        raise ValueError("--more adds epochs to a run: say which with --resume RUN")
    config, root = configuration(request), runs_root(request.checkpoints)
    if request.name is not None:
        _check_name(root, request.name)
    return config, root


def _check_name(root: Path, name: str) -> None:
    """Raises ValueError where a new run cannot be called so; where there is one already, it says what can be done."""
    check_name(name)
    if is_run(root / name):
        there = summary(root / name).status
        raise ValueError(
            f"there is a run '{name}' in {root} already ({there}): choose another --name, go on with it by "
            f"--resume {name}, or make room by 'latentlab runs delete {name}'"
        )
    check_free(root, name)


def _stem(config: RunConfig) -> str:
    source = Path(config.data.path).name if config.data.path is not None else config.data.source
    return f"{source}-{config.model.kind}"


def _resumed(request: Namespace, ranks: "Ranks") -> tuple[RunFolder, Dataset]:
    """The run to go on with, set to its new number of epochs and device, and the data it was trained on."""
    from latentlab.training.preparation import check

    run, config = _again(request)
    before = run.record.config
    dataset = data_of(config, request.data_dir)
    if dataset.fingerprint != run.record.dataset.fingerprint:
        raise ValueError(f"the images of {dataset.name} are not those that {run.name} was trained on: train a new run")
    check(config, dataset, ranks)
    if config != before:
        more = config.training.epochs != before.training.epochs
        with run.lock():
            run.update(config=config, status="stopped" if more else run.record.status)
    return run, dataset


def _again(request: Namespace) -> tuple[RunFolder, RunConfig]:
    """The run to go on with, and what it is to be from now on. Raises ValueError."""
    others = {"--preset": request.preset, "--config": request.config, "--name": request.name}
    others["--from"] = request.start_from
    extra = [flag for flag in given(request) if flag not in ("--epochs", "--device")]
    extra += [flag for flag, value in others.items() if value is not None]
    if extra:
        raise ValueError(f"--resume goes on with what the run is; {extra[0]} is for a new run")
    run = open_run(request.resume, runs_root(request.checkpoints))
    before = run.record.config
    training = {"epochs": _total(request, run), "device": request.device or before.training.device}
    return run, RunConfig.parse(merge(before.to_dict(), {"training": training}))


def _total(request: Namespace, run: RunFolder) -> int:
    """The run's new number of epochs. Raises ValueError where it would be fewer than there are."""
    set_to: int = run.record.config.training.epochs
    if request.more is not None:
        if request.epochs is not None:
            raise ValueError("--epochs is the new total and --more adds to it: give one of them")
        if request.more < 1:
            raise ValueError(f"--more takes a number of epochs of at least 1, not {request.more}")
        return set_to + request.more
    done = set_to if run.record.status == "completed" else run.metrics.progress().epoch
    if request.epochs is not None and request.epochs < done:
        had = report.counted(done, "epoch")
        raise ValueError(f"{run.name} has had {had}; --epochs is the new total and cannot be {request.epochs}")
    return set_to if request.epochs is None else request.epochs


def _follow(run: RunFolder, dataset: Dataset, as_json: bool, ranks: "Ranks") -> int:
    """Trains the run to its end, each event told as it comes (by the first process). Returns the exit code."""
    from latentlab.training.loop import train as train_events

    control = Control()
    show = (report.JsonLines() if as_json else report.Progress()) if ranks.writes else report.Silence()
    last: Event | None = None
    lock = run.lock() if ranks.writes else nullcontext()
    with (
        lock,  # let go only when the generator has been closed, which saves a checkpoint where it is interrupted
        closing(train_events(run.record.config, dataset, run, control, ranks)) as events,
        _ctrl_c_stops(control),
        show,
    ):
        for last in events:
            show(last)
    if isinstance(last, Failed):
        return say(last.message if ranks.alone else f"process {ranks.rank}: {last.message}", FAILED)
    assert isinstance(last, Finished), "training ends by finishing or failing"
    if not ranks.writes:
        return INTERRUPTED if last.reason == "stopped" else DONE
    if last.reason == "stopped":
        return say(f"stopped and kept; go on with: latentlab train --resume {_how_to_find(run)}", INTERRUPTED)
    if not as_json:
        print(report.closing_line(run, last))
    return DONE


def _how_to_find(run: RunFolder) -> str:
    """The run's name where that is enough to find it, else its path."""
    default = runs_root(None).absolute()
    return run.name if run.path.parent == default else str(run.path)


@contextmanager
def _ctrl_c_stops(control: Control) -> Iterator[None]:
    """The first Ctrl-C stops training before its next batch, with a checkpoint; a second one interrupts at once."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("stopping, and keeping what was learnt (Ctrl-C again to end at once) ...", file=sys.stderr)
        control.stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
