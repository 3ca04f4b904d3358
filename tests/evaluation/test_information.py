"""The two parts of the KL, each against an aggregate posterior that is exactly Gaussian: their sum proves nothing."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from latentlab.evaluation.information import information
from latentlab.evaluation.mixture import fit_mixture


def gaussian(
    nats: float, d: int, n: int, mean: float = 0.0, deviation: float = 1.0, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """mu and log_var, of one variance, so that q(z) = N(mean, deviation^2 I) and I(x; z) = nats."""
    variance = deviation**2 * math.exp(-2 * nats / d)
    noise = torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    mu = mean + math.sqrt(deviation**2 - variance) * noise
    return mu, torch.full_like(mu, math.log(variance))


def rate(mu: Tensor, log_var: Tensor) -> Tensor:
    """Of each image, (N,)."""
    return 0.5 * (mu.square() + log_var.exp() - 1 - log_var).sum(1)


def aggregate_kl(d: int, mean: float, deviation: float) -> float:
    """KL(N(mean, deviation^2 I) || N(0, I)) in d dimensions."""
    return 0.5 * d * (mean**2 + deviation**2 - 1 - 2 * math.log(deviation))


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (0.5, 1.0), (0.3, 0.6)])
def test_of_a_gaussian_both_parts_are_known(mean: float, deviation: float) -> None:
    posteriors = gaussian(2.0, 4, 4000, mean, deviation)
    found = information(*posteriors, rate(*posteriors))
    assert found["mutual_information"] == pytest.approx(2.0, abs=0.06)
    assert found["aggregate_kl"] == pytest.approx(aggregate_kl(4, mean, deviation), abs=0.06)
    assert (found["saturated"], found["estimator"], found["n"]) == (False, "minibatch", 4000)


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (0.4, 1.2)])
def test_what_so_few_images_cannot_tell_is_called_saturated_and_told_otherwise(mean: float, deviation: float) -> None:
    """The plain estimator says 9.2 of 25 nats, and would call the other 15.8 holes in the prior."""
    posteriors = gaussian(25.0, 10, 10_000, mean, deviation)
    found = information(*posteriors, rate(*posteriors))
    low, high = found["mutual_information_bounds"]
    assert found["saturated"]
    assert found["ceiling"] == pytest.approx(math.log(10_000))
    assert low == pytest.approx(9.2, abs=0.05)
    assert high == found["mutual_information"] == pytest.approx(25.0, abs=0.15)
    assert found["aggregate_kl"] == pytest.approx(aggregate_kl(10, mean, deviation), abs=0.15)
    assert found["estimator"] in ("rate", "gaussian", "mixture")


@pytest.mark.parametrize("nats", [0.0, 1.0, 4.0, 7.0, 12.0, 40.0])
def test_the_bounds_hold_the_truth_between_them(nats: float) -> None:
    posteriors = gaussian(nats, 6, 1000, 0.5, 0.8)
    found = information(*posteriors, rate(*posteriors))
    low, high = found["mutual_information_bounds"]
    assert low - 0.15 <= nats <= high + 0.15
    least, most = found["aggregate_kl_bounds"]
    assert least - 0.2 <= aggregate_kl(6, 0.5, 0.8) <= most + 0.2
    assert found["mutual_information"] + found["aggregate_kl"] == pytest.approx(float(rate(*posteriors).mean()))


def test_nothing_is_told_by_posteriors_that_are_all_alike() -> None:
    mu = torch.full((200, 3), 2.0, dtype=torch.float64)
    found = information(mu, torch.zeros_like(mu), rate(mu, torch.zeros_like(mu)))
    assert found["mutual_information"] == pytest.approx(0.0, abs=1e-6)
    assert found["aggregate_kl"] == pytest.approx(6.0, abs=1e-6)


def test_of_far_clusters_the_mixture_knows_more_than_one_gaussian() -> None:
    """q(z) is four Gaussians: I is ln 4 and what is told within each, which the plain estimator cannot say."""
    mu, log_var = gaussian(20.0, 4, 4000)
    mu = mu + 20.0 * torch.eye(4, dtype=torch.float64)[torch.arange(4000) % 4]
    found = information(mu, log_var, rate(mu, log_var))
    assert found["saturated"]
    assert found["estimator"] == "mixture"
    assert found["mutual_information"] == pytest.approx(20.0 + math.log(4), abs=0.3)


def test_with_a_prior_for_each_class_both_parts_are_within_a_class() -> None:
    """Each class has its own Gaussian, which is its prior: what the class tells does not count, and nothing is left."""
    mu, log_var = gaussian(1.5, 3, 4000)
    groups = np.arange(4000) % 4
    shifted = mu + 5.0 * torch.as_tensor(groups)[:, None]
    found = information(shifted, log_var, rate(mu, log_var), groups)
    assert found["mutual_information"] == pytest.approx(1.5, abs=0.06)
    assert found["aggregate_kl"] == pytest.approx(0.0, abs=0.06)
    assert found["ceiling"] == pytest.approx(math.log(1000))


def test_five_images_without_their_own_posterior_are_four() -> None:
    """Three alike and, far away, two alike: whatever is drawn, an image shares it with 2 of the 4 others, or with 1."""
    mu = torch.tensor([[0.0], [0.0], [0.0], [100.0], [100.0]], dtype=torch.float64)
    found = information(mu, torch.zeros_like(mu), torch.full((5,), 9.0))
    low, high = found["mutual_information_bounds"]
    assert found["upper_bound"] == "leave-one-out"
    assert low == pytest.approx(0.6 * math.log(5 / 3) + 0.4 * math.log(5 / 2), abs=1e-6)
    assert high == pytest.approx(0.6 * math.log(4 / 2) + 0.4 * math.log(4 / 1), abs=1e-6)


@pytest.mark.parametrize("sizes", [(10, 9), (9, 10), (96, 95), (95, 96), (1, 50, 9), (1, 1)])
def test_classes_too_small_for_one_of_the_bounds_are_held_by_their_others(sizes: tuple[int, ...]) -> None:
    """Gaussian bounds take 10 images, a mixture 32 per dimension, and leaving one out takes two."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    mu, log_var = gaussian(2.0, 3, len(groups))
    found = information(mu, log_var, rate(mu, log_var), groups)
    low, high = found["mutual_information_bounds"]
    assert 0 <= low <= high <= float(rate(mu, log_var).mean())
    assert found["ceiling"] == pytest.approx(sum(size * math.log(size) for size in sizes) / len(groups))


def test_one_small_class_does_not_lose_what_the_large_one_says() -> None:
    """The rate of 4,000 images is far above what they tell; of the one that is alone, its rate is all there is."""
    mu, log_var = gaussian(2.0, 3, 4001, mean=5.0)
    groups = (np.arange(4001) == 4000).astype(np.int64)
    found = information(mu, log_var, rate(mu, log_var), groups)
    assert found["upper_bound"] == "gaussian"
    assert found["mutual_information_bounds"][1] == pytest.approx(2.0, abs=0.06)


def test_one_image_can_tell_nothing() -> None:
    mu = torch.ones(1, 2, dtype=torch.float64)
    found = information(mu, torch.zeros_like(mu), torch.ones(1))
    assert (found["saturated"], found["mutual_information_bounds"]) == (True, [0.0, 1.0])


def test_a_mixture_finds_what_its_points_came_from() -> None:
    draw = torch.Generator().manual_seed(0)
    centres = torch.tensor([[-4.0, 0.0], [4.0, 0.0], [0.0, 6.0]], dtype=torch.float64)
    z = centres[torch.arange(3000) % 3] + 0.5 * torch.randn(3000, 2, dtype=torch.float64, generator=draw)
    truth = math.log(1 / 3) - math.log(2 * math.pi * 0.25)
    mixture = fit_mixture(z[:1500], 6, draw)
    held_out = float(mixture.log_prob(z[1500:]).mean())
    assert held_out == pytest.approx(
        truth - 1.0, abs=0.1
    )  # a Gaussian's mean log density is one nat a pair below its peak
    grid = torch.cartesian_prod(*(torch.linspace(-12, 14, 400, dtype=torch.float64),) * 2)
    assert float(mixture.log_prob(grid).exp().sum()) * (26 / 399) ** 2 == pytest.approx(1.0, abs=1e-3)
