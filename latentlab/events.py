"""The frozen records that training yields, in the order in which they happen.

All terms are in nats per image: summed over pixels and latent dimensions, averaged over images.
neg_elbo is always reconstruction + kl (beta = 1), whatever was minimised; `objective` is what was minimised.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Split = Literal["train", "validation"]


@dataclass(frozen=True, slots=True)
class Event:
    """Where training stands: optimizer steps done and epochs completed since the run began."""

    step: int
    epoch: int

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values, with the kind of event first."""
        return {"event": type(self).__name__.lower(), **asdict(self)}


@dataclass(frozen=True, slots=True)
class Started(Event):
    """Training begins or goes on. `device` is where it runs; the rest are counts."""

    run: str
    device: str
    parameters: int
    train_images: int
    validation_images: int
    total_steps: int
    total_epochs: int


@dataclass(frozen=True, slots=True)
class Measured(Event):
    """One record of the curves: means since the last one (train), or over the whole held-out part (validation).

    A validation is measured at beta 1, whatever is minimised, so that runs of different betas can be compared: its
    `beta` is 1 and its `objective` the negative ELBO. The beta in force is that of the training records.
    """

    split: Split
    time_s: float
    neg_elbo: float
    reconstruction: float
    kl: float
    kl_per_dim: tuple[float, ...]
    objective: float
    beta: float
    learning_rate: float
    images_per_second: float

    def to_record(self) -> dict[str, Any]:
        """The line of metrics.jsonl."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Measured | None":
        """What `to_record` gave; None for a record of anything else."""
        if record.keys() != set(cls.__dataclass_fields__):
            return None
        return cls(**{**record, "kl_per_dim": tuple(record["kl_per_dim"])})


@dataclass(frozen=True, slots=True)
class EpochEnded(Event):
    """An epoch is complete; its validation, if any, was yielded just before."""


@dataclass(frozen=True, slots=True)
class Snapshot(Event):
    """Frozen weights and buffers by name (tensors on the training device), not to be written to.

    precision: 'bfloat16' where this machine's processor computes with that faster, and it was seen to agree.
    """

    state: Mapping[str, Any]
    precision: Literal["float32", "bfloat16"] = "float32"

    def to_dict(self) -> dict[str, Any]:
        return {"event": "snapshot", "step": self.step, "epoch": self.epoch}


@dataclass(frozen=True, slots=True)
class Saved(Event):
    """A checkpoint was written and verified. `best`: it has the lowest validation neg_elbo of those saved."""

    path: str
    best: bool


@dataclass(frozen=True, slots=True)
class Paused(Event):
    """Training waits; nothing is lost and everything can be explored."""


@dataclass(frozen=True, slots=True)
class Resumed(Event):
    """Training goes on after a pause."""


@dataclass(frozen=True, slots=True)
class Changed(Event):
    """beta or the learning rate was changed in mid-run."""

    beta: float
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """Something the person should know; training goes on."""

    message: str


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """The end: all epochs done, or stopped and kept."""

    reason: Literal["completed", "stopped"]
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """The end, with a sentence that says what went wrong and what can be done."""

    message: str
