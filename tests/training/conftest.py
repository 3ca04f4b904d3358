"""A place to train in: small runs on digits, on one thread (several tests share the processor)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from latentlab.config import RunConfig, merge
from latentlab.events import Event
from latentlab.images import Dataset
from latentlab.runs.folder import RunFolder, create_run, free_name, open_run
from latentlab.runs.record import new_record
from latentlab.training.control import Control
from latentlab.training.loop import train

SMALL: dict[str, Any] = {
    "data": {"limit": 110, "val_fraction": 0.1},  # 99 train in 4 batches, 11 validate
    "model": {"network": "mlp", "hidden": [16], "latent_dim": 3},
    "training": {"epochs": 3, "batch_size": 32, "device": "cpu", "log_every": 1, "checkpoint_every": 1},
}
OF_THE_CLOCK = ("time_s", "images_per_second")


@dataclass
class Workshop:
    """Makes runs in `root` and trains them."""

    root: Path
    dataset: Dataset

    def config(self, **sections: Any) -> RunConfig:
        """SMALL with these sections put over it."""
        return RunConfig.parse(merge(SMALL, sections))

    def new(self, config: RunConfig, dataset: Dataset | None = None) -> RunFolder:
        return create_run(self.root, new_record(free_name(self.root, "run"), config, dataset or self.dataset))

    def train(
        self,
        run: RunFolder,
        *,
        epochs: int | None = None,
        dataset: Dataset | None = None,
        control: Control | None = None,
        react: Callable[[Event], object] = lambda event: None,
        close_after: int | None = None,
    ) -> list[Event]:
        """Train as a process that has just been started would. Closes the generator after so many events."""
        run = open_run(run.path)
        config = run.record.config
        if epochs is not None:
            config = RunConfig.parse(merge(config.to_dict(), {"training": {"epochs": epochs}}))
        events: list[Event] = []
        with run.lock():
            generator = train(config, dataset or self.dataset, run, control)
            for event in generator:
                events.append(event)
                react(event)
                if len(events) == close_after:
                    generator.close()
        return events


@pytest.fixture
def workshop(tmp_path: Path, digits: Dataset) -> Workshop:
    return Workshop(tmp_path / "runs", digits)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def same() -> Callable[[RunFolder, RunFolder], None]:
    """Asserts that two runs ended with the same bits in weights, Adam's state and curves."""

    def check(one: RunFolder, other: RunFolder) -> None:
        paths = [run.checkpoints.path(max(run.checkpoints.steps())) for run in (one, other)]
        assert paths[0].name == paths[1].name
        for file in ("model.safetensors", "optimizer.safetensors"):
            here, there = (load_file(path / file) for path in paths)
            assert here.keys() == there.keys()
            different = [name for name in here if not torch.equal(here[name], there[name])]
            assert not different, f"{file} differs in {different}"
        assert curves(one) == curves(other)

    return check


def curves(run: RunFolder) -> list[dict[str, Any]]:
    """The records of metrics.jsonl, but for what the clock says."""
    return [{key: record[key] for key in record if key not in OF_THE_CLOCK} for record in run.metrics.read()]
