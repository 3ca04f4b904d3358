"""One image as the model sees it: every term against torch.distributions, and its place among others."""

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, ContinuousBernoulli, Normal, kl_divergence

from latentlab.config import ModelConfig
from latentlab.explore.anomaly import anomaly_scores
from latentlab.explore.inspection import percentile
from latentlab.explore.loaded import load
from latentlab.explore.posterior import STEPS, around, inspect
from latentlab.images import Dataset, Images
from latentlab.models.build import build
from latentlab.models.latent_model import LatentModel
from latentlab.runs.folder import RunFolder

SHAPE = (1, 8, 8)


def found(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def model_of(**config: object) -> LatentModel:
    values = {"network": "mlp", "hidden": [12], "latent_dim": 5, **config}
    return build(ModelConfig.model_validate(values), SHAPE, 3, seed=1).eval()


def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)


def distribution(model: LatentModel, likelihood: str, output: torch.Tensor):
    if likelihood == "bernoulli":
        return Bernoulli(logits=output, validate_args=False)
    if likelihood == "continuous-bernoulli":
        return ContinuousBernoulli(logits=output, validate_args=False)
    return Normal(output, model.likelihood.log_sigma.exp())


@pytest.mark.parametrize("likelihood", ["bernoulli", "continuous-bernoulli", "gaussian"])
@pytest.mark.parametrize("label", [None, 2])
@torch.no_grad()
def test_every_term_is_that_of_torch_distributions(likelihood: str, label: int | None):
    kind = {} if label is None else {"kind": "cvae", "prior": "conditional"}
    model, pixels = model_of(likelihood=likelihood, **kind), image()
    if label is not None:
        torch.nn.init.normal_(model.prior.mu.weight)
        torch.nn.init.normal_(model.prior.log_var.weight)
    shown = found(inspect(model, pixels, label, draws=11, seed=7))
    given = None if label is None else torch.tensor([label])
    x, c = torch.from_numpy(pixels[None]).float() / 255, model.condition(given, 1)
    mu, log_var = model.encode(x, given)
    posterior, prior = Normal(mu[0], (log_var[0] / 2).exp()), Normal(torch.zeros(5), torch.ones(5))
    if label is not None:
        of_class = model.prior(c)
        prior = Normal(of_class[0][0], (of_class[1][0] / 2).exp())
    assert np.allclose(shown.mu, posterior.mean)
    assert np.allclose(shown.sigma, posterior.stddev)
    assert np.allclose(shown.prior_mu, prior.mean, atol=1e-6)
    assert np.allclose(shown.prior_sigma, prior.stddev, rtol=1e-5)
    assert np.allclose(shown.kl_per_dim, kl_divergence(posterior, prior), rtol=1e-4, atol=1e-5)
    assert shown.kl == pytest.approx(float(kl_divergence(posterior, prior).sum()), rel=1e-4)
    at_mean = -distribution(model, likelihood, model.decoder(mu, c)).log_prob(x).sum()
    assert shown.at_mean == pytest.approx(float(at_mean), rel=1e-4)
    generator, nats = torch.Generator().manual_seed(7), []
    for count in (8, 3):
        z = mu + posterior.stddev * torch.randn((count, 5), generator=generator)
        output = model.decoder(z, c.expand(count, -1))
        nats.append(-distribution(model, likelihood, output).log_prob(x).flatten(1).sum(1))
    assert shown.reconstruction == pytest.approx(float(torch.cat(nats).mean()), rel=1e-4)
    assert shown.neg_elbo == pytest.approx(shown.reconstruction + shown.kl)
    if likelihood == "bernoulli":
        assert shown.bits_per_dim is None, "on grey values a cross-entropy is no likelihood"
    else:
        bits = shown.neg_elbo / 64 / np.log(2) + np.log2(255)
        assert shown.bits_per_dim == pytest.approx(bits, rel=1e-5)


def test_it_agrees_with_the_run_and_with_the_score(trained_run: RunFolder, digits: Dataset):
    run, some = load(trained_run.path), digits.test.take(np.arange(1))
    with torch.inference_mode():
        shown = found(inspect(run.model, some.pixels[0], step=9))
    assert np.allclose(shown.mu, run.encode(some)[0], atol=1e-6)
    assert np.array_equal(shown.output, run.decode(shown.mu[None])[0])
    score = found(anomaly_scores(run.model, Images(some.pixels, np.zeros(1, np.int64))))[0]
    assert shown.anomaly == pytest.approx(float(score), rel=1e-5)
    assert shown.step == 9


def test_what_lies_around_a_code(trained_run: RunFolder):
    run = load(trained_run.path)
    mu, sigma = np.array([0.5, -1, 0, 2], np.float32), np.array([0.1, 0.5, 1, 0.2], np.float32)
    shown = around(run.model, mu, sigma, 1, count=600, seed=3)
    assert np.allclose(shown.draws.mean(0), mu, atol=0.15)
    assert np.allclose(shown.draws.std(0), sigma, rtol=0.1)
    assert np.allclose(shown.probes[:, 1], -1 + 0.5 * STEPS)
    assert np.array_equal(np.delete(shown.probes, 1, 1), np.tile(np.delete(mu, 1), (7, 1)))
    assert np.array_equal(shown.probed, run.decode(shown.probes))
    assert np.array_equal(shown.drawn, run.decode(shown.draws))
    assert np.array_equal(shown.draws, around(run.model, mu, sigma, 1, count=600, seed=3).draws)
    with pytest.raises(ValueError, match="no latent dimension 4"):
        around(run.model, mu, sigma, 4)


def test_what_the_model_does_not_take_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="1x8x8"):
        found(inspect(model_of(), np.zeros((1, 9, 9), np.uint8)))
    with pytest.raises(ValueError, match="conditional"):
        found(inspect(model_of(kind="cvae"), image()))


def test_a_percentile_counts_what_is_below():
    others = np.array([1, 2, 3, np.nan, 4], np.float32)
    assert percentile(2.5, others) == 50
    assert percentile(0, others) == 0
    assert percentile(9, others) == 100
    assert percentile(2, others) == 37.5
    assert percentile(2, np.empty(0)) is None
    assert percentile(float("nan"), others) is None
