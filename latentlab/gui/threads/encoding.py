"""The encoding thread: the images on the map through the newest weights, so that the points can follow the training."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from latentlab.gui.session import Encoding
from latentlab.gui.threads.model_thread import ModelThread

if TYPE_CHECKING:
    from latentlab.models.latent_model import LatentModel


class Encoder(ModelThread):
    """ask("map", images) answers `encoded(Encoding)`; images are `latentlab.images.Images`, which carry their index."""

    encoded = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("encoding", parent)

    def answer(self, model: "LatentModel", channel: str, number: int, request: tuple[Any, ...]) -> None:
        from latentlab.explore.encode import encode

        (images,) = request
        step = self.step
        got = encode(model, images, cancelled=lambda: not self.newest(channel, number) or self._closing)
        if got is not None and self.newest(channel, number):
            self.encoded.emit(Encoding(got.index, got.mu, got.kl_per_dim, step, got.reconstruction, got.kl))
