"""Where a run stands: counters, the knobs' positions and the best checkpoint; all that is not a tensor."""

from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """Counts since the run began.

    An epoch counts when it is complete, its validation included; `batch` is the number of batches done in the next one.
    beta and the learning rate are what a person has set, before any schedule.
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
    planned_steps: int = 0  # of the first planning: what schedules stretch over, however many epochs are added
    rollbacks: int = 0  # how often a loss that broke was undone at this learning rate and its halves
    rollback_step: int = 0  # where training went back to, the last time

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
