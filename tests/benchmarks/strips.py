"""How much shorter geodesics are than straight and spherical ways, in decoded pictures, and how long one takes.

    python tests/benchmarks/strips.py --data-dir DIR [--run RUN] [--pairs 50] [--epochs 6]

Without --run a VAE is trained on 20,000 MNIST digits (two convolutions, 16 latent dimensions). Pairs of encoded images
are drawn at random; each way between them is measured alike, in 97 pieces, and shown in 9 frames. length: of the
decoded way, root of summed squares of pixels from 0 to 1. smoothness: mean squared difference of neighbouring frames.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentlab.cli.opening import data_of
from latentlab.config import RunConfig
from latentlab.data.sources import load as load_data
from latentlab.events import Failed
from latentlab.explore.geodesic import decoded_lengths, decoder_of, find, finish, grow
from latentlab.explore.loaded import Loaded, load
from latentlab.explore.paths import interpolate
from latentlab.images import Dataset, limited
from latentlab.runs.folder import create_run
from latentlab.runs.record import new_record
from latentlab.training.loop import train

FRAMES, PIECES, CODES = 9, 97, 4000
WAYS = ("linear", "spherical", "geodesic")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--run", help="a trained run: its path")
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=6)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = load(arguments.run) if arguments.run else trained(arguments.data_dir, arguments.epochs, Path(folder))
        compare(run, data_of(run.config, arguments.data_dir), arguments.pairs)


def trained(data_dir: Path, epochs: int, root: Path) -> Loaded:
    config = RunConfig.parse(
        {
            "data": {"source": "mnist", "limit": 20_000},
            "model": {"latent_dim": 16},
            "training": {"epochs": epochs, "device": "cpu"},
        }
    )
    dataset = load_data(config.data, data_dir=data_dir)
    run = create_run(root, new_record("strips", config, dataset))
    began = time.perf_counter()
    with run.lock():
        for event in train(config, dataset, run):
            if isinstance(event, Failed):
                raise SystemExit(event.message)
    print(f"trained for {epochs} epochs in {time.perf_counter() - began:.0f} s", flush=True)
    return load(run)


def compare(run: Loaded, dataset: Dataset, pairs: int) -> None:
    images = limited(dataset.train, CODES, 0)
    mu = run.encode(images)
    labels = images.labels if run.model.num_classes and images.labels is not None else None
    rng = np.random.default_rng(0)
    began = time.perf_counter()
    graphs = {}
    for label in (None,) if labels is None else np.unique(labels).tolist():
        graphs[label] = finish(grow(decoder_of(run.model, label), mu))
    per_graph = (time.perf_counter() - began) / len(graphs)
    lengths, smooth = np.empty((pairs, len(WAYS))), np.empty((pairs, len(WAYS)))
    seconds, as_straight = np.empty(pairs), 0
    for pair in range(pairs):
        a, b = rng.choice(len(mu), 2, replace=False)
        label = None if labels is None else int(labels[a])
        decode = decoder_of(run.model, label)
        began = time.perf_counter()
        curve = finish(find(decode, graphs[label], mu[[a, b]]))
        assert curve is not None, "nobody cancels"
        seconds[pair] = time.perf_counter() - began
        as_straight += curve.as_straight
        for column, way in enumerate(WAYS):
            fine, frames = (
                curve.frames(count) if way == "geodesic" else interpolate(mu[a], mu[b], count, way)
                for count in (PIECES, FRAMES)
            )
            lengths[pair, column] = decoded_lengths(decode, np.asarray(fine, np.float32))[-1]
            smooth[pair, column] = smoothness(run.decode(frames, label))
    tell(run, lengths, smooth)
    print(
        f"a strip: {np.median(seconds):.2f} s (median), {np.quantile(seconds, 0.95):.2f} s (95 %); "
        f"a graph, once for each encoding: {per_graph:.1f} s"
    )
    print(f"as straight as the straight one: {as_straight} of {pairs}")


def smoothness(pixels: NDArray[np.uint8]) -> float:
    return float(np.square(np.diff(pixels.astype(np.float32) / 255, axis=0)).mean())


def tell(run: Loaded, lengths: NDArray[np.float64], smooth: NDArray[np.float64]) -> None:
    kind = f"{run.config.data.source}, z {run.model.latent_dim}, step {run.step:,}"
    print(f"{kind}; {len(lengths)} pairs\n{'':10} {'length':>8} {'of linear':>9} {'shorter':>8} {'smoothness':>10}")
    for column, way in enumerate(WAYS):
        ratio = lengths[:, column] / lengths[:, 0]
        shorter = (ratio < 1 - 1e-3).mean()
        print(
            f"{way:10} {np.median(lengths[:, column]):8.2f} {np.median(ratio):9.3f} {shorter:8.0%} "
            f"{np.median(smooth[:, column]):10.5f}"
        )


if __name__ == "__main__":
    main()
