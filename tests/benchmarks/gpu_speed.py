"""Training on an NVIDIA GPU: seconds for a whole run, and how much of a step the GPU waits for launches.

    python tests/benchmarks/gpu_speed.py --data-dir DIR [--epochs 60]      (DIR holds FashionMNIST/raw)

The run is the preset `fashion`: three convolutions, 64 latents, batches of 128, 60 epochs of 54,000 garments with a
validation after each, through the real loop with its files. The share of a step that is gap is 1 - (time in which
kernels run) / (time on the clock), by torch's profiler over 200 steps: launched one by one, and replayed as a graph.
Images per second beside other loops: training_speed.py --device cuda.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from latentlab.config import RunConfig, merge
from latentlab.data.sources import load
from latentlab.events import EpochEnded, Failed, Measured, Warned
from latentlab.images import Dataset
from latentlab.presets import preset
from latentlab.runs.folder import create_run
from latentlab.runs.record import new_record
from latentlab.training.batches import ImageReader
from latentlab.training.learner import Knobs, Learner
from latentlab.training.loop import train

STEPS, WARM = 200, 20


def whole_run(config: RunConfig, dataset: Dataset, root: Path) -> None:
    """Train it and print seconds: with the start, and from the first epoch's end on."""
    run = create_run(root, new_record("gpu", config, dataset))
    began, first, last = time.perf_counter(), 0.0, None
    with run.lock():
        for event in train(config, dataset, run):
            if isinstance(event, Failed):
                raise SystemExit(event.message)
            if isinstance(event, Warned):
                print(f"warning: {event.message}")
            if isinstance(event, EpochEnded) and not first:
                first = time.perf_counter()
            if isinstance(event, Measured) and event.split == "validation":
                last = event
    ended, epochs = time.perf_counter(), config.training.epochs
    print(
        f"{epochs} epochs: {ended - began:.1f} s; without the first, {(ended - first) / max(1, epochs - 1):.3f} s each"
    )
    if last is not None:
        print(f"validation: negative ELBO {last.neg_elbo:.2f} nats")


def gap(config: RunConfig, dataset: Dataset, device: torch.device, replayed: bool) -> None:
    """Print milliseconds a step, kernels a step and the share of the time in which none runs."""
    learner = Learner(config, dataset, device)
    if not replayed:
        learner._captured = None
    reader = ImageReader(dataset.train, device, labelled=learner.conditional)
    size = config.training.batch_size
    batches = reader.batches(np.arange((STEPS + WARM) * size) % len(dataset.train), size)
    knobs = Knobs(1.0, 0.0, config.training.learning_rate)
    for _ in range(WARM):
        learner.step(next(batches), knobs)
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiler:
        began = time.perf_counter()
        for _ in range(STEPS):
            learner.step(next(batches), knobs)
        torch.cuda.synchronize()
        seconds = time.perf_counter() - began
    kernels = [event for event in profiler.events() if event.device_type == DeviceType.CUDA]
    busy = sum(event.time_range.elapsed_us() for event in kernels) / 1e6
    print(
        f"{'replayed' if replayed else 'launched one by one':20} {1e3 * seconds / STEPS:6.3f} ms a step, "
        f"{len(kernels) / STEPS:.0f} kernels and copies, gap {100 * (1 - busy / seconds):.0f} %"
        + (f"; not recorded: {learner.failed_capture}" if learner.failed_capture else "")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="where FashionMNIST/raw lies")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--precision", default="auto", choices=["auto", "float32", "bfloat16"])
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("there is no NVIDIA GPU here")
    training = {"device": "cuda", "epochs": arguments.epochs, "precision": arguments.precision}
    config = RunConfig.parse(merge(preset("fashion"), {"training": training}))
    dataset, device = load(config.data, data_dir=arguments.data_dir), torch.device("cuda")
    print(f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}, precision {arguments.precision}")
    for replayed in (False, True):
        gap(config, dataset, device, replayed)
    with tempfile.TemporaryDirectory() as root:
        whole_run(config, dataset, Path(root))


if __name__ == "__main__":
    main()
