"""The last state that was seen to be good, kept in memory: what a training goes back to when its loss breaks."""

from dataclasses import replace
from typing import NamedTuple

from latentlab.training.learner import Copy, Learner
from latentlab.training.meter import Meter, NotFinite, Sums
from latentlab.training.progress import Progress

MOST_ROLLBACKS = 3
FORGIVEN_AFTER = 2000  # steps without another one
STEPS_BETWEEN = {"cpu": 200}
STEPS_BETWEEN_ELSEWHERE = 2000  # a GPU's steps are ten times shorter, and looking at its weights makes it wait


class LastGood(NamedTuple):
    """Everything that a step changes, and where training stood."""

    learner: Copy
    meter: Sums
    progress: Progress


class Copies:
    """A state that a later record has shown to be good, and one that waits for a record of its own loss."""

    def __init__(self) -> None:
        self._good: LastGood | None = None
        self._waiting: LastGood | None = None

    @property
    def good(self) -> LastGood | None:
        return self._good

    def keep(self, copy: LastGood) -> None:
        """The first one is what training begins with; any other is good once a record after it is."""
        if self._good is None:
            self._good = copy
        else:
            self._waiting = copy

    def recorded(self, step: int) -> None:
        """The losses up to this step are sound, and so is a state that one of them was computed with."""
        if self._waiting is not None and self._waiting.progress.step < step:
            self._good, self._waiting = self._waiting, None

    def forget_what_waits(self) -> None:
        self._waiting = None


def steps_between(device: str) -> int:
    """Steps from one copy to the next, on this kind of device.

    A number of steps and not of seconds, so that a run with a seed goes back to the same place each time.
    """
    return STEPS_BETWEEN.get(device, STEPS_BETWEEN_ELSEWHERE)


def taken(learner: Learner, meter: Meter, progress: Progress) -> LastGood:
    """A copy of all three as they are. Raises NotFinite where a weight is not a finite number."""
    if not learner.finite():
        raise NotFinite("the weights became infinite or not a number")
    return LastGood(learner.copy(), meter.copy(), replace(progress))


def gone_back(good: LastGood, learner: Learner, meter: Meter, now: Progress) -> Progress:
    """Puts learner and meter back. Returns where training stands then: time passed and knobs stay as they are now."""
    learner.put_back(good.learner)
    meter.put_back(good.meter)
    return replace(
        good.progress,
        seconds=now.seconds,
        beta=now.beta,
        learning_rate=now.learning_rate,
        rollbacks=now.rollbacks,
        rollback_step=now.rollback_step,
    )
