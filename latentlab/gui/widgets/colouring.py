"""What the colours of many points say: their class, or a value on a scale."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from latentlab.explore import palettes
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.legend_scale import ScaleWords

Palette = Callable[[bool], tuple[str, ...]]  # the colours on a dark card, or on a light one

STEPS = 24  # shades of a scale
BINS = 6  # of them in its legend, each of as many shades
CUT = 0.01  # of the values at either end share the end's colour: a few outliers must not flatten all the rest


@dataclass(frozen=True)
class Scale:
    """Of values: what they are and in which unit, the ends and the middle of the colours, and how many lie beyond."""

    title: str
    unit: str
    low: float
    middle: float
    high: float
    below: int = 0
    above: int = 0

    def words(self) -> ScaleWords:
        """Three figures, the last with its unit, and that some lie beyond the colours."""
        low, middle, high = (f"{value + 0.0:.3g}" for value in (self.low, self.middle, self.high))
        beyond = self.below + self.above
        note = f"{beyond:,} beyond the ends" if beyond else ""
        return ScaleWords(self.title, low, middle, high + self.unit, note)


@dataclass(frozen=True, eq=False)
class Colouring:
    """groups (N,) into the palette's colours; names: of the legend's entries; note: what there is to wait for instead.

    entry_of (G,): the entry of the legend that each colour belongs to; by default each has one of its own.
    """

    groups: NDArray[np.int64]
    palette: Palette
    names: tuple[str, ...] = ()
    entry_of: NDArray[np.int64] | None = None
    scale: Scale | None = None
    note: str = ""
    swatches: tuple[int, ...] = field(default=())  # the colour that stands for each entry; by default the entry's own

    @property
    def colours(self) -> list[str]:
        """Those of the theme in force."""
        return list(self.palette(theme.current().dark))

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Names and colours of its entries."""
        colours = self.colours
        swatches = self.swatches or tuple(range(len(self.names)))
        return [(name, colours[swatch]) for name, swatch in zip(self.names, swatches, strict=True)]

    def shades(self) -> list[tuple[str, ...]]:
        """Of a scale, those of each part of it: the colours that belong to its entries."""
        if self.scale is None or self.entry_of is None:
            return []
        colours = np.array(self.colours[:STEPS])
        return [tuple(colours[self.entry_of[:STEPS] == entry].tolist()) for entry in range(BINS)]

    def entries(self) -> NDArray[np.int64]:
        """(N,): which entry of the legend each point belongs to."""
        return self.groups if self.entry_of is None else self.entry_of[self.groups]


def plain(count: int, note: str = "") -> Colouring:
    """All alike."""
    return Colouring(np.zeros(count, np.int64), lambda dark: palettes.classes(1, dark), note=note)


def by_class(labels: NDArray[np.int64], names: tuple[str, ...]) -> Colouring:
    """labels (N,) into names; one that has no name has a muted entry of its own."""
    count = len(names)
    strange = (labels < 0) | (labels >= count)
    if not strange.any():
        return Colouring(labels, lambda dark: palettes.classes(count, dark), names)
    return Colouring(np.where(strange, count, labels), _with_muted(lambda dark: palettes.classes(count, dark)),
                     (*names, "no class"))  # fmt: skip


def by_value(values: NDArray[np.floating], title: str, unit: str = "", centred: bool = False) -> Colouring:
    """Shades of values (N,) on a scale without the outliers at its ends; centred: around 0, in two hues.

    What is not finite has a muted entry of its own.
    """
    finite = np.isfinite(values)
    if not finite.any():
        return plain(len(values), f"{title}: no finite values")
    low, high = (float(value) for value in np.quantile(values[finite], (CUT, 1 - CUT)))
    if centred:
        high = max(-low, high)
        low = -high
    palette: Palette = _diverging if centred else _sequential
    if high - low <= 1e-6 * max(abs(low), abs(high), 1e-12):
        return Colouring(np.zeros(len(values), np.int64), palette, (f"{title}: {low:.3g}{unit} everywhere",))
    with np.errstate(invalid="ignore"):
        share = (values - low) / (high - low)
        groups = np.clip(np.nan_to_num(share * STEPS, posinf=STEPS, neginf=0), 0, STEPS - 1).astype(np.int64)
        beyond = int((share[finite] < 0).sum()), int((share[finite] > 1).sum())
    groups = np.where(finite, groups, STEPS)
    scale = Scale(title, unit, low, (low + high) / 2, high, *beyond)
    names, per_bin = _bins(low, high, unit), STEPS // BINS
    entry_of = np.append(np.arange(STEPS) // per_bin, BINS)
    swatches = tuple(per_bin * entry + per_bin // 2 for entry in range(BINS))
    if not finite.all():
        palette, names, swatches = _with_muted(palette), (*names, "not finite"), (*swatches, STEPS)
    return Colouring(groups, palette, names, entry_of, scale, swatches=swatches)


def _bins(low: float, high: float, unit: str) -> tuple[str, ...]:
    edges = np.linspace(low, high, BINS + 1)
    edges[np.abs(edges) < 1e-9 * (high - low)] = 0.0
    inner = [f"{edges[step]:.3g} to {edges[step + 1]:.3g}" for step in range(1, BINS - 1)]
    return f"below {edges[1]:.3g}", *inner, f"{edges[-2]:.3g}{unit} and more"


def _sequential(dark: bool) -> tuple[str, ...]:
    return palettes.sequential(STEPS, dark)


def _diverging(dark: bool) -> tuple[str, ...]:
    return palettes.diverging(STEPS, dark)


def _with_muted(palette: Palette) -> Palette:
    """One more colour, for what has none."""
    return lambda dark: (*palette(dark), (theme.DARK if dark else theme.LIGHT).muted)
