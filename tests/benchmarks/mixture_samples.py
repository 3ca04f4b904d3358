"""How much better samples become when z is drawn from a mixture fitted to the encodings instead of N(0, I).

    latentlab train --data mnist --latent-dim 16 --limit 20000 --epochs 6 --name mnist
    python tests/benchmarks/mixture_samples.py mnist --data-dir DIR

Measured in a small classifier of the real images: the Frechet distance between samples and the test part over its
128 last features (as Heusel et al. 2017 do with Inception's), and how sure it is of a sample on average. Beside them
the same of as many reconstructions of test images, which no prior can beat by much, and of real training images.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import sqrtm

from latentlab.cli.opening import data_of, opened
from latentlab.evaluation.classifier import Classifier, train_classifier
from latentlab.explore.encode import encode
from latentlab.explore.mixture import Mixture, fit
from latentlab.explore.mixture_prior import fit_mixture, sample_mixture
from latentlab.images import Pixels, held_out, limited
from latentlab.models.build import to_float

Moments = tuple[NDArray[np.float64], NDArray[np.float64]]


@torch.no_grad()
def judged(classifier: Classifier, pixels: Pixels) -> tuple[Moments, float]:
    """Mean and covariance of the last features (128,), (128, 128), and the mean of the largest class probability."""
    features, sure = [], []
    for start in range(0, len(pixels), 500):
        last = classifier.layers[:-1](to_float(torch.from_numpy(pixels[start : start + 500])))
        features.append(last.double().numpy())
        sure.append(classifier.layers[-1](last).softmax(1).amax(1).numpy())
    rows = np.concatenate(features)
    return (rows.mean(axis=0), np.cov(rows, rowvar=False)), float(np.concatenate(sure).mean())


def frechet(one: Moments, other: Moments) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) (Dowson and Landau 1982)."""
    root = np.real(sqrtm(one[1] @ other[1]))
    return float(np.square(one[0] - other[0]).sum() + np.trace(one[1] + other[1] - 2 * root))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="+", help="trained runs: names or paths")
    parser.add_argument("--checkpoints", type=Path)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--count", type=int, default=10_000, help="samples (10,000)")
    arguments = parser.parse_args()
    for name in arguments.run:
        compare(name, arguments)


def compare(name: str, arguments: argparse.Namespace) -> None:
    run, loaded = opened(name, arguments.checkpoints)
    dataset = data_of(loaded.config, arguments.data_dir)
    classifier = train_classifier(limited(dataset.train, 20_000, 0), 0)
    seen = limited(dataset.train, loaded.config.data.limit, loaded.config.training.seed)
    train = seen.take(held_out(seen, loaded.config.data.val_fraction, loaded.config.training.seed)[0])
    labels = None
    if loaded.model.num_classes:
        labels = np.arange(arguments.count) % loaded.model.num_classes
    real = limited(dataset.test, arguments.count, 0)
    wanted, _ = judged(classifier, np.asarray(real.pixels[np.arange(len(real))]))

    def line(what: str, pixels: Pixels, note: str = "") -> None:
        moments, sure = judged(classifier, pixels)
        print(f"  {what:34} {frechet(wanted, moments):8.2f}  {sure:6.1%}  {note}", flush=True)

    def samples(mixture: Mixture | None) -> Pixels:
        if mixture is None:
            return loaded.decode(loaded.sample(arguments.count, labels), labels)
        return loaded.decode(sample_mixture(loaded.model, mixture, arguments.count, labels), labels)

    def described(mixture: Mixture, began: float) -> str:
        return f"{mixture.components} component(s), {mixture.gain:+.2f} nats, {time.perf_counter() - began:.1f} s"

    print(
        f"{run.name}: {dataset.name}, z {loaded.model.latent_dim}, step {loaded.step:,}; Frechet distance, confidence"
    )
    line("real training images", np.asarray(train.take(np.arange(min(len(train), arguments.count))).pixels))
    line("reconstructions of test images", loaded.decode(loaded.encode(real), real.labels))
    line("samples of the prior", samples(None))
    for components in (1, None):
        began = time.perf_counter()
        mixture = fit_mixture(loaded.model, train, loaded.step, components)
        assert mixture is not None, "nobody cancels"
        line(f"mixture of {components or 'as many as held-out likes'}", samples(mixture), described(mixture, began))
    if not loaded.model.num_classes:
        encoded = encode(loaded.model, limited(train, 20_000, 0))
        assert encoded is not None, "nobody cancels"
        began = time.perf_counter()
        of_means = fit(encoded.mu, loaded.step, mixture.components)
        assert of_means is not None, "nobody cancels"
        line("as many, fitted to means of q(z|x)", samples(of_means), described(of_means, began))


if __name__ == "__main__":
    main()
