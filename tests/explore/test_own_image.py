"""An image of one's own becomes what the run's are, and it is said what was done."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentlab.explore.own_image import fitted, from_pixels, read, rim_of


def test_one_of_the_very_shape_is_taken_as_it_is():
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    found = fitted(Image.fromarray(pixels), (1, 8, 8), "a")
    assert np.array_equal(found.pixels[0], pixels)
    assert found.note == "a: 8×8 grey, taken as it is"


def test_the_middle_is_kept_and_scaled():
    sheet = np.zeros((20, 60), np.uint8)
    sheet[:, 20:40] = 200
    found = fitted(Image.fromarray(sheet), (1, 10, 10), "b")
    assert (found.pixels > 180).all(), "nothing of what lies left and right of it"
    assert found.note == "b: 60×20 grey, its middle kept, scaled to 10×10"


def test_colour_is_kept_or_made_grey_as_the_run_wants_it():
    rgb = np.zeros((8, 8, 3), np.uint8)
    rgb[..., 0] = 200
    assert from_pixels(rgb, (3, 8, 8), "c").pixels[:, 0, 0].tolist() == [200, 0, 0]
    grey = from_pixels(rgb, (1, 8, 8), "c")
    assert grey.pixels[0, 0, 0] == 60, "the luma of ITU-R BT.601"
    assert grey.note.endswith("made grey")
    same = np.repeat(rgb[..., :1], 3, axis=2)
    assert from_pixels(same, (3, 8, 8), "d").note == "d: 8×8 grey, taken as it is"


@pytest.mark.parametrize(
    ("paper", "rim", "exchanged"), [(250, 3.0, True), (5, 3.0, False), (5, 240.0, True), (250, None, False)]
)
def test_light_and_dark_are_exchanged_where_the_run_has_them_the_other_way(
    paper: int, rim: float | None, exchanged: bool
):
    sheet = np.full((8, 8), paper, np.uint8)
    sheet[3:5, 3:5] = 255 - paper
    found = fitted(Image.fromarray(sheet), (1, 8, 8), "e", rim)
    assert found.inverted is exchanged
    assert found.pixels[0, 0, 0] == (255 - paper if exchanged else paper)
    back = found.exchanged()
    assert np.array_equal(back.pixels, 255 - found.pixels)
    assert back.exchanged().note == found.note


def test_photographs_are_never_inverted_unasked():
    sheet = np.full((8, 8, 3), 250, np.uint8)
    assert not from_pixels(sheet, (3, 8, 8), "f", rim=3.0).inverted


def test_the_rim_is_the_outermost_pixels():
    pixels = np.zeros((2, 1, 6, 6), np.uint8)
    pixels[..., 1:5, 1:5] = 255
    assert rim_of(pixels) == 0
    assert rim_of(255 - pixels) == 255


def test_what_is_no_image_is_a_sentence(tmp_path: Path):
    with pytest.raises(ValueError, match="no file"):
        read(tmp_path / "gone.png", (1, 8, 8))
    (tmp_path / "words.png").write_text("words")
    with pytest.raises(ValueError, match=r"words\.png cannot be used: it is not a picture of a known format"):
        read(tmp_path / "words.png", (1, 8, 8))


def test_what_is_transparent_is_paper(tmp_path: Path):
    drawn = np.zeros((8, 8, 4), np.uint8)
    drawn[2:6, 2:6, 3] = 255
    Image.fromarray(drawn).save(tmp_path / "ink.png")
    found = read(tmp_path / "ink.png", (1, 8, 8), rim=0.0)
    assert found.inverted
    assert found.pixels[0, 0, 0] == 0
    assert found.pixels[0, 4, 4] == 255
