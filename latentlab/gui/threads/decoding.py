"""The decoding thread: z in, pictures out, newest request first; what is under the cursor goes before all else."""

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from latentlab.gui.threads.model_thread import ModelThread

if TYPE_CHECKING:
    from latentlab.models.latent_model import LatentModel


class Decoder(ModelThread):
    """ask(channel, z (N, d), label or None, tag) answers `decoded(channel, number, pixels, tag, step)`.

    pixels: uint8 (N, C, H, W). tag: whatever the asker wants to have back. Answers of a channel come in the order in
    which they were asked for; of requests that waited together only the newest is answered.

    ask("prior", label or None, seed) answers `drawn(z (d,))`, a place from the prior that was trained.
    """

    decoded = Signal(str, int, object, object, int)
    drawn = Signal(object)
    first_channel = "place"

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("decoding", parent)

    def answer(self, model: "LatentModel", channel: str, number: int, request: tuple[Any, ...]) -> None:
        from latentlab.explore.decode import decode
        from latentlab.explore.sample import sample

        if channel == "prior":
            label, seed = request
            self.say(self.drawn, sample(model, 1, label, seed)[0])
            return
        z, labels, tag = request
        if isinstance(labels, int):
            labels = np.full(len(z), labels, np.int64)
        pixels = decode(model, np.asarray(z, np.float32), labels)
        # also where a newer request waits already: in a drag one always does, and the picture must follow all the same
        self.say(self.decoded, channel, number, pixels, tag, self.step)
