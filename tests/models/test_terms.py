"""The mathematics against torch.distributions in float64, and the objective's two sums."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import Normal, kl_divergence

from latentlab.config import ModelConfig, WeightSchedule
from latentlab.models.build import build
from latentlab.models.latent_model import Terms
from latentlab.models.latents import LOG_VAR_MAX, LOG_VAR_MIN, GaussianLatent
from latentlab.models.likelihoods import LOG_SIGMA_MIN, Bernoulli, Gaussian
from latentlab.models.objectives import beta_objective
from latentlab.models.priors import StandardNormal
from latentlab.models.schedules import weight_factor

F64 = torch.float64
NONE = torch.empty(0, 0)  # no condition


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def test_kl_is_that_of_two_gaussians() -> None:
    mu, log_var = 3 * drawn(7, 5), 4 * drawn(7, 5, seed=1)
    prior = Normal(torch.zeros(7, 5, dtype=F64), 1.0)
    expected = kl_divergence(Normal(mu, torch.exp(0.5 * log_var)), prior)
    torch.testing.assert_close(StandardNormal(5).double().kl(mu, log_var, NONE), expected, rtol=1e-12, atol=1e-12)


def test_log_q_and_log_p_are_densities_of_the_draw() -> None:
    latent, prior = GaussianLatent(6, 4).double(), StandardNormal(4).double()
    h = drawn(9, 6)
    draw = latent(h, prior, NONE, torch.Generator().manual_seed(3))
    mu, log_var = latent.posterior(h)
    q = Normal(mu, torch.exp(0.5 * log_var))
    torch.testing.assert_close(draw.log_q, q.log_prob(draw.z).sum(1))
    torch.testing.assert_close(draw.log_p, Normal(0.0, 1.0).log_prob(draw.z).sum(1))


def test_the_mean_of_log_q_minus_log_p_is_the_kl() -> None:
    torch.manual_seed(0)  # of the block's weights
    latent, prior = GaussianLatent(6, 4).double(), StandardNormal(4).double()
    h = drawn(1, 6).repeat(200_000, 1)
    with torch.no_grad():
        draw = latent(h, prior, NONE, torch.Generator().manual_seed(0))
    ratio = draw.log_q - draw.log_p
    standard_error = float(ratio.std()) / len(ratio) ** 0.5
    assert 5 * standard_error < 0.1
    assert float(ratio.mean()) == pytest.approx(float(draw.kls[0][0].sum()), abs=5 * standard_error)


def test_log_var_is_clamped_so_that_nothing_overflows() -> None:
    latent, prior = GaussianLatent(2, 3), StandardNormal(3)
    for sign, bound in ((1, LOG_VAR_MAX), (-1, LOG_VAR_MIN)):
        with torch.no_grad():
            latent.log_var.bias.fill_(sign * 1e6)
        draw = latent(torch.zeros(4, 2), prior, NONE)
        assert (latent.posterior(torch.zeros(4, 2)).log_var == bound).all()
        assert all(torch.isfinite(value).all() for value in (draw.z, draw.log_q, draw.log_p, draw.kls[0]))


def test_bernoulli_is_the_sum_of_coins() -> None:
    output = 5 * drawn(6, 3, 4, 4)
    x = torch.bernoulli(torch.sigmoid(drawn(6, 3, 4, 4, seed=1)), generator=torch.Generator().manual_seed(2))
    expected = -TorchBernoulli(logits=output).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(Bernoulli().negative_log_prob(output, x), expected)
    torch.testing.assert_close(Bernoulli().mean(output), TorchBernoulli(logits=output).mean)


def test_bernoulli_holds_for_extreme_logits() -> None:
    output = torch.tensor([[[[-1e4, 1e4]]]])
    assert float(Bernoulli().negative_log_prob(output, torch.tensor([[[[0.0, 1.0]]]]))) == 0.0
    assert float(Bernoulli().negative_log_prob(output, torch.tensor([[[[1.0, 0.0]]]]))) == 2e4


def test_gaussian_is_the_density_with_its_one_sigma() -> None:
    likelihood = Gaussian().double()
    output, x = drawn(6, 3, 4, 4), torch.sigmoid(drawn(6, 3, 4, 4, seed=1))
    expected = -Normal(output, likelihood.log_sigma.exp()).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(likelihood.negative_log_prob(output, x), expected)
    assert float(likelihood.log_sigma.detach().exp()) == pytest.approx(0.3)
    assert float(likelihood.mean(output).min()) == 0.0
    assert float(likelihood.mean(output).max()) == 1.0


def test_sigma_is_learnt_to_the_root_of_the_mean_square_and_never_below_its_floor() -> None:
    likelihood = Gaussian().double()
    output, x = drawn(50, 1, 8, 8) * 0.07, torch.zeros(50, 1, 8, 8, dtype=F64)
    optimizer = torch.optim.Adam(likelihood.parameters(), 0.05)
    for _ in range(300):
        optimizer.zero_grad()
        likelihood.negative_log_prob(output, x).mean().backward()
        optimizer.step()
    assert float(likelihood.log_sigma.detach().exp()) == pytest.approx(float(output.square().mean().sqrt()), rel=1e-3)
    with torch.no_grad():
        likelihood.raw_log_sigma.fill_(-1e6)
    assert float(likelihood.log_sigma.detach()) >= LOG_SIGMA_MIN


def test_what_a_bernoulli_sees() -> None:
    x = torch.tensor([0.0, 0.45, 0.5, 1.0]).expand(4000, 4)
    generator = torch.Generator().manual_seed(0)
    assert Bernoulli("none").observe(x, generator) is x
    assert Bernoulli("threshold").observe(x, generator)[0].tolist() == [0, 0, 1, 1]
    first, second = (Bernoulli("fresh").observe(x, generator) for _ in range(2))
    assert set(first.unique().tolist()) == {0.0, 1.0}
    assert not torch.equal(first, second)
    torch.testing.assert_close(first.mean(0), x[0], atol=0.03, rtol=0)
    assert Bernoulli("fresh").likeliest(x)[0].tolist() == [0, 0, 1, 1]


@settings(deadline=None, max_examples=20)
@given(pixels=st.integers(1, 400), latents=st.integers(1, 40), beta=st.floats(0, 20))
def test_both_terms_are_sums_over_dimensions_and_means_over_images(pixels: int, latents: int, beta: float) -> None:
    """A mean over pixels beside a sum over latents is a hidden beta of the number of pixels."""
    per_pixel, per_latent = 0.5, 0.25
    terms = Terms(
        reconstruction=Bernoulli().negative_log_prob(torch.zeros(3, 1, 1, pixels), torch.full((3, 1, 1, pixels), 0.5)),
        kls=[torch.full((3, latents), per_latent), torch.full((3, 2, 2, 2), per_latent)],
        log_q=torch.zeros(3),
        log_p=torch.zeros(3),
        auxiliary={"other": torch.full((3,), per_pixel)},
        z=torch.zeros(3, latents),
    )
    loss, report = beta_objective(terms, beta)
    reconstruction, kl = pixels * math.log(2), (latents + 8) * per_latent
    assert float(report.reconstruction) == pytest.approx(reconstruction, rel=1e-5)
    assert float(report.kl) == pytest.approx(kl)
    assert report.kl_per_dim.shape == (latents + 8,)
    assert float(report.neg_elbo) == pytest.approx(reconstruction + kl, rel=1e-5)
    assert float(loss) == pytest.approx(reconstruction + beta * kl + per_pixel, rel=1e-5)
    assert float(report.objective) == float(loss)


def test_a_terms_reconstruction_is_of_the_whole_picture() -> None:
    """At the start a Bernoulli's cost is about ln 2 per pixel, so it must grow with the picture."""
    for side in (8, 16):
        model = build(ModelConfig(latent_dim=2), (1, side, side), 0, seed=0)
        terms = model.terms(torch.full((4, 1, side, side), 0.5))
        assert float(terms.reconstruction.detach().mean()) == pytest.approx(side * side * math.log(2), rel=0.02)


def test_beta_may_be_a_tensor() -> None:
    model = build(ModelConfig(latent_dim=2, network="mlp", hidden=(4,)), (1, 8, 8), 0, seed=0)
    terms = model.terms(torch.rand(4, 1, 8, 8))
    with_tensor, _ = beta_objective(terms, torch.tensor(3.0))
    with_float, _ = beta_objective(terms, 3.0)
    assert torch.equal(with_tensor, with_float)


def test_warmup_rises_in_steps_and_then_holds() -> None:
    warmup = WeightSchedule(shape="linear", steps=4)
    assert [weight_factor(warmup, step, 100) for step in (0, 1, 2, 4, 9)] == [0.0, 0.25, 0.5, 1.0, 1.0]
    assert weight_factor(WeightSchedule(), 0, 100) == 1.0
