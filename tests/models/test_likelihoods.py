"""Each likelihood against torch.distributions or plain sums in float64: its density, mean, optimum and bits."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import ContinuousBernoulli as TorchContinuousBernoulli
from torch.distributions import Normal

from latentlab.models.likelihoods import (
    LEVEL,
    LOG_SIGMA_MIN,
    Bernoulli,
    ContinuousBernoulli,
    DiscretizedLogistic,
    Gaussian,
    Likelihood,
)

F64 = torch.float64
VALUES = torch.arange(256, dtype=F64) / 255  # of an 8-bit pixel


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def grey(*shape: int, seed: int = 1) -> torch.Tensor:
    """8-bit pixels in [0, 1], with many at both ends."""
    return ((0.5 + drawn(*shape, seed=seed)).clamp(0, 1) * 255).round() / 255


def logistic(scale: float, channels: int = 1) -> DiscretizedLogistic:
    likelihood = DiscretizedLogistic(channels).double()
    with torch.no_grad():
        likelihood.raw_log_scale.copy_(-7 + torch.log(torch.expm1(torch.tensor(math.log(scale) + 7, dtype=F64))))
    assert float(likelihood.log_scale.detach().exp().max()) == pytest.approx(scale)
    return likelihood


def fitted(likelihood: Likelihood, x: torch.Tensor, steps: int = 600, rate: float = 0.05) -> torch.Tensor:
    """The output that all images share, (C, H, W), at the likelihood's optimum; its own parameters with it."""
    output = torch.zeros(x.shape[1:], dtype=x.dtype, requires_grad=True)
    optimizer = torch.optim.Adam([output, *likelihood.parameters()], rate)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - step / steps)
        optimizer.zero_grad()
        likelihood.negative_log_prob(output.expand_as(x), x).mean().backward()
        optimizer.step()
    return output.detach()


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


def test_continuous_bernoulli_is_torchs_away_from_one_half() -> None:
    output = torch.cat([drawn(3, 1, 4, 4).abs() + 0.2, -8 * drawn(3, 1, 4, 4).abs() - 0.2])
    x = torch.sigmoid(drawn(6, 1, 4, 4, seed=1))
    reference = TorchContinuousBernoulli(logits=output)
    expected = -reference.log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(ContinuousBernoulli().negative_log_prob(output, x), expected, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(ContinuousBernoulli().mean(output), reference.mean, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("logit", [0.0, 1e-12, -1e-6, 1e-3, -0.05, 0.0999, 0.1001, -0.1001, 2.0, -30.0])
def test_continuous_bernoulli_integrates_to_one_and_its_mean_is_its_mean(logit: float) -> None:
    """Near one half as well, where the closed forms are 0 / 0 and torch.distributions leaves the density by 1e-8."""
    edges = torch.linspace(0, 1, 20_001, dtype=F64)
    x = ((edges[1:] + edges[:-1]) / 2).view(-1, 1, 1, 1)
    output = torch.full_like(x, logit)
    density = torch.exp(-ContinuousBernoulli().negative_log_prob(output, x))
    step = 1 / len(x)
    error = (1 + logit**2) * step**2 / 5  # of the midpoint rule
    assert float(density.sum()) * step == pytest.approx(1, abs=error)
    mean = float((density * x.flatten()).sum()) * step
    assert float(ContinuousBernoulli().mean(output[:1])) == pytest.approx(mean, abs=error)


def test_continuous_bernoulli_shows_its_mean_and_not_lambda() -> None:
    output = torch.tensor([3.0]).view(1, 1, 1, 1)
    shown, lamb = float(ContinuousBernoulli().mean(output)), float(torch.sigmoid(output))
    assert shown == pytest.approx(lamb / (2 * lamb - 1) + 1 / (2 * math.atanh(1 - 2 * lamb)), abs=1e-6)
    assert abs(shown - lamb) > 0.2


@pytest.mark.parametrize("logit", [0.0, 1e-4, 0.09, 0.11, -5.0, 90.0, -2000.0, 1e30])
def test_continuous_bernoulli_has_a_finite_gradient_everywhere(logit: float) -> None:
    output = torch.full((1, 1, 1, 1), logit, requires_grad=True)
    value = ContinuousBernoulli().negative_log_prob(output, torch.full((1, 1, 1, 1), 0.3))
    value.sum().backward()
    assert torch.isfinite(value).all()
    gradient = float(output.grad) if output.grad is not None else math.nan
    mean = float(ContinuousBernoulli().mean(output.detach()))
    assert gradient == pytest.approx(mean - 0.3, abs=2e-5)  # of an exponential family: mean minus observation


def test_gaussian_is_the_density_with_its_one_sigma() -> None:
    output, x = drawn(6, 3, 4, 4), torch.sigmoid(drawn(6, 3, 4, 4, seed=1))
    for likelihood, sigma in ((Gaussian().double(), 0.3), (Gaussian(0.05).double(), 0.05)):
        assert float(likelihood.log_sigma.detach().exp()) == pytest.approx(sigma)
        expected = -Normal(output, likelihood.log_sigma.exp()).log_prob(x).flatten(1).sum(1)
        torch.testing.assert_close(likelihood.negative_log_prob(output, x), expected)
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


@pytest.mark.parametrize("sigma", [0.02, 0.5, 1.0])
def test_a_fixed_sigma_is_beta_beside_half_the_squared_error(sigma: float) -> None:
    """sigma^2 (reconstruction + KL) has the gradient of SSE / 2 + sigma^2 KL: so sigma^2 = beta, and not beta / 2."""
    x, kl = grey(5, 1, 4, 4), 0.7
    mine, plain = (drawn(5, 1, 4, 4, seed=2).requires_grad_() for _ in range(2))
    cost = Gaussian(sigma).double().negative_log_prob(mine, x) + kl * mine.square().flatten(1).sum(1)
    (sigma**2 * cost.mean()).backward()
    sums = (plain - x).square().flatten(1).sum(1)
    (0.5 * sums + sigma**2 * kl * plain.square().flatten(1).sum(1)).mean().backward()
    torch.testing.assert_close(mine.grad, plain.grad, rtol=1e-6, atol=1e-8)


def test_the_optimal_sigma_is_that_of_the_batch_and_its_cost_half_the_log_of_the_mean_square() -> None:
    x, dims = grey(7, 3, 4, 4), 48
    mine, plain = (drawn(7, 3, 4, 4, seed=2).requires_grad_() for _ in range(2))
    cost = Gaussian("optimal").double().negative_log_prob(mine, x).mean()
    expected = dims / 2 * (torch.log(2 * math.pi * (plain - x).square().mean()) + 1)
    cost.backward()
    expected.backward()
    torch.testing.assert_close(cost, expected)
    torch.testing.assert_close(mine.grad, plain.grad)
    for sigma in (0.5, 0.9, 1.5):  # it is the best there is
        assert (Gaussian(sigma).double().negative_log_prob(plain, x).mean() > cost).all()


def test_an_optimal_sigma_is_held_where_nothing_is_trained() -> None:
    """What an image costs must not depend on the images beside it, nor on itself."""
    likelihood = Gaussian("optimal").double()
    x = grey(200, 1, 8, 8)
    for start in range(0, 200, 20):
        likelihood.negative_log_prob(
            x[start : start + 20] + 0.1 * drawn(20, 1, 8, 8, seed=start), x[start : start + 20]
        )
    assert float(likelihood.log_sigma.exp()) == pytest.approx(0.1, rel=0.02)
    likelihood.eval()
    held = likelihood.log_sigma.clone()
    output = x + 0.3 * drawn(200, 1, 8, 8)
    together = likelihood.negative_log_prob(output, x)
    alone = torch.cat([likelihood.negative_log_prob(output[i : i + 1], x[i : i + 1]) for i in range(200)])
    torch.testing.assert_close(together, alone)
    assert torch.equal(likelihood.log_sigma, held)
    assert set(likelihood.state_dict()) == {"mean_square", "batches"}  # it goes with the weights


def test_an_optimal_sigma_follows_the_training_and_forgets_its_beginning() -> None:
    likelihood = Gaussian("optimal").double()
    x = torch.zeros(10, 1, 8, 8, dtype=F64)
    for spread, batches in ((1.0, 50), (0.1, 1000)):
        for _ in range(batches):
            likelihood.negative_log_prob(torch.full_like(x, spread), x)
    assert float(likelihood.log_sigma.exp()) == pytest.approx(0.1, rel=0.01)
    perfect = likelihood.negative_log_prob(x, x)
    assert torch.isfinite(perfect).all()
    assert float(perfect[0]) == pytest.approx(64 * (LOG_SIGMA_MIN + 0.5 * math.log(2 * math.pi)))


@pytest.mark.parametrize("scale", [0.001, 0.004, 0.05, 0.5])
@pytest.mark.parametrize("location", [-0.4, 0.0, 0.3, 0.4567, 1.0, 1.2])
def test_the_256_values_of_a_discretized_logistic_sum_to_one(scale: float, location: float) -> None:
    x = VALUES.view(256, 1, 1, 1)
    probability = torch.exp(-logistic(scale).negative_log_prob(torch.full_like(x, location), x))
    assert float(probability.sum().detach()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("scale", [0.003, 0.02, 0.5])
def test_a_discretized_logistic_is_a_difference_of_its_distribution_function(scale: float) -> None:
    output, x = 0.5 + 0.5 * drawn(6, 3, 4, 4), grey(6, 3, 4, 4)
    upper = torch.where(x == 1, 1.0, torch.sigmoid((x + LEVEL / 2 - output) / scale))
    lower = torch.where(x == 0, 0.0, torch.sigmoid((x - LEVEL / 2 - output) / scale))
    seen = upper - lower > 1e-10  # a plain difference loses its digits where both are nearly equal
    whole = torch.where(seen, upper - lower, 1.0)
    one_by_one = logistic(scale).negative_log_prob(output.reshape(-1, 1, 1, 1), x.reshape(-1, 1, 1, 1)).view_as(x)
    torch.testing.assert_close(torch.exp(-one_by_one)[seen], whole[seen], rtol=1e-5, atol=1e-12)
    torch.testing.assert_close(logistic(scale, 3).negative_log_prob(output, x), one_by_one.flatten(1).sum(1))


def test_a_discretized_logistic_is_finite_far_from_what_it_expects() -> None:
    likelihood = DiscretizedLogistic(1)
    with torch.no_grad():
        likelihood.raw_log_scale.fill_(-50.0)
    output = torch.tensor([-1e3, -3.0, 0.0, 0.5, 1.0, 4.0, 1e3]).view(-1, 1, 1, 1).repeat(3, 1, 1, 1).requires_grad_()
    x = torch.tensor([0.0, 77 / 255, 1.0]).repeat_interleave(7).view(-1, 1, 1, 1)
    value = likelihood.negative_log_prob(output, x)
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert all(torch.isfinite(each.grad).all() for each in (output, likelihood.raw_log_scale) if each.grad is not None)
    assert float(output.grad[7]) < 0  # type: ignore[index]  # towards the pixel still, a thousand scales away


@pytest.mark.parametrize(("scale", "tolerance"), [(0.001, LEVEL / 2), (LEVEL, 1e-4), (0.05, 1e-5), (0.5, 1e-5)])
def test_the_mean_of_a_discretized_logistic_is_that_of_its_256_values(scale: float, tolerance: float) -> None:
    locations = torch.linspace(-0.5, 1.5, 101, dtype=F64)
    likelihood = logistic(scale)
    x, output = (part.reshape(-1, 1, 1, 1) for part in torch.broadcast_tensors(VALUES[:, None], locations[None]))
    probability = torch.exp(-likelihood.negative_log_prob(output, x)).view(256, 101)
    expected = (probability * VALUES[:, None]).sum(0)
    shown = likelihood.mean(locations.view(-1, 1, 1, 1)).flatten()
    torch.testing.assert_close(shown, expected, rtol=0, atol=tolerance)
    assert ((shown >= 0) & (shown <= 1)).all()


def test_what_is_shown_is_the_mean_of_pixels_that_are_drawn() -> None:
    output, count = torch.tensor([-3.0, -0.4, 0.0, 0.3, 0.7, 2.0], dtype=F64), 200_000
    torch.manual_seed(0)
    uniform = torch.rand(count, 6, dtype=F64)
    spread = float(logistic(0.05).log_scale.detach().exp()) * torch.log(uniform / (1 - uniform))  # of a logistic
    pixels = {
        Bernoulli(): TorchBernoulli(logits=output).sample((count,)),
        ContinuousBernoulli(): TorchContinuousBernoulli(logits=output).sample((count,)),
        logistic(0.05): ((output + spread) * 255).round().clamp(0, 255) / 255,
    }
    for likelihood, drawn_pixels in pixels.items():
        shown = likelihood.mean(output.view(6, 1, 1, 1)).detach().flatten()
        torch.testing.assert_close(shown, drawn_pixels.mean(0), rtol=0, atol=0.005, msg=type(likelihood).__name__)
    inside = torch.tensor([0.2, 0.8], dtype=F64).view(2, 1, 1, 1)
    assert torch.equal(Gaussian(0.1).mean(inside), inside)


@pytest.mark.parametrize("likelihood", [Bernoulli(), ContinuousBernoulli(), Gaussian(0.2), Gaussian("optimal")])
def test_the_best_output_shows_the_mean_of_the_images(likelihood: Likelihood) -> None:
    x = torch.sigmoid(drawn(40, 1, 2, 3, seed=5))
    shown = likelihood.double().mean(fitted(likelihood, x)[None])  # type: ignore[attr-defined]
    torch.testing.assert_close(shown[0], x.mean(0), rtol=0, atol=1e-3)


def test_the_best_scale_of_a_channel_is_that_of_its_pixels() -> None:
    """Pixels drawn from two logistics, 0.02 and 0.08 wide, about 0.5."""
    torch.manual_seed(3)
    uniform = torch.rand(20_000, 2, 1, 1, dtype=F64)
    spread = torch.tensor([0.02, 0.08], dtype=F64).view(1, 2, 1, 1)
    x = ((0.5 + spread * torch.log(uniform / (1 - uniform))) * 255).round().clamp(0, 255) / 255
    likelihood = DiscretizedLogistic(2).double()
    output = fitted(likelihood, x, steps=200)
    torch.testing.assert_close(output.flatten(), torch.full((2,), 0.5, dtype=F64), rtol=0, atol=0.005)
    torch.testing.assert_close(likelihood.log_scale.detach().exp(), spread[0], rtol=0.03, atol=0)


def test_bits_per_dimension() -> None:
    """256 equally likely values are 8 bits; as a density over [0, 1] one level of 1/255 is log2(255)."""
    assert logistic(0.1).bits_per_dim(12 * math.log(256), 12) == pytest.approx(8)
    assert Gaussian().bits_per_dim(0.0, 12) == pytest.approx(math.log2(255))
    assert ContinuousBernoulli().bits_per_dim(0.0, 12) == pytest.approx(math.log2(255))
    assert Bernoulli("fresh").bits_per_dim(12 * math.log(2), 12) == pytest.approx(1)
    assert Bernoulli("none").bits_per_dim(5.0, 12) is None


def test_a_density_and_its_256_values_agree_where_it_is_wide() -> None:
    x = grey(1, 1, 8, 8).clamp(0.2, 0.8)
    x = (x * 255).round() / 255
    output = torch.full_like(x, 0.5)
    scale = 0.03
    exact = logistic(scale)
    at = (x - output) / scale
    density = (at + 2 * torch.nn.functional.softplus(-at) + math.log(scale)).sum()  # of the logistic, uncut
    bits = Gaussian().bits_per_dim(float(density), 64)
    assert bits == pytest.approx(exact.bits_per_dim(float(exact.negative_log_prob(output, x).detach()), 64), abs=2e-3)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**20), channels=st.sampled_from([1, 3]), side=st.integers(1, 9))
def test_an_image_costs_the_sum_of_its_pixels(seed: int, channels: int, side: int) -> None:
    """A mean over pixels would make the KL weigh as many times more as there are pixels."""
    x, output = grey(2, channels, side, side, seed=seed), drawn(2, channels, side, side, seed=seed + 1)
    for likelihood in (Bernoulli(), ContinuousBernoulli(), Gaussian().double(), DiscretizedLogistic(channels).double()):
        both = likelihood.negative_log_prob(output, x)
        assert both.shape == (2,)
        wide = torch.cat([output, output], dim=3), torch.cat([x, x], dim=3)
        torch.testing.assert_close(likelihood.negative_log_prob(*wide), 2 * both)
