"""How usual a place in latent space is, in words and in a colour; percentiles are those of `Usual.percentile`."""

from latentlab.explore.neighbours import EDGE, FAR
from latentlab.gui.widgets import theme


def colour(percentile: float) -> str:
    """Of a place near the data, at their edge, or far from all of them."""
    colours = theme.current()
    if percentile <= EDGE:
        return colours.usual
    return colours.unusual if percentile <= FAR else colours.bad


def in_words(percentile: float) -> str:
    """'usual place · 34th percentile'."""
    if percentile > FAR:
        return "far from all data"
    return f"{'usual place' if percentile <= EDGE else 'edge of the data'} · {ordinal(percentile)} percentile"


def ordinal(value: float) -> str:
    """34.2 as '34th'."""
    whole = round(value)
    ending = "th" if 10 <= whole % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(whole % 10, "th")
    return f"{whole}{ending}"
