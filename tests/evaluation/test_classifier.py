"""A classifier of real digits judges what a conditional model draws."""

import pytest
import torch

from latentlab.config import ModelConfig
from latentlab.evaluation import classifier
from latentlab.evaluation.classifier import condition_accuracy
from latentlab.images import Dataset
from latentlab.models.build import build, to_float
from latentlab.models.objectives import beta_objective


def test_a_trained_cvae_obeys_its_condition_and_an_untrained_one_does_not(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "LEAST_STEPS", 120)
    images = digits.train
    config = ModelConfig(kind="cvae", network="mlp", hidden=(64,), latent_dim=4)
    model = build(config, images.shape, 10, seed=0)
    untrained = condition_accuracy(model, images, seed=0, per_label=20)
    assert untrained["classifier_accuracy"] > 0.9
    assert untrained["condition_accuracy"] < 0.5

    x, labels = to_float(torch.as_tensor(images.pixels)), torch.as_tensor(images.labels)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for some in torch.arange(1400).split(140) * 10:
        loss, _ = beta_objective(model.terms(x[some], labels[some]), 1.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    trained = condition_accuracy(model, images, seed=0, per_label=20, test=digits.test)
    assert trained["condition_accuracy"] > 0.9
    assert set(trained["condition_accuracy_per_class"]) == set("0123456789")
    assert (trained["per_label"], trained["n"]) == (20, 360)


def test_a_model_without_condition_is_refused(digits: Dataset) -> None:
    with pytest.raises(ValueError, match="has no condition"):
        condition_accuracy(build(ModelConfig(), (1, 8, 8), 0, seed=0), digits.train, seed=0)


def test_other_classes_are_refused(digits: Dataset) -> None:
    with pytest.raises(ValueError, match="knows 3 classes"):
        condition_accuracy(build(ModelConfig(kind="cvae"), (1, 8, 8), 3, seed=0), digits.train, seed=0)
