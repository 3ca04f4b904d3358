"""Many coloured points drawn into one image, and the one that is nearest to a place."""

import logging
from dataclasses import replace
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage, QTransform

from latentlab.gui.widgets import plain_points, theme
from latentlab.gui.widgets.point_style import SAMPLE, PointStyle, stamps, style_for, taps, typical_spacing

log = logging.getLogger(__name__)
Mask = NDArray[np.bool_]
HIDDEN, USUAL, RAISED = 0, 1, 2  # states of a point
THINNEST = 0.5  # opacity of the thinnest places of a density
DEEPEST = {"dark": (255.0, 0.35), "light": (0.0, 0.30)}  # towards which grey the densest places go, and how far
GREYED = 0.82  # how far the others go towards grey while some are raised
GREYED_OPACITY = 0.75

_compiled: ModuleType | None = None


def fetch_compiled() -> ModuleType | None:
    """The compiled loops, for a thread: seconds the first time. None where numba does not work, which is logged."""
    try:
        from latentlab.gui.widgets import compiled_points
    except Exception:  # whatever goes wrong in a compiler: the map is drawn all the same, only slower
        log.warning("points are drawn without numba", exc_info=True)
        return None
    return compiled_points


def use_compiled(module: ModuleType | None) -> None:
    """From now on clouds are drawn, and points found, by these loops; None: by NumPy."""
    global _compiled
    _compiled = module


class PointCloud:
    """Points in groups of one colour each, in a fixed random order, so that no colour lies on all the others.

    Where they lie apart they are discs; where many share a pixel they are a density, which shows both how many there
    are and of which colours. Until the compiled loops are here, NumPy draws them as plain discs, and if they are very
    many then a fair part of them: the window is not to wait for a compiler, nor for a million points without one.
    Arrays that are handed over are in the order of the rows; each is put into the random order once, not per frame.
    """

    def __init__(self) -> None:
        self._given: NDArray[np.int64] = np.empty(0, np.int64)  # groups, and
        self._coords = np.empty((0, 2), np.float32)  # places, in the order of the rows
        self._order = np.empty(0, np.int64)
        self._groups: NDArray[np.uint16] | None = None  # the same in the random order, made when they are drawn
        self._xy: NDArray[np.float32] | None = None
        self._states: NDArray[np.uint8] | None = None
        self._colours = np.zeros((1, 3), np.uint8)
        self._visible: Mask | None = None
        self._emphasis: Mask | None = None
        self._spacing: dict[int, float] = {}
        self._picture = np.empty((0, 0), np.uint32)
        self._sums = np.empty((0, 0), np.uint64)  # what a density is made from
        self._touched = np.empty((0, 0), np.uint8)

    def __len__(self) -> int:
        return len(self._given)

    def set_groups(self, groups: NDArray[np.int64]) -> None:
        """groups (N,): which colour each point has."""
        if len(groups) != len(self._order):
            self._order = np.random.default_rng(0).permutation(len(groups))
            self._xy = self._states = None
        self._given, self._groups = groups, None

    def set_colours(self, colours: NDArray[np.uint8]) -> None:
        """colours (G, 3), one per group."""
        if len(colours) != len(self._colours):
            self._groups = None
        self._colours = colours

    def set_coords(self, coords: NDArray[np.float32]) -> None:
        """coords (N, 2) on the map. Of another number than the groups, nothing is drawn until those have come."""
        self._coords, self._xy = coords, None

    def set_visible(self, visible: Mask | None) -> None:
        """visible (N,): the others are not drawn; None: all are. A mask of another number of points says nothing."""
        self._visible, self._states = visible, None

    def set_emphasis(self, emphasis: Mask | None) -> None:
        """emphasis (N,): the others are greyed and lie beneath; None: none are."""
        self._emphasis, self._states = emphasis, None

    # -- drawing

    def draw(self, view: QTransform, width: int, height: int, ratio: float = 1.0) -> QImage:
        """The points on a transparent image of this size in pixels of the device; valid until the next one.

        view: from the map to pixels of the widget, of which each is `ratio` pixels of the device.
        """
        if self._picture.shape != (height, width):
            self._picture = np.empty((height, width), np.uint32)
        self._picture.fill(0)
        if len(self) and len(self._coords) == len(self):
            self._draw(np.array([view.m11(), view.m22(), view.dx(), view.dy()]) * ratio, ratio)
        stride, shape = 4 * width, QImage.Format.Format_ARGB32_Premultiplied
        return QImage(self._picture.data, width, height, stride, shape)

    def _draw(self, view: NDArray[np.float64], ratio: float) -> None:
        for state in (USUAL, RAISED) if self._raising else (USUAL,):
            style = style_for(self._spacing_of(state) * abs(view[0]) / ratio, ratio)
            greyed = self._raising and state == USUAL
            colours = _greyed(self._colours) if greyed else self._colours
            if greyed:
                style = replace(style, opacity=style.opacity * GREYED_OPACITY)
            if _compiled is None:
                self._draw_plainly(state, style, colours, view)
            else:
                self._draw_compiled(_compiled, state, style, colours, view)

    def _draw_compiled(
        self,
        loops: ModuleType,
        state: int,
        style: PointStyle,
        colours: NDArray[np.uint8],
        view: NDArray[np.float64],
    ) -> None:
        points = self._places(), self._kinds(), self._state(), state, view
        opacity = round(style.opacity * (1 - style.haze), 2)
        if opacity > 0:
            loops.discs(*points, _wide(colours), *stamps(style.diameter, opacity, loops.PHASES), self._picture)
        if style.haze > 0:
            height, width = self._picture.shape
            if self._sums.shape != self._picture.shape:
                self._sums = np.empty((height, width), np.uint64)
                self._touched = np.empty((height, -(-width // loops.TILE)), np.uint8)
            self._sums.fill(0)
            self._touched.fill(0)
            counted = _wide(_squared(colours)) | np.uint64(1 << 48)
            loops.accumulate(*points, counted, self._sums, self._touched)
            weights = taps(style.diameter)
            alone = 1 / float(weights.max()) ** 2
            tone = (np.sqrt(style.crowd), THINNEST, alone, style.haze, *DEEPEST[theme.current().name])
            loops.resolve(self._sums, self._touched, weights, np.array(tone, np.float32), self._picture)

    def _draw_plainly(
        self, state: int, style: PointStyle, colours: NDArray[np.uint8], view: NDArray[np.float64]
    ) -> None:
        rows = np.flatnonzero(self._state()[: plain_points.MOST] == state)
        pixels = self._places()[rows] * view[:2] + view[2:]
        plain_points.draw(pixels, self._kinds()[rows], colours, stamps(style.diameter, 1.0, 1), self._picture)

    @property
    def _raising(self) -> bool:
        return self._emphasis is not None and len(self._emphasis) == len(self)

    # -- in the random order

    def _places(self) -> NDArray[np.float32]:
        """(N, 2)."""
        if self._xy is None:
            flat = np.ascontiguousarray(self._coords, np.float32).view(np.uint64).reshape(-1)  # a point as one number
            self._xy = flat[self._order].view(np.float32).reshape(-1, 2)
            self._spacing.clear()
        return self._xy

    def _kinds(self) -> NDArray[np.uint16]:
        """(N,) the groups, each of which has a colour: a loop that is compiled would read past the last."""
        if self._groups is None:
            self._groups = np.clip(self._given, 0, len(self._colours) - 1).astype(np.uint16)[self._order]
        return self._groups

    def _state(self) -> NDArray[np.uint8]:
        """(N,)."""
        if self._states is None:
            states = np.full(len(self), USUAL, np.uint8)
            if self._raising and self._emphasis is not None:
                states += self._emphasis  # RAISED is one more; sums and products of a million take 0.1 ms, masks 2
            if self._visible is not None and len(self._visible) == len(self):
                states *= self._visible  # HIDDEN is 0
            self._states = states[self._order]
            self._spacing.clear()
        return self._states

    def _spacing_of(self, state: int) -> float:
        """How far apart the points of this state lie, in units of the map: it is the same wherever one looks."""
        places, states = self._places(), self._state()
        if state not in self._spacing:
            rows = np.flatnonzero(states == state)  # in random order: the first are a fair sample
            self._spacing[state] = typical_spacing(places[rows[:SAMPLE]], len(rows))
        return self._spacing[state]


def nearest(
    coords: NDArray[np.float32], place: tuple[float, float], radius: float, visible: Mask | None = None
) -> int | None:
    """The row of coords (N, 2) that is nearest to `place`, if it is within `radius`; of equals the first.

    visible (N,): rows that may be found; None, or a mask of another number of rows: all of them.
    """
    if not len(coords):
        return None
    mask = visible if visible is not None and len(visible) == len(coords) else None
    if _compiled is None:
        return plain_points.nearest(coords, place, radius, mask)
    may = np.empty(0, np.uint8) if mask is None else np.ascontiguousarray(mask).view(np.uint8)
    row: int = _compiled.nearest(np.ascontiguousarray(coords, np.float32), may, *map(float, place), float(radius))
    return row if row >= 0 else None


def _wide(colours: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """colours (G, 3) with 16 bits to a channel: green, red, blue, the order in which two halves of a pixel part."""
    red, green, blue = colours.T.astype(np.uint64)
    return (green << np.uint64(32)) | (red << np.uint64(16)) | blue


def _squared(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """0 to 255 nearly as light: what is to be averaged."""
    return np.rint(colours.astype(np.float64) ** 2 / 255).astype(np.uint8)


def _greyed(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The colours of those that are not meant now."""
    shown = theme.current()
    grey = (np.array(theme.rgb(shown.line), np.float64) + np.array(theme.rgb(shown.muted))) / 2
    return np.rint(colours + (grey - colours) * GREYED).astype(np.uint8)
