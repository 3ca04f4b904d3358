"""From waypoint to waypoint in any of the ways there are, also in the one that needs the decoder."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from latentlab.explore.geodesic import decoder_of, find, finish, grow
from latentlab.explore.paths import Floats, Way, through
from latentlab.models.latent_model import LatentModel


def way_through(
    model: LatentModel,
    waypoints: ArrayLike,
    frames: int,
    way: Way = "linear",
    label: int | None = None,
    mu: NDArray[np.floating] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Floats | None:
    """As `through`, (frames, d); a geodesic lies evenly in decoded length instead. None where it was cancelled.

    mu (N, d): encoded means of the run's data, by which a geodesic finds its way round; without them it is only what
    the straight line becomes when it is drawn tight. label: the condition of a conditional model. Raises ValueError.
    """
    if way != "geodesic":
        return through(waypoints, frames, way)
    if frames < 2:
        raise ValueError(f"a path needs at least 2 frames, not {frames}")

    def goes_on(_done: int, _total: int) -> bool:
        return cancelled is None or not cancelled()

    decode = decoder_of(model, label)
    graph = None if mu is None or not len(mu) else finish(grow(decode, mu), goes_on)
    curve = finish(find(decode, graph, np.asarray(waypoints, np.float32)), goes_on)
    return None if curve is None else curve.frames(frames)
