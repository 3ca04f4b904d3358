"""The colours of data, measured: told apart by all eyes, seen on either card, even to the eye."""

import numpy as np
import pytest

from latentlab.explore import palettes
from latentlab.explore.colour_vision import SEEN, distances, from_oklab, linear, oklab
from latentlab.gui.widgets import theme

DICHROMATS = [vision for vision in SEEN if vision != "normal"]
THEMES = pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])


def values(colours: tuple[str, ...]) -> np.ndarray:
    return np.array([theme.rgb(colour) for colour in colours]) / 255


def least(colours: tuple[str, ...], vision: str) -> float:
    apart = distances(values(colours), vision)
    return float(apart[np.triu_indices(len(colours), 1)].min())


def contrasts(colours: tuple[str, ...], dark: bool) -> list[float]:
    return [theme.contrast(colour, (theme.DARK if dark else theme.LIGHT).card) for colour in colours]


def test_colours_are_seen_as_published():
    assert oklab(np.array([1.0, 1.0, 1.0])) == pytest.approx([1, 0, 0], abs=1e-3)
    assert oklab(np.array([1.0, 0.0, 0.0])) == pytest.approx([0.628, 0.225, 0.126], abs=1e-3)  # Ottosson 2020
    some = np.random.default_rng(0).uniform(0.05, 0.95, (50, 3))
    assert from_oklab(oklab(some)) == pytest.approx(some, abs=1e-4)
    assert linear(np.array(0.5)) == pytest.approx(0.2140, abs=1e-4)


@pytest.mark.parametrize("vision", DICHROMATS)
def test_dichromats_see_greys_as_they_are(vision: str):
    greys = np.repeat(np.linspace(0, 1, 5)[:, None], 3, axis=1)
    assert oklab(greys, vision) == pytest.approx(oklab(greys), abs=1e-3)


def test_dichromats_confuse_what_they_are_known_to_confuse():
    red_and_green = values(("#b05a3c", "#7d7a2c"))
    assert distances(red_and_green, "deuteranopia")[0, 1] < 0.4 * distances(red_and_green)[0, 1]
    assert distances(red_and_green, "tritanopia")[0, 1] > 0.6 * distances(red_and_green)[0, 1]


@THEMES
def test_ten_classes_are_told_apart_by_all_eyes(dark: bool):
    for count, normal, others in ((8, 0.14, 0.10), (10, 0.11, 0.09)):
        colours = palettes.classes(count, dark)
        assert least(colours, "normal") >= normal
        assert min(least(colours, vision) for vision in DICHROMATS) >= others


@THEMES
def test_every_class_is_seen_on_its_card(dark: bool):
    bound = 3.0 if dark else 2.2
    for colours in (palettes.classes(10, dark), palettes.classes(40, dark)):
        assert min(contrasts(colours, dark)) >= bound - 0.05


@THEMES
def test_more_classes_keep_the_first_ten_and_spread(dark: bool):
    twenty = palettes.classes(20, dark)
    assert twenty[:10] == palettes.classes(10, dark)
    assert palettes.classes(40, dark)[:20] == twenty
    assert least(twenty, "normal") >= 0.06
    assert len(set(palettes.classes(200, dark))) == 200


def test_a_class_keeps_its_hue_in_the_other_theme():
    one, other = (oklab(values(palettes.classes(9, dark)))[:, 1:] for dark in (True, False))  # the tenth is a grey
    angles = np.angle((one @ [1, 1j]) / (other @ [1, 1j]), deg=True)
    assert np.abs(angles).max() < 40


@THEMES
def test_a_scale_is_seen_on_its_card_and_its_lightness_rises_evenly(dark: bool):
    colours = palettes.sequential(24, dark)
    assert min(contrasts(colours, dark)) >= 1.85
    for vision in SEEN:
        steps = np.diff(oklab(values(colours), vision)[:, 0])
        assert (steps > 0).all(), vision
    assert np.diff(oklab(values(colours))[:, 0]).max() < 4 * np.diff(oklab(values(colours))[:, 0]).min()


@THEMES
def test_both_sides_of_nought_are_told_apart_by_all_eyes_and_leave_it_alike(dark: bool):
    colours = palettes.diverging(25, dark)
    ground = oklab(values(((theme.DARK if dark else theme.LIGHT).card,)))[0, 0]
    away = np.abs(oklab(values(colours))[:, 0] - ground)
    assert away.argmin() == 12, "nought is nearest to the ground"
    assert (np.diff(away[:13]) < 0).all()
    assert (np.diff(away[12:]) > 0).all()
    assert away[0] == pytest.approx(away[24], abs=0.12)
    for vision in SEEN:
        apart = distances(values(colours), vision)
        assert apart[0, 24] > 0.14, vision
        assert min(apart[place, 24 - place] for place in range(9)) > 0.04, vision
    assert min(contrasts(colours, dark)) >= 1.85


def test_there_is_no_class_too_few():
    assert palettes.classes(0, True) == ()
    assert palettes.classes(1, False) == (palettes.CLASSES_ON_LIGHT[0],)
