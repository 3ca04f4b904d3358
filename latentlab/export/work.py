"""One export: what it is of, what is wanted, and whom to tell."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from latentlab.explore.encode import Encoded, encode
from latentlab.explore.loaded import Loaded
from latentlab.explore.mixture import Mixture
from latentlab.explore.path_file import PathFile
from latentlab.explore.paths import Way
from latentlab.export.moving_formats import MOVING, Show
from latentlab.export.watching import Cancelled, FramesDone
from latentlab.images import Dataset, balanced

STILL_FRAMES, MOVING_FRAMES = 10, 60  # of an interpolation or a traversal, where nothing else is asked for
TILE, FRAME = 64, 256  # pixels: about the side of an image in a grid, and alone


@dataclass(frozen=True)
class Options:
    """What may be chosen; None takes what suits the kind.

    start, end: indices of images. label: a class's name or number. scale: pixels per pixel. mixture: what samples are
    drawn from instead of the prior that was trained. path: what an interpolation follows instead of going from one
    image to another; of a conditional model with the path's class, unless told otherwise. overshoot: how far it goes on
    beyond both ends, as a share of its length. dim: the one dimension that is traversed. projection: of the map, and of
    the coordinates that latents come with, which have none where it is None.
    """

    start: int | None = None
    end: int | None = None
    frames: int | None = None
    fps: float = 20.0
    method: Way = "linear"
    count: int | None = None
    label: str | None = None
    scale: int | None = None
    ping_pong: bool = False
    loop: bool = True
    projection: Literal["pca", "umap"] | None = None
    seed: int = 0
    mixture: Mixture | None = None
    path: PathFile | None = None
    overshoot: float = 0.0
    dim: int | None = None


@dataclass(frozen=True)
class Work:
    """`progress` is told what is done of how much."""

    run: Loaded
    data: Dataset | None
    out: Path
    options: Options
    progress: FramesDone | None = None
    cancelled: Cancelled | None = None

    @property
    def dataset(self) -> Dataset:
        if self.data is None:
            raise ValueError("this export needs the run's data set")
        return self.data

    @property
    def moving(self) -> bool:
        return self.out.suffix.lower() in MOVING

    @property
    def frames(self) -> int:
        return self.options.frames or (MOVING_FRAMES if self.moving else STILL_FRAMES)

    def scale(self, side: int) -> int:
        return self.options.scale or max(1, round(side / max(self.run.image_shape[1:])))

    def show(self, scale: int) -> Show:
        return Show(self.options.fps, scale, self.options.ping_pong, self.options.loop)

    def encoded(self, count: int | None) -> Encoded | None:
        """All images, in the order of their indices, or `count` of them, balanced over the classes; None when
        cancelled."""
        parts = self.dataset.train, self.dataset.test
        index = np.concatenate([part.index for part in parts])
        labels = [part.labels for part in parts if part.labels is not None]
        known = np.concatenate(labels) if len(labels) == 2 else None
        told = {"progress": self.progress, "cancelled": self.cancelled}
        if count is not None and count < len(index):
            images = self.dataset.at(index[balanced(known, len(index), count, self.options.seed)])
            return encode(self.run.model, images, self.run.device, **told)  # type: ignore[arg-type]
        first, second = (
            encode(self.run.model, part, self.run.device, **told)  # type: ignore[arg-type]
            for part in parts
        )
        return None if first is None or second is None else first.followed_by(second)

    def label(self) -> int | None:
        """The class's number, from its name or its number. Raises ValueError for one that the model does not know."""
        run, label = self.run, self.options.label
        if label is None:
            return None
        if not run.model.num_classes:
            raise ValueError("this model is not conditional: it decodes without a class")
        if label in run.class_names:
            return run.class_names.index(label)
        if label.isdecimal() and int(label) < run.model.num_classes:
            return int(label)
        raise ValueError(f"unknown class '{label}'; there are: {', '.join(run.class_names)}")
