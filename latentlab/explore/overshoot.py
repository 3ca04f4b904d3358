"""Going on beyond a path's ends: what changes between them goes on changing."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def overshot(waypoints: ArrayLike, share: float) -> NDArray[np.floating]:
    """The waypoints (W, d) between two more, that lie straight on beyond the ends by this share of the path's length.

    The length is that of the straight lines between the waypoints. With a share of 0, or of a path that stays where it
    is, they are as they were. Raises ValueError for a share that is negative or not finite.
    """
    points = np.asarray(waypoints)
    if not (np.isfinite(share) and share >= 0):
        raise ValueError(f"an overshoot is a share of the path's length, 0 or more, not {share}")
    legs = np.diff(points.astype(np.float64), axis=0)
    lengths = np.linalg.norm(legs, axis=1)
    moving = np.flatnonzero(lengths > 0)
    if share == 0 or not len(moving):
        return points
    reach = share * lengths.sum()
    before = points[0] - legs[moving[0]] / lengths[moving[0]] * reach
    after = points[-1] + legs[moving[-1]] / lengths[moving[-1]] * reach
    return np.concatenate([before[None], points, after[None]]).astype(points.dtype)
