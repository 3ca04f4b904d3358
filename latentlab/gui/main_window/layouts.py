"""The layouts made so far, by their settings and the latents they are of: going back to one costs nothing."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from latentlab.explore.projection_settings import ProjectionSettings
from latentlab.gui.main_window.renumbering import rows_of
from latentlab.gui.records import Encoding, Floats

MOST = 24  # of 5,000 points each holds 40 kB, and keeps its encoding alive; and
MOST_POINTS, FEWEST = 400_000, 3  # of all of them together, where those are not fewer layouts than these
FEWEST_SHARED, LEAST_SHARED = 50, 0.02  # points that two maps have in common, and their share of the new one's
CLOSE = 1e-3  # of the latents' spread: the same weights encode so alike on another device, or in another batch


@dataclass(frozen=True, eq=False)
class Kept:
    """coords (N, 2) of the encoding. followed: it began from an earlier layout, not from the PCA plane; rough: and went
    only a few epochs on from there."""

    encoding: Encoding
    coords: Floats
    settings: ProjectionSettings
    followed: bool = False
    rough: bool = False


class Layouts:
    """The newest last; beyond MOST, or MOST_POINTS, the oldest go."""

    def __init__(self) -> None:
        self._kept: list[Kept] = []

    def clear(self) -> None:
        self._kept = []

    def put(self, kept: Kept) -> None:
        """In place of the one of the same settings and latents, if there is one."""
        self._drop(kept.settings, kept.encoding)
        self._kept = [*self._kept, kept][-MOST:]
        while len(self._kept) > FEWEST and sum(len(each.coords) for each in self._kept) > MOST_POINTS:
            self._kept = self._kept[1:]

    def drop(self, settings: ProjectionSettings) -> None:
        """All of these settings."""
        self._kept = [kept for kept in self._kept if kept.settings.key != settings.key]

    def of(self, settings: ProjectionSettings, encoding: Encoding) -> Kept | None:
        """The layout of these settings and these very latents."""
        return self._find(lambda kept: kept.settings.key == settings.key and same_latents(kept.encoding, encoding))

    def last(self, settings: ProjectionSettings, encoding: Encoding) -> Kept | None:
        """The newest of these settings and the same images, whatever the weights."""
        return self._find(lambda kept: kept.settings.key == settings.key and same_images(kept.encoding, encoding))

    def last_of_kind(self, settings: ProjectionSettings, encoding: Encoding) -> Kept | None:
        """The newest of this kind and the same images, whatever its parameters."""
        return self._find(lambda kept: kept.settings.kind == settings.kind and same_images(kept.encoding, encoding))

    def beginning(self, settings: ProjectionSettings, encoding: Encoding) -> Floats | None:
        """Where the points (N, 2) lie on the newest map of these settings that has others of the data, nan for those
        that it has not; None where it has too few of them to begin from."""
        for kept in reversed(self._kept):
            if kept.settings.key == settings.key and not same_images(kept.encoding, encoding):
                rows = rows_of(kept.encoding.index, encoding.index)
                there = rows >= 0
                if there.sum() < max(FEWEST_SHARED, LEAST_SHARED * len(rows)):
                    return None
                places = np.full((len(rows), 2), np.nan, np.float32)
                places[there] = kept.coords[rows[there]]
                return places
        return None

    def all_of(self, encoding: Encoding) -> list[Kept]:
        """Those of these very latents, the newest last."""
        return [kept for kept in self._kept if same_latents(kept.encoding, encoding)]

    def _drop(self, settings: ProjectionSettings, encoding: Encoding) -> None:
        there = self.of(settings, encoding)
        self._kept = [kept for kept in self._kept if kept is not there]

    def _find(self, fits: Callable[[Kept], bool]) -> Kept | None:
        return next((kept for kept in reversed(self._kept) if fits(kept)), None)


def same_images(one: Encoding, other: Encoding) -> bool:
    return one is other or np.array_equal(one.index, other.index)


def same_latents(one: Encoding, other: Encoding) -> bool:
    """Of the same images, by the same weights."""
    if one is other or one.mu is other.mu:
        return True
    if one.step != other.step or one.mu.shape != other.mu.shape or not same_images(one, other):
        return False
    return bool(np.abs(one.mu - other.mu).max(initial=0.0) <= CLOSE * float(other.mu.std() or 1.0))
