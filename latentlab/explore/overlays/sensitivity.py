"""How fast the decoded picture changes as z moves: the root of the trace of J'J, J the decoder's Jacobian.

J is that of the likelihood's mean, pixels in [0, 1], along the directions that are asked for: of a plane its two axes,
so that the square of the result is the summed squared change of all pixels per unit moved along each of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from latentlab.explore.decode import classes
from latentlab.explore.overlays.lattice import Field, Lattice, Look, Node
from latentlab.explore.overlays.plane import Extent, Floats, Plane
from latentlab.models.latent_model import LatentModel

MOVE = 0.01  # units of z, half each way: central differences; shorter, float32 would be heard
AT_ONCE = 64  # places per batch at most, four pictures each: the thread can be asked for something else in between
PIXELS_AT_ONCE = 1 << 20
COARSE, MOST = 32.0, 2_000  # pixels of the screen between nodes at first, then half of it; nodes
DIRECTIONS, GRID, FADES = 8, 96, 8  # on a map without axes: directions at each place, cells along a side, and beyond


def sensitivity(model: LatentModel, z: Floats, directions: Floats, labels: int | None = None) -> NDArray[np.float32]:
    """At z (N, d) along orthonormal directions (m, d), or (N, m, d) of each place: (N,), change per unit of z.

    By central differences, in one batch of 2 m N pictures. labels: the class of all, for a conditional model.
    """
    at = torch.as_tensor(np.asarray(z, np.float32))[:, None]  # (N, 1, d)
    moves = torch.as_tensor(np.asarray(directions, np.float32)) * (MOVE / 2)
    moves = moves.expand(len(z), -1, -1)  # (N, m, d)
    places = torch.stack([at + moves, at - moves], 2).flatten(0, 2)  # (N * m * 2, d)
    with torch.inference_mode():
        pictures = model.decode(places, classes(model, labels, len(places)))
    pairs = pictures.reshape(len(z), moves.shape[1], 2, -1)
    change = (pairs[:, :, 0] - pairs[:, :, 1]) / MOVE  # (N, m, D)
    return change.square().sum(dim=(1, 2)).sqrt().numpy()


@dataclass(eq=False)
class PlaneSensitivity:
    """On a plane, of one model and class, all else held: `rest` (d,) as Plane.rest gives it. Keeps what it computed."""

    model: LatentModel
    plane: Plane
    rest: Floats
    label: int | None = None
    _known: dict[tuple[int, int, int], float] = field(default_factory=dict)  # by level, column and row

    def fields(self, look: Look, wanted: Callable[[], bool], refine: bool = True) -> Iterator[Field]:
        """A coarse field of what is seen and then a finer one; ends early once it is not wanted any more."""
        fine = Lattice.over(look, COARSE / 2, MOST)
        coarse = fine.coarser()
        levels = (coarse, fine) if refine else (coarse,)
        for lattice in levels:
            if not self._fill(lattice, wanted):
                return
            yield self._field(lattice, complete=lattice is levels[-1])

    def _fill(self, lattice: Lattice, wanted: Callable[[], bool]) -> bool:
        """Computes what is missing; False where it was not wanted to the end."""
        missing = [node for node in lattice.nodes() if self._at(lattice, node) is None]
        at_once = max(min(AT_ONCE, PIXELS_AT_ONCE // (4 * int(np.prod(self.model.image_shape)))), 1)
        for start in range(0, len(missing), at_once):
            if not wanted():
                return False
            some = missing[start : start + at_once]
            z = self.plane.z_at(lattice.places(some), self.rest)
            values = sensitivity(self.model, z, self.plane.axes, self.label)
            for (i, j), value in zip(some, values.tolist(), strict=True):
                self._known[lattice.level, i, j] = value
        return True

    def _at(self, lattice: Lattice, node: Node) -> float | None:
        """What is known at the node, also as that of the next coarser level."""
        i, j = node
        known = self._known.get((lattice.level, i, j))
        if known is None and not (i | j) & 1:
            known = self._known.get((lattice.level + 1, i // 2, j // 2))
        return known

    def _field(self, lattice: Lattice, complete: bool) -> Field:
        values = np.full(lattice.shape, np.nan, np.float32)
        for node in lattice.nodes():
            values[lattice.cell(node)] = self._at(lattice, node)
        low, top = _range(np.fromiter(self._known.values(), np.float32))
        return Field(lattice.extent, values, low, top, complete)


def sample_sensitivity(
    model: LatentModel, mu: Floats, labels: NDArray[np.int64] | None, wanted: Callable[[], bool]
) -> NDArray[np.float32] | None:
    """In all directions at each of mu (n, d): (n,); None where it was not wanted to the end.

    Beyond DIRECTIONS dimensions, along so many random ones and scaled up: the trace's unbiased estimate.
    """
    count, dims = mu.shape
    draw = np.random.default_rng(0)
    several = min(dims, DIRECTIONS)
    at_once = max(min(AT_ONCE // 4, PIXELS_AT_ONCE // (2 * several * int(np.prod(model.image_shape)))), 1)
    found = np.empty(count, np.float32)
    for start in range(0, count, at_once):
        if not wanted():
            return None
        some = slice(start, start + at_once)
        n = len(mu[some])
        directions = np.linalg.qr(draw.standard_normal((n, dims, several)))[0].transpose(0, 2, 1)
        found[some] = _by_class(model, mu[some], directions, None if labels is None else labels[some])
    return found * np.float32(np.sqrt(dims / several))


def _by_class(model: LatentModel, z: Floats, directions: Floats, labels: NDArray[np.int64] | None) -> Floats:
    if labels is None:
        return sensitivity(model, z, directions)
    found = np.empty(len(z), np.float32)
    for label in np.unique(labels):
        some = labels == label
        found[some] = sensitivity(model, z[some], directions[some], int(label))
    return found


def interpolated(coords: Floats, values: Floats, size: int = GRID) -> Field:
    """Values (n,) at places (n, 2) of a map as a field between them, which fades where there are no more places.

    A mean weighted by Gaussians about the cell, two cells wide (Nadaraya 1964; Watson 1964).
    """
    low, high = coords.min(axis=0), coords.max(axis=0)
    step = float((high - low).max() or 1.0) / (size - 2 * FADES)
    low, high = low - FADES * step, high + FADES * step
    columns, rows = np.ceil((high - low) / step).astype(int).tolist()
    x = low[0] + (np.arange(columns) + 0.5) * step
    y = low[1] + (np.arange(rows) + 0.5) * step
    near_x = np.exp(-0.5 * ((x[:, None] - coords[:, 0]) / (2 * step)) ** 2)  # (C, n)
    near_y = np.exp(-0.5 * ((y[:, None] - coords[:, 1]) / (2 * step)) ** 2)  # (R, n)
    weight = near_y @ near_x.T  # (R, C)
    mean = ((near_y * values) @ near_x.T / np.maximum(weight, 1e-12)).astype(np.float32)
    extent = Extent(float(low[0]), float(low[1]), columns * step, rows * step)
    return Field(extent, mean, *_range(values), certainty=np.minimum(weight, 1.0).astype(np.float32))


def _range(values: Floats) -> tuple[float, float]:
    """Without the few that lie far from all others."""
    low, top = np.quantile(values, (0.02, 0.98)).tolist()
    return low, top
