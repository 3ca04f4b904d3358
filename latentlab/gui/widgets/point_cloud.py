"""Many coloured points drawn into one image."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

SOFTNESS = 4  # samples along a pixel's side, for the coverage at a disc's edge


class PointCloud:
    """Discs in groups of one colour each, in a fixed random order, so that no colour lies on all the others.

    A disc is written pixel by pixel for all points at once: first the soft edges, then the insides. With 5,000 points
    that is faster than pyqtgraph's ScatterPlotItem, and nothing of pyqtgraph is needed before the window stands.
    """

    def __init__(self) -> None:
        self._order = np.empty(0, np.int64)
        self._groups = np.empty(0, np.int64)
        self._colours = np.zeros((1, 3), np.uint8)
        self._edges: list[tuple[int, int, float]] = []
        self._inside: list[tuple[int, int, float]] = []
        self._reach = 0

    def __len__(self) -> int:
        return len(self._groups)

    def set_groups(self, groups: NDArray[np.int64]) -> None:
        """groups (N,): which colour each point has."""
        if len(groups) != len(self._groups):
            self._order = np.random.default_rng(0).permutation(len(groups))
        self._groups = groups

    def set_colours(self, colours: NDArray[np.uint8], diameter: float) -> None:
        """colours (G, 3), one per group; diameter in pixels of the device."""
        self._colours = colours
        offsets = _disc(diameter)
        self._reach = max(abs(offset) for dx, dy, _ in offsets for offset in (dx, dy))
        self._edges = [each for each in offsets if each[2] < 1.0]
        self._inside = [each for each in offsets if each[2] >= 1.0]

    def draw(self, pixels: NDArray[np.float64], width: int, height: int) -> QImage:
        """The points at pixels (N, 2) of the device, on a transparent image of this size."""
        surface = np.zeros((height, width), np.uint32)
        at = np.floor(pixels[self._order]).astype(np.int64)
        reach = self._reach
        shown = ((at >= reach) & (at < (width - reach, height - reach))).all(axis=1)
        place = at[shown, 1] * width + at[shown, 0]
        group = self._groups[self._order][shown]
        flat = surface.reshape(-1)
        for dx, dy, cover in self._edges + self._inside:
            flat[place + dy * width + dx] = self._premultiplied(cover)[group]
        image = QImage(surface.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
        return image.copy()  # a QImage does not keep the array it looks at

    def _premultiplied(self, cover: float) -> NDArray[np.uint32]:
        """The groups' colours as ARGB32 at this coverage."""
        red, green, blue = np.rint(self._colours.T * cover).astype(np.uint32)
        alpha = np.uint32(round(255 * cover))
        return (alpha << np.uint32(24)) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue


def nearest(coords: NDArray[np.float32], place: tuple[float, float], radius: float) -> int | None:
    """The row of coords (N, 2) that is nearest to `place`, if it is within `radius`."""
    if not len(coords):
        return None
    distance = np.hypot(coords[:, 0] - place[0], coords[:, 1] - place[1])
    row = int(np.argmin(distance))
    return row if distance[row] <= radius else None


def _disc(diameter: float) -> list[tuple[int, int, float]]:
    """Offsets of the pixels of a disc about a pixel's middle, with the share of each that it covers."""
    reach = int(np.ceil(diameter / 2))
    inside = (np.arange(SOFTNESS) + 0.5) / SOFTNESS - 0.5
    found = []
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            x, y = np.meshgrid(dx + inside, dy + inside)
            cover = float((np.hypot(x, y) <= diameter / 2).mean())
            if cover > 0:
                found.append((dx, dy, cover))
    return sorted(found, key=lambda each: each[2])
