"""The colours of data: of classes, of values on a scale, and of values on both sides of nought; for either theme.

Every one is '#RRGGBB'. Told apart means: the smallest distance in OKLab between any two, for normal eyes and for each
kind of dichromat (`colour_vision`). D3's Observable10, whose hues these are, has 0.113 for normal eyes but 0.020 for
deuteranopes (its teal and its pink); Okabe and Ito's eight have 0.019, Petroff's ten 0.061. Ours, found by a search
that began at Observable10 and was held near it:

    on the dark card     ten 0.129, dichromats 0.100;    the first eight 0.160, 0.109;    contrast with it >= 3.0
    on the light card    ten 0.114, dichromats 0.093;    the first eight 0.144, 0.101;    contrast with it >= 2.2

More than ten are spread as far from one another as they still can be, for the eyes that tell them apart worst: twenty
have 0.061 and 0.073, forty 0.039 and 0.043. That many dots of colour are hard to tell apart for anyone.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.colour_vision import SEEN, from_oklab, linear, oklab

CLASSES_ON_DARK = (
    "#3e62c8", "#f8c341", "#ff601a", "#89efda", "#09ab69", "#fe86b4", "#b671ff", "#98b9fc", "#935c3f", "#7b7f94",
)  # fmt: skip
CLASSES_ON_LIGHT = (
    "#2d4eb4", "#dfa305", "#ee4b16", "#51c09a", "#009757", "#c964a8", "#9b59ed", "#a8aae8", "#7f4923", "#6a6970",
)  # fmt: skip
# viridis (matplotlib, CC0) at eleven even places; between them it is interpolated
VIRIDIS = (
    "#440154", "#482475", "#414487", "#355F8D", "#2A788E", "#21918C", "#22A884", "#44BF70", "#7AD151", "#BDDF26",
    "#FDE725",
)  # fmt: skip
VIRIDIS_ON_DARK, VIRIDIS_ON_LIGHT = (0.22, 1.0), (0.0, 0.8)  # the parts that are seen there: contrast at least 1.9
# Below nought, at it, above it: blue and orange are told apart by all eyes; away from nought they leave the ground.
DIVERGING_ON_DARK = ("#6CB4FF", "#596070", "#FFA24A")
DIVERGING_ON_LIGHT = ("#0B4FBE", "#B4BAC4", "#A84300")
GRID = 13  # shades per channel that further classes are chosen from
LEAST_CONTRAST = {True: 3.0, False: 2.2}  # of a class with the card, by whether the card is dark
CARDS = {True: 0.013, False: 1.0}  # their luminance


@cache
def classes(count: int, dark: bool) -> tuple[str, ...]:
    """`count` colours: the ten, then each next one as far from all before it as can be."""
    ten = CLASSES_ON_DARK if dark else CLASSES_ON_LIGHT
    if count <= len(ten):
        return ten[:count]
    colours = np.array([_rgb(colour) for colour in ten])
    steps = np.linspace(0, 1, GRID)
    free = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    free = free[_contrast(free, CARDS[dark]) >= LEAST_CONTRAST[dark]]
    seen = [oklab(free, vision) for vision in SEEN]
    apart = np.full(len(free), np.inf)
    for colour in colours:
        apart = np.minimum(apart, _apart(seen, colour))
    chosen = list(ten)
    while len(chosen) < count:
        best = free[int(np.argmax(apart))]
        chosen.append(_hex(best))
        apart = np.minimum(apart, _apart(seen, best))
    return tuple(chosen)


@cache
def sequential(count: int, dark: bool) -> tuple[str, ...]:
    """viridis from low to high, without the end that the card swallows."""
    first, last = VIRIDIS_ON_DARK if dark else VIRIDIS_ON_LIGHT
    return _between(VIRIDIS, np.linspace(first, last, count))


@cache
def diverging(count: int, dark: bool) -> tuple[str, ...]:
    """From below nought to above it: even steps to the eye on either side."""
    return _between(DIVERGING_ON_DARK if dark else DIVERGING_ON_LIGHT, np.linspace(0, 1, count))


def _between(stops: tuple[str, ...], places: NDArray[np.float64]) -> tuple[str, ...]:
    """The colours at places of 0 to 1 along even stops, interpolated in OKLab."""
    lab = oklab(np.array([_rgb(stop) for stop in stops]))
    where = np.linspace(0, 1, len(stops))
    along = np.stack([np.interp(places, where, part) for part in lab.T], axis=-1)
    return tuple(_hex(colour) for colour in from_oklab(along))


def _apart(seen: list[NDArray[np.float64]], colour: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,): how far each of the colours is from this one, for the eyes that tell them apart worst."""
    near = [np.linalg.norm(lab - oklab(colour, vision), axis=1) for lab, vision in zip(seen, SEEN, strict=True)]
    return np.asarray(np.min(near, axis=0))


def _contrast(rgb: NDArray[np.float64], card: float) -> NDArray[np.float64]:
    """With a card of this luminance, as WCAG 2.2 defines it."""
    own = linear(rgb) @ np.array([0.2126, 0.7152, 0.0722])
    return np.asarray((np.maximum(own, card) + 0.05) / (np.minimum(own, card) + 0.05))


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _hex(rgb: NDArray[np.float64]) -> str:
    red, green, blue = np.rint(rgb * 255).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"
