"""What a source is asked for, and how it answers while it works: progress out, cancellation in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latentlab.config import DataConfig

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is in all (0 where that is not known)."""


class Cancelled(Exception):
    """Loading was cancelled by the person; what lies on disk is whole."""


@dataclass(frozen=True)
class Request:
    """One data set to be read: what, where from, and for whom."""

    config: DataConfig
    data_dir: Path
    seed: int = 0
    progress: Progress | None = None
    cancelled: Callable[[], bool] | None = None

    def report(self, what: str, done: int, total: int) -> None:
        """Tell how far the work is. Raises Cancelled where it is no longer wanted."""
        if self.cancelled is not None and self.cancelled():
            raise Cancelled(f"{what} was cancelled")
        if self.progress is not None:
            self.progress(what, done, total)
