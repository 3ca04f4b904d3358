"""What the colours of many points say: their class, or a value on a scale."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from latentlab.gui.widgets import theme

STEPS = 24  # shades of a scale
BINS = 6  # of them in its legend, each of as many shades
# viridis (matplotlib, CC0) at eleven even places; between them it is interpolated
VIRIDIS = (
    "#440154", "#482475", "#414487", "#355F8D", "#2A788E", "#21918C", "#22A884", "#44BF70", "#7AD151", "#BDDF26",
    "#FDE725",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Colouring:
    """groups (N,) into colours ('#RRGGBB' each), and the legend's entries."""

    groups: NDArray[np.int64]
    colours: list[str]
    legend: list[tuple[str, str]] = field(default_factory=list)

    def entries(self) -> NDArray[np.int64]:
        """(N,): which entry of the legend each point belongs to; each has as many of the colours as every other."""
        share = np.arange(len(self.colours)) * max(len(self.legend), 1) // len(self.colours)
        return share[np.clip(self.groups, 0, len(self.colours) - 1)]


def plain(count: int) -> Colouring:
    """All alike."""
    return Colouring(np.zeros(count, np.int64), [theme.CLASSES[0]])


def by_class(labels: NDArray[np.int64], names: tuple[str, ...]) -> Colouring:
    """labels (N,) into names."""
    colours = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in theme.class_colours(len(names))]
    return Colouring(labels, colours, list(zip(names, colours, strict=True)))


def by_value(values: NDArray[np.float32], unit: str = "") -> Colouring:
    """Shades from the 1st to the 99th percentile of values (N,): a few outliers must not flatten all the rest."""
    low, high = (float(value) for value in np.quantile(values, (0.01, 0.99)))
    share = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
    colours = [_shade(step / (STEPS - 1)) for step in range(STEPS)]
    edges = np.linspace(low, high, BINS + 1)
    words = [f"{edges[step]:.3g} to {edges[step + 1]:.3g}" for step in range(BINS)]
    words[0], words[-1] = f"below {edges[1]:.3g}", f"{edges[-2]:.3g}{unit} and more"
    per_bin = STEPS // BINS
    legend = [(word, colours[step * per_bin + per_bin // 2]) for step, word in enumerate(words)]
    return Colouring(np.minimum(share * STEPS, STEPS - 1).astype(np.int64), colours, legend)


def _shade(share: float) -> str:
    place = share * (len(VIRIDIS) - 1)
    low = min(int(place), len(VIRIDIS) - 2)
    pair = np.array([theme.rgb(VIRIDIS[low]), theme.rgb(VIRIDIS[low + 1])], np.float64)
    red, green, blue = np.rint(pair[0] + (pair[1] - pair[0]) * (place - low)).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"
