"""Images per second of LatentLab's training beside a plain loop over the same network, in turn, on one machine.

    python tests/benchmarks/training_speed.py --data-dir DIR      (DIR holds FashionMNIST/raw)

The plain loop is what articles show: a DataLoader over float tensors, a sigmoid and binary cross-entropy, torch's
global random state, `.item()` at each step. The network is convolutional, 32-64, with 32 latents; batches of 128.
Without --data-dir the images are noise of the same size, which takes as long.
"""

import argparse
import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from latentlab.config import DataConfig, RunConfig
from latentlab.data.sources import load
from latentlab.events import Measured
from latentlab.images import Dataset, Images
from latentlab.models.build import build, count_parameters
from latentlab.runs.folder import create_run
from latentlab.runs.record import new_record
from latentlab.training.control import Control
from latentlab.training.devices import choose_device
from latentlab.training.loop import train

CONFIG = {
    "data": {"source": "fashion-mnist", "val_fraction": 0.0},
    "model": {"network": "conv", "hidden": [32, 64], "latent_dim": 32},
    "training": {"epochs": 1000, "batch_size": 128, "log_every": 10, "checkpoint_every": 1000},
}


def plain(config: RunConfig, pixels: Tensor, device: torch.device) -> Iterator[int]:
    """Yields the number of images after each step."""
    model = build(config.model, tuple(pixels.shape[1:]), 0, seed=0).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.training.learning_rate)
    loader = DataLoader(TensorDataset(pixels.float() / 255), batch_size=config.training.batch_size, shuffle=True)
    total, condition = 0.0, torch.empty(0)
    while True:
        for (batch,) in loader:
            x = batch.to(device)
            condition = torch.empty(len(x), 0, device=device)
            mu, log_var = model.latent.posterior(model.encoder(x, condition))
            z = mu + torch.randn_like(mu) * torch.exp(0.5 * log_var)
            output = torch.sigmoid(model.decoder(z, condition))
            reconstruction = functional.binary_cross_entropy(output, x, reduction="sum") / len(x)
            kl = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp()) / len(x)
            loss = reconstruction + kl
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() + reconstruction.item() + kl.item()
            yield len(x)


def ours(config: RunConfig, dataset: Dataset, root: Path) -> Iterator[int]:
    """Yields the number of images since the last record, from the real loop with its files."""
    run = create_run(root, new_record("speed", config, dataset))
    before = 0
    with run.lock():
        for event in train(config, dataset, run, Control()):
            if isinstance(event, Measured):
                steps, before = event.step - before, event.step
                yield steps * config.training.batch_size


def speed(images: Iterator[int], seconds: float, device: torch.device) -> float:
    """Images per second over so many seconds."""
    _wait(device)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        count += next(images)
    _wait(device)
    return count / (time.perf_counter() - began)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def noise(count: int) -> Dataset:
    draw = np.random.default_rng(0)
    parts = [Images(draw.integers(0, 256, (n, 1, 28, 28), np.uint8), np.arange(n)) for n in (count, 10)]
    return Dataset("noise", *parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="where FashionMNIST/raw lies")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each loop (7)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a turn (5)")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda", "mps", "auto"])
    parser.add_argument("--threads", type=int, help="of torch on the processor (torch's own choice)")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    config = RunConfig.parse({**CONFIG, "training": {**CONFIG["training"], "device": arguments.device}})
    device = choose_device(config.training.device)
    data = DataConfig(source="fashion-mnist")
    dataset = load(data, data_dir=arguments.data_dir) if arguments.data_dir else noise(20_000)
    pixels = torch.from_numpy(np.array(dataset.train.pixels[np.arange(len(dataset.train))]))
    parameters = count_parameters(build(config.model, dataset.shape, 0))
    print(
        f"{dataset.name}, {len(pixels):,} images, {parameters:,} parameters, {device}, "
        f"{torch.get_num_threads()} threads"
    )
    with tempfile.TemporaryDirectory() as root, contextlib.ExitStack() as stack:
        loops = {"plain loop": plain(config, pixels, device), "LatentLab": ours(config, dataset, Path(root))}
        for loop in loops.values():
            stack.callback(loop.close)  # type: ignore[attr-defined]
            speed(loop, 1.0, device)  # warm
        results: dict[str, list[float]] = {name: [] for name in loops}
        for _ in range(arguments.rounds):
            for name, loop in loops.items():
                results[name].append(speed(loop, arguments.seconds, device))
    for name, values in results.items():
        print(f"{name:12} {statistics.median(values):8,.0f} images/s  ({min(values):,.0f} to {max(values):,.0f})")
    ratios = [one / other for one, other in zip(results["LatentLab"], results["plain loop"], strict=True)]
    print(
        f"ratio        {statistics.median(ratios):8.2f}  "
        f"(median of {len(ratios)} rounds; {min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
