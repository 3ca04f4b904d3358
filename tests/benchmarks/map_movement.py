"""How far a UMAP moves when it is refitted, and whether it still follows: unchanged weights, and a training's epochs.

    python tests/benchmarks/map_movement.py [--data-dir DIR] [--epochs N] [--limit N]

Trains once on the CPU and encodes the map's images before the first step and after each epoch. Reports mean movements
as shares of the layout's spread (root mean square distance from its middle): of a refit with nothing changed; after
each epoch, refitted from the last layout, and laid out from nothing. Beside them, how many of the 15 nearest neighbours
in latent space are neighbours on the map, and its trustworthiness (Venna and Kaski 2001), of both.
Fashion-MNIST is read from DIR/FashionMNIST/raw; without --data-dir it is the bundled digits.
"""

import argparse
import os
import tempfile
import time
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the program sets it

import numpy as np
from numpy.typing import NDArray

from latentlab.config import RunConfig
from latentlab.data.sources import load
from latentlab.events import Snapshot
from latentlab.explore.encode import encode
from latentlab.explore.projection import fit_umap
from latentlab.gui.main_window.library import pictures
from latentlab.images import Dataset
from latentlab.models.build import build
from latentlab.runs.folder import create_run
from latentlab.runs.record import new_record
from latentlab.training.control import Control
from latentlab.training.loop import train

Floats = NDArray[np.float32]
NEIGHBOURS = 15


def journey(config: RunConfig, dataset: Dataset) -> list[Floats]:
    """Encodings mu (N, d) of the map's images: before the first step, and after each epoch."""
    shown = pictures(dataset).map
    model = build(config.model, dataset.shape, dataset.num_classes, attributes=len(config.data.attributes)).eval()
    found: dict[int, Floats] = {}
    control = Control(snapshots=True)
    control.request_snapshot()
    with tempfile.TemporaryDirectory() as root:
        run = create_run(Path(root), new_record("journey", config, dataset))
        with run.lock():
            for event in train(config, dataset, run, control):
                if isinstance(event, Snapshot) and event.epoch not in found:
                    model.load_state_dict(dict(event.state), assign=True)
                    encoded = encode(model, shown)
                    assert encoded is not None
                    found[event.epoch] = encoded.mu
    return [found[epoch] for epoch in sorted(found)]


def movement(after: Floats, before: Floats) -> float:
    spread = np.sqrt(((before - before.mean(axis=0)) ** 2).sum(axis=1).mean())
    return float(np.linalg.norm(after - before, axis=1).mean() / spread)


def quality(mu: Floats, layout: Floats) -> str:
    """Share of neighbours kept, and trustworthiness."""
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import NearestNeighbors

    rows = [NearestNeighbors(n_neighbors=NEIGHBOURS).fit(x).kneighbors(return_distance=False) for x in (mu, layout)]
    kept = np.mean([len(np.intersect1d(here, there)) for here, there in zip(*rows, strict=True)]) / NEIGHBOURS
    return f"{kept:.3f} / {trustworthiness(mu, layout, n_neighbors=NEIGHBOURS):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--limit", type=int)
    args = parser.parse_args()
    source = "fashion-mnist" if args.data_dir else "digits"
    values = {"data": {"source": source, "limit": args.limit}, "training": {"epochs": args.epochs, "device": "cpu"}}
    config = RunConfig.parse(values)
    dataset = load(config.data, data_dir=args.data_dir or Path(tempfile.gettempdir()))
    mus = journey(config, dataset)
    print(f"{source}, {len(mus[0]):,} points in {mus[0].shape[1]} dimensions, {args.epochs} epochs")
    print("       movement, share of the spread       neighbours kept / trustworthiness")
    print("epoch  refitted   from nothing             refitted        from nothing")
    layout = fresh = fit_umap(mus[0])
    for epoch, (before, mu) in enumerate(pairwise(mus), start=1):
        last, other = layout, fresh
        layout, fresh = fit_umap(mu, init=last, before=before), fit_umap(mu)
        print(
            f"{epoch:5}  {movement(layout, last):8.3f}   {movement(fresh, other):12.3f}"
            f"          {quality(mu, layout):>15}  {quality(mu, fresh):>18}",
            flush=True,
        )
    began = time.process_time()
    again = fit_umap(mus[-1], init=layout, before=mus[-1])
    print(f"unchanged weights: {movement(again, layout):.4f}, and {time.process_time() - began:.2f} s of one processor")
    again = fit_umap(mus[-1], init=fresh, before=mus[-1])
    print(f"unchanged weights, refitted from the map from nothing: {movement(again, fresh):.4f}")


if __name__ == "__main__":
    main()
