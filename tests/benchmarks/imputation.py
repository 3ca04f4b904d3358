"""How well a VAE fills in a masked quarter of MNIST's test images, against filling it with the training mean.

    python tests/benchmarks/imputation.py --data-dir DIR [--epochs 10] [--limit 20000] [--run RUN]

Without --run one is trained first (the preset's MLP, z 16, Bernoulli). Masked is each of the four quarters in turn.
Reported is the mean squared error of the masked pixels, in [0, 1]; how much of the mean's error is left; and the same
of the model's own reconstruction of the whole image, which has seen the quarter and is what filling in could reach.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentlab.cli.opening import data_of, opened
from latentlab.config import RunConfig
from latentlab.explore.imputation import pseudo_gibbs
from latentlab.explore.loaded import Loaded, load
from latentlab.images import Dataset, Images, Pixels, held_out, limited
from latentlab.runs.folder import create_run
from latentlab.runs.record import new_record
from latentlab.training.loop import train

QUARTERS = ("top left", "top right", "bottom left", "bottom right")
SHOWN = (1, 2, 5, 10, 20, 40, 80, 160, 320)  # iterations that are reported


def trained(arguments: argparse.Namespace, root: Path) -> tuple[Loaded, Dataset]:
    values = {
        "data": {"source": "mnist", "limit": arguments.limit},
        "model": {"network": "mlp", "latent_dim": 16},
        "training": {"epochs": arguments.epochs, "device": "cpu"},
    }
    config = RunConfig.parse(values)
    dataset = data_of(config, arguments.data_dir)
    run = create_run(root, new_record("imputation", config, dataset))
    began = time.perf_counter()
    with run.lock():
        for _ in train(config, dataset, run):
            pass
    took = time.perf_counter() - began
    print(f"trained on {arguments.limit or 60_000:,} images for {arguments.epochs} epochs, {took:.0f} s")
    return load(run.path), dataset


def known_of(quarter: str, height: int, width: int) -> NDArray[np.bool_]:
    known = np.ones((height, width), np.bool_)
    rows = slice(height // 2) if "top" in quarter else slice(height // 2, None)
    columns = slice(width // 2) if "left" in quarter else slice(width // 2, None)
    known[rows, columns] = False
    return known


def error(guess: Pixels, truth: Pixels, known: NDArray[np.bool_]) -> float:
    off = (np.broadcast_to(guess, truth.shape).astype(np.float32) - truth)[:, :, ~known] / 255
    return float(np.mean(off**2))


def compare(loaded: Loaded, dataset: Dataset, test: Images, iterations: int) -> None:
    config = loaded.config
    seen = limited(dataset.train, config.data.limit, config.training.seed)
    train_part = seen.take(held_out(seen, config.data.val_fraction, config.training.seed)[0])
    pixels, labels = np.asarray(test.pixels), test.labels if loaded.model.num_classes else None
    mean = np.rint(np.asarray(train_part.pixels).mean(axis=0)).astype(np.uint8)
    whole = loaded.decode(loaded.encode(test, labels), labels)
    totals: dict[str, list[float]] = {}
    for quarter in QUARTERS:
        known = known_of(quarter, *pixels.shape[2:])
        totals.setdefault("training mean", []).append(error(mean, pixels, known))
        totals.setdefault("reconstruction of the whole image", []).append(error(whole, pixels, known))
        for start, name in ((None, "from a draw of the prior"), (mean[None], "from the training mean")):
            work = pseudo_gibbs(loaded.model, pixels, known[None, None], labels, iterations, start=start)
            for number, (now, later) in enumerate(work, start=1):
                if number in SHOWN or number == iterations:
                    totals.setdefault(f"{name}: {number} iterations", []).append(error(now, pixels, known))
                if number == iterations:
                    last = f"{name}: mean of the last {iterations - iterations // 2}"
                    totals.setdefault(last, []).append(error(later, pixels, known))
    base = float(np.mean(totals["training mean"]))
    print(f"{len(test):,} test images, a quarter masked; mean squared error of its pixels in [0, 1], of four quarters")
    for name, values in totals.items():
        of_each = "  ".join(f"{value:.4f}" for value in values)
        print(f"  {name:52} {np.mean(values):.4f}  {np.mean(values) / base:6.1%}   {of_each}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--run", help="a run that was trained before: name or path")
    parser.add_argument("--checkpoints", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--limit", type=int, default=20_000, help="training images (20,000)")
    parser.add_argument("--count", type=int, default=1000, help="test images (1,000)")
    parser.add_argument("--iterations", type=int, default=40)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="latentlab-imputation-") as root:
        if arguments.run is None:
            loaded, dataset = trained(arguments, Path(root))
        else:
            loaded = opened(arguments.run, arguments.checkpoints)[1]
            dataset = data_of(loaded.config, arguments.data_dir)
        began = time.perf_counter()
        compare(loaded, dataset, limited(dataset.test, arguments.count, 0), arguments.iterations)
        print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
