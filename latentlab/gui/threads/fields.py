"""The thread of what lies over the map and needs the decoder again and again: its sensitivity, and decoded sheets.

It holds the weights a second time, so that decoding under the mouse never waits for it, and works in small batches:
a newer request ends the one in hand after the next batch, and what was computed is kept for the same weights.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.explore.overlays.lattice import Look
from latentlab.explore.overlays.plane import Plane
from latentlab.gui.threads.model_thread import ModelThread, Weights

if TYPE_CHECKING:
    from latentlab.models.latent_model import LatentModel

KEPT = 4  # planes, places and classes whose fields are kept, of the weights in hand
A_WHILE = 0.005  # seconds between two looks whether the hand is still moving
Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class OnPlane:
    """What is asked for on a plane: the part that is seen; what the map does not show as in `rest` (d,); the class."""

    plane: Plane
    rest: NDArray[np.floating]
    look: Look
    label: int | None = None
    refine: bool = True

    def key(self) -> tuple[object, ...]:
        """The same wherever one looks, and for a place that was moved along the plane."""
        rest = np.round(self.rest, 4) + 0.0  # no -0
        return self.plane.origin.tobytes(), self.plane.axes.tobytes(), rest.tobytes(), self.label


@dataclass(frozen=True, eq=False)
class AtSamples:
    """Sensitivity on a map without axes: at encoded samples mu (n, d) that lie at coords (n, 2), of these classes."""

    mu: NDArray[np.float32]
    coords: NDArray[np.float32]
    labels: NDArray[np.int64] | None = None


class Fields(ModelThread):
    """ask("sensitivity", OnPlane or AtSamples, tag), ask("manifold", OnPlane, tag) answer `drawn(channel, what, tag)`.

    What is drawn comes several times: coarse or in part first. tag: whatever the asker wants to have back.
    """

    drawn = Signal(str, object, object)
    first_channel = "manifold"

    def __init__(self, parent: QObject | None = None) -> None:
        self._kept: OrderedDict[tuple[object, ...], Any] = OrderedDict()
        self._hands_off = 0.0
        super().__init__("fields", parent)

    def rest(self, seconds: float) -> None:
        """Does nothing for so long, since the person drags: both processors belong to the picture under the mouse."""
        self._hands_off = time.monotonic() + seconds

    def answer(self, model: "LatentModel", channel: str, number: int, request: tuple[Any, ...]) -> None:
        asked, tag = request

        def wanted() -> bool:
            while self.newest(channel) and time.monotonic() < self._hands_off:
                time.sleep(A_WHILE)
            first = channel == self.first_channel or self.first_channel not in self._requests
            return first and self.newest(channel)

        complete = False
        if isinstance(asked, AtSamples):
            self._at_samples(model, asked, tag, wanted)
            complete = True
        elif channel == "sensitivity":
            from latentlab.explore.overlays.sensitivity import PlaneSensitivity

            kept = self._find(model, channel, asked, PlaneSensitivity)
            for field in kept.fields(asked.look, wanted, asked.refine):
                complete = field.complete
                self.say(self.drawn, channel, field, tag)
        else:
            from latentlab.explore.overlays.manifold import Manifold

            for sheet in self._find(model, channel, asked, Manifold).sheets(asked.look, wanted):
                complete = sheet.complete
                self.say(self.drawn, channel, sheet, tag)
        if not complete:
            self._go_on(channel, number, request)

    def _go_on(self, channel: str, number: int, request: tuple[Any, ...]) -> None:
        """With what gave way to the other channel, where no newer request has come instead."""
        with self._wake:
            if self.newest(channel):
                self._requests[channel] = (number, request)

    def _load(self, weights: Weights) -> None:
        self._kept.clear()
        super()._load(weights)

    def _at_samples(self, model: "LatentModel", asked: AtSamples, tag: object, wanted: Callable[[], bool]) -> None:
        from latentlab.explore.overlays.sensitivity import interpolated, sample_sensitivity

        key = ("samples", asked.mu.tobytes())
        values = self._kept.get(key)
        if values is None:
            values = sample_sensitivity(model, asked.mu, asked.labels if model.num_classes else None, wanted)
        if values is not None:
            self._keep(key, values)
            self.say(self.drawn, "sensitivity", interpolated(asked.coords, values), tag)

    def _find(self, model: "LatentModel", channel: str, asked: OnPlane, make: Callable[..., Made]) -> Made:
        """What was computed of the same, or one anew."""
        key = (channel, *asked.key())
        found: Made | None = self._kept.get(key)
        if found is None:
            found = make(model, asked.plane, asked.rest, asked.label)
        self._keep(key, found)
        return found

    def _keep(self, key: tuple[object, ...], found: object) -> None:
        self._kept[key] = found
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
