"""Kill -9 a training that saves all the time, at random moments; then resume it and compare with one never killed.

    python tests/benchmarks/kill_while_saving.py --times 20

Prints a line for each kill and the sum at the end; exits with 1 when a run did not resume to the same bits.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from latentlab.config import DataConfig, RunConfig
from latentlab.data.sources import load
from latentlab.events import Failed, Finished, Saved, Warned
from latentlab.images import Dataset
from latentlab.runs.folder import RunFolder, create_run, open_run
from latentlab.runs.record import new_record
from latentlab.training.loop import train

CONFIG = {
    "data": {"limit": 72},  # 65 train in one batch: a run that does little but save
    "model": {"network": "mlp", "hidden": [64], "latent_dim": 4},
    "training": {"batch_size": 128, "device": "cpu", "log_every": 1, "checkpoint_every": 1},
}
OF_THE_CLOCK = {"time_s", "images_per_second"}


@dataclass
class Outcome:
    """What one kill left, and what became of the run."""

    seconds: float
    newest: int | None
    unfinished: bool
    resumed_at: int
    damaged: int
    same: bool

    def __str__(self) -> str:
        left = "in the middle of a save" if self.unfinished else "between two saves"
        return (
            f"killed after {self.seconds:.3f} s, {left}; newest checkpoint {self.newest}, damaged {self.damaged}, "
            f"resumed at step {self.resumed_at}: {'same bits as never killed' if self.same else 'DIFFERENT'}"
        )


class Forked:
    """A function in a process of its own, which starts at once because it is forked from this one."""

    def __init__(self, work: Callable[[Callable[[str], None]], None]) -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(reading)
            code = 1
            with contextlib.suppress(BaseException):
                work(lambda line: os.write(writing, f"{line}\n".encode()) and None)
                code = 0
            os._exit(code)
        os.close(writing)
        self._said = os.fdopen(reading)

    def lines(self) -> Iterator[str]:
        """What it says, as it says it."""
        for line in self._said:
            yield line.strip()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> bool:
        """Whether it came to a good end."""
        rest = self._said.read()
        self._said.close()
        _, status = os.waitpid(self.pid, 0)
        return status == 0 and "failed" not in rest


def train_to_the_end(path: Path, dataset: Dataset, say: Callable[[str], None]) -> None:
    run = open_run(path)
    with run.lock():
        for event in train(run.record.config, dataset, run):
            if isinstance(event, Saved):
                continue
            say({Finished: "finished", Failed: "failed", Warned: "warned"}.get(type(event), f"at {event.step}"))


def new_run(root: Path, name: str, dataset: Dataset, epochs: int) -> RunFolder:
    values: dict[str, Any] = {**CONFIG, "training": {**CONFIG["training"], "epochs": epochs}}
    return create_run(root, new_record(name, RunConfig.parse(values), dataset))


def kill_once(run: RunFolder, reference: RunFolder, dataset: Dataset, delay: float) -> Outcome:
    victim = Forked(lambda say: train_to_the_end(run.path, dataset, say))
    next(victim.lines())  # it has started
    began = time.perf_counter()
    time.sleep(delay)
    victim.kill()
    seconds = time.perf_counter() - began
    victim.wait()
    newest = max(run.checkpoints.steps(), default=None)
    folder = run.checkpoints.folder
    unfinished = folder.exists() and any(entry.name.startswith(".") for entry in folder.iterdir())
    heir = Forked(lambda say: train_to_the_end(run.path, dataset, say))
    resumed_at = int(next(heir.lines()).removeprefix("at "))
    said = list(heir.lines())
    good = heir.wait() and said[-1:] == ["finished"] and same(run, reference)
    return Outcome(seconds, newest, unfinished, resumed_at, said.count("warned"), good)


def same(one: RunFolder, other: RunFolder) -> bool:
    """The same weights, optimizer state and curves, to the bit."""
    for file in ("model.safetensors", "optimizer.safetensors"):
        here, there = (load_file(run.checkpoints.path(max(run.checkpoints.steps())) / file) for run in (one, other))
        if here.keys() != there.keys() or not all(torch.equal(here[name], there[name]) for name in here):
            return False
    curves = [[{k: r[k] for k in r.keys() - OF_THE_CLOCK} for r in run.metrics.read()] for run in (one, other)]
    return curves[0] == curves[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20, help="how many runs are killed (20)")
    parser.add_argument("--epochs", type=int, default=40, help="checkpoints that each run writes (40)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (0)")
    parser.add_argument("--root", type=Path, help="where the runs are written (a temporary folder)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # a process with a pool of threads could not be forked
    root = Path(tempfile.mkdtemp(prefix="latentlab-kill-", dir=arguments.root))
    try:
        return kill_many(root, arguments.times, arguments.epochs, arguments.seed)
    finally:
        shutil.rmtree(root)


def kill_many(root: Path, times: int, epochs: int, seed: int) -> int:
    dataset = load(DataConfig(), data_dir=root / "data")
    draw = random.Random(seed)
    reference = new_run(root, "never-killed", dataset, epochs)
    whole = Forked(lambda say: train_to_the_end(reference.path, dataset, say))
    next(whole.lines())
    began = time.perf_counter()
    assert whole.wait(), "the run to compare with failed"
    duration = time.perf_counter() - began
    print(f"never killed: {epochs} epochs and checkpoints in {duration:.2f} s", flush=True)
    outcomes = []
    for number in range(1, times + 1):
        run = new_run(root, f"killed-{number}", dataset, epochs)
        outcomes.append(kill_once(run, reference, dataset, draw.uniform(0, duration)))
        print(f"{number:3}. {outcomes[-1]}", flush=True)
    good, amid = sum(outcome.same for outcome in outcomes), sum(outcome.unfinished for outcome in outcomes)
    print(f"resumed to the same bits: {good} of {times}; killed in the middle of a save: {amid} of {times}")
    return 0 if good == times else 1


if __name__ == "__main__":
    sys.exit(main())
