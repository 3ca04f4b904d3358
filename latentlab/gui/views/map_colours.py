"""What the colour of a point says: its class, or a value on a scale."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from latentlab.gui.session import Session
from latentlab.gui.widgets import theme

STEPS = 24  # shades of a scale
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

    @classmethod
    def none(cls, count: int = 0) -> "Colouring":
        return cls(np.zeros(count, np.int64), [theme.CLASSES[0]])


def choices(session: Session) -> list[tuple[str, str]]:
    """(key, text) of all that points can be coloured by."""
    assert session.run is not None
    first = [("class", "colour: class")] if session.run.class_names else []
    first += [("reconstruction", "colour: reconstruction"), ("kl", "colour: KL")]
    return first + [(f"z{dim}", f"colour: z {dim}") for dim in range(session.run.latent_dim)]


def colouring(session: Session, key: str, count: int) -> Colouring:
    """The colours of the map's `count` points; plain where what is asked for is not known yet."""
    run, images, encoding = session.run, session.images, session.encoding
    if key == "class":
        if run is None or images is None or images.labels is None or len(images.labels) != count:
            return Colouring.none(count)
        colours = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in theme.class_colours(len(run.class_names))]
        return Colouring(images.labels, colours, list(zip(run.class_names, colours, strict=True)))
    if encoding is None or len(encoding) != count:
        return Colouring.none(count)
    if key.startswith("z"):
        return _scale(encoding.mu[:, int(key[1:])], "")
    values = encoding.reconstruction if key == "reconstruction" else encoding.kl
    return Colouring.none(count) if values is None else _scale(values, " nats")


def _scale(values: NDArray[np.float32], unit: str) -> Colouring:
    """Shades from the 1st to the 99th percentile: a few outliers must not flatten all the rest."""
    low, high = (float(value) for value in np.quantile(values, (0.01, 0.99)))
    share = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
    colours = [_shade(step / (STEPS - 1)) for step in range(STEPS)]
    legend = [
        (f"{low + (high - low) * step / (STEPS - 1):.3g}{unit}", colours[step])
        for step in np.linspace(0, STEPS - 1, 5).astype(int)
    ]
    return Colouring(np.rint(share * (STEPS - 1)).astype(np.int64), colours, legend)


def _shade(share: float) -> str:
    place = share * (len(VIRIDIS) - 1)
    low = min(int(place), len(VIRIDIS) - 2)
    pair = np.array([theme.rgb(VIRIDIS[low]), theme.rgb(VIRIDIS[low + 1])], np.float64)
    red, green, blue = np.rint(pair[0] + (pair[1] - pair[0]) * (place - low)).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"
