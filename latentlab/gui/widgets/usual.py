"""How usual a place is, in words, in a colour and in how plainly its picture is seen.

Percentiles: `usual` is `Usual.percentile` in latent space, `gap` is that of `Reading.gap` on the map.
"""

from latentlab.explore.neighbours import EDGE, FAR
from latentlab.gui.widgets import theme

FAINTEST = 0.3  # opacity of a picture at 100: from the edge of the data on it fades

TOLD = (
    "Compared with are the codes that the model gives to images, their means and as many draws about them: "
    "how far each lies from the nearest mean of another image."
)


def colour(percentile: float) -> str:
    """Of a place near the data, at their edge, or far from all of them."""
    colours = theme.current()
    if percentile <= EDGE:
        return colours.usual
    return colours.unusual if percentile <= FAR else colours.bad


def opacity(percentile: float | None) -> float:
    """How plainly a picture decoded there is shown: 1 near the data, less and less off them."""
    if percentile is None or percentile <= EDGE:
        return 1.0
    return 1.0 - (1.0 - FAINTEST) * min((percentile - EDGE) / (100.0 - EDGE), 1.0)


def in_words(usual: float | None, gap: float | None = None) -> str:
    """'near the data · farther out than 34 % of the images'; off the points of a map that is said instead. Empty if not
    known."""
    if gap is not None and gap > EDGE and gap >= (usual or 0.0):
        where = "in a gap of the map" if gap > FAR else "at a rim of the map"
        return where if usual is None else f"{where} · blend: {_where(usual)}"
    return "" if usual is None else f"{_where(usual)} · {_compared(usual)}"


def measured(usual: float | None, gap: float | None = None) -> str:
    """All that was measured of a place, in whole sentences."""
    found = []
    if gap is not None:
        found.append(
            f"On the map: {100 - gap:.0f} % of the points are as far or farther from their nearest neighbour "
            "as this place is from any point."
        )
    if usual is not None:
        found.append(f"In latent space: {_where(usual)}, {_compared(usual)}. {TOLD}")
    return "\n".join(found)


def _where(percentile: float) -> str:
    if percentile > FAR:
        return "far from all data"
    return "near the data" if percentile <= EDGE else "edge of the data"


def _compared(percentile: float) -> str:
    """A whole number that claims neither none nor all; the same way round wherever it is."""
    share = round(percentile)
    if share < 1:
        return "as near as the nearest images"
    return f"farther out than {min(share, 99)} % of the images"
