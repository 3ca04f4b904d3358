"""One step: what the knobs and options of training do to it, held against torch's own or against the formula."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from latentlab.config import RunConfig, merge
from latentlab.images import Dataset
from latentlab.models.build import build, to_float
from latentlab.models.objectives import Weights, objective
from latentlab.training.batches import NOISE, Batch, stream
from latentlab.training.learner import Knobs, Learner

CPU = torch.device("cpu")
KNOBS = Knobs(beta=1.0, capacity=0.0, learning_rate=1e-2)
SMALL: dict[str, Any] = {
    "model": {"network": "mlp", "hidden": [12], "latent_dim": 3},
    "training": {"batch_size": 16, "device": "cpu"},
}
NORMED = {"network": "conv", "hidden": [4, 8], "norm": "batch"}
EVERYTHING: dict[str, Any] = {
    "data": {"augment": ["flip", "crop"]},
    "model": {"network": "conv", "hidden": [4, 8], "norm": "batch", "binarize": "fresh"},
    "training": {"weight_decay": 0.1, "clip_norm": 1.0, "ema": 0.9, "recompute": True},
}


def config(**sections: Any) -> RunConfig:
    return RunConfig.parse(merge(SMALL, sections))


def batches(dataset: Dataset, count: int, size: int = 16) -> list[Batch]:
    pixels = torch.from_numpy(dataset.train.pixels[: count * size])
    labels = torch.from_numpy(dataset.train.labels[: count * size])
    return [Batch(pixels[i * size :][:size], labels[i * size :][:size]) for i in range(count)]


def weights(learner: Learner) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in learner.model.state_dict().items()}


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_steps_are_those_of_torchs_adamw(digits: Dataset, decay: float) -> None:
    """The same objective, noise and rates by hand. Biases do not decay."""
    settings = config(training={"weight_decay": decay})
    learner, noise = Learner(settings, digits, CPU), torch.Generator().manual_seed(stream(0, NOISE))
    model = build(settings.model, digits.shape, 0, seed=0)
    parts = ([p for p in model.parameters() if (p.ndim > 1) == matrix] for matrix in (True, False))
    groups = [{"params": part, "weight_decay": d} for part, d in zip(parts, (decay, 0.0), strict=True)]
    optimizer = torch.optim.AdamW(groups)
    for number, batch in enumerate(batches(digits, 5)):
        knobs = Knobs(0.5 + number, 0.0, 1e-2 / (1 + number))
        report = learner.step(batch, knobs)
        loss, expected = objective(settings.objective)(
            model.terms(to_float(batch.pixels), None, noise), Weights(knobs.beta)
        )
        optimizer.zero_grad()
        loss.backward()
        for group in optimizer.param_groups:
            group["lr"] = knobs.learning_rate
        optimizer.step()
        torch.testing.assert_close(report.objective, loss.detach())
        torch.testing.assert_close(report.kl_per_dim, expected.kl_per_dim)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(learner.model.state_dict()[name], value, rtol=1e-4, atol=1e-5)


def test_a_prior_of_each_class_is_not_drawn_to_the_standard_one(digits: Dataset) -> None:
    """With no gradient but the decay's, all matrices shrink but for the prior's: its zero is N(0, I)."""
    settings = config(model={"kind": "cvae", "prior": "conditional"}, training={"weight_decay": 0.5})
    learner = Learner(settings, digits, CPU)
    priors = {name: value for name, value in learner.model.named_parameters() if name.startswith("prior.")}
    assert {name for name, value in priors.items() if value.ndim > 1} == {"prior.mu.weight", "prior.log_var.weight"}
    with torch.no_grad():
        for parameter in learner.model.parameters():
            parameter.fill_(1.0)
    for parameter in learner.model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    learner.optimizer.step(0.1)
    for name, value in learner.model.named_parameters():
        wanted = 0.95 if value.ndim > 1 and name not in priors else 1.0
        torch.testing.assert_close(value.detach(), torch.full_like(value, wanted), msg=name)


def test_moments_of_another_shape_are_refused_and_none_is_taken(digits: Dataset) -> None:
    """copy_ would spread one number over all, without a word."""
    learner = Learner(config(), digits, CPU)
    learner.step(batches(digits, 1)[0], KNOBS)
    before = {name: value.clone() for name, value in learner.optimizer.state().items()}
    name = list(before)[len(before) // 2]
    other = {key: torch.zeros_like(value) for key, value in before.items()} | {name: torch.zeros(1)}
    with pytest.raises(RuntimeError, match=name):
        learner.optimizer.restore(other)
    assert equal(learner.optimizer.state(), before)


def first_moments(learner: Learner) -> Tensor:
    _, training = learner.state()
    return torch.cat([value.flatten() for name, value in training.items() if name.startswith("exp_avg.")])


def test_a_long_gradient_is_cut_to_the_length_and_a_short_one_left(digits: Dataset) -> None:
    """After one step Adam's first moment is a tenth of the gradient."""
    (batch,) = batches(digits, 1)
    free, cut, loose = (Learner(config(training={"clip_norm": norm}), digits, CPU) for norm in (None, 0.5, 1e6))
    for learner in (free, cut, loose):
        learner.step(batch, KNOBS)
    whole, clipped = first_moments(free), first_moments(cut)
    assert whole.norm() > 2 * clipped.norm()
    assert clipped.norm().item() == pytest.approx(0.05, rel=1e-4)
    torch.testing.assert_close(clipped / clipped.norm(), whole / whole.norm())
    assert torch.equal(first_moments(loose), whole)


def test_several_draws_are_made_of_each_image(digits: Dataset) -> None:
    (batch,) = batches(digits, 1)
    settings = config(objective={"kind": "iwae", "samples": 7})
    learner, noise = Learner(settings, digits, CPU), torch.Generator().manual_seed(stream(0, NOISE))
    with torch.no_grad():
        terms = build(settings.model, digits.shape, 0, seed=0).terms(to_float(batch.pixels), None, noise, samples=7)
        assert terms.z.shape == (7 * 16, 3)
        expected = objective(settings.objective)(terms, Weights())[1]
    torch.testing.assert_close(learner.step(batch, KNOBS).objective, expected.objective)


def test_training_images_are_changed_by_chance_and_measured_ones_are_not(digits: Dataset) -> None:
    (batch,) = batches(digits, 1)
    plain, changed = (
        Learner(config(data={"augment": kinds}, model={"binarize": "threshold"}), digits, CPU)
        for kinds in ([], ["flip"])
    )
    noises = [learner.validation_noise() for learner in (plain, changed)]
    assert plain.measure(batch, noises[0]).reconstruction == changed.measure(batch, noises[1]).reconstruction
    assert plain.step(batch, KNOBS).reconstruction != changed.step(batch, KNOBS).reconstruction


@pytest.mark.parametrize("model", [{}, NORMED])
def test_the_running_mean_is_the_formulas_and_is_what_is_shown(digits: Dataset, model: dict[str, Any]) -> None:
    learner, raw = (Learner(config(model=model, training={"ema": ema}), digits, CPU) for ema in (0.6, 0.0))
    mean = {name: value.clone() for name, value in learner.snapshot().items()}
    for step, batch in enumerate(batches(digits, 8)):
        decay = min(0.6, (1 + step) / (10 + step))
        for one in (learner, raw):
            one.step(batch, KNOBS)
        for name, value in raw.model.state_dict().items():
            floating = value.is_floating_point()
            mean[name] = decay * mean[name] + (1 - decay) * value if floating else value.clone()
    assert equal(weights(learner), weights(raw)), "training does not know of it"
    for name, value in learner.snapshot().items():
        torch.testing.assert_close(value, mean[name])
    shown = build(config(model=model).model, digits.shape, 0, seed=1).eval()
    shown.load_state_dict(learner.snapshot())
    (batch,) = batches(digits, 1)
    measured = learner.measure(batch, learner.validation_noise())
    with torch.no_grad():
        terms = shown.terms(to_float(batch.pixels), None, learner.validation_noise())
    torch.testing.assert_close(measured.reconstruction, terms.reconstruction.mean())


@pytest.mark.parametrize("way", ["state", "copy"])
@pytest.mark.parametrize("options", [{}, EVERYTHING])
def test_what_is_put_back_goes_on_with_the_same_bits(digits: Dataset, way: str, options: dict[str, Any]) -> None:
    """From files, into a new learner; or from memory, into the same one after it went wrong."""
    settings, (first, second, third) = config(**options), batches(digits, 3)
    learner = Learner(settings, digits, CPU)
    learner.step(first, KNOBS)
    copy, noise = learner.copy(), learner.noise.get_state()
    shown, training = ({name: value.clone() for name, value in state.items()} for state in learner.state())
    straight = [learner.step(batch, KNOBS).objective for batch in (second, third)]
    after, shown_after = weights(learner), learner.snapshot()
    if way == "state":
        learner = Learner(settings, digits, CPU)
        learner.restore(shown, training)
        learner.noise.set_state(noise)
    else:
        learner.step(first, KNOBS._replace(learning_rate=float("nan")))
        assert not learner.finite()
        learner.put_back(copy)
        assert learner.finite()
    again = [learner.step(batch, KNOBS).objective for batch in (second, third)]
    assert again == straight
    assert equal(weights(learner), after)
    assert equal(dict(learner.snapshot()), dict(shown_after))


@pytest.mark.parametrize("model", [{}, NORMED, {**NORMED, "network": "residual"}])
def test_recomputing_gives_the_same_bits(digits: Dataset, model: dict[str, Any]) -> None:
    """Batch normalisation's running statistics take in each batch once, though it is seen twice."""
    kept, again = (Learner(config(model=model, training={"recompute": on}), digits, CPU) for on in (False, True))
    for batch in batches(digits, 3):
        assert torch.equal(kept.step(batch, KNOBS).objective, again.step(batch, KNOBS).objective)
    assert equal(weights(kept), weights(again))


def saved_bytes(step: Callable[[], object]) -> int:
    """Of activations kept for the gradient."""
    sizes: list[int] = []

    def pack(tensor: Tensor) -> Tensor:
        sizes.append(tensor.nbytes)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        step()
    return sum(sizes)


def test_recomputing_keeps_less(digits: Dataset) -> None:
    """Of a deep encoder, only what goes in."""
    model = {"network": "mlp", "hidden": [16] * 12}
    learners = [Learner(config(model=model, training={"recompute": on}), digits, CPU) for on in (False, True)]
    x, c = torch.rand(1024, *digits.shape), torch.empty(1024, 0)
    kept, again = (saved_bytes(lambda encoder=learner.model.encoder: encoder(x, c)) for learner in learners)
    assert again < kept / 3


class NoLooking(TorchDispatchMode):
    """Fails where a tensor's value or a size that depends on one goes to Python: a GPU would be waited for."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert func.overloadpacket not in (
            torch.ops.aten._local_scalar_dense,
            torch.ops.aten.nonzero,
            torch.ops.aten.masked_select,
        ), func
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "options",
    [
        {},
        EVERYTHING,
        {"model": {"kind": "cvae", "prior": "conditional"}, "objective": {"kind": "iwae", "samples": 2}},
        {"model": {"kind": "beta-vae"}, "objective": {"kind": "capacity", "capacity": 5.0}},
        {"model": {"likelihood": "discretized-logistic"}, "objective": {"free_bits": 0.5, "free_bits_per": "sample"}},
        {"model": {"likelihood": "gaussian", "sigma": "optimal"}},
        {"model": {"likelihood": "continuous-bernoulli", "network": "residual", "decoder": "upsample", "hidden": [4]}},
    ],
)
def test_a_step_looks_at_no_value(digits: Dataset, options: dict[str, Any]) -> None:
    learner = Learner(config(**options), digits, CPU)
    (batch,) = batches(digits, 1)
    with NoLooking():
        learner.step(batch, KNOBS)
    assert learner.finite()


def test_every_weight_is_learnt(digits: Dataset) -> None:
    learner = Learner(config(model={"kind": "cvae", "prior": "conditional"}), digits, CPU)
    before = weights(learner)
    learner.step(batches(digits, 1)[0], KNOBS)
    learned = {name for name, _ in learner.model.named_parameters()}
    assert all(not torch.equal(before[name], learner.model.state_dict()[name]) for name in learned)
