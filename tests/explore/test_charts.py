"""A place on the map is read back where it was: exactly on planes, near its samples on UMAP."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.explore.charts import AxesChart, PcaChart, UmapChart
from latentlab.explore.neighbours import EDGE, FAR
from latentlab.explore.pca import Pca

MU = np.random.default_rng(0).normal(size=(200, 6)).astype(np.float32) * np.arange(1, 7, dtype=np.float32)
places = st.tuples(st.floats(-20, 20), st.floats(-20, 20))


@pytest.mark.parametrize("chart", [PcaChart(MU, Pca.fit(MU)), AxesChart(MU, (4, 1))])
@given(place=places, row=st.integers(0, 199))
@settings(deadline=None, max_examples=40)
def test_reading_an_exact_chart_is_found_again_at_the_same_place(chart, place, row):
    reading = chart.read(place, MU[row])
    assert np.allclose(chart.locate(reading.z), place, atol=1e-3)
    assert reading.rows is None


def test_what_an_exact_chart_does_not_show_is_held():
    held = MU[7]
    assert np.array_equal(np.delete(AxesChart(MU, (4, 1)).read((0.5, 2.0), held).z, [4, 1]), np.delete(held, [4, 1]))
    pca = Pca.fit(MU)
    moved = PcaChart(MU, pca).read((3.0, -1.0), held).z - held
    assert np.allclose(moved - (moved @ pca.axes.T) @ pca.axes, 0, atol=1e-5)


def test_umap_chart_gives_the_sample_itself_on_a_sample_and_names_its_neighbours_between():
    coords = np.random.default_rng(1).normal(size=(200, 2)).astype(np.float32)
    chart = UmapChart(coords, MU)
    on_sample = chart.read(tuple(coords[3].tolist()), MU[0])
    assert np.allclose(on_sample.z, MU[3], atol=1e-4)
    between = chart.read((0.01, 0.02), MU[0])
    near = np.argsort(np.linalg.norm(coords - (0.01, 0.02), axis=1))[:8]
    assert set(between.rows) <= set(near)
    assert between.weights @ MU[between.rows] == pytest.approx(between.z, abs=1e-4)
    assert chart.locate(MU[3]) == pytest.approx(tuple(coords[3].tolist()))


def two_clusters() -> UmapChart:
    """100 points about (0, 0) and 100 about (20, 0), whose z lie in one cloud: only the map has a gap."""
    coords = np.random.default_rng(2).normal(size=(200, 2)) + np.repeat([[0.0, 0.0], [20.0, 0.0]], 100, axis=0)
    return UmapChart(coords.astype(np.float32), MU)


def test_a_gap_of_the_map_is_told_though_the_blend_is_made_of_data():
    chart = two_clusters()
    rows = np.random.default_rng(3).integers(0, 200, 200)
    inside = [
        chart.read(tuple((0.5 * (chart.coords[row] + chart.coords[near])).tolist()), MU[0]).gap
        for row in rows
        for near in [np.argsort(np.linalg.norm(chart.coords - chart.coords[row], axis=1))[3]]
    ]
    assert np.median(inside) < 60
    assert np.mean(np.array(inside) > FAR) < 0.05
    across = np.array([chart.read((x, 0.0), MU[0]).gap for x in np.linspace(0, 20, 41)])
    assert across[15:26].min() == 100
    assert across[[0, -1]].max() < EDGE
    assert chart.read(tuple(chart.coords[7].tolist()), MU[0]).gap < 5


def test_exact_charts_know_no_gaps():
    assert PcaChart(MU, Pca.fit(MU)).read((90.0, 90.0), MU[0]).gap is None
    assert AxesChart(MU, (4, 1)).read((90.0, 90.0), MU[0]).gap is None


def test_a_map_of_one_point_or_of_points_on_one_place_can_be_read():
    for coords in (np.zeros((1, 2)), np.zeros((5, 2))):
        reading = UmapChart(coords, MU[: len(coords)]).read((1.0, 0.0), MU[0])
        assert np.isfinite(reading.z).all()
        assert 0 <= reading.gap <= 100
