"""The bounds against an exact likelihood, and against one another."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import MultivariateNormal, Normal

from latentlab.config import ModelConfig
from latentlab.evaluation import bounds
from latentlab.evaluation.evaluate import evaluate
from latentlab.evaluation.streams import LogMeanExp
from latentlab.images import Images
from latentlab.models.build import build, to_float
from latentlab.models.latent_model import LatentModel

SHAPE = (1, 8, 8)


def pictures(count: int, labels: bool = False, seed: int = 0) -> Images:
    draw = np.random.default_rng(seed)
    shades = draw.integers(0, 256, (count, 1, 1, 1)) * np.linspace(0.2, 1, 64).reshape(SHAPE)
    return Images(
        shades.astype(np.uint8),
        np.arange(count),
        (np.arange(count) % 3) if labels else None,
        ("a", "b", "c") if labels else (),
    )


def linear(seed: int = 0) -> LatentModel:
    """x = W z + b + sigma e: its likelihood is exact. Encoder and decoder are one linear layer each."""
    config = ModelConfig(network="mlp", hidden=(), latent_dim=2, likelihood="gaussian")
    return build(config, SHAPE, 0, seed=seed)


def exact_nll(model: LatentModel, images: Images) -> float:
    """-log N(x; b, W W' + sigma^2 I), the mean over the images, in nats."""
    weight = model.decoder.out.weight.detach().double()  # (64, d)
    bias = model.decoder.out.bias.detach().double()
    noise = model.likelihood.log_sigma.detach().double().mul(2).exp() * torch.eye(64, dtype=torch.float64)
    marginal = MultivariateNormal(bias, weight @ weight.T + noise)
    x = to_float(torch.as_tensor(images.pixels)).flatten(1).double()
    return float(-marginal.log_prob(x).mean())


def with_exact_posterior(model: LatentModel) -> LatentModel:
    """q(z|x) = p(z|x) (Bishop 2006, eq. 2.116), as far as a diagonal q can be: the columns of W are made orthogonal."""
    with torch.no_grad():
        weight = torch.linalg.qr(torch.randn(64, 2, generator=torch.Generator().manual_seed(0))).Q
        sigma = model.likelihood.log_sigma.exp()
        model.decoder.out.weight.copy_(weight)
        variance = sigma**2 / (1 + sigma**2)  # of each latent, as W'W = I
        model.latent.mu.weight.copy_(weight.T * variance / sigma**2)
        model.latent.mu.bias.copy_(-(weight.T @ model.decoder.out.bias) * variance / sigma**2)
        model.latent.log_var.weight.zero_()
        model.latent.log_var.bias.fill_(math.log(variance))
    return model


def test_with_the_exact_posterior_every_bound_is_the_likelihood() -> None:
    model, images = with_exact_posterior(linear()), pictures(40)
    figures = evaluate(model, images, split="test", samples=3)
    assert figures.nll == pytest.approx(exact_nll(model, images), abs=1e-3)
    one = evaluate(model, images, split="test", samples=500)
    assert one.neg_elbo == pytest.approx(one.nll, abs=0.05)


def test_more_samples_tighten_the_bound_towards_the_likelihood() -> None:
    model, images = with_exact_posterior(linear()), pictures(60)
    with torch.no_grad():
        model.latent.log_var.bias.add_(1.0)  # q is now wider than the posterior
    truth = exact_nll(model, images)
    loose, tight = (evaluate(model, images, split="test", samples=k).nll for k in (1, 2000))
    assert loose > truth + 0.1
    assert tight == pytest.approx(truth, abs=0.05)


def test_with_one_sample_the_bound_is_the_monte_carlo_elbo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "IMAGES_AT_ONCE", 30)  # so that the noise of the images comes as in one batch
    model, images = build(ModelConfig(latent_dim=3), SHAPE, 0, seed=0), pictures(30)
    figures = evaluate(model, images, split="test", samples=1, seed=4)
    x = to_float(torch.as_tensor(images.pixels))
    with torch.no_grad():
        terms = model.terms(x, None, torch.Generator().manual_seed(4))
    expected = (terms.reconstruction + terms.log_q - terms.log_p).mean()
    assert figures.nll == pytest.approx(float(expected), rel=1e-6)
    assert figures.reconstruction == pytest.approx(float(terms.reconstruction.mean()), rel=1e-6)
    assert figures.kl == pytest.approx(float(terms.kls[0].sum(1).mean()), rel=1e-5)


@pytest.mark.parametrize("fields", [{}, {"binarize": "fresh"}, {"likelihood": "gaussian"}, {"kind": "cvae"}])
def test_nll_is_at_most_the_negative_elbo(fields: dict[str, str]) -> None:
    images = pictures(50, labels=True)
    model = build(ModelConfig.model_validate({"latent_dim": 3, **fields}), SHAPE, 3, seed=0).train()
    figures = evaluate(model, images, split="validation", samples=200, batch_size=20)
    assert figures.nll <= figures.neg_elbo + 0.02
    assert figures.neg_elbo == pytest.approx(figures.reconstruction + figures.kl)
    assert figures.kl == pytest.approx(sum(figures.kl_per_dim))
    assert (figures.n, figures.split, figures.nll_samples) == (50, "validation", 200)
    assert model.training
    again = evaluate(model, images, split="validation", samples=200, batch_size=20)
    assert again == figures


def test_many_draws_in_parts_are_the_slow_formula_in_double_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each image alone, each draw written out: only the order of the noise is taken from the code."""
    monkeypatch.setattr(bounds, "IMAGES_AT_ONCE", 2)
    monkeypatch.setattr(bounds, "DECODED_AT_ONCE", 6)  # three draws of two images at a time: 7 draws are 3, 3 and 1
    model = build(ModelConfig(network="mlp", hidden=(16,), latent_dim=20), SHAPE, 0, seed=0).double().eval()
    x = torch.rand(4, *SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = bounds.bounds(model, x, None, 7, torch.Generator().manual_seed(2))
        noise = torch.Generator().manual_seed(2)
        log_w, errors = torch.empty(7, 4, dtype=torch.float64), torch.empty(7, 4, dtype=torch.float64)
        for images in ((0, 1), (2, 3)):
            for draws in ((0, 1, 2), (3, 4, 5), (6,)):
                drawn = torch.randn(2 * len(draws), 20, dtype=torch.float64, generator=noise)
                for row, (k, i) in enumerate((k, i) for k in draws for i in images):
                    q = Normal(found.mu[i], torch.exp(0.5 * found.log_var[i]))
                    z = q.mean + q.stddev * drawn[row]
                    logits = model.decoder(z[None], torch.empty(1, 0, dtype=torch.float64))[0]
                    errors[k, i] = -(x[i] * logits.sigmoid().log() + (1 - x[i]) * (-logits).sigmoid().log()).sum()
                    log_w[k, i] = Normal(0.0, 1.0).log_prob(z).sum() - q.log_prob(z).sum() - errors[k, i]
    torch.testing.assert_close(found.nll, math.log(7) - log_w.logsumexp(0), rtol=1e-10, atol=0)
    torch.testing.assert_close(found.reconstruction, errors.mean(0), rtol=1e-10, atol=0)


def test_single_precision_is_enough() -> None:
    model = build(ModelConfig(network="mlp", hidden=(32, 32), latent_dim=8), SHAPE, 0, seed=0).eval()
    x = to_float(torch.as_tensor(pictures(40).pixels))
    with torch.no_grad():
        fast = bounds.bounds(model, x, None, 400, torch.Generator().manual_seed(0))
        exact = bounds.bounds(model.double(), x.double(), None, 400, torch.Generator().manual_seed(1))
    assert float(fast.nll.mean()) == pytest.approx(float(exact.nll.mean()), abs=0.02)
    torch.testing.assert_close(fast.kl, exact.kl, rtol=1e-4, atol=1e-6)


def test_under_a_learned_prior_the_bound_is_on_the_likelihood_given_the_class() -> None:
    """The picture does not depend on z here, so log p(x | c) is known, and q must pay for not being p(z | c)."""
    config = ModelConfig(kind="cvae", network="mlp", hidden=(), latent_dim=2, prior="conditional")
    model, images = build(config, SHAPE, 3, seed=0), pictures(30, labels=True)
    with torch.no_grad():
        model.prior.mu.weight.copy_(torch.tensor([[0.0, 1.0, -1.0], [2.0, 0.0, 0.0]]))
        model.prior.log_var.bias.fill_(0.5)
        model.decoder.out.weight[:, :2] = 0
    figures = evaluate(model, images, split="test", samples=3000)
    assert figures.kl > 0.3
    assert figures.information["ceiling"] == pytest.approx(math.log(10))  # of the ten images of each class
    assert figures.information["within_classes"]
    assert figures.nll == pytest.approx(figures.reconstruction, abs=0.05)


@settings(deadline=None, max_examples=30)
@given(cuts=st.lists(st.integers(1, 7), min_size=1, max_size=6), scale=st.sampled_from([1.0, 100.0, 5000.0]))
def test_log_mean_exp_does_not_depend_on_how_it_arrives(cuts: list[int], scale: float) -> None:
    weights = scale * torch.randn(sum(cuts), 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    stream = LogMeanExp(4)
    for part in weights.split(cuts):
        stream.add(part)
    expected = torch.logsumexp(weights, dim=0) - math.log(len(weights))
    torch.testing.assert_close(stream.value(), expected)


def test_memory_does_not_grow_with_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "DECODED_AT_ONCE", 64)
    model = build(ModelConfig(network="mlp", hidden=(4,), latent_dim=2), SHAPE, 0, seed=0)
    largest = 0

    def watch(_module: object, arguments: tuple[torch.Tensor, ...]) -> None:
        nonlocal largest
        largest = max(largest, len(arguments[0]))

    model.decoder.register_forward_pre_hook(watch)
    evaluate(model, pictures(16), split="test", samples=50)
    assert largest == 64


def test_active_units_are_those_whose_mean_varies() -> None:
    """Not those with a large KL: a mean that is 5 for every picture costs 12.5 nats and says nothing."""
    model = linear()
    with torch.no_grad():
        model.latent.mu.weight.zero_()
        model.latent.mu.weight[0].fill_(0.1)
        model.latent.mu.bias.copy_(torch.tensor([0.0, 5.0]))
    figures = evaluate(model, pictures(50), split="test", samples=1, batch_size=7)
    assert figures.active_units == 1
    assert figures.kl_per_dim[1] > 10
    assert figures.active_units_threshold == 0.01


def test_a_model_without_finite_figures_is_refused_in_words() -> None:
    model = linear()
    with torch.no_grad():
        model.decoder.out.bias.fill_(math.nan)
    with pytest.raises(ValueError, match="no finite figures"):
        evaluate(model, pictures(5), split="test", samples=1)


def test_progress_counts_images() -> None:
    seen: list[tuple[int, int]] = []
    model = build(ModelConfig(network="mlp", hidden=(4,)), SHAPE, 0, seed=0)
    evaluate(
        model, pictures(25), split="test", samples=1, batch_size=10, progress=lambda done, n: seen.append((done, n))
    )
    assert seen == [(10, 25), (20, 25), (25, 25)]


@pytest.mark.parametrize(
    ("kind", "images", "samples", "words"),
    [
        ("vae", pictures(5), 0, "samples is at least 1"),
        ("vae", pictures(0), 1, "no images"),
        ("vae", Images(np.zeros((2, 1, 9, 9), np.uint8), np.arange(2)), 1, "trained on images of 1x8x8"),
        ("cvae", pictures(5), 1, "give the class of each image"),
    ],
)
def test_what_cannot_be_evaluated_is_said(kind: str, images: Images, samples: int, words: str) -> None:
    model = build(ModelConfig.model_validate({"kind": kind, "network": "mlp", "hidden": (4,)}), SHAPE, 3, seed=0)
    with pytest.raises(ValueError, match=words):
        evaluate(model, images, split="test", samples=samples)
