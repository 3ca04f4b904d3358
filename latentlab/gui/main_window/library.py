"""Data and runs for the window, read in threads: nothing here is heavy to import."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlab.config import DataConfig
from latentlab.data import sources
from latentlab.explore.map_cache import StoredLayout, load_map
from latentlab.gui.records import Encoding, MapImages, OpenRun, Preview
from latentlab.gui.states.amount import USUAL, points_for
from latentlab.gui.threads.jobs import Ticket
from latentlab.images import Dataset, Images, balanced
from latentlab.runs.folder import RunFolder, RunSummary, list_runs, summary
from latentlab.runs.places import demo_run

LIVE_POINTS = 5000  # class-balanced: so many are encoded and laid out several times a minute while training goes on
PREVIEWED = 7
LIVE_IMAGES = 16
FETCHED = {"mnist": "MNIST/raw", "fashion-mnist": "FashionMNIST/raw", "cifar10": "cifar-10-batches-bin"}


class Library:
    """The data sets, the last one of which is kept: it is trained on, shown on the map and looked at."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._last: tuple[tuple[Any, ...], Dataset] | None = None

    def load(self, config: DataConfig, seed: int, ticket: Ticket) -> Dataset:
        """Reads or downloads. Raises ValueError, OSError, and Cancelled."""
        key = (*sources.depends_on(config, seed), *_last_changes(config.path))
        kept = self._last
        if kept is not None and kept[0] == key:
            return kept[1]
        dataset = sources.load(
            config, data_dir=self._data_dir, seed=seed, progress=ticket.progress, cancelled=ticket.cancelled
        )
        self._last = (key, dataset)
        return dataset

    def preview(self, config: DataConfig, seed: int, ticket: Ticket) -> Preview:
        """A few pictures and the facts, or the sentence that says what is wrong."""
        if config.source in FETCHED and not (self._data_dir / FETCHED[config.source]).exists():
            return Preview(config.source, facts=f"{sources.describe(config.source)}: fetched when you press Train")
        try:
            dataset = self.load(config, seed, ticket)
        except (ValueError, OSError) as error:
            return Preview(config.source, problem=str(error))
        return describe(dataset, config)


def describe(dataset: Dataset, config: DataConfig) -> Preview:
    """What the data card shows."""
    channels, height, width = dataset.shape
    first = dataset.train.take(np.linspace(0, len(dataset.train) - 1, PREVIEWED).astype(np.int64))
    kind = f"{height}x{width} {'grey' if channels == 1 else 'colour'}"
    classes = f"{dataset.num_classes} classes" if dataset.num_classes else "no classes"
    facts = f"{kind} · {classes} · {config.val_fraction:.0%} held out"
    return Preview(
        config.source,
        np.asarray(first.pixels),
        f"{len(dataset.train):,} + {len(dataset.test):,}",
        " · ".join((facts, *dataset.notes)),
    )


def all_runs(root: Path) -> tuple[RunSummary, ...]:
    """The runs of the folder, newest first, and the demo where it is not among them."""
    runs = list_runs(root) if root.is_dir() else []
    demo = demo_run()
    if demo is not None and all(summary.path != demo for summary in runs):
        runs += [summary for summary in list_runs(demo.parent) if summary.path == demo]
    return tuple(runs)


@dataclass(frozen=True, eq=False)
class OpenedRun:
    """What a run folder holds, without its weights: the kept map only where it is of the newest ones."""

    run: OpenRun
    records: list[dict[str, Any]]
    stored: Encoding | None
    layouts: tuple[StoredLayout, ...]


def read_run(folder: RunFolder) -> OpenedRun:
    """Everything that can be shown before torch is there."""
    record, row = folder.record, summary(folder.path)
    records = folder.metrics.read()
    steps = folder.checkpoints.steps()
    step = steps[-1] if steps else 0
    run = OpenRun(
        folder.path,
        folder.name,
        record.config,
        record.dataset.image_shape,
        record.dataset.class_names,
        record.read_only,
        row.status,
        step,
        row.epochs_done,
    )
    kept = load_map(folder)
    if kept is None or kept.step != step:
        return OpenedRun(run, records, None, ())
    return OpenedRun(run, records, Encoding(kept.index, kept.mu, kept.kl_per_dim, kept.step), kept.layouts)


def map_index(dataset: Dataset, points: int) -> NDArray[np.int64]:
    """Dataset indices of the images on the map: all, or a class-balanced part, always the same. Those of a smaller
    part are among those of a larger one."""
    labels = None
    if dataset.train.labels is not None and dataset.test.labels is not None:
        labels = np.concatenate([dataset.train.labels, dataset.test.labels])
    index = np.concatenate([dataset.train.index, dataset.test.index])
    return index[balanced(labels, len(index), points, seed=0)]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Of a data set, in memory: the images on the map, those of them that follow weights which change often, and a few
    that are never trained on, to be watched. total: images that there are to choose from."""

    map: Images
    following: Images
    live: Images
    total: int


def pictures(dataset: Dataset, index: NDArray[np.int64] | None = None, choice: int = USUAL) -> Pictures:
    """index: of the images on the map, where that is settled. choice: how many they are to be otherwise."""
    watched = dataset.test if len(dataset.test) else dataset.train
    points = points_for(choice, len(dataset), math.prod(dataset.shape))
    shown = dataset.at(map_index(dataset, points) if index is None else index)
    return Pictures(
        shown,
        dataset.at(map_index(dataset, LIVE_POINTS)) if len(shown) > LIVE_POINTS else shown,
        watched.take(balanced(watched.labels, len(watched), LIVE_IMAGES, seed=0)),
        len(dataset),
    )


def following(dataset: Dataset, choice: int) -> Pictures:
    """Those that follow a training, where so many are wanted otherwise."""
    points = points_for(choice, len(dataset), math.prod(dataset.shape))
    return pictures(dataset, choice=min(points, LIVE_POINTS))


def image_bytes(images: Images) -> int:
    """Of one picture."""
    return math.prod(images.shape)


def as_map_images(images: Images) -> MapImages:
    return MapImages(images.index, np.asarray(images.pixels), images.labels)


def _last_changes(folder: str | None) -> tuple[int, ...]:
    """When a folder of pictures and its subfolders were last changed, so that one that was is read again."""
    if folder is None or not Path(folder).is_dir():
        return ()
    inside = sorted(entry.stat().st_mtime_ns for entry in Path(folder).iterdir() if entry.is_dir())
    return (Path(folder).stat().st_mtime_ns, *inside)
