"""Where a run stands: counters, the knobs' positions and the best checkpoint; all that is not a tensor."""

from dataclasses import asdict, dataclass
from typing import Any, Self

SCHEMA_VERSION = 1


@dataclass(slots=True)
class Progress:
    """Counts since the run began.

    An epoch counts when it is complete, its validation included; `batch` is the number of batches done in the next one.
    """

    beta: float
    learning_rate: float
    step: int = 0
    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0  # spent training, without pauses
    neg_elbo: float | None = None  # of the last validation, where nothing was trained since
    best_step: int | None = None
    best_neg_elbo: float | None = None

    def stepped(self) -> None:
        """One more batch was learnt from."""
        self.step += 1
        self.batch += 1
        self.neg_elbo = None

    def epoch_ended(self, neg_elbo: float | None) -> None:
        """One more epoch is complete, with this validation."""
        self.epoch += 1
        self.batch = 0
        self.neg_elbo = neg_elbo

    def note_best(self) -> bool:
        """A checkpoint is about to be saved: whether it has the lowest validation of those saved, noted if so."""
        best = self.neg_elbo is not None and (self.best_neg_elbo is None or self.neg_elbo < self.best_neg_elbo)
        if best:
            self.best_step, self.best_neg_elbo = self.step, self.neg_elbo
        return best

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """What `to_dict` gave. Raises ValueError for a newer version's, or what is none."""
        if values.get("schema_version") != SCHEMA_VERSION:
            raise ValueError("this checkpoint's state was written by a newer LatentLab; update to go on with it")
        try:
            return cls(**{name: value for name, value in values.items() if name != "schema_version"})
        except TypeError:
            raise ValueError("this checkpoint's state.json does not say where training stood") from None
