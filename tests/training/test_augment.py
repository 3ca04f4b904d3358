"""Flips and crops of a batch: pixels as torchvision's, a chance for each image, nothing but the generator's."""

import itertools

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

from latentlab.config import Augmentation
from latentlab.training.augment import augmented


def images(count: int, channels: int = 3, height: int = 16, width: int = 24) -> Tensor:
    draw = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, channels, height, width), generator=draw, dtype=torch.uint8)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def references(image: Tensor, kinds: tuple[Augmentation, ...]) -> dict[tuple[int, int, bool], Tensor]:
    """All that torchvision could make of the image, by move down, move right and whether it is mirrored."""
    height, width = image.shape[-2:]
    reach = (height // 8, width // 8) if "crop" in kinds else (0, 0)
    padded = functional.pad(image, [reach[1], reach[0]], padding_mode="reflect")
    tops, lefts = range(2 * reach[0] + 1), range(2 * reach[1] + 1)
    found = {}
    for top, left, flip in itertools.product(tops, lefts, (False, True) if "flip" in kinds else (False,)):
        cut = functional.crop(padded, top, left, height, width)
        found[top, left, flip] = functional.horizontal_flip(cut) if flip else cut
    return found


@pytest.mark.parametrize("kinds", [("flip",), ("crop",), ("flip", "crop"), ("crop", "flip")])
def test_each_image_is_one_that_torchvision_makes_and_all_of_them_occur(kinds: tuple[Augmentation, ...]) -> None:
    image = images(1)
    out = augmented(image.expand(600, -1, -1, -1), kinds, seeded())
    assert (out.dtype, out.shape) == (torch.uint8, (600, 3, 16, 24))
    possible = {made.numpy().tobytes(): how for how, made in references(image[0], kinds).items()}
    made = [possible[one.numpy().tobytes()] for one in out]  # KeyError: an image that torchvision would not make
    assert set(made) == set(possible.values())
    if "flip" in kinds:
        assert 0.4 < sum(flip for _, _, flip in made) / len(made) < 0.6


def test_an_image_keeps_its_place_in_the_batch() -> None:
    before = images(40)
    for image, after in zip(before, augmented(before, ("flip", "crop"), seeded()), strict=True):
        assert any(torch.equal(after, made) for made in references(image, ("flip", "crop")).values())


def test_the_generator_is_all_the_chance_there_is() -> None:
    before = images(30)
    torch.manual_seed(1)
    first, goes_on = augmented(before, ("flip", "crop"), seeded()), seeded()
    torch.manual_seed(2)
    assert torch.equal(augmented(before, ("flip", "crop"), goes_on), first)
    state = goes_on.get_state()
    second = augmented(before, ("flip", "crop"), goes_on)
    assert not torch.equal(second, first)
    goes_on.set_state(state)
    assert torch.equal(augmented(before, ("flip", "crop"), goes_on), second)


def test_what_is_handed_in_stays_as_it_is() -> None:
    before = images(10)
    kept, draw = before.clone(), seeded()
    augmented(before, ("flip", "crop"), draw)
    assert torch.equal(before, kept)


def test_without_kinds_nothing_is_done_and_nothing_drawn() -> None:
    before, draw = images(3), seeded()
    state = draw.get_state()
    assert torch.equal(augmented(before, (), draw), before)
    assert torch.equal(draw.get_state(), state)


def test_the_smallest_images_are_moved_by_a_pixel() -> None:
    image = images(1, 1, 8, 8)
    assert len(augmented(image.expand(200, -1, -1, -1), ("crop",), seeded()).unique(dim=0)) == 9
