"""Whoever waits for an export is told how far it is, and may end it."""

from collections.abc import Callable
from dataclasses import dataclass

FramesDone = Callable[[int, int], None]  # what is done, and how much there is
Cancelled = Callable[[], bool]


class Stopped(Exception):
    """The export was cancelled. Raised and caught inside of it, where other people's code has to be left."""


@dataclass(frozen=True)
class Watch:
    """Reports now and then, and asks whether to go on."""

    total: int
    progress: FramesDone | None = None
    cancelled: Cancelled | None = None

    def goes_on(self, done: int) -> bool:
        if self.cancelled is not None and self.cancelled():
            return False
        if self.progress is not None:
            self.progress(done, self.total)
        return True

    def look(self, done: int | None = None) -> None:
        """Raises Stopped once it is cancelled; reports what is done, where that is said."""
        if self.cancelled is not None and self.cancelled():
            raise Stopped
        if self.progress is not None and done is not None:
            self.progress(done, self.total)
