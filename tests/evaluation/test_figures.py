"""Neighbours, ways between codes, anomaly scores and reconstruction errors, where the answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from latentlab.config import ModelConfig
from latentlab.evaluation import overlap
from latentlab.evaluation.anomalies import auroc, most_unusual
from latentlab.evaluation.evaluate import evaluate
from latentlab.evaluation.interpolation import smoothness
from latentlab.evaluation.overlap import knn_accuracy
from latentlab.images import Dataset, Images
from latentlab.models.build import build, to_float
from latentlab.models.latent_model import LatentModel


def test_apart_classes_are_told_by_their_neighbours_and_mixed_ones_are_not() -> None:
    draw = torch.Generator().manual_seed(0)
    labels = np.arange(600) % 3
    z = torch.randn(600, 2, generator=draw)
    assert knn_accuracy(z + 20 * torch.as_tensor(labels)[:, None], labels)["knn_accuracy"] == 1.0
    assert knn_accuracy(z, labels)["knn_accuracy"] == pytest.approx(1 / 3, abs=0.08)


def test_an_image_is_not_its_own_neighbour() -> None:
    """Pairs of different classes on one spot: counting itself, every image would be right."""
    z = torch.arange(50.0).repeat_interleave(2)[:, None]
    assert knn_accuracy(z, np.arange(100) % 2, k=1)["knn_accuracy"] == 0.0


def test_of_equal_votes_the_nearest_neighbour_decides() -> None:
    z = torch.tensor([[0.0], [1.0], [2.1], [3.3], [4.6]])
    found = knn_accuracy(z, np.array([0, 0, 1, 1, 0]), k=4)
    assert found["knn_accuracy"] == pytest.approx(2 / 5)  # the first two and the fourth image have two votes each
    assert found["k"] == 4


def test_many_images_are_sampled_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "MOST_IMAGES", 50)
    found = knn_accuracy(torch.zeros(80, 1), np.zeros(80, np.int64), k=1)
    assert (found["n"], found["knn_accuracy"]) == (50, 1.0)


class Painter(nn.Module):
    """Decodes z (B, 1) to four pixels of `brightness(z)`, as logits."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        share = z.clamp(0, 1) if self.kind == "even" else (z > 0.55).float() if self.kind == "jump" else 0 * z
        brightness = 0.2 + 0.6 * share
        return torch.logit(brightness)[:, :, None, None].expand(-1, 1, 8, 8)


def painted(kind: str) -> LatentModel:
    model = build(ModelConfig(network="mlp", hidden=(4,), latent_dim=1), (1, 8, 8), 0, seed=0).eval()
    model.decoder = Painter(kind)
    return model


@pytest.mark.parametrize(
    ("kind", "energy", "largest"), [("even", 1.0, 1.0), ("jump", 10.0, 10.0), ("still", None, None)]
)
def test_a_cross_fade_is_smooth_and_a_jump_is_not(kind: str, energy: float | None, largest: float | None) -> None:
    mu = torch.tensor([[0.0], [1.0]])
    found = smoothness(painted(kind), mu, None)
    assert found["energy"] == (None if energy is None else pytest.approx(energy, rel=1e-4))
    assert found["largest_step"] == (None if largest is None else pytest.approx(largest, rel=1e-4))
    assert (found["pairs"], found["steps"]) == (0 if energy is None else 1, 10)


def test_of_a_conditional_model_both_ends_are_of_one_class() -> None:
    model = build(ModelConfig(kind="cvae", network="mlp", hidden=(8,), latent_dim=2), (1, 8, 8), 3, seed=0).eval()
    seen: list[Tensor] = []
    model.decoder.register_forward_pre_hook(lambda _module, given: seen.append(torch.cat(given, 1)))
    labels = np.array([0, 0, 1, 1, 1, 2])
    mu = torch.as_tensor(labels)[:, None].float().expand(-1, 2) * 10
    smoothness(model, mu, labels)
    assert len(seen) >= 1
    for both in seen:
        codes, condition = both[:, :2], both[:, 2:]
        assert torch.equal(codes[:, 0], 10 * condition.argmax(1).float())


@settings(deadline=None, max_examples=50)
@given(usual=st.lists(st.integers(-3, 3), min_size=1), unusual=st.lists(st.integers(-3, 3), min_size=1))
def test_auroc_is_the_share_of_pairs_in_the_right_order(usual: list[int], unusual: list[int]) -> None:
    pairs = [(b > a) + 0.5 * (b == a) for a in usual for b in unusual]
    assert auroc(np.array(usual, float), np.array(unusual, float)) == pytest.approx(np.mean(pairs))


def test_the_most_unusual_come_first_by_their_index() -> None:
    found = most_unusual(np.array([1.0, 5.0, 3.0]), np.array([70, 80, 90]), count=2)
    assert found == [{"index": 80, "score": 5.0}, {"index": 90, "score": 3.0}]


def test_other_pictures_are_told_apart_by_a_trained_model(digits: Dataset) -> None:
    """A model whose every picture is the digits' mean: noise is less like it than digits are."""
    model = build(ModelConfig(network="mlp", hidden=(4,), latent_dim=2), digits.shape, 0, seed=0)
    mean = to_float(torch.as_tensor(np.asarray(digits.train.pixels))).mean(0).clamp(0.02, 0.98)
    with torch.no_grad():
        model.decoder.out.weight.zero_()
        model.decoder.out.bias.copy_(torch.logit(mean).flatten())
    noise = np.random.default_rng(0).integers(0, 256, (80, *digits.shape)).astype(np.uint8)
    told: list[tuple[int, int]] = []
    figures = evaluate(
        model,
        digits.test,
        split="test",
        samples=2,
        against=Images(noise, np.arange(80)),
        progress=lambda done, total: told.append((done, total)),
    )
    assert figures.against is not None
    assert figures.against["n"] == 80
    assert figures.against["auroc"]["reconstruction"] > 0.95
    assert told[-1] == (440, 440)
    highest = figures.unusual["neg_elbo"]
    assert {image["index"] for image in highest} <= set(digits.test.index.tolist())
    assert highest[0]["score"] >= highest[-1]["score"] > figures.neg_elbo


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_errors_are_means_over_pixels_of_what_the_mean_code_shows(digits: Dataset, likelihood: str) -> None:
    config = ModelConfig.model_validate({"network": "mlp", "hidden": (8,), "latent_dim": 3, "likelihood": likelihood})
    model = build(config, digits.shape, 0, seed=0).eval()
    figures = evaluate(model, digits.test, split="test", samples=1)
    x = to_float(torch.as_tensor(np.asarray(digits.test.pixels)))
    with torch.no_grad():
        shown = model.decode(model.encode(x).mu)
    assert figures.error["mse"] == pytest.approx(float((shown - x).square().mean()), rel=1e-4)
    if likelihood == "bernoulli":
        expected = float(nn.functional.binary_cross_entropy(shown, x))
        assert figures.error["cross_entropy"] == pytest.approx(expected, rel=1e-4)
        assert figures.bits_per_dim is None
    else:
        assert figures.error["cross_entropy"] is None
        assert figures.bits_per_dim is not None
        assert figures.bits_per_dim["nll"] == pytest.approx(model.likelihood.bits_per_dim(figures.nll, 64))
