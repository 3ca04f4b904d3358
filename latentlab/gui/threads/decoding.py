"""The decoding thread: z in, pictures out, newest request first; what is under the cursor goes before all else."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.gui.records import Floats
from latentlab.gui.threads.inspecting import INSPECTED, Asked, look
from latentlab.gui.threads.model_thread import ModelThread
from latentlab.gui.threads.walks import WALKS, WalkAsked, Walks

if TYPE_CHECKING:
    from latentlab.models.latent_model import LatentModel

AT_ONCE = 32  # thumbnails between two looks at the other channels


class Decoder(ModelThread):
    """ask(channel, z (N, d), label or None, tag) answers `decoded(channel, number, pixels, tag, step)`.

    pixels: uint8 (N, C, H, W), all by the weights of `step`. tag: whatever the asker wants to have back. Answers of
    a channel come in the order in which they were asked for; of those that waited together only the newest is answered.

    ask("thumbnails", z (N, d), labels (N,) or None, tag) answers so too, and lets the other channels go first.
    ask("inspect" | "around" | "fill", what, tag) answers `looked(channel, found, tag)`, in steps: see inspecting.py.
    ask("walks" | "geodesic" | "animation", what, tag) answers `walked(channel, found, tag)`, in steps: see walks.py;
    `leading(done, total)` says how far a geodesic is.
    ask("prior", label or None, seed) answers `drawn(z (d,))`, a place from the prior that was trained.
    """

    decoded = Signal(str, int, object, object, int)
    drawn = Signal(object)
    looked = Signal(str, object, object)
    walked = Signal(str, object, object)
    leading = Signal(int, int)
    first_channel = "place"

    def __init__(self, parent: QObject | None = None) -> None:
        self._walks = Walks()
        super().__init__("decoding", parent)

    def answer(
        self, model: "LatentModel", channel: str, number: int, request: tuple[Any, ...]
    ) -> Iterator[object] | None:
        from latentlab.explore.decode import decode
        from latentlab.explore.sample import sample

        if channel == "prior":
            label, seed = request
            self.say(self.drawn, sample(model, 1, label, seed)[0])
            return None
        if channel in INSPECTED:
            return self._look(model, channel, *request)
        if channel in WALKS:
            return self._walk(model, channel, *request)
        z, labels, tag = request
        if isinstance(labels, int):
            labels = np.full(len(z), labels, np.int64)
        if channel == "thumbnails":
            return self._in_steps(model, self.step, channel, number, z, labels, tag)
        pixels = decode(model, np.asarray(z, np.float32), labels)
        # also where a newer request waits already: in a drag one always does, and the picture must follow all the same
        self.say(self.decoded, channel, number, pixels, tag, self.step)
        return None

    def _look(self, model: "LatentModel", channel: str, asked: Asked, tag: Any) -> Iterator[object]:
        for found in look(model, self.step, asked):
            if found is not None:
                self.say(self.looked, channel, found, tag)
            yield found

    def _walk(self, model: "LatentModel", channel: str, asked: WalkAsked, tag: Any) -> Iterator[object]:
        for found in self._walks.answer(model, self.step, channel, asked):
            if isinstance(found, tuple):
                self.say(self.leading, *found)
            elif found is not None:
                self.say(self.walked, channel, found, tag)
            yield found

    def _in_steps(
        self,
        model: "LatentModel",
        step: int,
        channel: str,
        number: int,
        z: Floats,
        labels: NDArray[np.int64] | None,
        tag: Any,
    ) -> Iterator[object]:
        """A few at a time, so that what is under the cursor need not wait for all of them; all by the same weights."""
        from latentlab.explore.decode import decode

        parts = []
        for start in range(0, len(z), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            parts.append(decode(model, z[rows], None if labels is None else labels[rows]))
            yield start
        self.say(self.decoded, channel, number, np.concatenate(parts), tag, step)
