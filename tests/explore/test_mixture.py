"""A mixture fitted to encodings as a prior: what it finds, what is drawn from it, and how it is kept with a run."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from latentlab.__main__ import main
from latentlab.config import RunConfig
from latentlab.explore.loaded import load
from latentlab.explore.mixture import FILE, FULL_UP_TO, Mixture, fit, load_mixture, save_mixture
from latentlab.explore.mixture_prior import fit_mixture, sample_mixture
from latentlab.models.build import build

COVARIANCE = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, -0.3], [0.0, -0.3, 1.0]])


def two_clouds(count: int) -> np.ndarray:
    """One third around -6 with COVARIANCE, two thirds around +2 with a quarter of it."""
    draw = np.random.default_rng(3)
    first = draw.multivariate_normal([-6, 0, 0], COVARIANCE, count // 3)
    second = draw.multivariate_normal([2, 1, 0], COVARIANCE / 4, count - count // 3)
    return np.concatenate([first, second]).astype(np.float32)


def by_hand(step: int = 5) -> Mixture:
    parts = np.array([0.25, 0.75]), np.array([[0.0, 1.0], [2.0, 3.0]]), np.stack([np.eye(2), 2 * np.eye(2)])
    return Mixture(
        step, *(part.astype(np.float32) for part in parts), log_likelihood=-2.0, gain=1.5, points=100, seed=0
    )


def test_two_clouds_are_found_and_drawn_again_as_they_lie():
    told = []
    found = fit(two_clouds(6000), step=7, progress=lambda done, total: told.append((done, total)))
    assert found is not None
    assert found.step == 7
    assert found.components == 4
    assert told[0] == (1, 4)
    drawn = found.sample(40_000, seed=1)
    for side, mean, covariance in (
        (drawn[:, 0] < -2, (-6, 0, 0), COVARIANCE),
        (drawn[:, 0] > -2, (2, 1, 0), COVARIANCE / 4),
    ):
        assert np.allclose(drawn[side].mean(axis=0), mean, atol=0.1)
        assert np.allclose(np.cov(drawn[side], rowvar=False), covariance, atol=0.12)
    assert np.isclose((drawn[:, 0] < -2).mean(), 1 / 3, atol=0.02)
    assert found.gain > 5, "N(0, I) finds these places unlikely"


def test_chance_comes_from_the_seed():
    mixture = by_hand()
    assert np.array_equal(mixture.sample(5, 1), mixture.sample(5, 1))
    assert not np.array_equal(mixture.sample(5, 1), mixture.sample(5, 2))
    points = two_clouds(300)
    assert np.array_equal(fit(points, 0, 2).means, fit(points, 0, 2).means)


def test_points_of_the_prior_itself_ask_for_one_component_and_gain_nothing():
    found = fit(np.random.default_rng(0).standard_normal((4000, 8)).astype(np.float32), 0)
    assert found.components == 1
    assert abs(found.gain) < 0.1


def test_many_dimensions_get_a_spread_each():
    points = np.random.default_rng(0).standard_normal((300, FULL_UP_TO + 1)).astype(np.float32) * 3
    found = fit(points, 0, 1)
    assert found.factors.shape == (1, FULL_UP_TO + 1)
    assert np.allclose(found.sample(4000, 0).std(axis=0), 3, atol=0.6)


def test_it_can_be_cancelled_and_says_what_is_too_little():
    assert fit(two_clouds(300), 0, cancelled=lambda: True) is None
    with pytest.raises(ValueError, match="5 images are too few to fit a mixture of 10"):
        fit(two_clouds(5), 0, 10)
    with pytest.raises(ValueError, match="at least 1 component"):
        fit(two_clouds(30), 0, 0)


def test_it_is_kept_without_pickle_and_what_is_broken_counts_as_absent(tmp_path):
    assert load_mixture(tmp_path) is None
    save_mixture(tmp_path, by_hand())
    again = load_mixture(tmp_path)
    assert again is not None
    assert (again.step, again.log_likelihood, again.gain, again.points) == (5, -2.0, 1.5, 100)
    assert np.array_equal(again.sample(9, 4), by_hand().sample(9, 4))
    file = tmp_path / FILE
    arrays, whole = load_file(file), file.read_bytes()
    about = {"schema_version": 1, "step": 5, "log_likelihood": 0.0, "gain": 0.0, "points": 1, "seed": 0}

    def broken(change: dict, metadata: dict) -> None:
        save_file({**arrays, **change}, file, {"mixture": json.dumps(metadata)})
        assert load_mixture(tmp_path) is None

    broken({}, {**about, "schema_version": 2})
    broken({}, {"schema_version": 1})
    broken({"means": arrays["means"] * np.float32("nan")}, about)
    broken({"weights": np.ones(3, np.float32)}, about)
    for damaged in (whole[:40], b"", b"\x80\x04]."):
        file.write_bytes(damaged)
        assert load_mixture(tmp_path) is None


def test_it_is_fitted_to_draws_of_the_posterior_so_that_an_unused_dimension_keeps_its_spread(digits):
    """An untrained encoder says about N(0, 1) of every image: means alone would all but vanish."""
    config = RunConfig.parse({"model": {"network": "mlp", "hidden": [16], "latent_dim": 3}})
    model = build(config.model, digits.shape, 0, seed=0).eval()
    mixture = fit_mixture(model, digits.train, 0, components=1)
    assert mixture is not None
    assert np.allclose(sample_mixture(model, mixture, 4000).std(axis=0), 1.0, atol=0.15)


def test_a_prior_for_each_class_stays_one(digits):
    """A class's samples lie where its own prior does, and what was fitted comes back in z's own units."""
    values = {"kind": "cvae", "network": "mlp", "hidden": [16], "latent_dim": 2, "prior": "conditional"}
    model = build(RunConfig.parse({"model": values}).model, digits.shape, 10, seed=0).eval()
    with torch.no_grad():
        model.prior.log_var.bias.fill_(np.log(4.0))
        model.prior.mu.bias.fill_(3.0)
    mixture = fit_mixture(model, digits.train, 0, components=1)
    drawn = sample_mixture(model, mixture, 4000, labels=4)
    assert np.allclose(drawn.mean(axis=0), 0, atol=0.2)
    assert np.allclose(drawn.std(axis=0), 1, atol=0.15)
    with torch.no_grad():
        model.prior.mu.weight[:, 7] = 100.0
    assert np.allclose(sample_mixture(model, mixture, 50, labels=[4, 7] * 25)[1::2].mean(axis=0), 100, atol=1)


def test_export_fits_keeps_and_heeds_the_step(trained_run, tmp_path, capfd):
    root = ["--checkpoints", str(tmp_path / "runs")]
    request = ["export", "small", "samples", "--prior", "mixture", "--count", "4", "--out", str(tmp_path / "a.png")]
    assert main([*request, *root]) == 0
    assert "more likely than by the prior" in capfd.readouterr().err
    kept = load_mixture(trained_run.path)
    assert kept is not None
    assert kept.step == load(trained_run).step
    first = (tmp_path / "a.png").read_bytes()
    when = (trained_run.path / FILE).stat().st_mtime_ns
    assert main([*request, *root]) == 0
    assert (trained_run.path / FILE).stat().st_mtime_ns == when, "not fitted again"
    assert (tmp_path / "a.png").read_bytes() == first
    assert main([*request[:3], "--count", "4", "--out", str(tmp_path / "b.png"), *root]) == 0
    assert (tmp_path / "b.png").read_bytes() != first, "the prior that was trained is another"
    capfd.readouterr()

    save_mixture(trained_run.path, replace(kept, step=kept.step - 1))
    assert main([*request, "--components", "2", *root]) == 0
    assert f"is of step {kept.step - 1} and its weights are of step {kept.step}" in capfd.readouterr().err
    refitted = load_mixture(trained_run.path)
    assert (refitted.step, refitted.components) == (kept.step, 2)


def test_a_read_only_run_stays_as_it_is_and_other_exports_take_no_mixture(trained_run, tmp_path, capfd):
    root = ["--checkpoints", str(tmp_path / "runs")]
    out = ["--out", str(tmp_path / "a.png")]
    for words, reason in (
        (["map", "--prior", "mixture"], "--prior mixture is for samples"),
        (["samples", "--components", "3"], "say --prior mixture too"),
    ):
        assert main(["export", "small", *words, *out, *root]) == 2
        assert reason in capfd.readouterr().err
    trained_run.update(read_only=True)
    assert main(["export", "small", "samples", "--prior", "mixture", "--components", "1", *out, *root]) == 0
    assert "read-only" in capfd.readouterr().err
    assert load_mixture(trained_run.path) is None
