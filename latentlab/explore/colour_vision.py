"""How colours look to people, and how far apart: OKLab, and what dichromats see.

Colours are sRGB within 0 to 1, arrays (..., 3).
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Vision = Literal["normal", "protanopia", "deuteranopia", "tritanopia"]

# Of linear RGB, at full severity (Machado, Oliveira and Fernandes 2009, table 1 of their supplement).
SEEN: dict[Vision, Values] = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# OKLab (Ottosson 2020): linear RGB to cones, and their cube roots to lightness, green to red, blue to yellow.
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(rgb: Values) -> Values:
    """Without the gamma of sRGB (IEC 61966-2-1)."""
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def encoded(light: Values) -> Values:
    """The other way round; light outside what a screen can show is cut."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def oklab(rgb: Values, vision: Vision = "normal") -> Values:
    """Lightness 0 to 1, and two axes of colour, as eyes of this kind see it; distances are differences as seen."""
    light = np.clip(linear(rgb) @ SEEN[vision].T, 0, 1)
    return np.cbrt(light @ _CONES.T) @ _LAB.T


def from_oklab(lab: Values) -> Values:
    """The colour that normal eyes see so."""
    return encoded((lab @ np.linalg.inv(_LAB).T) ** 3 @ np.linalg.inv(_CONES).T)


def distances(rgb: Values, vision: Vision = "normal") -> Values:
    """(n, n) between the colours (n, 3) in OKLab: about 0.02 is just seen side by side, 1 is black to white."""
    lab = oklab(rgb, vision)
    return np.asarray(np.linalg.norm(lab[:, None] - lab[None], axis=-1))
