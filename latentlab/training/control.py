"""What a person may ask of a training that is running, from any thread: pause, go on, stop, change, show."""

import math
import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """A wish for another beta or learning rate; None leaves it as it is."""

    beta: float | None = None
    lr: float | None = None


class Control:
    """Thread-safe wishes, which training looks at between two batches.

    With `snapshots`, training also yields a snapshot at every pause, at each epoch's end and at the end.
    """

    def __init__(self, snapshots: bool = False) -> None:
        self.snapshots = snapshots
        self._changed = threading.Condition()
        self._paused = False
        self._stopped = False
        self._snapshot_wanted = False
        self._change = Change()

    @property
    def paused(self) -> bool:
        """A pause has been asked for and not been lifted."""
        return self._paused

    @property
    def stopped(self) -> bool:
        """A stop has been asked for; there is no way back."""
        return self._stopped

    def pause(self) -> None:
        """Wait before the next batch, until `resume` or `stop`."""
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        """Go on after a pause."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def stop(self) -> None:
        """Save a checkpoint and end before the next batch, also out of a pause."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def set(self, beta: float | None = None, lr: float | None = None) -> None:
        """Go on with another beta or learning rate. Raises ValueError for what cannot be one."""
        if beta is not None and not (math.isfinite(beta) and beta >= 0):
            raise ValueError(f"beta should be a number of 0 or more, not {beta:g}")
        if lr is not None and not (math.isfinite(lr) and lr > 0):
            raise ValueError(f"the learning rate should be a number above 0, not {lr:g}")
        with self._changed:
            before = self._change
            self._change = Change(before.beta if beta is None else beta, before.lr if lr is None else lr)

    def request_snapshot(self) -> None:
        """Yield a snapshot soon: before the next batch, or 0.2 s after the last snapshot if that is later."""
        with self._changed:
            self._snapshot_wanted = True

    @property
    def snapshot_wanted(self) -> bool:
        """A snapshot was asked for and has not been yielded since."""
        return self._snapshot_wanted

    def snapshot_given(self) -> None:
        """A snapshot was yielded: the wish is fulfilled."""
        with self._changed:
            self._snapshot_wanted = False

    def take_change(self) -> Change:
        """What was last asked for by `set` since this was last called."""
        with self._changed:
            change, self._change = self._change, Change()
            return change

    def wait(self) -> None:
        """Return when no pause is asked for (any more), or a stop is."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._paused)
