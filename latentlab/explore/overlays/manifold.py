"""The picture at every place of a plane, side by side: the sheet that a two-dimensional latent space is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.decode import decode
from latentlab.explore.overlays.lattice import Lattice, Look, Sheet
from latentlab.explore.overlays.plane import Floats, Plane
from latentlab.models.latent_model import LatentModel

CELL, MOST = 48.0, 2_500  # pixels of the screen that a picture is wide, about; pictures
AT_ONCE, PIXELS_AT_ONCE = 64, 1 << 20
LARGEST = 64  # pixels of a picture's side that are kept: it is drawn in 34 to 68 of the screen's
KEPT_BYTES = 64 << 20
OFTEN = 4  # batches between two sheets that are shown: the first pictures come at once


@dataclass(eq=False)
class Manifold:
    """Of one model and class on a plane, all else held: `rest` (d,) as Plane.rest gives it. Keeps what it decoded."""

    model: LatentModel
    plane: Plane
    rest: Floats
    label: int | None = None
    _known: dict[tuple[int, int, int], NDArray[np.uint32]] = field(default_factory=dict)  # by level, column and row

    def sheets(self, look: Look, wanted: Callable[[], bool]) -> Iterator[Sheet]:
        """What is seen, filled from the middle; ends early once it is not wanted any more."""
        lattice = Lattice.over(look, CELL, MOST, shift=0.5)
        missing = [node for node in lattice.nodes() if (lattice.level, *node) not in self._known]
        self._make_room(lattice)
        pixels = int(np.prod(self.model.image_shape))
        at_once = max(min(AT_ONCE, PIXELS_AT_ONCE // pixels), 1)
        for number, start in enumerate(range(0, len(missing), at_once)):
            if not wanted():
                return
            some = missing[start : start + at_once]
            z = self.plane.z_at(lattice.places(some), self.rest)
            for (i, j), picture in zip(some, _packed(_reduced(decode(self.model, z, self.label))), strict=True):
                self._known[lattice.level, i, j] = picture
            if number % OFTEN == 0 and start + at_once < len(missing):
                yield self._sheet(lattice, complete=False)
        yield self._sheet(lattice, complete=True)

    def _make_room(self, lattice: Lattice) -> None:
        each = max((picture.nbytes for picture in self._known.values()), default=0)
        if each * (len(self._known) + lattice.count) > KEPT_BYTES:
            self._known = {key: picture for key, picture in self._known.items() if key[0] == lattice.level}
        if each * (len(self._known) + lattice.count) > KEPT_BYTES:
            in_sight = {(lattice.level, *node) for node in lattice.nodes()}
            self._known = {key: picture for key, picture in self._known.items() if key in in_sight}

    def _sheet(self, lattice: Lattice, complete: bool) -> Sheet:
        there = {lattice.cell(node): self._known.get((lattice.level, *node)) for node in lattice.nodes()}
        height, width = next(picture.shape for picture in there.values() if picture is not None)
        rows, columns = lattice.shape
        known = np.zeros(lattice.shape, np.bool_)
        image = np.zeros((rows * height, columns * width), np.uint32)
        for (row, column), picture in there.items():
            if picture is not None:
                top, left = (rows - 1 - row) * height, column * width
                image[top : top + height, left : left + width] = picture
                known[row, column] = True
        return Sheet(lattice.extent, image, known, max(len(self.rest) - 2, 0), complete)


def _reduced(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Large pictures (N, C, H, W) made smaller by a whole factor, each block of pixels its mean."""
    count, channels, height, width = pictures.shape
    factor = -(-max(height, width) // LARGEST)
    if factor == 1 or height % factor or width % factor:
        return pictures
    blocks = pictures.reshape(count, channels, height // factor, factor, width // factor, factor)
    return np.rint(blocks.mean(axis=(3, 5))).astype(np.uint8)


def _packed(pictures: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """(N, C, H, W), grey or colour, as (N, H, W) of 0xAARRGGBB."""
    red, green, blue = np.moveaxis(np.broadcast_to(pictures, (len(pictures), 3, *pictures.shape[2:])), 1, 0)
    return (255 << 24 | red.astype(np.uint32) << 16 | green.astype(np.uint32) << 8 | blue).astype(np.uint32)
