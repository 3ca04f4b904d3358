"""A run's model by `latentlab.load`: NumPy in, NumPy out, and the same as the model itself says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import latentlab
from latentlab.config import ModelConfig, RunConfig
from latentlab.explore.encode import encode
from latentlab.explore.loaded import load
from latentlab.images import Images
from latentlab.models.build import build, to_float, to_pixels
from latentlab.models.weights import model_description, state_bytes
from latentlab.runs.checkpoints import CheckpointDamaged
from latentlab.runs.files import json_bytes
from latentlab.runs.folder import create_run
from latentlab.runs.record import new_record


@pytest.fixture
def conditional_run(digits, tmp_path):
    """A CVAE that was not trained, at step 5 and step 9 (other weights)."""
    config = RunConfig.parse({"model": {"kind": "cvae", "network": "mlp", "hidden": [16], "latent_dim": 3}})
    run = create_run(tmp_path / "runs", new_record("conditional", config, digits))
    for step in (5, 9):
        model = build(config.model, digits.shape, digits.num_classes, seed=step)
        description = json_bytes(model_description(config, digits.shape, digits.class_names))
        run.checkpoints.write(step, {"model.safetensors": state_bytes(model.state_dict()), "config.json": description})
    return run


def test_a_run_is_loaded_by_name_by_path_and_as_a_folder(trained_run):
    for run in (
        latentlab.load("small", checkpoints=trained_run.path.parent),
        latentlab.load(trained_run.path),
        load(trained_run),
    ):
        assert run.step == trained_run.checkpoints.steps()[-1]
        assert run.epoch == 2
        assert run.config == trained_run.record.config
        assert run.image_shape == (1, 8, 8)
        assert run.class_names == tuple("0123456789")
        assert not run.model.training


def test_encode_and_decode_say_what_the_model_says(trained_run, digits):
    run = load(trained_run)
    images = digits.test.take(np.arange(20))
    with torch.no_grad():
        posterior = run.model.encode(to_float(torch.from_numpy(images.pixels)))
        pictures = to_pixels(run.model.decode(posterior.mu)).numpy()
    z = run.encode(images)
    assert z.dtype == np.float32
    assert np.allclose(z, posterior.mu.numpy(), atol=1e-6)
    assert np.array_equal(run.encode(images.pixels), z)
    decoded = run.decode(z)
    assert decoded.dtype == np.uint8
    assert decoded.shape == (20, 1, 8, 8)
    assert np.abs(decoded.astype(int) - pictures).max() <= 1


def test_the_newest_good_checkpoint_is_taken_and_damage_is_told(conditional_run):
    assert load(conditional_run).step == 9
    assert load(conditional_run, step=5).step == 5
    weights = conditional_run.checkpoints.path(9) / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-3] ^= 1
    weights.write_bytes(data)
    run = load(conditional_run)
    assert run.step == 5
    assert "model.safetensors" in run.notes[0]
    with pytest.raises(CheckpointDamaged):
        load(conditional_run, step=9)


def test_what_cannot_be_loaded_is_refused_with_a_reason(conditional_run, digits, tmp_path):
    with pytest.raises(ValueError, match="no checkpoint of step 7; there are: 5, 9"):
        load(conditional_run, step=7)
    with pytest.raises(ValueError, match="conditionnal"):
        latentlab.load("conditionnal", checkpoints=conditional_run.path.parent)
    empty = create_run(tmp_path / "runs", new_record("empty", RunConfig(), digits))
    with pytest.raises(ValueError, match="no usable checkpoint; train it"):
        load(empty)


def test_a_conditional_model_needs_its_class_and_hears_it(conditional_run, digits):
    run = load(conditional_run)
    images = digits.test.take(np.arange(10))
    with pytest.raises(ValueError, match="give the class"):
        run.encode(images.pixels)
    with pytest.raises(ValueError, match="which class"):
        run.decode(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="from 0 to 9"):
        run.decode(np.zeros((2, 3)), 10)
    assert np.array_equal(run.encode(images.pixels, images.labels), run.encode(images))
    pictures = run.decode(np.zeros((10, 3)), np.arange(10))
    assert len(np.unique(pictures, axis=0)) == 10
    assert np.array_equal(run.decode(np.zeros((1, 3)), 4)[0], pictures[4])


def test_images_and_places_of_another_shape_are_refused(trained_run):
    run = load(trained_run)
    with pytest.raises(ValueError, match="1x8x8"):
        run.encode(np.zeros((2, 3, 8, 8), np.uint8))
    with pytest.raises(ValueError, match="uint8"):
        run.encode(np.zeros((2, 1, 8, 8), np.float32))
    with pytest.raises(ValueError, match="4 dimensions"):
        run.decode(np.zeros((2, 5)))


def test_encoding_is_the_same_in_any_batches_and_keeps_the_order(trained_run, digits):
    run = load(trained_run)
    images = digits.test.take(np.arange(57)[::-1])
    told: list[tuple[int, int]] = []
    at_once = encode(run.model, images)
    in_parts = encode(run.model, images, batch_size=10, progress=lambda *done: told.append(done))
    assert told == [(10, 57), (20, 57), (30, 57), (40, 57), (50, 57), (57, 57)]
    assert np.array_equal(in_parts.index, images.index)
    for part in ("mu", "log_var", "reconstruction", "kl", "kl_per_dim"):
        assert np.allclose(getattr(in_parts, part), getattr(at_once, part), rtol=1e-4, atol=1e-5), part
    assert np.allclose(at_once.kl.mean(), at_once.kl_per_dim.sum(), rtol=1e-5)
    closed = 0.5 * (at_once.mu**2 + np.exp(at_once.log_var) - 1 - at_once.log_var).sum(axis=1)
    assert np.allclose(at_once.kl, closed, rtol=1e-4)
    p = np.clip(run.decode(at_once.mu) / 255.0, 1e-9, 1 - 1e-9)
    x = images.pixels / 255.0
    cross_entropy = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=(1, 2, 3))
    assert np.corrcoef(at_once.reconstruction, cross_entropy)[0, 1] > 0.95, "of the same images, in nats"


@pytest.mark.parametrize("binarize", ["fresh", "threshold"])
def test_of_a_grey_image_its_likeliest_cut_is_encoded_and_compared(digits, binarize):
    model = build(ModelConfig(network="mlp", hidden=(16,), binarize=binarize), digits.shape, 0, seed=0).eval()
    grey = digits.test.take(np.arange(20))
    cut = replace(grey, pixels=np.where(grey.pixels >= 128, 255, 0).astype(np.uint8))
    for part in ("mu", "reconstruction"):
        assert np.allclose(getattr(encode(model, grey), part), getattr(encode(model, cut), part)), part


def test_encoded_parts_put_together_are_the_whole(trained_run, digits):
    run = load(trained_run)
    whole = encode(run.model, digits.test.take(np.arange(30)))
    joined = encode(run.model, digits.test.take(np.arange(10))).followed_by(
        encode(run.model, digits.test.take(np.arange(10, 30)))
    )
    assert np.array_equal(joined.index, whole.index)
    assert np.array_equal(joined.labels, whole.labels)
    assert np.allclose(joined.kl_per_dim, whole.kl_per_dim, rtol=1e-4)


def test_encoding_stops_when_cancelled_and_takes_nothing_too(trained_run, digits):
    run = load(trained_run)
    seen: list[int] = []
    images = digits.test.take(np.arange(40))
    stopped = encode(
        run.model, images, batch_size=10, progress=lambda done, _: seen.append(done), cancelled=lambda: len(seen) == 2
    )
    assert stopped is None
    assert seen == [10, 20]
    nothing = encode(run.model, Images(np.zeros((0, 1, 8, 8), np.uint8), np.zeros(0, np.int64)))
    assert nothing.mu.shape == (0, 4)
    assert nothing.kl.shape == (0,)
    assert run.decode(np.zeros((0, 4))).shape == (0, 1, 8, 8)
