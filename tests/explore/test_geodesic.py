"""Shortest decoded paths, on decoders whose geometry is known: shorter than straight, ends held, evenly walked."""

from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from latentlab.config import RunConfig
from latentlab.explore.curve import Curve
from latentlab.explore.geodesic import decoded_lengths, decoder_of, find, finish, grow
from latentlab.explore.loaded import load
from latentlab.explore.paths import Way
from latentlab.explore.ways import way_through
from latentlab.models.build import build

HEIGHT = 4.0


def hill(z: Tensor) -> Tensor:
    """A plane with a steep hill in its middle: a straight way over it is longer than one around it."""
    return torch.cat([z, HEIGHT * torch.exp(-4 * z.square().sum(dim=1, keepdim=True))], dim=1)


def sphere(z: Tensor) -> Tensor:
    """Longitude and latitude on the unit sphere, whose shortest ways are great circles."""
    longitude, latitude = z[:, 0], z[:, 1]
    return torch.stack(
        [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()], dim=1
    )  # fmt: skip


def wall(z: Tensor) -> Tensor:
    """A wall at x = 0 with one gap, at y = 2: downhill from the straight line alone, nobody finds it."""
    x, y = z[:, :1], z[:, 1:]
    return torch.cat([z, 6 * torch.exp(-30 * x.square()) * (1 - torch.exp(-2 * (y - 2).square()))], dim=1)


def plane(z: Tensor) -> Tensor:
    return z


def codes(seed: int = 0, reach: float = 2.5) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-reach, reach, (900, 2)).astype(np.float32)


def shortest(decode, waypoints, graph: bool = True) -> Curve:
    made = finish(grow(decode, codes())) if graph else None
    return finish(find(decode, made, np.asarray(waypoints, np.float32)))


def test_it_goes_around_a_hill():
    ends = np.array([[-1.5, 0.05], [1.5, 0.0]], np.float32)
    curve = shortest(hill, ends)
    assert curve.length < 0.6 * curve.straight, "over the hill it is 2 x 4 up and down"
    assert curve.length < 4.2, "around it hardly longer than on a plane, where it is 3"
    assert np.array_equal(curve.z[[0, -1]], ends)
    assert np.linalg.norm(curve.z, axis=1).min() > 0.5
    steps = np.diff(decoded_lengths(hill, curve.frames(33)))
    assert np.allclose(steps, steps.mean(), rtol=0.05)
    assert curve.as_straight == 0


def test_on_a_sphere_it_is_the_great_circle():
    ends = np.array([[-1.0, 0.9], [1.0, 0.9]], np.float32)
    a, b = sphere(torch.from_numpy(ends)).double().numpy()
    curve = shortest(sphere, ends, graph=False)
    assert curve.straight == pytest.approx(2 * np.cos(0.9), rel=1e-3), "along the parallel"
    assert curve.length == pytest.approx(np.arccos(a @ b), rel=3e-3)
    normal = np.cross(a, b) / np.linalg.norm(np.cross(a, b))
    assert np.abs(sphere(torch.from_numpy(curve.z)).numpy() @ normal).max() < 0.02


def test_the_graph_finds_a_gap_that_going_downhill_does_not():
    ends = [[-1.0, -1.0], [1.0, -1.0]]
    downhill, found = shortest(wall, ends, graph=False), shortest(wall, ends)
    assert found.length < 0.8 * downhill.length
    crossing = found.z[np.abs(found.z[:, 0]).argmin()]
    assert crossing[1] == pytest.approx(2.0, abs=0.4)


def test_where_straight_is_shortest_it_stays_straight_and_says_so():
    curve = shortest(plane, [[-1.0, 0.3], [0.5, 0.0], [1.0, 1.0]])
    assert curve.as_straight == 2
    assert curve.length == pytest.approx(curve.straight, rel=1e-6)
    assert np.abs(curve.z @ np.array([0.2, 1.0]) - 0.1)[: len(curve.z) // 2].max() < 1e-5


def test_ends_that_are_one_place_are_no_way_at_all():
    curve = shortest(hill, [[0.2, 0.3], [0.2, 0.3]])
    assert curve.length == 0.0
    assert np.allclose(curve.frames(5), [0.2, 0.3])


@settings(deadline=None, max_examples=12)
@given(st.lists(st.tuples(*[st.floats(-2, 2, width=32)] * 2), min_size=2, max_size=4), st.integers(2, 30))
def test_through_any_waypoints_it_is_no_longer_than_straight(waypoints, frames):
    points = np.array(waypoints, np.float32)
    curve = shortest(hill, points, graph=False)
    assert curve.length <= curve.straight * (1 + 1e-6)
    for point in points:
        assert np.abs(curve.z - point).max(axis=1).min() < 1e-6, "every waypoint is passed"
    path = curve.frames(frames)
    assert path.shape == (frames, 2)
    assert np.array_equal(path[[0, -1]], points[[0, -1]])


def test_it_can_be_given_up_and_refuses_what_is_no_path():
    assert finish(grow(hill, codes()), lambda done, total: done < total // 2) is None
    with pytest.raises(ValueError, match="at least 2 waypoints"):
        finish(find(hill, None, np.zeros((1, 2), np.float32)))


def test_of_a_trained_model_it_is_shorter_and_the_same_in_inference_mode(trained_run):
    run = load(trained_run)
    decode = decoder_of(run.model)
    mu = np.random.default_rng(1).normal(size=(300, 4)).astype(np.float32)
    graph = finish(grow(decode, mu))
    curve = finish(find(decode, graph, mu[:2] * 2))
    assert curve.length < curve.straight
    with torch.inference_mode():
        assert np.array_equal(finish(find(decode, graph, mu[:2] * 2)).z, curve.z)


def test_classes_are_mixed_from_the_one_to_the_other():
    config = RunConfig.parse({"model": {"kind": "cvae", "network": "mlp", "hidden": [16], "latent_dim": 3}})
    torch.manual_seed(0)
    model = build(config.model, (1, 8, 8), 10).eval()
    z = torch.randn(5, 3)
    mixed = decoder_of(model, (2, 7))
    with torch.no_grad():
        for share, label in ((0.0, 2), (1.0, 7), (-0.5, 2), (1.5, 7)):
            shares = torch.full((5, 1), share)
            assert torch.allclose(mixed(torch.cat([z, shares], dim=1)), decoder_of(model, label)(z), atol=1e-6)
        half = mixed(torch.cat([z, torch.full((5, 1), 0.5)], dim=1))
        assert not torch.allclose(half, decoder_of(model, 2)(z), atol=1e-4)
    ends = np.array([[0.5, 0, 0, 0], [-0.5, 1, 0, 1]], np.float32)
    curve = finish(find(mixed, None, ends))
    assert np.array_equal(curve.z[[0, -1]], ends)
    with pytest.raises(ValueError, match="conditional"):
        finish(find(decoder_of(model), None, ends[:, :3]))


def test_any_way_leads_through_the_waypoints(trained_run):
    model = load(trained_run).model
    mu = np.random.default_rng(2).normal(size=(50, 4)).astype(np.float32)
    for way in get_args(Way):
        for codes_known in (mu, None):
            path = way_through(model, mu[:3], 9, way, mu=codes_known)
            assert path.shape == (9, 4)
            assert np.array_equal(path[[0, -1]], mu[[0, 2]])
    assert not np.allclose(path, way_through(model, mu[:3], 9, "linear"), atol=1e-3)
    assert way_through(model, mu[:3], 9, "geodesic", cancelled=lambda: True) is None
    with pytest.raises(ValueError, match="at least 2 frames"):
        way_through(model, mu[:2], 1, "geodesic")


def test_few_codes_are_enough():
    decode = hill
    for count in (1, 2, 5):
        graph = finish(grow(decode, codes()[:count]))
        assert finish(find(decode, graph, np.array([[-1, 0], [1, 0.1]], np.float32))).length > 0
