"""The mathematics against torch.distributions in float64, and the objective's two sums."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.config import ModelConfig, WeightSchedule
from latentlab.models.build import build
from latentlab.models.latent_model import Terms
from latentlab.models.likelihoods import Bernoulli
from latentlab.models.objectives import beta_objective
from latentlab.models.schedules import weight_factor

F64 = torch.float64
NONE = torch.empty(0, 0)  # no condition


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


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
