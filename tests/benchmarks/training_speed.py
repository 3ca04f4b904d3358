"""Images per second of LatentLab's training beside other loops over the same network, in turn, on one machine.

    uv run --with pythae python tests/benchmarks/training_speed.py --data-dir DIR      (DIR holds FashionMNIST/raw)

- plain loop: what articles show. A DataLoader over float tensors, a sigmoid and binary cross-entropy, torch's global
  random state, `.item()` at each step.
- Pythae: its VAE and its BaseTrainer around the same encoder and decoder, one `train_step` (its epoch) after another.
  Left out where it is not installed.
- LatentLab: the real loop with its files, in the precision that it chooses by itself; and in float32.
- plain loop, our layers: the plain loop over LatentLab's modules, to tell the share of the layers from the loop's.

The network is convolutional, 32-64, with a hidden layer of 256 and 32 latents; batches of 128. All but the last use
torch's own layers. Without --data-dir the images are noise of the same size, which takes as long.
"""

import argparse
import contextlib
import io
import logging
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from latentlab.config import DataConfig, RunConfig, merge
from latentlab.data.sources import load
from latentlab.events import Failed, Measured
from latentlab.images import Dataset, Images
from latentlab.models.build import build, count_parameters
from latentlab.runs.folder import create_run
from latentlab.runs.record import new_record
from latentlab.training.control import Control
from latentlab.training.devices import choose_device
from latentlab.training.learner import Learner
from latentlab.training.loop import train

CONFIG: dict[str, Any] = {
    "data": {"source": "fashion-mnist", "val_fraction": 0.0},
    "model": {"network": "conv", "hidden": [32, 64], "latent_dim": 32},
    "training": {"epochs": 1000, "batch_size": 128, "log_every": 10, "checkpoint_every": 1000},
}
PYTHAE_EPOCH = 3_200  # images of one call of Pythae's train_step: 25 steps
FEATURES = (64, 7, 7)
Clock = Callable[[], float]


class Plain(nn.Module):
    """The network of CONFIG for 28 x 28 pictures, in torch's own layers and its default layout."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        down = (nn.Conv2d(1, 32, 4, 2, 1), nn.LeakyReLU(0.1), nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(0.1))
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(3136, 256), nn.LeakyReLU(0.1))
        self.mu, self.log_var = nn.Linear(256, latent_dim), nn.Linear(256, latent_dim)
        first = (nn.Linear(latent_dim, 256), nn.LeakyReLU(0.1), nn.Linear(256, 3136), nn.LeakyReLU(0.1))
        up = (nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.LeakyReLU(0.1), nn.ConvTranspose2d(32, 1, 4, 2, 1))
        self.decoder = nn.Sequential(*first, nn.Unflatten(1, FEATURES), *up, nn.Sigmoid())

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.encoder(x)  # (B, 256)
        return self.mu(h), self.log_var(h)


class Ours(nn.Module):
    """The same of LatentLab's layers."""

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        self.model = build(config.model, (1, 28, 28), 0, seed=0)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mu, log_var = self.model.latent.posterior(self.model.encoder(x, x.new_empty(len(x), 0)))
        return mu, log_var

    def decoder(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.model.decoder(z, z.new_empty(len(z), 0)))


def plain(model: Plain | Ours, config: RunConfig, pixels: Tensor, device: torch.device) -> Iterator[int]:
    """Yields the number of images after each step."""
    model = model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.training.learning_rate)
    loader = DataLoader(TensorDataset(pixels.float() / 255), batch_size=config.training.batch_size, shuffle=True)
    total = 0.0
    while True:
        for (batch,) in loader:
            x = batch.to(device)
            mu, log_var = model.posterior(x)
            z = mu + torch.randn_like(mu) * torch.exp(0.5 * log_var)
            reconstruction = functional.binary_cross_entropy(model.decoder(z), x, reduction="sum") / len(x)
            kl = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp()) / len(x)
            loss = reconstruction + kl
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() + reconstruction.item() + kl.item()
            yield len(x)


def pythae(config: RunConfig, pixels: Tensor, device: torch.device, root: Path) -> Iterator[int]:
    """Yields the number of images after each call of its trainer's train_step. Raises ImportError."""
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    logging.getLogger("pythae").setLevel(logging.WARNING)
    network = Plain(config.model.latent_dim)

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.network, self.mu, self.log_var = network.encoder, network.mu, network.log_var

        def forward(self, x: Tensor) -> ModelOutput:
            h = self.network(x)
            return ModelOutput(embedding=self.mu(h), log_covariance=self.log_var(h))

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.network = network.decoder

        def forward(self, z: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.network(z))

    shape = VAEConfig(input_dim=(1, 28, 28), latent_dim=config.model.latent_dim, reconstruction_loss="bce")
    settings = BaseTrainerConfig(
        output_dir=str(root / "pythae"),
        per_device_train_batch_size=config.training.batch_size,
        learning_rate=config.training.learning_rate,
        no_cuda=device.type != "cuda",
    )
    images = pixels[:PYTHAE_EPOCH].float() / 255
    data = BaseDataset(images, torch.zeros(len(images)))
    trainer = BaseTrainer(VAE(shape, Encoder(), Decoder()), data, training_config=settings)
    trainer.prepare_training()
    return _epochs(trainer, len(images))


def _epochs(trainer: Any, images: int) -> Iterator[int]:
    epoch = 0
    while True:
        epoch += 1
        with contextlib.redirect_stderr(io.StringIO()):  # a progress bar
            trainer.train_step(epoch)
        yield images


def ours(config: RunConfig, dataset: Dataset, root: Path) -> Iterator[int]:
    """Yields the number of images since the last record, from the real loop with its files."""
    run = create_run(root, new_record(f"speed-{config.training.precision}", config, dataset))
    before = 0
    with run.lock():
        for event in train(config, dataset, run, Control()):
            if isinstance(event, Failed):
                raise SystemExit(event.message)
            if isinstance(event, Measured):
                steps, before = event.step - before, event.step
                yield steps * config.training.batch_size


def speed(images: Iterator[int], seconds: float, device: torch.device, clock: Clock) -> float:
    """Images per second over so many seconds of this clock."""
    _wait(device)
    began, count = clock(), 0
    while clock() - began < seconds:
        count += next(images)
    _wait(device)
    return count / (clock() - began)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def noise(count: int) -> Dataset:
    draw = np.random.default_rng(0)
    parts = [Images(draw.integers(0, 256, (n, 1, 28, 28), np.uint8), np.arange(n)) for n in (count, 10)]
    return Dataset("noise", *parts)


def processor() -> str:
    """What it can do, in words."""
    known = torch.backends.cpu.get_cpu_capability()
    more = {"avx512_bf16": torch.cpu._is_avx512_bf16_supported(), "AMX": torch.cpu._is_amx_tile_supported()}
    return ", ".join([known, *(name for name, there in more.items() if there)])


def loops(config: RunConfig, dataset: Dataset, device: torch.device, root: Path) -> dict[str, Iterator[int]]:
    """All that are compared, by name."""
    pixels = torch.from_numpy(np.array(dataset.train.pixels[np.arange(len(dataset.train))]))
    exact = RunConfig.parse(merge(config.to_dict(), {"training": {"precision": "float32"}}))
    found = {
        "plain loop": plain(Plain(config.model.latent_dim), config, pixels, device),
        "LatentLab": ours(config, dataset, root),
        "LatentLab, float32": ours(exact, dataset, root),
        "plain loop, our layers": plain(Ours(config), config, pixels, device),
    }
    try:
        found["Pythae"] = pythae(config, pixels, device, root)
    except ImportError as error:
        print(f"without Pythae: {error}")
    return found


def compare(found: dict[str, Iterator[int]], rounds: int, seconds: float, device: torch.device, clock: Clock) -> None:
    """Measure in turn and print images per second, and the ratios of each round to the plain loop and to Pythae."""
    for loop in found.values():
        speed(loop, 1.0, device, clock)  # warm
    results: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(rounds):
        for name, loop in found.items():
            results[name].append(speed(loop, seconds, device, clock))
    for name, values in results.items():
        text = f"{name:24}{statistics.median(values):8,.0f} images/s  ({min(values):,.0f} to {max(values):,.0f})"
        for other in ("plain loop", "Pythae"):
            if other in results and other != name:
                ratios = [one / two for one, two in zip(values, results[other], strict=True)]
                text += f"   {statistics.median(ratios):5.2f} x {other} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(text)
    print(f"medians of {rounds} rounds of {seconds:g} s each, in turn, by {clock.__name__}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="where FashionMNIST/raw lies")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each loop (5)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a turn (5)")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda", "mps", "auto"])
    parser.add_argument("--threads", type=int, help="of torch on the processor (torch's own choice)")
    parser.add_argument(
        "--processor-time",
        action="store_true",
        help="count the processor's seconds, not the clock's: for one thread on a machine that is busy with other work",
    )
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    config = RunConfig.parse(merge(CONFIG, {"training": {"device": arguments.device}}))
    device = choose_device(config.training.device)
    garments = DataConfig(source="fashion-mnist")
    dataset = load(garments, data_dir=arguments.data_dir) if arguments.data_dir else noise(20_000)
    learner = Learner(config, dataset, device)
    parameters = count_parameters(learner.model)
    assert parameters == sum(p.numel() for p in Plain(config.model.latent_dim).parameters()), "the same network"
    where = f"{device}, {processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    print(f"{dataset.name}, {len(dataset.train):,} images, {parameters:,} parameters; {where}")
    print(f"LatentLab's own choice of precision: {learner.precision}")
    with tempfile.TemporaryDirectory() as root, contextlib.ExitStack() as stack:
        found = loops(config, dataset, device, Path(root))
        for loop in found.values():
            stack.callback(loop.close)  # type: ignore[attr-defined]
        clock = time.process_time if arguments.processor_time else time.perf_counter
        compare(found, arguments.rounds, arguments.seconds, device, clock)


if __name__ == "__main__":
    main()
