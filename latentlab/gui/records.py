"""What the window's state is made of: immutable records, handed from threads to the session and read by views.

All arrays are NumPy and are never written to once handed over.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from latentlab.config import RunConfig
from latentlab.explore.projection_settings import Kind, ProjectionSettings

Floats = NDArray[np.float32]
Tool = Literal["decode", "select", "box", "lasso", "path"]
Walk = Literal["ends", "path"]
MapAction = Literal["", "cancel", "retry"]
Phase = Literal["idle", "preparing", "training", "pausing", "paused", "stopping"]


def epoch_words(done: int, total: int) -> str:
    """How far a training is, wherever that is said: 'epoch 3 of 20' where three of them are done."""
    return f"epoch {done} of {total}"


@dataclass(frozen=True)
class OpenRun:
    """The run that is being looked at. step: of the weights that decode; epoch: how many it has behind it."""

    path: Path
    name: str
    config: RunConfig
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    read_only: bool
    status: str
    step: int = 0
    epoch: int = 0

    @property
    def conditional(self) -> bool:
        return self.config.model.kind == "cvae"

    @property
    def latent_dim(self) -> int:
        return self.config.model.latent_dim


@dataclass(frozen=True, eq=False)
class Encoding:
    """The images on the map, encoded: row i of every array is the image with dataset index `index[i]`.

    mu (N, d); kl_per_dim (d,) mean nats; reconstruction and kl (N,) nats, None until the model has been asked.
    """

    index: NDArray[np.int64]
    mu: Floats
    kl_per_dim: Floats
    step: int
    reconstruction: Floats | None = None
    kl: Floats | None = None

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True, eq=False)
class MapImages:
    """The pictures behind the map's points, row for row: pixels uint8 (N, C, H, W), labels (N,) or None."""

    index: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64] | None


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the points lie: coords (N, 2) float32. kind: 'umap', 'tsne', 'pca', or 'axes' with dims = the two
    dimensions. settings: that made it; followed: it began from an earlier layout, not from the PCA plane.
    """

    kind: Kind
    coords: Floats
    dims: tuple[int, int] | None = None
    settings: ProjectionSettings | None = None
    followed: bool = False


@dataclass(frozen=True, eq=False)
class PointFacts:
    """What else is known of the map's points, row for row, of the weights of `step`; None where it is not known yet.

    density (N,): log of the local density in latent space; anomaly (N,): the anomaly score, nats.
    """

    step: int
    density: Floats | None = None
    anomaly: Floats | None = None


@dataclass(frozen=True, eq=False)
class PointPictures:
    """Reconstructions of some of the map's points: pixels uint8 (n, C, H, W) of the images with index (n,), decoded by
    the weights of `step`."""

    index: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    step: int


@dataclass(frozen=True)
class Trust:
    """How well the map keeps latent neighbours: trustworthiness of its k nearest, 0 to 1 (see explore/trust.py)."""

    value: float
    k: int


@dataclass(frozen=True)
class History:
    """The epochs that can be gone back to, ascending, with their steps, and the one that is shown; None: the newest
    weights. newest: the step of those, None while they are trained on."""

    epochs: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()
    shown: int | None = None
    newest: int | None = None

    @property
    def places(self) -> tuple[int | None, ...]:
        """What can be shown, in the order of its steps: each epoch, and None for the newest weights. Where these are
        those of an epoch they stand for it; a training that was stopped in mid-epoch has some of its own."""
        if self.newest is None or not self.epochs:
            return (*self.epochs, None) if self.epochs else ()
        before, after = bisect_left(self.steps, self.newest), bisect_right(self.steps, self.newest)
        return (*self.epochs[:before], None, *self.epochs[after:])

    @property
    def at(self) -> int:
        """Which of the places is shown."""
        return self.places.index(self.shown if self.shown in self.places else None)

    @property
    def newest_epoch(self) -> int | None:
        """How many epochs the newest weights have behind them, as far as that is known here."""
        known = 0 if self.newest is None else bisect_right(self.steps, self.newest)
        return self.epochs[known - 1] if known else None

    @property
    def between(self) -> bool:
        """The newest weights are of no epoch's end, as far as that is known here."""
        return self.newest not in self.steps

    @property
    def shown_step(self) -> int | None:
        """The step of the weights that are shown, where they are not the newest."""
        return self.steps[self.epochs.index(self.shown)] if self.shown in self.epochs else None


@dataclass(frozen=True, eq=False)
class Route:
    """A path drawn on the map: waypoints z (W, d), W >= 2, and their places on the map (W, 2). tied: its first and last
    are A and B, and go where those go."""

    z: Floats
    places: Floats
    tied: bool = False


@dataclass(frozen=True, eq=False)
class Place:
    """The point in latent space that is decoded, and how it was come by.

    position: its place on the map, where it has one; rows and weights: the samples it was blended from, and how much
    of each. sample: the map's row that it is exactly, and that it moves with when the weights change.
    usual: percentile of its distance to the data in latent space (0 to 100), None where unknown; gap: percentile of
    its distance to the points of the map, None where the map's places are exact. origin says it in words.
    """

    z: Floats
    origin: str = ""
    position: tuple[float, float] | None = None
    rows: NDArray[np.int64] | None = None
    usual: float | None = None
    sample: int | None = None
    weights: Floats | None = None
    gap: float | None = None

    @property
    def cue(self) -> float | None:
        """How far off the data it is: the larger of both percentiles, None where neither is known."""
        return max((each for each in (self.usual, self.gap) if each is not None), default=None)


@dataclass(frozen=True, eq=False)
class Strip:
    """Frames from A to B, or along a path: pixels uint8 (T, C, H, W); nearest (T,) rows of the map; usual (T,)
    percentiles; method: how it goes between its waypoints.

    beyond: frames at either end that go on beyond it. length, straight: of the decoded way between the ends and of the
    straight one through the same waypoints, root of summed squares of pixels from 0 to 1; None until measured.
    classes: of a conditional model, the condition of all, or of the first and the last between which it is mixed.
    note: what else is to be said of it, in words.
    """

    pixels: NDArray[np.uint8]
    z: Floats
    nearest: NDArray[np.int64]
    usual: Floats
    smoothness: float  # mean squared difference of neighbouring frames, pixels in [0, 1]
    method: str = "linear"
    waypoints: int = 2
    beyond: int = 0
    length: float | None = None
    straight: float | None = None
    classes: int | tuple[int, int] | None = None
    note: str = ""


@dataclass(frozen=True)
class TrainingState:
    """What the run bar shows. Counts are totals of the run; seconds are of this stretch of training."""

    phase: Phase = "idle"
    note: str = ""  # what it is doing when it is neither idle nor training: "Loading fashion-mnist 40 %"
    step: int = 0
    total_steps: int = 0
    epoch: int = 0
    total_epochs: int = 0
    images_per_second: float = 0.0
    elapsed_s: float = 0.0
    remaining_s: float | None = None
    device: str = ""

    @property
    def active(self) -> bool:
        return self.phase != "idle"


@dataclass
class Curves:
    """The records of metrics.jsonl, in order, as columns. Grows while training; `version` tells that it did."""

    train: list[dict[str, Any]] = field(default_factory=list)
    validation: list[dict[str, Any]] = field(default_factory=list)
    version: int = 0

    def extend(self, records: list[dict[str, Any]]) -> None:
        for record in records:
            (self.validation if record.get("split") == "validation" else self.train).append(record)
        self.version += 1

    def cut_after(self, step: int) -> None:
        """Forget the records of later steps: training has gone back to this one."""
        for records in (self.train, self.validation):
            records[:] = [record for record in records if record["step"] <= step]
        self.version += 1

    def column(self, split: str, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(steps, values) of one quantity, e.g. column('train', 'kl')."""
        records = self.validation if split == "validation" else self.train
        steps = np.array([record["step"] for record in records], np.float64)
        return steps, np.array([record[name] for record in records], np.float64)

    def kl_per_dim(self) -> Floats | None:
        """The newest KL per dimension (d,), nats, of the validation part where there is one."""
        records = self.validation or self.train
        return np.array(records[-1]["kl_per_dim"], np.float32) if records else None


@dataclass(frozen=True, eq=False)
class Preview:
    """The chosen data: some pictures uint8 (n, C, H, W) and facts ('28x28 grey · 10 classes'), or what is wrong."""

    source: str
    pixels: NDArray[np.uint8] | None = None
    counts: str = ""
    facts: str = ""
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Live:
    """Pictures that follow the snapshots: held-out inputs and their reconstructions, and samples of the prior.

    All uint8 (n, C, H, W); the same images and the same noise each time. components: of the mixture that the samples
    were drawn from; 0: they are of the prior that was trained.
    """

    inputs: NDArray[np.uint8]
    outputs: NDArray[np.uint8]
    samples: NDArray[np.uint8]
    step: int
    components: int = 0


@dataclass(frozen=True)
class Sampling:
    """What samples are drawn from. note: what a mixture is waiting for, in words."""

    prior: Literal["trained", "mixture"] = "trained"
    note: str = ""
