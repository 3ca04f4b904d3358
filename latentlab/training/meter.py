"""Means of the curves' terms, summed on the device and fetched only when a record is due."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from latentlab.models.objectives import Report
from latentlab.training.distributed import Ranks


class NotFinite(ArithmeticError):
    """A term or a weight became infinite or not a number, or grew as though it were about to."""


@dataclass(frozen=True, slots=True)
class Means:
    """Means over images, in nats per image; kl_per_dim has one entry per latent dimension."""

    reconstruction: float
    kl: float
    objective: float
    kl_per_dim: tuple[float, ...]

    @property
    def neg_elbo(self) -> float:
        """At beta = 1, whatever was minimised."""
        return self.reconstruction + self.kl


class Sums(NamedTuple):
    """What a meter held: to be put back when the steps since are undone."""

    terms: Tensor
    images: int
    seconds: float


class Meter:
    """A running sum of reports. Adding does not wait for the device; `means` does.

    `seconds` is the time that its steps took, for images per second.
    """

    def __init__(self, latent_dim: int, device: torch.device) -> None:
        self._sums = torch.zeros(3 + latent_dim, device=device)  # reconstruction, kl, objective, kl_per_dim
        self.images = 0
        self.seconds = 0.0

    def add(self, report: Report, images: int) -> None:
        """Count the batch means of so many images."""
        terms = torch.stack((report.reconstruction, report.kl, report.objective))
        self._sums.add_(torch.cat((terms, report.kl_per_dim)), alpha=images)
        self.images += images

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count the time that the block takes."""
        began = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - began

    def means(self) -> Means:
        """The means since the last `clear`, waiting for the device. Raises NotFinite."""
        assert self.images, "nothing was added"
        with self.timed():
            return self._means()

    def _means(self) -> Means:
        values = (self._sums.double() if self._sums.device.type == "cpu" else self._sums).div(self.images)
        if not bool(torch.isfinite(values).all()):
            raise NotFinite("the loss became infinite or not a number")
        reconstruction, kl, objective, *kl_per_dim = values.tolist()
        return Means(reconstruction, kl, objective, tuple(kl_per_dim))

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds > 0 else 0.0

    def gather(self, ranks: Ranks) -> None:
        """Add up what the processes that train together have counted; then each holds it all."""
        if ranks.alone:
            return
        images = torch.tensor([float(self.images)], device=self._sums.device, dtype=torch.float64)
        ranks.add([self._sums])
        ranks.add([images])
        self.images = int(images)

    def clear(self) -> None:
        """Begin anew."""
        self._sums.zero_()
        self.images, self.seconds = 0, 0.0

    def copy(self) -> Sums:
        """What it holds, without waiting for the device."""
        return Sums(self._sums.clone(), self.images, self.seconds)

    def put_back(self, sums: Sums) -> None:
        """Hold again what it held at the copy, which stays good for another time."""
        self._sums.copy_(sums.terms)
        self.images, self.seconds = sums.images, sums.seconds

    def finite(self) -> bool:
        """Whether all that was added is a finite number, waiting for the device."""
        return bool(torch.isfinite(self._sums).all())

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values; decimal digits keep every float32 exactly. Raises NotFinite."""
        if not self.finite():
            raise NotFinite("the loss became infinite or not a number")
        return {"sums": self._sums.tolist(), "images": self.images, "seconds": self.seconds}

    def restore(self, values: dict[str, Any]) -> None:
        """Go on from what `to_dict` gave."""
        self.put_back(Sums(Tensor(values["sums"]), int(values["images"]), float(values["seconds"])))
