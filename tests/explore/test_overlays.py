"""What is laid over the map, against cases that are known exactly; nothing here needs a model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from latentlab.explore.charts import AxesChart, PcaChart, UmapChart
from latentlab.explore.neighbours import Neighbours
from latentlab.explore.overlays.gaussians import MOST, Priors, posteriors_on, prior_on
from latentlab.explore.overlays.holes import holes
from latentlab.explore.overlays.kinds import NAMES, why_not
from latentlab.explore.overlays.lattice import Lattice, Look
from latentlab.explore.overlays.neighbours import kept_neighbours
from latentlab.explore.overlays.plane import Extent, Plane
from latentlab.explore.pca import Pca

CHANCE = np.random.default_rng(3)
MU = (CHANCE.standard_normal((300, 5)) @ CHANCE.standard_normal((5, 5)) + 1.5).astype(np.float32)
ORIGIN, UNIT = np.zeros(2), np.eye(2)


def pca_plane() -> Plane:
    plane = Plane.of(PcaChart(MU, Pca.fit(MU)))
    assert plane is not None
    return plane


def axes_plane(dims: tuple[int, int] = (3, 1)) -> Plane:
    plane = Plane.of(AxesChart(MU, dims))
    assert plane is not None
    return plane


# -- planes


@pytest.mark.parametrize("chart", [PcaChart(MU, Pca.fit(MU)), AxesChart(MU, (3, 1))], ids=["pca", "axes"])
def test_a_plane_reads_the_map_as_its_chart_does(chart):
    plane, held = Plane.of(chart), MU[7]
    place = (0.7, -1.3)
    assert np.allclose(plane.z_at(np.array([place]), plane.rest(held))[0], chart.read(place, held).z, atol=1e-6)
    assert np.allclose(plane.project(MU), chart.coords, atol=1e-6)


@pytest.mark.parametrize("plane", [pca_plane(), axes_plane()], ids=["pca", "axes"])
def test_what_the_map_does_not_show_stays_the_same_when_a_place_is_moved_along_it(plane: Plane):
    rest = plane.rest(MU[7])
    moved = plane.z_at(np.array([[2.0, 0.5]]), rest)[0]
    assert np.allclose(plane.rest(moved), rest, atol=1e-6)


def test_a_map_without_axes_has_no_plane():
    assert Plane.of(UmapChart(MU[:, :2], MU)) is None
    assert Plane.of(None) is None


# -- the prior and posteriors


def test_the_standard_prior_is_a_circle_of_radius_1_about_its_mean_on_any_plane():
    pca = Pca.fit(MU)
    for plane, centre in ((pca_plane(), -pca.axes @ pca.mean), (axes_plane(), ORIGIN)):
        prior = prior_on(plane, Priors.standard(5), condition=None)
        lengths, _ = prior.axes()
        assert np.allclose(lengths, 1.0)
        assert np.allclose(prior.centres, centre)
        assert prior.of_class is None


def test_a_prior_learnt_for_each_class_is_that_of_the_class_in_hand():
    priors = Priors(np.array([[0.0] * 5, [0, 2.0, 0, -1.0, 0]]), np.array([[1.0] * 5, [1, 4.0, 1, 0.25, 1]]))
    prior = prior_on(axes_plane((3, 1)), priors, condition=1)
    lengths, angles = prior.axes()
    assert prior.of_class == 1
    assert np.allclose(prior.centres, [[-1.0, 2.0]])
    assert np.allclose(lengths, [[2.0, 0.5]])
    assert abs(np.sin(angles[0])) == pytest.approx(1.0), "the longer half-axis points up, along z 1"


def test_ellipses_have_the_posteriors_own_deviations_on_latent_axes():
    log_var = CHANCE.normal(-2, 1, MU.shape).astype(np.float32)
    rows = np.array([4, 9, 200])
    found = posteriors_on(axes_plane((3, 1)), MU, log_var, rows)
    lengths, _ = found.axes()
    wanted = np.sort(np.exp(0.5 * log_var[rows][:, [3, 1]]), axis=1)[:, ::-1]
    assert np.allclose(lengths, wanted, rtol=1e-5)
    assert np.allclose(found.centres, MU[rows][:, [3, 1]])
    assert np.array_equal(found.rows, rows)


def test_an_ellipse_on_a_turned_plane_has_the_turned_axes():
    turn = np.deg2rad(30)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    plane = Plane(np.zeros(2), axes)
    found = posteriors_on(plane, np.zeros((1, 2)), np.log([[9.0, 0.25]]), np.array([0]))
    lengths, angles = found.axes()
    assert np.allclose(lengths, [[3.0, 0.5]])
    assert np.tan(angles[0]) == pytest.approx(np.tan(-turn)), "z 0 lies 30 degrees below the plane's first axis"


def test_of_very_many_posteriors_some_are_left_out_and_counted():
    found = posteriors_on(axes_plane(), MU, np.zeros_like(MU), np.arange(len(MU)))
    assert len(found) == MOST
    assert found.left_out == len(MU) - MOST
    assert (np.diff(found.rows) > 0).all()


# -- holes


def mixture(means: np.ndarray, variance: float, size: int = 96):
    found = holes(means, np.tile(UNIT * variance, (len(means), 1, 1)), ORIGIN, UNIT, size)
    assert found is not None
    return found


def cell_area(found) -> float:
    return found.extent.width * found.extent.height / found.excess.size


def at(found, x: float, y: float) -> float:
    rows, columns = found.excess.shape
    row = int((y - found.extent.bottom) / found.extent.height * rows)
    return float(found.excess[row, int((x - found.extent.left) / found.extent.width * columns)])


def test_a_posterior_that_is_the_prior_leaves_no_hole():
    found = mixture(np.zeros((1, 2)), 1.0)
    assert np.abs(found.excess).max() < 1e-6 * found.peak
    assert found.share < 1e-5


def test_a_gaussian_aggregate_posterior_integrates_to_nothing_and_has_nearly_no_holes():
    inner = 0.75
    means = np.random.default_rng(0).standard_normal((20_000, 2)) * np.sqrt(1 - inner)
    found = mixture(means, inner, size=48)
    assert abs(found.excess.sum() * cell_area(found)) < 1e-3
    assert found.share < 0.02


@pytest.mark.parametrize("variance", [0.02, 0.0001], ids=["wide", "far narrower than a cell"])
def test_a_ring_of_posteriors_leaves_its_middle_empty_and_overfills_itself(variance: float):
    angles = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    found = mixture(1.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1), variance)
    assert at(found, 0, 0) == pytest.approx(-1 / (2 * np.pi), rel=0.02), "all of the prior is missing there"
    assert at(found, 1.5, 0) > 0
    assert at(found, 0, -1.5) > 0
    assert abs(found.excess.sum() * cell_area(found)) < 0.01, "what is missing here is too much there"
    assert 0.5 < found.share < 0.9
    assert np.maximum(-found.excess, 0).sum() * cell_area(found) == pytest.approx(found.share, rel=1e-3)


def test_posteriors_that_are_turned_on_the_plane_have_the_density_they_should():
    means = CHANCE.standard_normal((6, 2))
    factors = CHANCE.standard_normal((6, 2, 2)) * 0.5
    covariances = factors @ factors.transpose(0, 2, 1) + 0.05 * UNIT
    spread = np.array([[1.0, 0.3], [0.3, 0.8]])
    found = holes(means, covariances, np.array([0.2, -0.1]), spread, size=80)
    rows, columns = found.excess.shape
    step = found.extent.width / columns
    x = found.extent.left + (np.arange(columns) + 0.5) * step
    y = found.extent.bottom + (np.arange(rows) + 0.5) * step
    places = np.stack(np.meshgrid(x, y), axis=-1)
    blur = UNIT * (step / 2) ** 2
    q = np.mean([multivariate_normal(m, c + blur).pdf(places) for m, c in zip(means, covariances, strict=True)], axis=0)
    p = multivariate_normal([0.2, -0.1], spread + blur).pdf(places)
    assert np.allclose(found.excess, q - p, atol=1e-4 * q.max())


def test_holes_that_are_no_longer_wanted_are_not_computed():
    assert holes(np.zeros((5, 2)), np.tile(UNIT, (5, 1, 1)), ORIGIN, UNIT, cancelled=lambda: True) is None


# -- neighbours


def test_a_map_that_is_the_latent_space_keeps_all_neighbours_and_a_shuffled_one_few():
    points = MU[:, :2]
    for row in (0, 17, 299):
        assert kept_neighbours(Neighbours(points), points, row).kept.all()
    shuffled = points[np.random.default_rng(1).permutation(len(points))]
    shares = [kept_neighbours(Neighbours(points), shuffled, row).kept.mean() for row in range(50)]
    assert np.mean(shares) < 0.15


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 60), st.integers(0, 10_000))
def test_true_neighbours_are_those_of_brute_force(count: int, seed: int):
    draw = np.random.default_rng(seed)
    points, coords = draw.standard_normal((count, 4)), draw.standard_normal((count, 2))
    row = int(draw.integers(count))
    found = kept_neighbours(Neighbours(points), coords, row, 5)
    order = [each for each in np.argsort(np.linalg.norm(points - points[row], axis=1)) if each != row]
    near = [each for each in np.argsort(np.linalg.norm(coords - coords[row], axis=1)) if each != row]
    k = min(5, count - 1)
    assert found.rows.tolist() == order[:k]
    assert found.kept.tolist() == [each in near[:k] for each in order[:k]]


def test_a_sample_that_has_a_twin_is_not_its_own_neighbour():
    points = np.repeat(MU[:20, :2], 2, axis=0)
    found = kept_neighbours(Neighbours(points), points, 3)
    assert 3 not in found.rows
    assert len(found.rows) == 10


# -- lattices

looks = st.builds(
    lambda x, y, width, height, scale: Look(Extent(x, y, width / scale, height / scale), scale),
    st.floats(-50, 50),
    st.floats(-50, 50),
    st.integers(50, 3000),
    st.integers(50, 2000),
    st.floats(0.5, 500),
)


@settings(deadline=None, max_examples=80)
@given(looks, st.sampled_from([0.0, 0.5]), st.floats(0, 1), st.floats(0, 1))
def test_every_place_that_is_seen_lies_in_a_cell(look: Look, shift: float, across: float, up: float):
    lattice = Lattice.over(look, 48, 4000, shift)
    x, y = look.extent.left + across * look.extent.width, look.extent.bottom + up * look.extent.height
    places = lattice.places(list(lattice.nodes()))
    assert np.abs(places - (x, y)).max(axis=1).min() <= lattice.step / 2 * (1 + 1e-9)
    assert len(places) == lattice.count
    assert 48 / 1.42 < lattice.step * look.scale < 48 * 1.42 or lattice.count * 4 > 4000
    rows, columns = zip(*(lattice.cell(node) for node in lattice.nodes()), strict=True)
    assert (min(rows), min(columns), max(rows) + 1, max(columns) + 1) == (0, 0, *lattice.shape)


def test_a_large_screen_gets_no_more_nodes_than_allowed():
    look = Look(Extent(-10, -10, 20, 12), 200.0)
    assert Lattice.over(look, 12, 300).count <= 300


def test_nodes_stay_where_they_are_when_the_map_is_panned_and_the_coarser_ones_are_among_them():
    look, panned = (Look(Extent(x, -1.0, 4.0, 3.0), 100.0) for x in (-2.0, -1.37))
    lattice, other = Lattice.over(look, 16, 2000), Lattice.over(panned, 16, 2000)
    assert lattice.level == other.level
    shared = set(lattice.nodes()) & set(other.nodes())
    assert len(shared) > 0.8 * lattice.count
    fine = {tuple(place) for place in lattice.places(list(lattice.nodes()))}
    inner = [node for node in lattice.coarser().nodes() if tuple(lattice.coarser().places([node])[0]) in fine]
    assert len(inner) >= 0.7 * lattice.coarser().count


# -- what means nothing


def test_what_means_nothing_on_a_map_is_said_and_what_does_is_not():
    for name in NAMES:
        assert not why_not(name, "pca", 10)
        assert not why_not(name, "axes", 2)
        assert why_not(name, "pca", 0) == "No run is open"
        assert bool(why_not(name, "umap", 10)) == (name not in ("neighbours", "sensitivity"))
        assert bool(why_not(name, "pca", 1)) == (name != "neighbours")
    assert "t-SNE" in why_not("prior", "tsne", 4)
