"""The weights of past epochs, to be gone back to: one file each in the run's history/, thinned where they grow large.

history/epoch-000012-step-000004690.safetensors holds the weights that were shown at the end of epoch 12; epoch 0 is
before the first step. A file is whole or absent after a kill. It is not waited for until it is on the disk, which
would cost a short epoch more than its share: after a power cut the last ones may be damaged, which reading notices.
"""

import contextlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from latentlab.runs.files import blaming, remove_leftovers, replace, temporary_beside, unlink

LIMIT = 1 << 30  # bytes of one run's history
MOST = 1000  # epochs of it: more are no easier to find one's way in, and each epoch's end looks through the folder
FOLDER = "history"
NAME = re.compile(r"epoch-(\d{6,})-step-(\d{9,})\.safetensors")


@dataclass(frozen=True, order=True)
class PastEpoch:
    """The weights after `epoch` epochs, of optimizer step `step`, in the file at `path`."""

    epoch: int
    step: int
    path: Path


class History:
    """The past epochs of the run in `run`. Who writes holds the run's lock; anyone may read meanwhile."""

    def __init__(self, run: Path, limit: int = LIMIT) -> None:
        self.folder = run / FOLDER
        self._limit = limit

    def epochs(self) -> list[PastEpoch]:
        """What there is, ascending; empty where nothing was kept."""
        if not self.folder.is_dir():
            return []
        matches = (NAME.fullmatch(name) for name in os.listdir(self.folder))
        return sorted(PastEpoch(int(match[1]), int(match[2]), self.folder / match[0]) for match in matches if match)

    def fits(self, size: int) -> bool:
        """Whether weights of so many bytes can be kept: the oldest and the newest always are, and one more."""
        return 3 * size <= self._limit

    def write(self, epoch: int, step: int, weights: bytes) -> bool:
        """Keep a .safetensors file's bytes, in place of all that training has gone back from: an older one of this
        epoch, and those of later steps. True: others were dropped to make room.

        Raises OSError; what was there before still is then.
        """
        self.folder.mkdir(exist_ok=True)
        place = self.folder / f"epoch-{epoch:06d}-step-{step:09d}.safetensors"
        temporary = temporary_beside(place)
        with blaming(place):
            try:
                temporary.write_bytes(weights)
                replace(temporary, place)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        with contextlib.suppress(OSError):  # Windows removes none that is being read: they go the next time
            self._remove([old for old in self.epochs() if old.step > step or (old.epoch == epoch and old.step != step)])
        return self._thin(len(weights))

    def cut_after(self, step: int) -> None:
        """Forget the epochs of later steps: training has gone back, or goes on from there.

        Raises OSError where one of them cannot be removed; the others are then, and that one goes with the next write.
        """
        if self.folder.is_dir():
            remove_leftovers(self.folder)
        self._remove([past for past in self.epochs() if past.step > step])

    def _remove(self, these: Sequence[PastEpoch]) -> None:
        """All that can be. Raises OSError where one could not."""
        kept: OSError | None = None
        for past in these:
            try:
                unlink(past.path)
            except OSError as error:
                kept = error
        if kept is not None:
            raise kept

    def _thin(self, size: int) -> bool:
        """Drop every second epoch, but not the oldest and the newest, until the rest, `size` bytes each, is within the
        limits."""
        dropped, most = False, min(self._limit // max(size, 1), MOST)
        while len(known := self.epochs()) > max(most, 2):
            try:
                self._remove(known[1:-1:2])
            except OSError:
                break  # there is room for more, if not for much: it is tried again with the next epoch
            dropped = True
        return dropped
