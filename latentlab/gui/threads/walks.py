"""What the decoding thread does for the strip: its frames, how long its ways are decoded, and its geodesics."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.curve import Curve
from latentlab.gui.records import Floats

if TYPE_CHECKING:
    from latentlab.explore.geodesic import Graph
    from latentlab.models.latent_model import LatentModel

Classes = int | tuple[int, int] | None
Pixels = NDArray[np.uint8]

WALKS = ("walks", "geodesic", "animation")
AT_ONCE = 32  # frames of an animation between two looks at the other channels


@dataclass(frozen=True, eq=False)
class WalkAsked:
    """z: of each way (T, d), or the waypoints (W, d) of a geodesic; none: no geodesic is wanted any more.

    There is a column more where classes are mixed, as for `decoder_of`. lines (n, d): ways that are to be measured.
    mu (N, d): what a geodesic's graph is made of, or None.
    """

    z: tuple[Floats, ...]
    classes: Classes = None
    lines: tuple[Floats, ...] = ()
    mu: Floats | None = None


@dataclass(frozen=True, eq=False)
class Walked:
    """Frames uint8 (T, C, H, W) of each way, and the decoded length of each line, None until they are measured."""

    pixels: tuple[Pixels, ...]
    lengths: tuple[float, ...] | None = None


class Walks:
    """Answers of three channels. The graph of the last geodesic is kept for the next one of the same codes and step."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._graph_of: tuple[Any, int, Classes] = (None, 0, None)

    def answer(
        self, model: "LatentModel", step: int, channel: str, asked: WalkAsked
    ) -> Iterator[Walked | Curve | tuple[int, int] | None]:
        """Yields between steps None, or (done, total), or what is found: a Curve of "geodesic", else Walked; of "walks"
        once at once and once measured."""
        if channel == "geodesic":
            return self._geodesic(model, step, asked)
        return _animation(model, asked) if channel == "animation" else _walks(model, asked)

    def _geodesic(self, model: "LatentModel", step: int, asked: WalkAsked) -> Iterator[tuple[int, int] | Curve]:
        from latentlab.explore.geodesic import decoder_of, find, grow

        if not asked.z:
            return
        decode = decoder_of(model, asked.classes)
        if asked.mu is not None:
            mu, *others = self._graph_of
            if self._graph is None or mu is not asked.mu or others != [step, asked.classes]:
                self._graph = yield from grow(decode, asked.mu)
                self._graph_of = (asked.mu, step, asked.classes)
        found = yield from find(decode, self._graph if asked.mu is not None else None, asked.z[0])
        yield found


def _walks(model: "LatentModel", asked: WalkAsked) -> Iterator[Walked | None]:
    from latentlab.explore.geodesic import decoded_lengths, decoder_of

    pixels = tuple(_pixels(model, z, asked.classes) for z in asked.z)
    yield Walked(pixels)
    decode, lengths = decoder_of(model, asked.classes), []
    for line in asked.lines:
        lengths.append(float(decoded_lengths(decode, line)[-1]))
        yield None
    yield Walked(pixels, tuple(lengths))


def _animation(model: "LatentModel", asked: WalkAsked) -> Iterator[Walked | None]:
    (z,), parts = asked.z, []
    for start in range(0, len(z), AT_ONCE):
        parts.append(_pixels(model, z[start : start + AT_ONCE], asked.classes))
        yield None
    yield Walked((np.concatenate(parts),))


def _pixels(model: "LatentModel", z: Floats, classes: Classes) -> Pixels:
    import torch

    from latentlab.explore.geodesic import decoder_of
    from latentlab.models.build import to_pixels

    pictures = decoder_of(model, classes)(torch.as_tensor(np.asarray(z, np.float32)))
    found: Pixels = to_pixels(pictures.reshape(len(z), *model.image_shape)).numpy()
    return found
