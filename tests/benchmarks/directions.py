"""How often pictures become what a direction leads to: two classes, both kinds of direction, growing amounts.

    latentlab train --data fashion-mnist --latent-dim 16 --limit 20000 --epochs 6 --name garments
    python tests/benchmarks/directions.py --run garments --data-dir DIR --picture directions.png

The direction is made of training images alone. It is added to the encodings of test images of the first class; a small
classifier of the real pictures (latentlab/evaluation/classifier.py) says how many of the decoded ones show the second.
Without --run a small model is trained first, in a temporary folder: 12,000 images, 3 epochs, some minutes.
"""

import argparse
import tempfile
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from latentlab.cli.opening import data_of, opened
from latentlab.config import RunConfig
from latentlab.evaluation.classifier import Classifier, train_classifier
from latentlab.explore.directions import make, moved
from latentlab.explore.encode import encode
from latentlab.explore.loaded import Loaded, load
from latentlab.images import Dataset, Images, held_out, limited
from latentlab.models.build import to_float
from latentlab.runs.directions import Direction, Method
from latentlab.runs.folder import create_run
from latentlab.runs.groups import Group
from latentlab.runs.png import png_bytes
from latentlab.runs.record import new_record

AMOUNTS = np.arange(0.0, 2.01, 0.25)
PAIRS = ("Sneaker:Ankle boot", "T-shirt/top:Dress")
METHODS: tuple[Method, ...] = ("means", "classifier")
ROWS, SCALE, GAP = 8, 2, 2  # of the picture: test images of each pair, pixels per pixel, pixels between


def shares(classifier: Classifier, loaded: Loaded, z: NDArray[np.float32], direction: Direction, target: int) -> list:
    """Of the pictures at z (N, d), with each amount of the direction, the share that shows the class `target`."""
    found = []
    for amount in AMOUNTS:
        pixels = loaded.decode(z + np.float32(amount) * direction.vector)
        with torch.no_grad():
            said = classifier(to_float(torch.from_numpy(pixels))).argmax(1).numpy()
        found.append(float((said == target).mean()))
    return found


def compare(loaded: Loaded, name: str, train: Images, test: Images, classifier: Classifier, pair: str, count: int):
    """Prints a line for each kind of direction; returns the pictures of some, uint8 (rows, T, C, H, W)."""
    first, second = (class_of(each, train.class_names) for each in pair.split(":"))
    train = train.take(np.flatnonzero(np.isin(train.labels, (first, second))))
    encoded = encode(loaded.model, train, errors=False)
    assert encoded is not None, "nobody cancels"
    of_first = test.take(np.flatnonzero(test.labels == first)[:count])
    z, drawn = loaded.encode(of_first), []
    start, end = (Group(train.class_names[label], label=label) for label in (first, second))
    print(f"{start.name} → {end.name}: {len(z)} test images, {name}")
    print("  amount".ljust(24) + "".join(f"{amount:7.2f}" for amount in AMOUNTS) + "   told apart")
    for method in METHODS:
        made = make(pair, start, end, method, encoded.mu, train.index, train.labels, loaded.step, name)
        line = "".join(f"{share:7.0%}" for share in shares(classifier, loaded, z, made, second))
        print(f"  {method:22}{line}   {made.accuracy:.1%}, |v| {np.linalg.norm(made.vector):.2f}", flush=True)
        drawn += [loaded.decode(moved(each, made.vector, AMOUNTS)) for each in z[:ROWS]]
    return np.stack(drawn)


def class_of(name: str, names: tuple[str, ...]) -> int:
    """Its number, however it is written. Raises SystemExit where there is none."""
    plain = [each.lower() for each in names]
    if name.lower() not in plain:
        raise SystemExit(f"there is no class '{name}'; there are: {', '.join(names)}")
    return plain.index(name.lower())


def sheet(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Rows of pictures (R, T, C, H, W) as one, uint8 (H', W', 3)."""
    rows, across, _, height, width = pictures.shape
    whole = np.full((rows * (height * SCALE + GAP), across * (width * SCALE + GAP), 3), 40, np.uint8)
    for row in range(rows):
        for at in range(across):
            picture = np.broadcast_to(pictures[row, at].transpose(1, 2, 0), (height, width, 3))
            top, left = row * (height * SCALE + GAP), at * (width * SCALE + GAP)
            large = picture.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
            whole[top : top + height * SCALE, left : left + width * SCALE] = large
    return whole


def trained(data_dir: Path | None, folder: Path) -> tuple[Loaded, Dataset]:
    """A small VAE of garments."""
    from latentlab.training.loop import train

    values = {
        "data": {"source": "fashion-mnist", "limit": 12_000},
        "model": {"latent_dim": 16},
        "training": {"epochs": 3, "device": "cpu"},
    }
    config = RunConfig.parse(values)
    dataset = data_of(config, data_dir)
    run = create_run(folder, new_record("garments", config, dataset))
    with run.lock():
        for _ in train(config, dataset, run):
            pass
    return load(run), dataset


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", help="a trained run: name or path")
    parser.add_argument("--checkpoints", type=Path)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--pair", action="append", help="FROM:TO, classes (default: two of Fashion-MNIST)")
    parser.add_argument("--count", type=int, default=100, help="test images of each pair (100)")
    parser.add_argument("--picture", type=Path, help="a PNG of some: rows of images, the amounts from left to right")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.run is None:
            name, (loaded, dataset) = "garments", trained(arguments.data_dir, Path(folder))
        else:
            run, loaded = opened(arguments.run, arguments.checkpoints)
            name, dataset = run.name, data_of(loaded.config, arguments.data_dir)
    seen = limited(dataset.train, loaded.config.data.limit, loaded.config.training.seed)
    train = seen.take(held_out(seen, loaded.config.data.val_fraction, loaded.config.training.seed)[0])
    classifier = train_classifier(limited(dataset.train, 20_000, 0), 0)
    pictures = [
        compare(loaded, name, train, dataset.test, classifier, cast(str, pair), arguments.count)
        for pair in arguments.pair or PAIRS
    ]
    if arguments.picture is not None:
        arguments.picture.write_bytes(png_bytes(sheet(np.concatenate(pictures))))
        print(f"{arguments.picture}: for each pair {ROWS} images by means, then the same by a classifier's normal")


if __name__ == "__main__":
    main()
