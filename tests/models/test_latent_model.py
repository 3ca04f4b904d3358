"""The composed model: seeded, learning, obeying its condition, and coming back from its two files."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch

from latentlab.config import ModelConfig, RunConfig
from latentlab.images import Dataset
from latentlab.models.build import build, to_float, to_pixels
from latentlab.models.latent_model import LatentModel
from latentlab.models.objectives import beta_objective
from latentlab.models.priors import ConditionalNormal, StandardNormal
from latentlab.models.weights import from_bytes, load_model, model_description, state_bytes

DIGITS = (1, 8, 8)
CLASSES = tuple("0123456789")


Some = Callable[[int], tuple[torch.Tensor, torch.Tensor]]


@pytest.fixture(scope="module")
def some(digits: Dataset) -> Some:
    """So many of the digits: float (N, 1, 8, 8) in [0, 1], and their labels (N,)."""

    def first(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        images = digits.train.take(np.arange(count))
        return to_float(torch.as_tensor(images.pixels)), torch.as_tensor(images.labels)

    return first


def fitted(
    some: Some, config: ModelConfig, count: int, steps: int, beta: float = 1.0, rate: float = 1e-2
) -> LatentModel:
    x, labels = some(count)
    model = build(config, DIGITS, 10, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), rate)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        loss, _ = beta_objective(model.terms(x, labels, generator), beta)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


@pytest.mark.parametrize(
    "model",
    [
        {"network": "mlp", "likelihood": "bernoulli"},
        {"network": "mlp", "likelihood": "continuous-bernoulli"},
        {"network": "mlp", "likelihood": "gaussian"},
        {"network": "mlp", "likelihood": "gaussian", "sigma": "optimal"},
        {"network": "mlp", "likelihood": "gaussian", "sigma": 0.1},
        {"network": "mlp", "likelihood": "discretized-logistic"},
        {"network": "conv", "likelihood": "gaussian"},
        {"network": "conv", "likelihood": "gaussian", "decoder": "upsample", "norm": "group", "activation": "gated"},
        {"network": "residual", "likelihood": "gaussian", "norm": "layer", "activation": "silu"},
        {"network": "residual", "likelihood": "discretized-logistic", "decoder": "upsample"},
    ],
    ids=lambda model: "-".join(str(value) for value in model.values()),
)
def test_one_batch_can_be_learnt_by_heart(some: Some, model: dict[str, object]) -> None:
    hidden = (64,) if model["network"] == "mlp" else (16, 16)
    config = ModelConfig.model_validate({"hidden": hidden, "latent_dim": 8, **model})
    plain = "norm" not in model and model["likelihood"] != "continuous-bernoulli"
    learnt = fitted(some, config, count=8, steps=150 if plain else 250, beta=0.0, rate=1e-2 if plain else 3e-3).eval()
    x, _ = some(8)
    with torch.no_grad():
        again = learnt.decode(learnt.encode(x).mu)
    # a continuous Bernoulli's mean comes near 0 and 1 only for very large logits
    share = 0.4 if model["likelihood"] == "continuous-bernoulli" else 0.1
    assert float((again - x).square().mean()) < share * float(x.var(dim=0).mean())


def test_the_condition_changes_the_picture(some: Some) -> None:
    config = ModelConfig(kind="cvae", network="mlp", hidden=(64,), latent_dim=2)
    model = fitted(some, config, count=300, steps=60)
    z = torch.zeros(10, 2)
    with torch.no_grad():
        pictures = model.decode(z, torch.arange(10))
    x, labels = some(300)
    means = torch.stack([x[labels == label].mean(0) for label in range(10)])
    apart = (pictures[:, None] - means[None]).square().flatten(2).sum(2)  # (10, 10)
    assert (apart.argmin(1) == torch.arange(10)).sum() >= 8  # each is nearest to the mean picture of its own class


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_the_condition_enters_encoder_and_decoder(some: Some, network: str) -> None:
    model = build(ModelConfig(kind="cvae", network=network, latent_dim=4), DIGITS, 10, seed=0).eval()
    x, _ = some(5)
    ones, twos = torch.full((5,), 1), torch.full((5,), 2)
    assert not torch.equal(model.encode(x, ones).mu, model.encode(x, twos).mu)
    assert not torch.equal(model.decode(torch.zeros(5, 4), ones), model.decode(torch.zeros(5, 4), twos))


def test_each_class_has_its_own_prior_and_what_is_drawn_from_it_looks_like_the_class(some: Some) -> None:
    config = ModelConfig(kind="cvae", prior="conditional", network="mlp", hidden=(64,), latent_dim=2)
    model = fitted(some, config, count=300, steps=150)
    x, labels = some(300)
    assert isinstance(model.prior, ConditionalNormal)
    with torch.no_grad():
        mu, log_var = model.encode(x, labels)
        c = model.condition(labels, 300)
        prior_mu, prior_log_var = model.prior(c)
        assert float(prior_mu.std(0).max()) > 0.1  # the classes have gone apart
        kl, standard = model.prior.kl(mu, log_var, c).sum(1).mean(), StandardNormal(2).kl(mu, log_var, c).sum(1).mean()
        assert float(kl) < float(standard)
        drawn = model.sample(300, labels, torch.Generator().manual_seed(0))
        torch.testing.assert_close((drawn - prior_mu).std(0), torch.exp(0.5 * prior_log_var).mean(0), rtol=0.15, atol=0)
        pictures = model.decode(drawn, labels)
    means = torch.stack([x[labels == label].mean(0) for label in range(10)])
    apart = (pictures[:, None] - means[None]).square().flatten(2).sum(2)  # (300, 10)
    assert (apart.argmin(1) == labels).float().mean() > 0.7


def test_an_attribute_is_learnt_once_for_all_combinations() -> None:
    """The combination of both is never shown, and comes out all the same: a class of its own could not do that."""
    labels = torch.arange(60) % 3  # neither, the first, the second
    x = torch.full((60, 1, 8, 8), 0.2)
    x[labels == 1, :, :, :4] = 0.6
    x[labels == 2, :, :4] = 0.5
    config = ModelConfig(kind="cvae", network="mlp", hidden=(), latent_dim=1, likelihood="gaussian")
    model = build(config, DIGITS, 4, seed=0, attributes=2)
    assert (model.num_classes, model.condition.width) == (4, 2)
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for step in range(400):
        loss, _ = beta_objective(model.terms(x, labels, torch.Generator().manual_seed(step)), 1.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    expected = torch.full((1, 1, 8, 8), 0.2)
    expected[..., :4] += 0.4
    expected[:, :, :4] += 0.3
    with torch.no_grad():
        torch.testing.assert_close(model.decode(torch.zeros(1, 1), torch.tensor([3])), expected, rtol=0, atol=0.05)


class Fixed(torch.nn.Module):
    """Whatever it is given, this value."""

    def __init__(self, value: torch.Tensor) -> None:
        super().__init__()
        self.value = value

    def forward(self, *_: torch.Tensor) -> torch.Tensor:
        return self.value


@pytest.mark.parametrize("likelihood", ["bernoulli", "continuous-bernoulli", "gaussian", "discretized-logistic"])
def test_only_the_two_networks_run_in_bfloat16(some: Some, likelihood: str) -> None:
    """Their outputs are summed, exponentiated and drawn from as float32, to the last bit."""
    x, labels = some(6)
    config = ModelConfig(kind="cvae", prior="conditional", likelihood=likelihood, network="mlp", hidden=(16,))
    model = build(config, DIGITS, 10, seed=0)
    with torch.autocast("cpu", torch.bfloat16):
        terms = model.terms(x, labels, torch.Generator().manual_seed(0))
        pictures, posterior = model.decode(terms.z, labels), model.encode(x, labels)
    every = (terms.reconstruction, terms.kls[0], terms.log_q, terms.log_p, terms.z, pictures, *posterior)
    assert {value.dtype for value in every} == {torch.float32}
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(6, 16, generator=generator).bfloat16()
    output = torch.randn(6, *DIGITS, generator=generator).bfloat16()
    model.encoder, model.decoder = Fixed(features), Fixed(output)
    with torch.autocast("cpu", torch.bfloat16):
        low = model.terms(x, labels, torch.Generator().manual_seed(2))
    model.encoder, model.decoder = Fixed(features.float()), Fixed(output.float())
    high = model.terms(x, labels, torch.Generator().manual_seed(2))
    assert torch.equal(low.reconstruction, high.reconstruction)
    assert torch.equal(low.kls[0], high.kls[0])
    assert torch.equal(low.log_q, high.log_q)
    assert torch.equal(low.log_p, high.log_p)


def test_a_picture_costs_more_the_more_pixels_it_has() -> None:
    """At the start a Bernoulli's cost is about ln 2 per pixel."""
    for side in (8, 16):
        model = build(ModelConfig(latent_dim=2), (1, side, side), 0, seed=0)
        terms = model.terms(torch.full((4, 1, side, side), 0.5))
        assert float(terms.reconstruction.detach().mean()) == pytest.approx(side * side * math.log(2), rel=0.02)


def test_a_condition_that_is_missing_is_named(some: Some) -> None:
    model = build(ModelConfig(kind="cvae"), DIGITS, 10, seed=0)
    with pytest.raises(ValueError, match="give the class"):
        model.terms(some(3)[0])


def test_several_draws_of_an_image_are_rows_of_their_own(some: Some) -> None:
    """All images' first draws, then all their second ones; image, class and posterior stay with each."""
    model = build(ModelConfig(kind="cvae", binarize="fresh", prior="conditional", latent_dim=3), DIGITS, 10, seed=0)
    x, labels = some(5)
    terms = model.terms(x, labels, torch.Generator().manual_seed(0), samples=4)
    assert terms.samples == 4
    assert terms.z.shape == terms.kls[0].shape == (20, 3)
    assert terms.reconstruction.shape == terms.log_q.shape == terms.log_p.shape == (20,)
    z, kl = terms.z.view(4, 5, 3), terms.kls[0].view(4, 5, 3)
    assert all(torch.equal(kl[0], other) for other in kl)  # of one posterior, whatever is drawn from it
    assert all(not torch.equal(z[0], other) for other in z[1:])
    seen = model.likelihood.observe(x, torch.Generator().manual_seed(0))
    output = model.decoder(terms.z, model.condition(labels, 5).repeat(4, 1))
    expected = model.likelihood.negative_log_prob(output, seen.repeat(4, 1, 1, 1))
    torch.testing.assert_close(terms.reconstruction, expected)


def test_an_unconditional_model_ignores_labels(some: Some) -> None:
    model = build(ModelConfig(latent_dim=3), DIGITS, 10, seed=0)
    x, labels = some(4)
    assert model.num_classes == 0
    assert torch.equal(model.encode(x, labels).mu, model.encode(x).mu)


def test_the_seed_decides_the_weights_and_leaves_torch_alone() -> None:
    torch.manual_seed(99)
    before = torch.get_rng_state()
    first = build(ModelConfig(), DIGITS, 0, seed=5).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    second = build(ModelConfig(), DIGITS, 0, seed=5).state_dict()
    other = build(ModelConfig(), DIGITS, 0, seed=6).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_all_chance_comes_from_the_generator(some: Some) -> None:
    model = build(ModelConfig(binarize="fresh"), DIGITS, 0, seed=0)
    x, _ = some(6)
    torch.manual_seed(1)
    first = model.terms(x, None, torch.Generator().manual_seed(7))
    torch.manual_seed(2)
    second = model.terms(x, None, torch.Generator().manual_seed(7))
    assert torch.equal(first.reconstruction, second.reconstruction)
    assert torch.equal(first.z, second.z)
    sample = model.sample(5000, generator=torch.Generator().manual_seed(0))
    assert sample.shape == (5000, 16)
    assert float(sample.std()) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("config", "shape", "classes", "words"),
    [
        (ModelConfig(kind="cvae"), (1, 8, 8), 0, "needs data with classes"),
        (ModelConfig(), (2, 8, 8), 0, "1 or 3 channels"),
        (ModelConfig(), (1, 7, 8), 0, "8 to 128 pixels"),
        (ModelConfig(), (1, 8, 129), 0, "8 to 128 pixels"),
        (ModelConfig(hidden=()), (1, 8, 8), 0, "at least one layer"),
        (ModelConfig(hidden=(), network="residual"), (1, 8, 8), 0, "at least one layer"),
    ],
)
def test_data_that_do_not_suit_are_refused_in_a_sentence(
    config: ModelConfig, shape: tuple[int, int, int], classes: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        build(config, shape, classes)


def test_pixels_go_to_floats_and_back() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    x = to_float(pixels)
    assert float(x.min()) == 0.0
    assert float(x.max()) == 1.0
    assert torch.equal(to_pixels(x), pixels)
    assert to_pixels(torch.tensor([-0.2, 1.3])).tolist() == [0, 255]


def saved(folder: Path, config: RunConfig) -> LatentModel:
    model = build(config.model, DIGITS, 10, seed=3)
    (folder / "model.safetensors").write_bytes(state_bytes(model.state_dict()))
    (folder / "config.json").write_text(json.dumps(model_description(config, DIGITS, CLASSES)))
    return model


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "vae", "norm": "batch", "likelihood": "gaussian"},
        {"kind": "cvae", "prior": "conditional", "network": "residual", "norm": "group", "decoder": "upsample"},
        {"likelihood": "gaussian", "sigma": "optimal", "activation": "gated"},
        {"kind": "cvae", "likelihood": "discretized-logistic", "network": "residual", "activation": "gated"},
    ],
)
def test_a_model_comes_back_from_its_two_files(some: Some, tmp_path: Path, fields: dict[str, object]) -> None:
    config = RunConfig.parse({"model": {"latent_dim": 5, **fields}})
    model = saved(tmp_path, config).eval()
    loaded = load_model(tmp_path)
    assert (loaded.config, loaded.image_shape, loaded.class_names) == (config, DIGITS, CLASSES)
    assert not loaded.model.training
    x, labels = some(4)
    first, again = (each.terms(x, labels, torch.Generator().manual_seed(0)) for each in (model, loaded.model))
    assert torch.equal(first.reconstruction, again.reconstruction)
    assert torch.equal(first.kls[0], again.kls[0])
    assert torch.equal(first.log_p, again.log_p)


def test_a_model_of_attributes_comes_back_with_their_bits(tmp_path: Path) -> None:
    data = {"source": "celeba", "attributes": ["Smiling", "Male"]}
    config = RunConfig.parse({"data": data, "model": {"kind": "cvae", "prior": "conditional"}})
    model = build(config.model, DIGITS, 4, seed=3, attributes=2)
    (tmp_path / "model.safetensors").write_bytes(state_bytes(model.state_dict()))
    (tmp_path / "config.json").write_text(json.dumps(model_description(config, DIGITS, ("a", "b", "c", "d"))))
    loaded = load_model(tmp_path).model
    assert torch.equal(loaded.condition(torch.arange(4), 4), torch.tensor([[0.0, 0], [1, 0], [0, 1], [1, 1]]))
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in model.state_dict().items())


def test_the_weights_open_with_safetensors_alone(tmp_path: Path) -> None:
    model = saved(tmp_path, RunConfig())
    arrays = safetensors.numpy.load_file(tmp_path / "model.safetensors")
    assert set(arrays) == set(model.state_dict())


def test_damaged_files_are_named_in_a_sentence(tmp_path: Path) -> None:
    saved(tmp_path, RunConfig())
    description = (tmp_path / "config.json").read_text()
    with pytest.raises(ValueError, match="damaged"):
        from_bytes(b"not safetensors")
    (tmp_path / "config.json").write_text(description[:-30])
    with pytest.raises(ValueError, match="does not describe a model"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text(description.replace('"schema_version": 2', '"schema_version": 3'))
    with pytest.raises(ValueError, match="newer LatentLab"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text(description.replace('"latent_dim": 16', '"latent_dim": 15'))
    with pytest.raises(ValueError, match="are not those of the model"):
        load_model(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path)
