"""Cases whose answer is known exactly: a linear-Gaussian VAE, and the terms of a whole model in float64."""

import math
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from latentlab.config import ModelConfig, ObjectiveConfig, RateSchedule
from latentlab.evaluation.evaluate import evaluate
from latentlab.images import Dataset, Images
from latentlab.models.build import build, to_float
from latentlab.models.latent_model import LatentModel
from latentlab.models.latents import GaussianLatent
from latentlab.models.objectives import Weights, objective
from latentlab.models.priors import LOG_VAR_MAX, LOG_VAR_MIN, ConditionalNormal, Prior, StandardNormal
from latentlab.models.schedules import rate_factor
from latentlab.training.adam import Adam

F64 = torch.float64
PIXELS, LATENTS = 64, 2
SIGMAS = (0.3, "learned", "optimal")


def some(digits: Dataset) -> Images:
    return digits.train.take(np.arange(300))


def rows(images: Images) -> Tensor:
    """float64 (N, 64) in [0, 1]."""
    return to_float(torch.as_tensor(images.pixels)).flatten(1).double()


_trained: dict[float | str, LatentModel] = {}


def trained(sigma: float | str, images: Images) -> LatentModel:
    """x = W z + b + sigma e, with an encoder whose mu and log_var are linear too, trained on the negative ELBO.

    Linear VAEs have no local optima but the global one (Lucas et al. 2019), with a diagonal posterior as well: at
    the optimum W's columns are orthogonal, and then the true posterior is diagonal.
    """
    if sigma in _trained:
        return _trained[sigma]
    config = ModelConfig(network="mlp", hidden=(), latent_dim=LATENTS, likelihood="gaussian", sigma=sigma)  # type: ignore[arg-type]
    model = build(config, (1, 8, 8), 0, seed=0)
    steps, minimised, x = 600, objective(ObjectiveConfig()), to_float(torch.as_tensor(images.pixels))
    optimizer, schedule = Adam(model.named_parameters()), RateSchedule(shape="one-cycle", end=0.0001)
    noise = torch.Generator().manual_seed(0)
    for step in range(steps):
        loss, _ = minimised(model.terms(x, None, noise), Weights())
        loss.backward()
        optimizer.step(0.1 * rate_factor(schedule, step, steps))
    return _trained.setdefault(sigma, model.eval())


def exact_nll(model: LatentModel, images: Images) -> float:
    """-log N(x; b, W W' + sigma^2 I), the mean over the images, in nats."""
    weight, bias = model.decoder.out.weight.detach().double(), model.decoder.out.bias.detach().double()
    variance = model.likelihood.log_sigma.detach().double().mul(2).exp()
    marginal = MultivariateNormal(bias, weight @ weight.T + variance * torch.eye(PIXELS, dtype=F64))
    return float(-marginal.log_prob(rows(images)).mean())


def best_nll(images: Images, sigma: float | None) -> tuple[float, float]:
    """The lowest -log-likelihood of probabilistic PCA and its sigma (Tipping and Bishop 1999, eqs. 7, 8 and 14).

    W W' takes what the largest eigenvalues of the covariance have above sigma^2; sigma^2, where it is free, is the
    mean of the others.
    """
    x = rows(images)
    values = torch.linalg.eigvalsh((x - x.mean(0)).T @ (x - x.mean(0)) / len(x)).flip(0)
    kept, lost = values[:LATENTS], values[LATENTS:]
    variance = float(lost.mean()) if sigma is None else sigma**2
    model = kept.clamp(min=variance)  # the covariance of the model along the kept directions
    log_det = float(model.log().sum()) + len(lost) * math.log(variance)
    squares = float((kept / model).sum()) + float(lost.sum()) / variance
    return 0.5 * (PIXELS * math.log(2 * math.pi) + log_det + squares), math.sqrt(variance)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_training_finds_the_optimum_of_probabilistic_pca(digits: Dataset, sigma: float | str) -> None:
    images = some(digits)
    model = trained(sigma, images)
    best, best_sigma = best_nll(images, sigma if isinstance(sigma, float) else None)
    found = evaluate(model, images, split="train", samples=50)
    assert best <= exact_nll(model, images) + 1e-6 < best + 0.1
    assert best < found.neg_elbo + 0.01, "a bound, but for the chance of its 50 draws"
    assert found.neg_elbo < best + 0.1
    assert float(model.likelihood.log_sigma.detach().exp()) == pytest.approx(best_sigma, rel=0.02)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_nll_of_5000_samples_is_the_exact_one(digits: Dataset, sigma: float | str) -> None:
    """With a posterior that is wrong on purpose: 1.5 times too wide, and beside its place."""
    images = some(digits)
    model = trained(sigma, images)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        model.latent.log_var.bias += 2 * math.log(1.5)
        model.latent.mu.bias += 0.1
    few = images.take(np.arange(60))
    found = evaluate(model, few, split="train", samples=5000)
    exact = exact_nll(model, few)
    model.load_state_dict(before)
    assert found.nll == pytest.approx(exact, abs=0.02)
    assert found.neg_elbo > exact + 0.2, "or it would show nothing"


# -- the terms of a whole model


def whole(kind: str, seed: int) -> LatentModel:
    """A CVAE has a prior for each of 5 classes, which is not N(0, I)."""
    prior = "conditional" if kind == "cvae" else "standard"
    config = ModelConfig(kind=kind, network="mlp", hidden=(6,), latent_dim=4, likelihood="gaussian", prior=prior)  # type: ignore[arg-type]
    model = build(config, (1, 8, 8), 5, seed=seed).double()
    with torch.no_grad():
        for parameter in model.prior.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed)))
    return model


def prior_of(model: LatentModel, labels: Tensor) -> Normal:
    if isinstance(model.prior, ConditionalNormal):
        return Normal(model.prior.mu.weight.T[labels] + model.prior.mu.bias, _deviation(model.prior, labels))
    return Normal(torch.zeros(len(labels), 4, dtype=F64), 1.0)


def _deviation(prior: ConditionalNormal, labels: Tensor) -> Tensor:
    return (0.5 * (prior.log_var.weight.T[labels] + prior.log_var.bias)).exp()


@pytest.mark.parametrize("kind", ["vae", "cvae"])
@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 30), samples=st.integers(1, 3))
@settings(deadline=None, max_examples=25)
def test_a_models_kl_and_densities_are_torchs(kind: str, seed: int, scale: float, samples: int) -> None:
    """KL(q(z | x, c) || p(z | c)), log q and log p of the draws, at 1e-9 in float64; x far outside [0, 1] too."""
    model, draw = whole(kind, seed), torch.Generator().manual_seed(seed)
    x = scale * torch.randn(6, 1, 8, 8, generator=draw, dtype=F64)
    labels = torch.randint(0, 5, (6,), generator=draw)
    with torch.no_grad():
        terms = model.terms(x, labels, draw, samples=samples)
        mu, log_var = model.encode(x, labels)
        q, p = Normal(mu, (0.5 * log_var).exp()), prior_of(model, labels)
        expected = kl_divergence(q, p)
    z = terms.z.view(samples, 6, 4)
    torch.testing.assert_close(terms.kls[0].view(samples, 6, 4), expected.expand(samples, 6, 4), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(terms.log_q.view(samples, 6), q.log_prob(z).sum(2), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(terms.log_p.view(samples, 6), p.log_prob(z).sum(2), rtol=1e-9, atol=1e-9)


def test_what_is_sampled_is_the_prior_that_was_trained() -> None:
    model, labels = whole("cvae", 3), torch.arange(5).repeat_interleave(20_000)
    with torch.no_grad():
        z = model.sample(len(labels), labels, torch.Generator().manual_seed(0)).view(5, -1, 4)
        prior = prior_of(model, torch.arange(5))
    assert float((prior.mean.max(0).values - prior.mean.min(0).values).min()) > 0.5, "or the classes could not be told"
    torch.testing.assert_close(z.mean(1) / prior.stddev, prior.mean / prior.stddev, atol=0.04, rtol=0)
    torch.testing.assert_close(z.std(1), prior.stddev, atol=0, rtol=0.03)


@cache
def blocks() -> tuple[GaussianLatent, tuple[Prior, ...], Tensor]:
    """One latent block of 2 features, a prior of each kind, and a condition."""
    torch.manual_seed(0)  # of the block's weights
    return GaussianLatent(2, 3), (StandardNormal(3), ConditionalNormal(3, 2)), torch.eye(2)


@given(features=st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=4, max_size=4))
@settings(deadline=None)
def test_no_features_however_large_make_the_variance_overflow(features: list[float]) -> None:
    """log_var within its stated range: exp never overflows, and a KL is infinite only where mu itself is beyond use."""
    latent, priors, c = blocks()
    h = torch.tensor(features).view(2, 2)
    for prior in priors:
        draw = latent(h, prior, c, torch.Generator().manual_seed(0))
        posterior = latent.posterior(h)
        assert ((posterior.log_var >= LOG_VAR_MIN) & (posterior.log_var <= LOG_VAR_MAX)).all()
        assert torch.isfinite(draw.log_q).all()
        usable = posterior.mu.abs() < 1e18
        assert torch.isfinite(draw.kls[0][usable]).all()


def test_a_learned_prior_is_held_in_the_same_range() -> None:
    _, (_, prior), c = blocks()
    mu, log_var = torch.zeros(2, 3), torch.zeros(2, 3)
    with torch.no_grad():
        for bias in (-1e6, 1e6):
            prior.log_var.bias.fill_(bias)  # type: ignore[union-attr]
            assert torch.isfinite(prior.kl(mu, log_var, c)).all()
            assert torch.isfinite(prior.log_prob(prior.sample(2, c), c)).all()
        prior.log_var.bias.zero_()  # type: ignore[union-attr]


def test_a_figure_does_not_depend_on_how_many_images_are_seen_at_once(digits: Dataset) -> None:
    """Batch norm with the batch's own means would make it so: figures are taken in evaluation mode."""
    model = build(ModelConfig(norm="batch", hidden=(8,), network="mlp"), (1, 8, 8), 0, seed=0)
    images = some(digits).take(np.arange(24))
    model.terms(to_float(torch.as_tensor(images.pixels)))  # moves the running means, in training mode
    kls = [evaluate(model, images, split="train", samples=1, batch_size=size).kl_per_dim for size in (1, 5, 24)]
    assert kls[0] == pytest.approx(kls[1], rel=1e-4)
    assert kls[0] == pytest.approx(kls[2], rel=1e-4)
    assert model.training, "left as it came"
