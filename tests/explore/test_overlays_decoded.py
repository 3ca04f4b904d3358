"""The decoder's sensitivity and the sheets of decoded pictures: against a linear decoder, and a trained one."""

import numpy as np
import pytest
import torch

from latentlab.explore.charts import AxesChart, PcaChart
from latentlab.explore.loaded import Loaded, load
from latentlab.explore.overlays.lattice import Look
from latentlab.explore.overlays.manifold import Manifold
from latentlab.explore.overlays.plane import Extent, Plane
from latentlab.explore.overlays.sensitivity import (
    PlaneSensitivity,
    interpolated,
    sample_sensitivity,
    sensitivity,
)
from latentlab.explore.pca import Pca
from latentlab.explore.sample import prior_moments
from latentlab.models.build import build
from latentlab.runs.folder import RunFolder

LOOK = Look(Extent(-2.0, -1.5, 4.0, 3.0), 80.0)
CHANCE = np.random.default_rng(0)


class Linear:
    """A decoder whose picture is W z: its Jacobian is W everywhere. Counts the pictures that it is asked for."""

    num_classes = 0

    def __init__(self, dims: int, image_shape: tuple[int, int, int] = (1, 4, 4)) -> None:
        self.image_shape, self.latent_dim = image_shape, dims
        self.weight = torch.from_numpy(CHANCE.standard_normal((int(np.prod(image_shape)), dims)).astype(np.float32))
        self.decoded = 0

    def decode(self, z: torch.Tensor, labels: object = None) -> torch.Tensor:
        self.decoded += len(z)
        return (z @ self.weight.T).reshape(len(z), *self.image_shape)


def always() -> bool:
    return True


@pytest.fixture
def loaded(trained_run: RunFolder) -> Loaded:
    return load(trained_run.path)


def test_a_linear_decoder_is_as_sensitive_as_its_jacobian_everywhere():
    model, places = Linear(5), CHANCE.standard_normal((40, 5)) * 3
    axes = np.linalg.qr(CHANCE.standard_normal((5, 2)))[0].T
    wanted = np.linalg.norm(model.weight.numpy() @ axes.T)
    assert np.allclose(sensitivity(model, places, axes), wanted, rtol=1e-3)


def test_on_samples_it_is_the_whole_jacobians_norm_and_estimated_where_there_are_many_dimensions():
    few, many = Linear(5), Linear(40)
    exact = sample_sensitivity(few, CHANCE.standard_normal((50, 5)), None, always)
    assert np.allclose(exact, np.linalg.norm(few.weight), rtol=1e-3)
    estimate = sample_sensitivity(many, CHANCE.standard_normal((300, 40)), None, always)
    assert np.sqrt(np.mean(estimate**2)) == pytest.approx(float(np.linalg.norm(many.weight)), rel=0.05)
    assert sample_sensitivity(few, np.zeros((50, 5)), None, lambda: False) is None


def test_a_trained_decoder_is_as_sensitive_as_automatic_differentiation_says(loaded: Loaded):
    z = CHANCE.standard_normal((6, 4)).astype(np.float32)
    axes = np.linalg.qr(CHANCE.standard_normal((4, 2)))[0].T
    jacobians = [
        torch.func.jacrev(lambda at: loaded.model.decode(at[None])[0].flatten())(torch.from_numpy(at)) for at in z
    ]
    wanted = [float(np.linalg.norm(jacobian.detach().numpy() @ axes.T)) for jacobian in jacobians]
    off = np.abs(sensitivity(loaded.model, z, axes) / wanted - 1)
    assert np.median(off) < 1e-3
    assert off.max() < 0.03, "where a ReLU switches within the step, a difference is between its two slopes"


def plane(dims: int) -> Plane:
    mu = CHANCE.standard_normal((100, dims))
    found = Plane.of(PcaChart(mu, Pca.fit(mu)))
    assert found is not None
    return found


def test_a_field_is_coarse_then_fine_and_is_not_computed_twice():
    model, on = Linear(5), plane(5)
    kept = PlaneSensitivity(model, on, on.rest(np.ones(5)))
    coarse, fine = kept.fields(LOOK, always)
    assert (coarse.complete, fine.complete) == (False, True)
    assert fine.values.size > 3 * coarse.values.size
    wanted = np.linalg.norm(model.weight.numpy() @ on.axes.T)
    assert np.allclose(fine.values, wanted, rtol=1e-3)
    assert coarse.top == pytest.approx(wanted, rel=1e-3)
    before = model.decoded
    assert np.array_equal(list(kept.fields(LOOK, always))[-1].values, fine.values)
    assert model.decoded == before, "all of it was known"
    list(kept.fields(Look(Extent(-1.8, -1.5, 4.0, 3.0), 80.0), always))
    assert model.decoded - before < 0.25 * before, "only what has come into sight"


def test_a_field_that_is_no_longer_wanted_ends_and_keeps_what_it_has(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("latentlab.explore.overlays.sensitivity.AT_ONCE", 8)
    model, on = Linear(5), plane(5)
    kept = PlaneSensitivity(model, on, on.rest(np.zeros(5)))
    left = iter([True])
    assert not list(kept.fields(LOOK, lambda: next(left, False)))
    once = model.decoded
    assert once > 0
    whole = Linear(5)
    list(PlaneSensitivity(whole, on, on.rest(np.zeros(5))).fields(LOOK, always))
    list(kept.fields(LOOK, always))
    assert model.decoded == whole.decoded


def test_values_lie_where_they_were_taken(loaded: Loaded):
    on = Plane.of(AxesChart(np.zeros((1, 4)), (2, 0)))
    rest = on.rest(np.array([9.0, 0.3, 9.0, -0.4]))
    *_, field = PlaneSensitivity(loaded.model, on, rest).fields(LOOK, always)
    rows, columns = field.values.shape
    x = field.extent.left + (np.arange(columns) + 0.5) * field.extent.width / columns
    y = field.extent.bottom + (np.arange(rows) + 0.5) * field.extent.height / rows
    across, up = (each.ravel() for each in np.meshgrid(x, y))
    z = np.stack([up, np.full_like(up, 0.3), across, np.full_like(up, -0.4)], axis=1)
    assert np.allclose(field.values.ravel(), sensitivity(loaded.model, z, on.axes), rtol=1e-3)


def test_between_samples_a_field_is_theirs_and_ends_where_there_are_none():
    coords = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 10.0]])
    field = interpolated(coords, np.array([2.0, 2.0, 5.0], np.float32))
    rows, columns = field.values.shape

    def at(x: float, y: float) -> float:
        row = int((y - field.extent.bottom) / field.extent.height * rows)
        return float(field.values[row, int((x - field.extent.left) / field.extent.width * columns)])

    assert at(0, 0) == pytest.approx(2.0)
    assert at(0, 10) == pytest.approx(5.0)
    row, column = rows // 2, columns // 2
    assert field.certainty[row, column] < 1e-3, "far from all of them"
    assert field.certainty.max() > 0.9
    assert max(field.certainty[0].max(), field.certainty[-1].max(), field.certainty[:, 0].max()) < 0.01, "no edge"


# -- the sheet


@pytest.mark.parametrize("kind", ["pca", "axes"])
def test_each_picture_of_the_sheet_is_what_is_decoded_at_its_place(loaded: Loaded, digits, kind: str):
    mu = loaded.encode(digits.train.take(np.arange(200)))
    chart = PcaChart(mu, Pca.fit(mu)) if kind == "pca" else AxesChart(mu, (1, 3))
    on, held = Plane.of(chart), mu[5]
    *_, sheet = Manifold(loaded.model, on, on.rest(held)).sheets(LOOK, always)
    rows, columns = sheet.known.shape
    assert sheet.known.all()
    assert sheet.held == 2
    assert 34 < sheet.extent.width / columns * LOOK.scale < 68
    for row in range(rows):
        for column in range(columns):
            x = sheet.extent.left + (column + 0.5) * sheet.extent.width / columns
            y = sheet.extent.bottom + (row + 0.5) * sheet.extent.height / rows
            wanted = loaded.decode(chart.read((x, y), held).z[None].astype(np.float32))[0]
            assert np.abs(sheet.picture(row, column).astype(int) - wanted).max() <= 1, "but for rounding"


def test_a_sheet_is_filled_from_the_middle_and_kept_while_panning(loaded: Loaded, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("latentlab.explore.overlays.manifold.AT_ONCE", 4)
    on = Plane.of(AxesChart(np.zeros((1, 4)), (0, 1)))
    kept = Manifold(loaded.model, on, on.rest(np.zeros(4)))
    sheets = list(kept.sheets(LOOK, always))
    assert len(sheets) > 2
    counts = [int(sheet.known.sum()) for sheet in sheets]
    assert counts == sorted(set(counts)), "more and more of it"
    rows, columns = sheets[0].known.shape
    assert sheets[0].known[rows // 2, columns // 2]
    assert not sheets[0].known[0, 0]
    assert [sheet.complete for sheet in sheets] == [False] * (len(sheets) - 1) + [True]
    panned = next(kept.sheets(Look(Extent(-1.8, -1.5, 4.0, 3.0), 80.0), always))
    assert panned.known.sum() > 0.8 * panned.known.size, "most of it is there at once"
    assert not list(kept.sheets(Look(Extent(90, 90, 4.0, 3.0), 80.0), lambda: False))


def test_large_pictures_are_kept_no_larger_than_they_are_drawn():
    on = Plane.of(AxesChart(np.zeros((1, 2)), (0, 1)))
    *_, sheet = Manifold(Linear(2, (3, 128, 128)), on, on.rest(np.zeros(2))).sheets(LOOK, always)
    assert sheet.picture(0, 0).shape == (3, 64, 64)


# -- the prior that was trained


def test_moments_are_those_of_the_prior_that_samples_are_drawn_from(loaded: Loaded):
    mean, variance = prior_moments(loaded.model)
    assert np.array_equal(mean, np.zeros((1, 4)))
    assert np.array_equal(variance, np.ones((1, 4)))


def test_a_learnt_prior_has_moments_for_each_class():
    from latentlab.config import ModelConfig

    config = ModelConfig(kind="cvae", network="mlp", hidden=(8,), latent_dim=3, prior="conditional")
    model = build(config, (1, 8, 8), 10, seed=0).eval()
    for parameter in model.prior.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    mean, variance = prior_moments(model)
    drawn = model.sample(20_000, torch.full((20_000,), 4), torch.Generator().manual_seed(0)).detach().numpy()
    assert mean.shape == variance.shape == (10, 3)
    assert np.allclose(drawn.mean(axis=0), mean[4], atol=0.05)
    assert np.allclose(drawn.var(axis=0), variance[4], rtol=0.05)
