"""What there is to be exported as pictures: the strip, walks along latent dimensions, samples, reconstructions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.overshoot import overshot
from latentlab.explore.paths import going_on
from latentlab.explore.traverse import ranges
from latentlab.explore.traverse import traversal as along
from latentlab.export.moving_formats import MOVING
from latentlab.gui.main_window.walking import Walking
from latentlab.gui.session import Session

STRIP, DIMENSIONS, SAMPLES, RECONSTRUCTIONS = "strip", "traversal", "samples", "reconstructions"
OF_THE_RUN = (SAMPLES, RECONSTRUCTIONS)  # by the weights kept in its folder, as the command line exports them
PICTURES = (*MOVING, ".png", "")
MOST_ROWS = 32  # dimensions of a sheet, those with the largest KL
FRAMES_PER_LEG = 16  # at least, where it leads through many waypoints


@dataclass(frozen=True)
class Source:
    """key: one of those above, or 'z3'; count: frames, or pictures, where nothing else was chosen; in words what
    `count` counts; ends: it can go on beyond them."""

    key: str
    words: str
    suffixes: tuple[str, ...]
    count: int
    counts: str = "frames"
    ends: bool = True


@dataclass(frozen=True, eq=False)
class Frames:
    """z (N, d) to be decoded, a column more where classes are mixed, and what a conditional model is told; columns of
    a sheet; rows: that change together where they are shown as an animation."""

    z: NDArray[np.float32]
    classes: int | tuple[int, int] | None
    columns: int
    rows: int = 1


def sources(session: Session) -> list[Source]:
    """What can be had of the open run now."""
    if session.run is None or not session.model_ready:
        return []
    found: list[Source] = []
    strip = session.strip
    if strip is not None:
        path = session.walk == "path" and session.route is not None
        words = f"Strip along the path of {strip.waypoints} waypoints" if path else "Strip from A to B"
        found.append(Source(STRIP, words, PICTURES, max(48, FRAMES_PER_LEG * (strip.waypoints - 1))))
    kl = session.kl_per_dim()
    for dim in session.order().tolist():
        nats = "" if kl is None else f" (KL {kl[dim]:.2f})"
        found.append(Source(f"z{dim}", f"Walk along z{dim}{nats}", PICTURES, 48))
    found.append(Source(DIMENSIONS, "Walks along all dimensions", (".png", *MOVING), 10))
    found.append(Source(SAMPLES, "Samples", PICTURES, 64, "pictures", ends=False))
    found.append(Source(RECONSTRUCTIONS, "Reconstructions of held-out pictures", (".png",), 20, "pictures", ends=False))
    return found


def strip_frames(walking: Walking, count: int, overshoot: float) -> Frames:
    """The strip as it goes now, so many frames in all. Raises ValueError where it has no ends."""
    inside = max(round((count + 2 * overshoot) / (1 + 2 * overshoot)), 2)
    beyond = max(count - inside, 0) // 2
    z, waypoints = walking.z(walking.method, max(count - 2 * beyond, 2)), walking.waypoints()
    if z is None or waypoints is None:
        raise ValueError("the strip has no ends any more: set A and B, or draw a path")
    dims = waypoints.shape[1]
    longer = going_on(z[:, :dims], waypoints, beyond)
    share = np.pad(z[:, dims:], ((beyond, beyond), (0, 0)), mode="edge")  # the class stays as it is at the end
    return Frames(np.concatenate([longer, share], axis=1).astype(np.float32), walking.classes(), len(longer))


def walk_frames(session: Session, key: str, count: int, overshoot: float) -> Frames:
    """Along one dimension or all, over the range of the data, from the place in hand. Raises ValueError without any."""
    encoding, place, run = session.encoding, session.place, session.run
    if encoding is None or run is None:
        raise ValueError("nothing is on the map yet: wait until it is encoded")
    base = np.zeros(run.latent_dim, np.float32) if place is None else place.z
    reach = ranges(encoding.mu)
    dims = session.order()[:MOST_ROWS].tolist() if key == DIMENSIONS else [int(key[1:])]
    ends = [overshot(reach[dim][:, None], overshoot)[[0, -1], 0] for dim in dims]
    z = [along(base, dim, np.linspace(low, high, count)) for dim, (low, high) in zip(dims, ends, strict=True)]
    return Frames(np.concatenate(z).astype(np.float32), session.condition, count, len(dims))
