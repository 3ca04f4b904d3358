"""Where memory runs out, the batch size that fits is named, and it does fit."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from latentlab.events import Failed
from latentlab.training import memory
from latentlab.training.learner import Learner

IN_A_CHILD = """
import json, resource, sys
from pathlib import Path
import numpy as np, torch
from latentlab.config import RunConfig
from latentlab.events import Measured, Started
from latentlab.images import Dataset, Images
from latentlab.runs.folder import create_run
from latentlab.runs.record import new_record
from latentlab.training.loop import train

torch.set_num_threads(1)
pixels = np.random.default_rng(0).integers(0, 256, (512, 1, 64, 64), dtype=np.uint8)
images = Images(pixels, np.arange(512))
dataset = Dataset("noise", images, images.take(np.arange(4)))

def events(batch):
    config = RunConfig.parse({
        "data": {"val_fraction": 0.0},
        "model": {"network": "conv", "hidden": [32, 32, 32], "latent_dim": 4},
        "training": {"epochs": 1, "batch_size": batch, "device": "cpu", "precision": "float32", "log_every": 1},
    })
    run = create_run(Path(sys.argv[1]), new_record(f"batch-{batch}", config, dataset))
    yield from train(config, dataset, run)

def limit(megabytes):
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most = resource.RLIM_INFINITY if megabytes is None else used + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))

for event in events(int(sys.argv[2])):
    if isinstance(event, Started):
        limit(200)  # with a tenth of that a library under torch crashes instead of saying what it lacks
    if isinstance(event, Measured):
        break
print(json.dumps([type(event).__name__, getattr(event, "message", "")]))
"""


def in_a_child(root: Path, batch: int) -> tuple[str, str]:
    """The first record of a training with little memory, or how it ends before that: the event's kind and sentence."""
    command = [sys.executable, "-c", IN_A_CHILD, str(root), str(batch)]
    # An arena takes 64 MB of what is limited, some time or other; and what lies in one is not always given back.
    few_arenas = {**os.environ, "MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=few_arenas)
    assert done.returncode == 0, done.stderr
    kind, message = json.loads(done.stdout.splitlines()[-1])
    return kind, message


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads its own size, and limits it, as Linux does")
def test_the_batch_size_that_fits_is_named_and_fits(tmp_path: Path) -> None:
    kind, message = in_a_child(tmp_path, 512)
    assert kind == "Failed"
    assert " fits; " in message, message
    fits = int(message.partition(" fits")[0].rpartition(" ")[2])
    assert message == (
        f"there is not enough memory for batches of 512 images: a batch size of {fits} fits; "
        "no checkpoint was saved yet"
    )
    assert fits in (32, 64, 128, 256)
    assert in_a_child(tmp_path, fits) == ("Measured", "")


def short_of(monkeypatch: pytest.MonkeyPatch, largest: int, error: Exception) -> None:
    """Let a step fail with this error where the batch is larger."""
    step = Learner.step

    def limited(learner: Learner, batch: Any, knobs: Any) -> Any:
        if len(batch) > largest:
            raise error
        return step(learner, batch, knobs)

    monkeypatch.setattr(Learner, "step", limited)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: 12"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_kind_of_shortage_is_known(workshop: Any, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    short_of(monkeypatch, 10, error)
    run = workshop.new(workshop.config())
    events = workshop.train(run)
    assert isinstance(events[-1], Failed)
    assert events[-1].message == (
        "there is not enough memory for batches of 32 images: a batch size of 8 fits; no checkpoint was saved yet"
    )
    assert run.checkpoints.steps() == [], "what was learnt from while trying is not kept"


def test_where_nothing_fits_the_network_is_too_large(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    short_of(monkeypatch, 0, MemoryError())
    events = workshop.train(workshop.new(workshop.config()))
    assert events[-1].message == (
        "there is not enough memory for batches of 32 images, nor for smaller ones: "
        "take a smaller network or smaller images; no checkpoint was saved yet"
    )


def test_an_epoch_of_fewer_images_than_a_batch_counts_them(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    short_of(monkeypatch, 62, MemoryError())
    events = workshop.train(workshop.new(workshop.config(training={"batch_size": 4096})))
    assert "batches of 4096 images: a batch size of 49 fits" in events[-1].message


def test_before_the_first_step_it_is_the_images_or_the_network(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from latentlab.training import preparation

    def short(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(preparation, "Learner", short)
    (event,) = workshop.train(workshop.new(workshop.config()))
    assert event.message == (
        "there is not enough memory for these images and this network: take smaller ones; no checkpoint was saved yet"
    )


def test_other_errors_are_no_shortage() -> None:
    assert not memory.is_shortage(RuntimeError("shapes do not match"))
    assert not memory.is_shortage(OSError(28, "No space left on device"))
