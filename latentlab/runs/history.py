"""The weights of past epochs, to be gone back to: one file each in the run's history/, thinned where they grow large.

history/epoch-000012-step-000004690.safetensors holds the weights that were shown at the end of epoch 12; epoch 0 is
before the first step. A file is whole or absent after a kill. It is not waited for until it is on the disk, which
would cost a short epoch more than its share: after a power cut the last ones may be damaged, which reading notices.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from latentlab.runs.files import blaming, remove_leftovers, temporary_beside

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
        """Keep a .safetensors file's bytes, in place of an older one of this epoch. True: others were dropped for it.

        Raises OSError; what was there before still is then.
        """
        self.folder.mkdir(exist_ok=True)
        place = self.folder / f"epoch-{epoch:06d}-step-{step:09d}.safetensors"
        temporary = temporary_beside(place)
        with blaming(place):
            try:
                temporary.write_bytes(weights)
                os.replace(temporary, place)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        for old in self.epochs():
            if old.epoch == epoch and old.step != step:
                old.path.unlink()
        return self._thin(len(weights))

    def cut_after(self, step: int) -> None:
        """Forget the epochs of later steps: training has gone back, or goes on from there. Raises OSError."""
        if self.folder.is_dir():
            remove_leftovers(self.folder)
        for past in self.epochs():
            if past.step > step:
                past.path.unlink()

    def _thin(self, size: int) -> bool:
        """Drop every second epoch, but not the oldest and the newest, until the rest, `size` bytes each, is within the
        limits."""
        dropped, most = False, min(self._limit // max(size, 1), MOST)
        while len(known := self.epochs()) > max(most, 2):
            for past in known[1:-1:2]:
                past.path.unlink()
            dropped = True
        return dropped
