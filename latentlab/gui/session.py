"""Everything the window knows: the open run, its map, the place in latent space, the training; with Qt signals.

Views read from here and are told by a signal what has changed; what a person does in a view travels back as that
view's own signals, which `main_window` connects. All arrays are NumPy and are never written to once handed over.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.config import RunConfig
from latentlab.runs.folder import RunSummary

Floats = NDArray[np.float32]
Phase = Literal["idle", "preparing", "training", "pausing", "paused", "stopping"]


@dataclass(frozen=True)
class OpenRun:
    """The run that is being looked at. `epoch` and `step` are those of the weights that decode."""

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
    """Where the points lie: coords (N, 2) float32. kind: 'umap', 'pca', or 'axes' with dims = the two dimensions."""

    kind: Literal["umap", "pca", "axes"]
    coords: Floats
    dims: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Place:
    """The point in latent space that is decoded, and how it was come by.

    position: its place on the map, where it has one; rows and weights: the samples it was blended from.
    usual: percentile of its distance to the data (0 to 100), None where unknown. origin says it in words.
    """

    z: Floats
    origin: str = ""
    position: tuple[float, float] | None = None
    rows: NDArray[np.int64] | None = None
    usual: float | None = None


@dataclass(frozen=True, eq=False)
class Strip:
    """Frames from A to B: pixels uint8 (T, C, H, W); nearest (T,) rows of the map; usual (T,) percentiles."""

    pixels: NDArray[np.uint8]
    z: Floats
    nearest: NDArray[np.int64]
    usual: Floats
    smoothness: float  # mean squared difference of neighbouring frames, pixels in [0, 1]


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

    def column(self, split: str, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(steps, values) of one quantity, e.g. column('train', 'kl')."""
        records = self.validation if split == "validation" else self.train
        steps = np.array([record["step"] for record in records], np.float64)
        return steps, np.array([record[name] for record in records], np.float64)

    def kl_per_dim(self) -> Floats | None:
        """The newest KL per dimension (d,), nats, of the validation part where there is one."""
        records = self.validation or self.train
        return np.array(records[-1]["kl_per_dim"], np.float32) if records else None


class Session(QObject):
    """The window's state. Every `set_...` stores a value and emits the signal of that name."""

    config_changed = Signal()  # the settings for the next run
    preview_changed = Signal()  # pictures and facts of the chosen data
    runs_changed = Signal()  # the list of runs
    run_changed = Signal()  # another run (or None) is open, or its status changed
    curves_changed = Signal()  # records came
    encoding_changed = Signal()  # points were encoded anew
    images_changed = Signal()  # the pictures behind the points arrived
    layout_changed = Signal()  # points have new places
    place_changed = Signal()  # another z
    condition_changed = Signal()  # another class, for a conditional model
    picture_changed = Signal()  # z was decoded
    selection_changed = Signal()  # another sample is selected (or none)
    reconstruction_changed = Signal()  # the selected sample was reconstructed
    ends_changed = Signal()  # A or B moved
    strip_changed = Signal()
    live_changed = Signal()  # reconstructions and samples that follow the snapshots
    training_changed = Signal()
    model_ready_changed = Signal()  # torch is loaded and the open run can decode
    map_note_changed = Signal()  # what the map is waiting for, in words
    logged = Signal(str)  # a line for the log
    told = Signal(str, bool)  # a sentence for the person; True: it is an error

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.config = RunConfig()
        self.preview: Preview | None = None
        self.runs: tuple[RunSummary, ...] = ()
        self.run: OpenRun | None = None
        self.curves = Curves()
        self.encoding: Encoding | None = None
        self.images: MapImages | None = None
        self.layout: Layout | None = None
        self.place: Place | None = None
        self.condition: int | None = None
        self.picture: NDArray[np.uint8] | None = None  # (C, H, W)
        self.selected: int | None = None  # row of the map
        self.reconstruction: NDArray[np.uint8] | None = None  # (C, H, W), of the selected sample
        self.ends: tuple[Place | None, Place | None] = (None, None)
        self.strip: Strip | None = None
        self.live: Live | None = None
        self.training = TrainingState()
        self.model_ready = False
        self.map_note = ""

    # -- settings and runs

    def set_config(self, config: RunConfig) -> None:
        if config != self.config:
            self.config = config
            self.config_changed.emit()

    def set_preview(self, preview: "Preview | None") -> None:
        self.preview = preview
        self.preview_changed.emit()

    def set_runs(self, runs: tuple[RunSummary, ...]) -> None:
        if runs != self.runs:
            self.runs = runs
            self.runs_changed.emit()

    def open(self, run: OpenRun | None) -> None:
        """Another run, or none: everything that belonged to the last one goes."""
        self.run = run
        self.curves = Curves()
        self.encoding = self.images = self.layout = self.place = self.picture = None
        self.selected = self.reconstruction = self.strip = self.live = None
        self.ends = (None, None)
        self.condition = 0 if run is not None and run.conditional else None
        self.model_ready = False
        self.map_note = ""
        for signal in (
            self.run_changed, self.curves_changed, self.encoding_changed, self.images_changed, self.layout_changed,
            self.place_changed, self.condition_changed, self.picture_changed, self.selection_changed,
            self.reconstruction_changed, self.ends_changed, self.strip_changed, self.live_changed,
            self.model_ready_changed, self.map_note_changed,
        ):  # fmt: skip
            signal.emit()

    def update_run(self, **changes: Any) -> None:
        """The open run's status, step or epoch, without forgetting what is shown of it."""
        if self.run is not None and any(getattr(self.run, name) != value for name, value in changes.items()):
            self.run = replace(self.run, **changes)
            self.run_changed.emit()

    def add_records(self, records: list[dict[str, Any]]) -> None:
        self.curves.extend(records)
        self.curves_changed.emit()

    # -- the map

    def set_encoding(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.encoding_changed.emit()

    def set_images(self, images: MapImages) -> None:
        self.images = images
        self.images_changed.emit()

    def set_layout(self, layout: Layout) -> None:
        self.layout = layout
        self.layout_changed.emit()

    def set_map_note(self, note: str) -> None:
        if note != self.map_note:
            self.map_note = note
            self.map_note_changed.emit()

    # -- the place in latent space

    def set_place(self, place: Place) -> None:
        self.place = place
        self.place_changed.emit()

    def set_condition(self, condition: int | None) -> None:
        if condition != self.condition:
            self.condition = condition
            self.condition_changed.emit()

    def set_picture(self, picture: NDArray[np.uint8]) -> None:
        self.picture = picture
        self.picture_changed.emit()

    def select(self, row: int | None) -> None:
        if row != self.selected:
            self.selected = row
            self.reconstruction = None
            self.selection_changed.emit()

    def set_reconstruction(self, pixels: NDArray[np.uint8]) -> None:
        self.reconstruction = pixels
        self.reconstruction_changed.emit()

    def set_end(self, which: Literal["A", "B"], place: Place | None) -> None:
        a, b = self.ends
        self.ends = (place, b) if which == "A" else (a, place)
        self.ends_changed.emit()

    def set_strip(self, strip: Strip | None) -> None:
        self.strip = strip
        self.strip_changed.emit()

    def set_live(self, live: "Live") -> None:
        self.live = live
        self.live_changed.emit()

    # -- training

    def set_training(self, **changes: Any) -> None:
        state = replace(self.training, **changes)
        if state != self.training:
            self.training = state
            self.training_changed.emit()

    def set_model_ready(self, ready: bool) -> None:
        if ready != self.model_ready:
            self.model_ready = ready
            self.model_ready_changed.emit()

    # -- what the views ask often

    def order(self) -> NDArray[np.int64]:
        """Latent dimensions by KL, largest first; as they come where no KL is known."""
        if self.run is None:
            return np.empty(0, np.int64)
        kl = self.kl_per_dim()
        return np.arange(self.run.latent_dim) if kl is None else np.argsort(-kl, kind="stable").astype(np.int64)

    def kl_per_dim(self) -> Floats | None:
        """(d,) nats: of the points on the map, else the newest of the curves."""
        return self.encoding.kl_per_dim if self.encoding is not None else self.curves.kl_per_dim()

    def label_of(self, row: int) -> str:
        """The class of the map's row, or an empty text."""
        if self.images is None or self.images.labels is None or self.run is None:
            return ""
        names, label = self.run.class_names, int(self.images.labels[row])
        return names[label] if 0 <= label < len(names) else str(label)


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

    All uint8 (n, C, H, W); the same images and the same noise each time.
    """

    inputs: NDArray[np.uint8]
    outputs: NDArray[np.uint8]
    samples: NDArray[np.uint8]
    step: int
