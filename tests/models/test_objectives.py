"""Objectives: what is minimised against its formula, and a report that no objective bends."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from latentlab.config import ModelConfig, ObjectiveConfig
from latentlab.models.build import build
from latentlab.models.latent_model import LatentModel, Terms
from latentlab.models.objectives import Weights, objective

F64 = torch.float64
WAYS = ("dimension", "sample", "layer")
OBJECTIVES = {
    "beta": ObjectiveConfig(beta=4.0),
    **{f"free bits per {way}": ObjectiveConfig(free_bits=0.5, free_bits_per=way) for way in WAYS},
    "capacity": ObjectiveConfig(kind="capacity", capacity=3.0),
    "iwae": ObjectiveConfig(kind="iwae", samples=3),
}


class Unseen(Tensor):
    """A tensor whose value nobody may ask for, as during the capture of a step."""

    def refuse(self, *_: object) -> None:
        raise AssertionError("asked for its value")

    __bool__ = __float__ = __int__ = item = tolist = numpy = refuse  # type: ignore[assignment]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def some_terms(kls: list[Tensor] | None = None, images: int = 4, samples: int = 1, seed: int = 0) -> Terms:
    """Terms without a model behind them, in float64: two layers of latents, one flat and one of maps."""
    rows = images * samples
    if kls is None:
        kls = [random(images, 3, seed=seed).square(), random(images, 2, 2, 2, seed=seed + 1).square()]
    return Terms(
        reconstruction=50 + 5 * random(rows, seed=seed + 2),
        kls=[kl.repeat(samples, *[1] * (kl.dim() - 1)) for kl in kls],
        log_q=3 * random(rows, seed=seed + 3),
        log_p=3 * random(rows, seed=seed + 4),
        auxiliary={},
        z=random(rows, 3, seed=seed + 5),
        samples=samples,
    )


def value(config: ObjectiveConfig, terms: Terms, weights: Weights = Weights()) -> float:  # noqa: B008
    loss, report = objective(config)(terms, weights)
    assert torch.equal(report.objective, loss.detach()), "the curve shows what is minimised"
    return float(loss)


def small_model(kind: str = "vae") -> LatentModel:
    prior = "conditional" if kind == "cvae" else "standard"
    config = ModelConfig(kind=kind, network="mlp", hidden=(8,), latent_dim=3, binarize="threshold", prior=prior)  # type: ignore[arg-type]
    return build(config, (1, 8, 8), 4, seed=1).double()


def pictures(count: int) -> Tensor:
    return torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(8), dtype=F64)


@pytest.mark.parametrize("name", OBJECTIVES)
@given(beta=st.floats(0, 20), capacity=st.floats(0, 50), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=15)
def test_the_report_is_of_the_true_terms_whatever_is_minimised(
    name: str, beta: float, capacity: float, seed: int
) -> None:
    config = OBJECTIVES[name]
    terms = some_terms(samples=config.samples, seed=seed)
    _, report = objective(config)(terms, Weights(beta, capacity))
    per_dim = torch.cat([kl.flatten(1) for kl in terms.kls], dim=1).mean(0)
    torch.testing.assert_close(report.kl_per_dim, per_dim)
    torch.testing.assert_close(report.kl, per_dim.sum())
    torch.testing.assert_close(report.reconstruction, terms.reconstruction.mean())
    torch.testing.assert_close(report.neg_elbo, report.reconstruction + report.kl)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_further_losses_of_the_latents_are_minimised_and_not_reported(name: str) -> None:
    config = OBJECTIVES[name]
    terms = some_terms(samples=config.samples)
    more = terms._replace(auxiliary={"other": torch.full((len(terms.z),), 7.0, dtype=F64)})
    assert value(config, more) == pytest.approx(value(config, terms) + 7)
    assert objective(config)(more, Weights())[1].neg_elbo == objective(config)(terms, Weights())[1].neg_elbo


@pytest.mark.parametrize("name", OBJECTIVES)
def test_nothing_depends_on_a_value_so_that_a_step_can_be_captured(name: str) -> None:
    config = OBJECTIVES[name]
    terms = some_terms(samples=config.samples)
    unseen = terms._replace(
        reconstruction=terms.reconstruction.as_subclass(Unseen),
        kls=[kl.as_subclass(Unseen) for kl in terms.kls],
        log_q=terms.log_q.as_subclass(Unseen),
        log_p=terms.log_p.as_subclass(Unseen),
    )
    weights = Weights(torch.tensor(2.0).as_subclass(Unseen), torch.tensor(3.0).as_subclass(Unseen))
    loss, _ = objective(config)(unseen, weights)
    assert isinstance(loss, Unseen)
    with pytest.raises(AssertionError, match="asked for its value"):
        bool(loss > 0)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_weights_may_be_tensors(name: str) -> None:
    config, terms = OBJECTIVES[name], some_terms(samples=OBJECTIVES[name].samples)
    as_tensors = Weights(torch.tensor(2.5, dtype=F64), torch.tensor(1.5, dtype=F64))
    assert value(config, terms, as_tensors) == pytest.approx(value(config, terms, Weights(2.5, 1.5)), rel=1e-12)


def test_both_terms_are_sums_over_dimensions_and_means_over_images() -> None:
    """A mean over pixels beside a sum over latents is a hidden beta of the number of pixels."""
    for side in (8, 16):
        model = build(ModelConfig(latent_dim=2), (1, side, side), 0, seed=0)
        terms = model.terms(torch.full((6, 1, side, side), 0.5))
        report = objective(ObjectiveConfig())(terms, Weights())[1]
        assert float(report.reconstruction) == pytest.approx(side * side * math.log(2), rel=0.02)
    terms = some_terms([torch.tensor([[1.0, 2.0], [3.0, 6.0]], dtype=F64)], images=2)
    both = float(terms.reconstruction.sum()) / 2
    assert value(ObjectiveConfig(), terms, Weights(beta=3)) == pytest.approx(both + 3 * 6)


def test_beta_zero_leaves_the_latents_free() -> None:
    model = small_model()
    loss, report = objective(ObjectiveConfig(beta=0.0))(model.terms(pictures(5)), Weights(beta=0.0))
    assert torch.equal(loss.detach(), report.reconstruction)
    assert float(report.neg_elbo) > float(report.reconstruction)


# -- free bits


def by_hand(kls: list[list[list[float]]], floor: float, way: str) -> float:
    """The three formulas in plain Python; kls[layer][image][dimension]."""
    images = len(kls[0])
    if way == "dimension":
        return sum(
            max(floor, sum(layer[b][j] for b in range(images)) / images) for layer in kls for j in range(len(layer[0]))
        )
    if way == "sample":
        return sum(max(floor, kl) for layer in kls for image in layer for kl in image) / images
    return sum(max(floor, sum(image)) for layer in kls for image in layer) / images


@given(
    floor=st.floats(0.01, 5),
    images=st.integers(1, 5),
    widths=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    beta=st.floats(0, 5),
    seed=st.integers(0, 1000),
)
@settings(deadline=None)
def test_free_bits_are_what_their_name_says(
    floor: float, images: int, widths: list[int], beta: float, seed: int
) -> None:
    kls = [2 * random(images, width, seed=seed + n).square() for n, width in enumerate(widths)]
    terms = some_terms(kls, images)
    for way in WAYS:
        loss = value(ObjectiveConfig(free_bits=floor, free_bits_per=way), terms, Weights(beta))  # type: ignore[arg-type]
        expected = float(terms.reconstruction.mean()) + beta * by_hand([kl.tolist() for kl in kls], floor, way)
        assert loss == pytest.approx(expected, rel=1e-9)


def test_the_three_ways_are_not_the_same() -> None:
    """One image uses dimension 0, the other dimension 1: the batch's means are above the floor, single ones are not."""
    terms = some_terms([torch.tensor([[4.0, 0.0], [0.0, 4.0]], dtype=F64)], images=2)
    reconstruction = float(terms.reconstruction.mean())
    costs = {way: value(ObjectiveConfig(free_bits=1.0, free_bits_per=way), terms) - reconstruction for way in WAYS}  # type: ignore[arg-type]
    assert costs == pytest.approx({"dimension": 4.0, "sample": 5.0, "layer": 4.0})
    terms = some_terms([torch.tensor([[4.0, 0.0], [0.0, 0.0]], dtype=F64)], images=2)
    costs = {way: value(ObjectiveConfig(free_bits=1.0, free_bits_per=way), terms) - reconstruction for way in WAYS}  # type: ignore[arg-type]
    assert costs == pytest.approx({"dimension": 3.0, "sample": 3.5, "layer": 2.5})


def test_below_the_floor_nothing_pulls() -> None:
    kl = torch.tensor([[0.1, 3.0], [0.3, 5.0]], dtype=F64, requires_grad=True)
    loss, _ = objective(ObjectiveConfig(free_bits=1.0))(some_terms([kl], images=2), Weights())
    loss.backward()
    assert kl.grad is not None
    assert kl.grad.tolist() == [[0.0, 0.5], [0.0, 0.5]]


def test_no_free_bits_are_the_plain_objective_to_the_bit() -> None:
    rounded = torch.tensor([[-1e-6, 2.0], [-1e-6, 3.0]], dtype=F64)  # rounding makes a KL of 0 a little less
    terms = some_terms([rounded], images=2)
    exact = float(terms.reconstruction.mean() + rounded.mean(0).sum())
    for way in WAYS:
        assert value(ObjectiveConfig(free_bits=0.0, free_bits_per=way), terms) == exact  # type: ignore[arg-type]


# -- capacity


def test_capacity_holds_the_batchs_mean_and_not_each_image() -> None:
    config = ObjectiveConfig(kind="capacity", capacity=5.0, capacity_weight=1000.0)
    kl = torch.tensor([[1.0, 1.0], [6.0, 2.0]], dtype=F64, requires_grad=True)  # 2 and 8 nats: 5 in the mean
    terms = some_terms([kl], images=2)
    reconstruction = float(terms.reconstruction.mean())
    assert value(config, terms, Weights(capacity=5.0)) == reconstruction
    assert value(config, terms, Weights(capacity=7.5)) == pytest.approx(reconstruction + 2500)
    assert value(config, terms, Weights(capacity=1.5)) == pytest.approx(reconstruction + 3500)


def test_capacity_draws_from_both_sides_and_knows_no_beta() -> None:
    config = ObjectiveConfig(kind="capacity", capacity=5.0, capacity_weight=10.0)
    for capacity, slope in ((9.0, -5.0), (1.0, 5.0)):
        kl = torch.tensor([[1.0, 1.0], [6.0, 2.0]], dtype=F64, requires_grad=True)
        loss, _ = objective(config)(some_terms([kl], images=2), Weights(beta=77.0, capacity=capacity))
        loss.backward()
        assert kl.grad is not None
        assert kl.grad.tolist() == [[slope, slope], [slope, slope]]


# -- IWAE


def test_with_one_sample_it_is_the_monte_carlo_elbo() -> None:
    terms = some_terms(images=7)
    elbo = (terms.log_p - terms.log_q - terms.reconstruction).mean()
    assert value(ObjectiveConfig(kind="iwae"), terms) == float(-elbo)
    model, x = small_model(), pictures(9)
    terms = model.terms(x, None, torch.Generator().manual_seed(3))
    loss, _ = objective(ObjectiveConfig(kind="iwae"))(terms, Weights())
    exact = (terms.reconstruction + terms.log_q - terms.log_p).mean()
    assert torch.equal(loss, exact)
    ours, theirs = (torch.autograd.grad(of, list(model.parameters()), retain_graph=True) for of in (loss, exact))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@given(images=st.integers(1, 5), samples=st.integers(1, 6), seed=st.integers(0, 1000))
@settings(deadline=None)
def test_the_bound_is_the_mean_of_the_log_of_the_mean_weight(images: int, samples: int, seed: int) -> None:
    """Rows are all images' first draws, then all their second ones."""
    terms = some_terms(images=images, samples=samples, seed=seed)
    log_w = terms.log_p - terms.log_q - terms.reconstruction
    bound = 0.0
    for image in range(images):
        weights = [float(log_w[draw * images + image]) for draw in range(samples)]
        highest = max(weights)
        bound += highest + math.log(sum(math.exp(w - highest) for w in weights) / samples)
    loss = value(ObjectiveConfig(kind="iwae", samples=samples), terms)
    assert loss == pytest.approx(-bound / images, rel=1e-9)
    assert loss <= float(-log_w.mean()) + 1e-9, "never below the mean of its own ELBOs"


@pytest.mark.parametrize("kind", ["vae", "cvae"])
def test_its_gradient_is_that_of_its_value(kind: str) -> None:
    """The slope along the gradient is measured: a surrogate has another value, and so another slope."""
    model, x, labels = small_model(kind), pictures(6), torch.arange(6) % 4
    minimised = objective(ObjectiveConfig(kind="iwae", samples=5))

    def loss() -> Tensor:
        return minimised(model.terms(x, labels, torch.Generator().manual_seed(2), samples=5), Weights())[0]

    parameters = list(model.parameters())
    gradients = torch.autograd.grad(loss(), parameters)
    size = math.sqrt(sum(float(gradient.square().sum()) for gradient in gradients))
    assert all(bool(gradient.abs().max() > 0) for gradient in gradients)
    step, ends = 1e-5, []
    for sign in (1, -1):
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter += sign * step * gradient / size
            ends.append(float(loss()))
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= sign * step * gradient / size
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(size, rel=1e-6)


def test_more_samples_are_a_tighter_bound() -> None:
    model, x = small_model(), pictures(40)
    with torch.no_grad():
        model.latent.log_var.bias.fill_(2.0)  # a wide posterior: draws differ much in weight
        losses = []
        for samples in (1, 5, 50):
            terms = model.terms(x, None, torch.Generator().manual_seed(1), samples=samples)
            loss, _ = objective(ObjectiveConfig(kind="iwae", samples=samples))(terms, Weights())
            losses.append(float(loss))
    assert losses[0] > losses[1] > losses[2]
