"""Filling in: what is known stays, what is not comes from the model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.config import ModelConfig
from latentlab.explore.imputation import impute, pseudo_gibbs
from latentlab.explore.loaded import load
from latentlab.images import Dataset
from latentlab.models.build import build
from latentlab.models.latent_model import LatentModel
from latentlab.runs.places import demo_run


def small(kind: str = "vae", channels: int = 1) -> LatentModel:
    config = ModelConfig.model_validate({"kind": kind, "network": "mlp", "hidden": [8], "latent_dim": 3})
    return build(config, (channels, 8, 8), 3, seed=0).eval()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**31), st.integers(1, 6), st.sampled_from([1, 3]))
def test_known_pixels_stay_exactly_and_all_others_are_replaced(seed: int, iterations: int, channels: int):
    draw = np.random.default_rng(seed)
    pixels = draw.integers(0, 256, (channels, 8, 8), np.uint8)
    known = draw.random((8, 8)) < 0.5
    steps = list(impute(small(channels=channels), pixels, known, iterations=iterations, seed=seed))
    assert [step.iteration for step in steps] == list(range(1, iterations + 1))
    for step in steps:
        for filled in (step.pixels, step.mean):
            assert np.array_equal(filled[:, known], pixels[:, known])
            assert filled.dtype == np.uint8
    again = impute(small(channels=channels), 255 - np.where(known, 255 - pixels, 7), known, None, iterations, seed)
    assert np.array_equal(list(again)[-1].mean, steps[-1].mean), "what is masked is not looked at"


def test_the_mean_is_that_of_the_second_half():
    pixels, known = np.zeros((2, 1, 8, 8), np.uint8), np.zeros((1, 1, 8, 8), np.bool_)
    steps = list(pseudo_gibbs(small(), pixels, known, iterations=6))
    later = np.mean([now.astype(float) for now, _ in steps[3:]], axis=0)
    assert np.abs(steps[-1][1] - later).max() <= 1
    assert all(np.array_equal(now, mean) for now, mean in steps[:3])


def test_a_trained_model_fills_in_better_than_the_mean_picture(digits: Dataset):
    model, test = load(demo_run()).model, digits.test.take(np.arange(150))
    known = np.ones((1, 1, 8, 8), np.bool_)
    known[..., 4:, 4:] = False
    *_, (_, filled) = pseudo_gibbs(model, test.pixels, known, iterations=20)
    usual = np.rint(digits.train.pixels[np.arange(len(digits.train))].mean(axis=0)).astype(np.uint8)

    def error(guess: np.ndarray) -> float:
        missing = np.broadcast_to(~known, test.pixels.shape)
        return float(np.mean((guess.astype(float) - test.pixels)[missing] ** 2))

    assert error(filled) < error(np.broadcast_to(usual, test.pixels.shape))


def test_a_class_is_needed_and_makes_a_difference():
    model, pixels = small("cvae"), np.zeros((1, 8, 8), np.uint8)
    known = np.zeros((8, 8), np.bool_)
    with pytest.raises(ValueError, match="conditional"):
        next(impute(model, pixels, known))
    one, other = (list(impute(model, pixels, known, label, 2))[-1].pixels for label in (0, 2))
    assert not np.array_equal(one, other)


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="one iteration"):
        next(pseudo_gibbs(small(), np.zeros((1, 1, 8, 8), np.uint8), np.ones((8, 8), np.bool_), iterations=0))
    with pytest.raises(ValueError, match="1x8x8"):
        next(pseudo_gibbs(small(), np.zeros((1, 1, 9, 8), np.uint8), np.ones((9, 8), np.bool_)))
