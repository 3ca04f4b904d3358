"""The score of unusual images on the map is the one that `evaluate` ranks by."""

import numpy as np
import pytest
import torch

from latentlab.evaluation.evaluate import measure
from latentlab.explore.anomaly import DRAWS, anomaly_scores
from latentlab.explore.loaded import load
from latentlab.images import Dataset, Images
from latentlab.runs.folder import RunFolder


def found(work) -> np.ndarray:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def test_it_is_the_negative_elbo_of_the_evaluation(trained_run: RunFolder, digits: Dataset):
    model, some = load(trained_run.path).model, digits.test.take(np.arange(70))
    scores = found(anomaly_scores(model, some))
    assert (scores.shape, scores.dtype) == ((70,), np.float32)
    with torch.no_grad():
        whole = measure(model, some, DRAWS, 0, "cpu", 500, lambda _done: None).scores["neg_elbo"]
    assert np.allclose(scores, whole, rtol=0.03), "other draws, the same score"
    assert np.array_equal(scores, found(anomaly_scores(model, some))), "and the same each time"


def test_what_is_no_digit_scores_above_all_digits(trained_run: RunFolder, digits: Dataset):
    model = load(trained_run.path).model
    noise = np.random.default_rng(0).integers(0, 256, (20, 1, 8, 8), np.uint8)
    strange = found(anomaly_scores(model, Images(noise, np.arange(20))))
    usual = found(anomaly_scores(model, digits.test.take(np.arange(100))))
    assert strange.min() > usual.max()


def test_images_of_another_shape_are_refused_in_a_sentence(trained_run: RunFolder):
    other = Images(np.zeros((2, 1, 9, 9), np.uint8), np.arange(2))
    with pytest.raises(ValueError, match="1x8x8"):
        next(anomaly_scores(load(trained_run.path).model, other))
