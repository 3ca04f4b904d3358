"""Latents and priors: KL and densities against torch.distributions in float64, draws, and the clamp."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from latentlab.models.latent_model import Condition
from latentlab.models.latents import GaussianLatent
from latentlab.models.priors import LOG_VAR_MAX, LOG_VAR_MIN, ConditionalNormal, Prior, StandardNormal

F64 = torch.float64
NONE = torch.empty(0, 0)  # no condition
PRIORS = ["standard", "conditional"]


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def some_prior(kind: str, latent_dim: int, labels: torch.Tensor) -> tuple[Prior, torch.Tensor, Normal]:
    """In float64: a prior over three classes, the condition of each label, and what the prior should then be."""
    c = Condition(3).double()(labels, len(labels))
    if kind == "standard":
        return StandardNormal(latent_dim).double(), c, Normal(torch.zeros(len(labels), latent_dim, dtype=F64), 1.0)
    prior = ConditionalNormal(latent_dim, 3).double()
    mu, log_var = 2 * drawn(3, latent_dim, seed=8), drawn(3, latent_dim, seed=9)
    with torch.no_grad():
        prior.mu.weight.copy_(mu.T)
        prior.log_var.weight.copy_(log_var.T)
    return prior, c, Normal(mu[labels], torch.exp(0.5 * log_var[labels]))


@pytest.mark.parametrize("kind", PRIORS)
def test_kl_is_that_of_two_gaussians(kind: str) -> None:
    mu, log_var = 3 * drawn(7, 5), 4 * drawn(7, 5, seed=1)
    prior, c, expected = some_prior(kind, 5, torch.arange(7) % 3)
    kl = kl_divergence(Normal(mu, torch.exp(0.5 * log_var)), expected)
    torch.testing.assert_close(prior.kl(mu, log_var, c), kl, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", PRIORS)
def test_log_q_and_log_p_are_densities_of_the_draw(kind: str) -> None:
    latent = GaussianLatent(6, 4).double()
    prior, c, p = some_prior(kind, 4, torch.arange(9) % 3)
    h = drawn(9, 6)
    draw = latent(h, prior, c, torch.Generator().manual_seed(3))
    mu, log_var = latent.posterior(h)
    q = Normal(mu, torch.exp(0.5 * log_var))
    torch.testing.assert_close(draw.log_q, q.log_prob(draw.z).sum(1))
    torch.testing.assert_close(draw.log_p, p.log_prob(draw.z).sum(1))


@pytest.mark.parametrize("kind", PRIORS)
def test_the_mean_of_log_q_minus_log_p_is_the_kl(kind: str) -> None:
    torch.manual_seed(0)  # of the block's weights
    latent = GaussianLatent(6, 4).double()
    prior, c, _ = some_prior(kind, 4, torch.full((200_000,), 1))
    h = drawn(1, 6).repeat(200_000, 1)
    with torch.no_grad():
        draw = latent(h, prior, c, torch.Generator().manual_seed(0))
    ratio = draw.log_q - draw.log_p
    standard_error = float(ratio.std()) / len(ratio) ** 0.5
    assert 5 * standard_error < 0.15
    assert float(ratio.mean()) == pytest.approx(float(draw.kls[0][0].sum()), abs=5 * standard_error)


@pytest.mark.parametrize("kind", PRIORS)
def test_samples_of_a_prior_are_its_own(kind: str) -> None:
    """And not N(0, I) where something else was trained."""
    labels = torch.arange(60_000) % 3
    prior, c, expected = some_prior(kind, 2, labels)
    with torch.no_grad():
        z = prior.sample(60_000, c, torch.Generator().manual_seed(0))
    assert torch.equal(z, prior.sample(60_000, c, torch.Generator().manual_seed(0)))
    for label in range(3):
        of_class = z[labels == label]
        mu, sigma = expected.mean[label], expected.stddev[label]
        torch.testing.assert_close((of_class.mean(0) - mu) / sigma, torch.zeros(2, dtype=F64), rtol=0, atol=0.05)
        torch.testing.assert_close(of_class.std(0) / sigma, torch.ones(2, dtype=F64), rtol=0, atol=0.05)


def test_a_conditional_prior_begins_as_the_standard_one_and_learns_each_class() -> None:
    prior, standard = ConditionalNormal(2, 3).double(), StandardNormal(2).double()
    labels = torch.arange(300) % 3
    c = Condition(3).double()(labels, 300)
    centres = torch.tensor([[2.0, 0.0], [-1.0, 1.0], [0.0, -3.0]], dtype=F64)
    z = centres[labels] + 0.5 * drawn(300, 2)
    torch.testing.assert_close(prior.log_prob(z, c), standard.log_prob(z, c))
    optimizer = torch.optim.Adam(prior.parameters(), 0.05)
    for _ in range(400):
        optimizer.zero_grad()
        (-prior.log_prob(z, c).mean()).backward()
        optimizer.step()
    mu, log_var = prior(torch.eye(3, dtype=F64))
    for label in range(3):
        torch.testing.assert_close(mu[label], z[labels == label].mean(0), rtol=0, atol=0.01)
        spread = z[labels == label].std(0, correction=0)
        torch.testing.assert_close(torch.exp(0.5 * log_var[label]), spread, rtol=0, atol=0.01)


def test_the_best_prior_for_some_posteriors_has_their_moments() -> None:
    """The least KL: its mean is the mean of theirs, its variance their mean variance and their spread together."""
    mu, log_var, labels = 2 * drawn(60, 3), drawn(60, 3, seed=1), torch.arange(60) % 3
    prior, c = ConditionalNormal(3, 3).double(), Condition(3).double()(labels, 60)
    optimizer = torch.optim.Adam(prior.parameters(), 0.05)
    for _ in range(500):
        optimizer.zero_grad()
        prior.kl(mu, log_var, c).sum(1).mean().backward()
        optimizer.step()
    means, log_vars = prior(torch.eye(3, dtype=F64))
    for label in range(3):
        here = labels == label
        expected = log_var[here].exp().mean(0) + mu[here].var(0, correction=0)
        torch.testing.assert_close(means[label], mu[here].mean(0), rtol=0, atol=1e-3)
        torch.testing.assert_close(log_vars[label].exp(), expected, rtol=1e-3, atol=0)


def test_a_condition_is_one_hot_or_the_bits_of_its_attributes() -> None:
    assert Condition(3)(torch.tensor([2, 0]), 2).tolist() == [[0, 0, 1], [1, 0, 0]]
    bits = Condition(8, attributes=3)
    assert (bits.num_classes, bits.width) == (8, 3)
    assert bits(torch.tensor([0, 1, 2, 6]), 4).tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert Condition(0)(None, 4).shape == (4, 0)


def test_log_var_is_clamped_so_that_nothing_overflows() -> None:
    latent, prior = GaussianLatent(2, 3), StandardNormal(3)
    for sign, bound in ((1, LOG_VAR_MAX), (-1, LOG_VAR_MIN)):
        with torch.no_grad():
            latent.log_var.bias.fill_(sign * 1e6)
        draw = latent(torch.zeros(4, 2), prior, NONE)
        assert (latent.posterior(torch.zeros(4, 2)).log_var == bound).all()
        assert all(torch.isfinite(value).all() for value in (draw.z, draw.log_q, draw.log_p, draw.kls[0]))


def test_a_conditional_priors_log_var_is_clamped_too() -> None:
    latent, prior, c = GaussianLatent(2, 3), ConditionalNormal(3, 2), torch.eye(2)
    for posterior_sign in (1, -1):
        for sign in (1, -1):
            with torch.no_grad():
                prior.log_var.bias.fill_(sign * 1e6)
                latent.log_var.bias.fill_(posterior_sign * 1e6)
            draw = latent(torch.zeros(2, 2), prior, c)
            finite = (draw.z, draw.log_q, draw.log_p, draw.kls[0], prior.sample(2, c))
            assert all(torch.isfinite(value).all() for value in finite)
