"""Places drawn from the prior that was trained, and not from another."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from latentlab.config import ModelConfig, RunConfig
from latentlab.explore.loaded import Loaded
from latentlab.explore.sample import sample
from latentlab.export.exports import Options, export
from latentlab.models.build import build
from latentlab.models.latent_model import LatentModel
from latentlab.models.priors import ConditionalNormal


@pytest.fixture
def far() -> LatentModel:
    """A conditional model whose learned prior lies at 10 for class 1, and at -10 for class 2; 0.1 wide."""
    config = ModelConfig(kind="cvae", prior="conditional", network="mlp", hidden=(8,), latent_dim=2)
    model = build(config, (1, 8, 8), 3, seed=0).eval()
    assert isinstance(model.prior, ConditionalNormal)
    with torch.no_grad():
        model.prior.mu.weight.copy_(torch.tensor([[0.0, 10.0, -10.0]] * 2))
        model.prior.log_var.bias.fill_(2 * np.log(0.1))
    return model


def test_samples_come_from_the_prior_of_their_class(far: LatentModel) -> None:
    z = sample(far, 600, np.arange(600) % 3, seed=1)
    assert z.dtype == np.float32
    for label, centre in enumerate((0, 10, -10)):
        assert z[label::3].mean(0) == pytest.approx(centre, abs=0.03)
        assert z[label::3].std(0) == pytest.approx(0.1, rel=0.2)
    assert np.array_equal(z, sample(far, 600, np.arange(600) % 3, seed=1))
    assert not np.array_equal(z, sample(far, 600, np.arange(600) % 3, seed=2))


def test_a_class_is_asked_for_where_the_model_has_some(far: LatentModel) -> None:
    with pytest.raises(ValueError, match="say which class"):
        sample(far, 3)
    with pytest.raises(ValueError, match="from 0 to 2"):
        sample(far, 3, 3)
    plain = build(ModelConfig(network="mlp", hidden=(8,), latent_dim=2), (1, 8, 8), 3, seed=0)
    assert sample(plain, 4).shape == (4, 2)
    assert abs(sample(plain, 2000)).max() < 6


def test_exported_samples_are_of_that_prior(far: LatentModel, tmp_path, monkeypatch) -> None:
    seen: list[np.ndarray] = []
    config = RunConfig.parse({"model": {"kind": "cvae", "prior": "conditional"}})
    run = Loaded(far, config, ("a", "b", "c"), (1, 8, 8), 1, 1, torch.device("cpu"))
    assert replace(run, step=2).sample(6, 1).mean() == pytest.approx(10, abs=0.2)
    monkeypatch.setattr(far, "decode", lambda z, labels: (seen.append(z.numpy()), torch.zeros(len(z), 1, 8, 8))[1])
    export(run, None, "samples", tmp_path / "some.png", Options(count=6))
    assert np.concatenate(seen)[:, 0] == pytest.approx([0, 10, -10, 0, 10, -10], abs=0.6)
