"""bfloat16 is taken where the processor has it, where it pays, and where it gives the same numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from latentlab.config import RunConfig
from latentlab.images import Dataset, Images
from latentlab.models.build import build
from latentlab.models.latent_model import LatentModel
from latentlab.training import precision
from latentlab.training.batches import Batch
from latentlab.training.devices import choose_device
from latentlab.training.learner import Knobs, Learner
from latentlab.training.precision import agrees, check, multiply_adds, resolve, tf32

CPU = torch.device("cpu")
KNOBS = Knobs(beta=1.0, capacity=0.0, learning_rate=1e-3)
LARGE = {"network": "mlp", "hidden": [64], "latent_dim": 4}  # 0.11 million multiply-adds an image of 28x28


@pytest.fixture
def has_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any processor can compute in bfloat16, if slowly."""
    monkeypatch.setattr(precision, "_has_bfloat16", lambda device: True)


@pytest.fixture
def garments() -> Dataset:
    draw = np.random.default_rng(0)
    images = Images(draw.integers(0, 256, (64, 1, 28, 28), np.uint8), np.arange(64))
    return Dataset("noise", images, images)


def config(model: dict[str, Any] | None = None, **training: Any) -> RunConfig:
    return RunConfig.parse({"model": LARGE if model is None else model, "training": training})


def first(dataset: Dataset, count: int) -> Batch:
    return Batch(torch.from_numpy(dataset.train.pixels[np.arange(count)]), None)


@pytest.mark.usefixtures("has_bfloat16")
def test_auto_takes_bfloat16_for_large_steps_only(garments: Dataset, digits: Dataset) -> None:
    assert Learner(config(batch_size=1024), garments, CPU).precision == "bfloat16"
    assert Learner(config(batch_size=64), garments, CPU).precision == "float32"
    small = {"network": "conv", "hidden": [16, 32], "latent_dim": 10}
    assert Learner(config(small, batch_size=64), digits, CPU).precision == "float32"
    assert Learner(config(batch_size=64, precision="bfloat16"), garments, CPU).precision == "bfloat16"
    assert Learner(config(batch_size=1024, precision="float32"), garments, CPU).precision == "float32"


def test_without_it_auto_keeps_float32_and_asking_is_refused(
    garments: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "_has_bfloat16", lambda device: False)
    assert Learner(config(batch_size=1024), garments, CPU).precision == "float32"
    with pytest.raises(ValueError, match="AVX512-BF16 or AMX"):
        Learner(config(precision="bfloat16"), garments, CPU)
    with pytest.raises(ValueError, match="choose the precision auto or float32"):
        check("bfloat16", torch.device("mps"))
    check("auto", torch.device("mps"))


@pytest.mark.usefixtures("has_bfloat16")
@pytest.mark.parametrize("fault", ["value", "gradient", "nan"])
def test_a_wrong_kernel_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is wrong in bfloat16 alone: by 2 % of the loss, by 15 % of the gradient, or no number."""
    monkeypatch.setattr(precision, "WORTHWHILE", 0)
    model = build(config().model, (1, 28, 28), 0, seed=0)
    x = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0)).square()

    def loss(model: LatentModel, broken: bool = True) -> Tensor:
        value = model.terms(x, None, torch.Generator().manual_seed(0)).reconstruction.mean()
        if not broken or not torch.is_autocast_enabled("cpu"):
            return value
        if fault == "gradient":
            return 1.15 * value - 0.15 * value.detach()
        return value * (1.02 if fault == "value" else float("nan"))

    assert resolve("auto", CPU, model, 8, lambda model: loss(model, broken=False)) == "bfloat16"
    assert resolve("auto", CPU, model, 8, loss) == "float32"


@pytest.mark.usefixtures("has_bfloat16")
@pytest.mark.parametrize(
    "model",
    [
        {"network": "mlp"},
        {"network": "conv", "hidden": [8, 16], "norm": "batch"},
        {"network": "residual", "hidden": [8], "decoder": "upsample", "norm": "group", "activation": "gelu"},
        {"network": "conv", "hidden": [8], "likelihood": "continuous-bernoulli"},
        {"network": "mlp", "likelihood": "gaussian", "sigma": "optimal"},
        {"network": "mlp", "likelihood": "discretized-logistic"},
    ],
)
def test_every_kind_of_model_agrees(garments: Dataset, model: dict[str, Any]) -> None:
    learner = Learner(config(model), garments, CPU)
    before = {name: value.clone() for name, value in learner.model.state_dict().items()}
    assert agrees(learner.model, learner._probe(config(model)), CPU)
    after = learner.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before), "trying leaves running statistics alone"
    assert all(parameter.grad is None for parameter in learner.model.parameters())


def test_tf32_is_for_steps_and_for_nothing_else_in_the_process() -> None:
    """An evaluation after training, in the same process, computes as one in a process of its own."""

    def flags() -> tuple[str, bool]:
        return torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32

    before = flags()
    with tf32(torch.device("cuda")):
        assert flags() == ("high", True)
    assert flags() == before
    with pytest.raises(ArithmeticError), tf32(torch.device("cuda")):
        raise ArithmeticError
    assert flags() == before
    with tf32(CPU):
        assert flags() == before


def test_whoever_chooses_cuda_has_convolutions_of_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch would round their factors to ten bits unless told."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("cuda")
    assert not torch.backends.cudnn.allow_tf32


def test_steps_are_in_tf32_and_measurements_are_not(garments: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[bool] = []

    @contextmanager
    def noted(device: torch.device) -> Iterator[None]:
        inside.append(True)
        yield
        inside.pop()

    monkeypatch.setattr("latentlab.training.learner.tf32", noted)
    learner = Learner(config(batch_size=8), garments, CPU)
    found: list[bool] = []
    learner.model.encoder.register_forward_hook(lambda *_: found.append(bool(inside)))
    batch = first(garments, 8)
    learner.step(batch, KNOBS)
    learner.measure(batch, learner.validation_noise())
    assert found == [True, False]


def test_multiply_adds_are_counted_by_hand() -> None:
    mlp = build(config({"network": "mlp", "hidden": [20], "latent_dim": 3}).model, (1, 8, 8), 0, seed=0)
    assert multiply_adds(mlp) == 64 * 20 + 20 * 3 * 2 + 3 * 20 + 20 * 64
    conv = build(config({"network": "conv", "hidden": [4], "latent_dim": 3}).model, (1, 8, 8), 0, seed=0)
    width = 32  # half of the 4 * 4 * 4 features
    convolutions = 2 * (4 * 4 * 4 * 16)
    assert multiply_adds(conv) == convolutions + 64 * width + width * 3 * 2 + 3 * width + width * 64


def test_counting_is_for_where_bfloat16_could_be_taken_and_draws_nothing(
    garments: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training leaves torch's global generator to whoever else draws from it."""
    before = torch.get_rng_state()
    monkeypatch.setattr(precision, "_has_bfloat16", lambda device: True)
    assert Learner(config(batch_size=1024), garments, CPU).precision == "bfloat16"
    assert torch.equal(torch.get_rng_state(), before)

    def refuse(model: LatentModel) -> int:
        raise AssertionError("a forward pass for nothing")

    monkeypatch.setattr(precision, "_has_bfloat16", lambda device: False)
    monkeypatch.setattr(precision, "multiply_adds", refuse)
    assert Learner(config(batch_size=1024), garments, CPU).precision == "float32"


@pytest.mark.usefixtures("has_bfloat16")
def test_what_is_measured_and_kept_is_float32(garments: Dataset) -> None:
    exact, rough = (Learner(config(precision=wanted), garments, CPU) for wanted in ("float32", "bfloat16"))
    batch = first(garments, 32)
    measured = [learner.measure(batch, learner.validation_noise()) for learner in (exact, rough)]
    assert all(torch.equal(here, there) for here, there in zip(*measured, strict=True))
    reports = [learner.step(batch, KNOBS) for learner in (exact, rough)]
    assert reports[0].reconstruction != reports[1].reconstruction, "the step itself is not"
    assert all(value.dtype == torch.float32 for report in reports for value in report)
    assert all(value.dtype == torch.float32 for state in rough.state() for value in state.values())


@pytest.mark.usefixtures("has_bfloat16")
@pytest.mark.parametrize("model", [LARGE, {"network": "conv", "hidden": [8, 16], "latent_dim": 4}])
def test_bfloat16_goes_on_with_the_same_bits(garments: Dataset, model: dict[str, Any]) -> None:
    settings, batch = config(model, precision="bfloat16"), first(garments, 32)
    learner = Learner(settings, garments, CPU)
    learner.step(batch, KNOBS)
    weights, training = ({name: value.clone() for name, value in state.items()} for state in learner.state())
    other = Learner(settings, garments, CPU)
    other.restore(weights, training)
    other.noise.set_state(learner.noise.get_state())
    reports = [one.step(batch, KNOBS) for one in (learner, other)]
    assert torch.equal(reports[0].objective, reports[1].objective)
    pairs = zip(learner.state(), other.state(), strict=True)
    assert all(torch.equal(here[name], there[name]) for here, there in pairs for name in here)
