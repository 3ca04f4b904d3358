"""The composed model: seeded, learning, obeying its condition, and coming back from its two files."""

import json
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


def fitted(some: Some, config: ModelConfig, count: int, steps: int, beta: float = 1.0) -> LatentModel:
    x, labels = some(count)
    model = build(config, DIGITS, 10, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        loss, _ = beta_objective(model.terms(x, labels, generator), beta)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_one_batch_can_be_learnt_by_heart(some: Some, network: str) -> None:
    hidden = (64,) if network == "mlp" else (16, 16)
    config = ModelConfig(network=network, hidden=hidden, latent_dim=8, likelihood="gaussian")
    model = fitted(some, config, count=8, steps=150, beta=0.0)
    x, _ = some(8)
    with torch.no_grad():
        again = model.decode(model.encode(x).mu)
    assert float((again - x).square().mean()) < 0.1 * float(x.var(dim=0).mean())


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


@pytest.mark.parametrize("kind", ["vae", "cvae"])
def test_a_model_comes_back_from_its_two_files(some: Some, tmp_path: Path, kind: str) -> None:
    config = RunConfig.parse({"model": {"kind": kind, "norm": "batch", "likelihood": "gaussian", "latent_dim": 5}})
    model = saved(tmp_path, config).eval()
    loaded = load_model(tmp_path)
    assert (loaded.config, loaded.image_shape, loaded.class_names) == (config, DIGITS, CLASSES)
    assert not loaded.model.training
    x, labels = some(4)
    assert torch.equal(loaded.model.encode(x, labels).mu, model.encode(x, labels).mu)


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
