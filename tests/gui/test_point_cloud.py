"""Points drawn into an image, by compiled loops and by NumPy alone, and found again under the mouse."""

import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QTransform

from latentlab.gui.records import Layout
from latentlab.gui.session import Session
from latentlab.gui.views.map.view import MapView
from latentlab.gui.widgets import point_cloud, theme
from latentlab.gui.widgets.card import Card
from latentlab.gui.widgets.point_cloud import PointCloud, fetch_compiled, nearest

WIDTH, HEIGHT, CELL = 120, 90, 15
COLOURS = np.array([[230, 60, 40], [40, 200, 90], [70, 110, 240]], np.uint8)
QUICK = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def loops() -> ModuleType:
    found = fetch_compiled()
    assert found is not None, "numba works here"
    return found


@pytest.fixture(params=["compiled", "NumPy"])
def way(request: pytest.FixtureRequest, loops: ModuleType, qapp) -> Iterator[str]:
    theme.apply(qapp, "dark")
    point_cloud.use_compiled(loops if request.param == "compiled" else None)
    yield request.param
    point_cloud.use_compiled(None)


@pytest.fixture
def compiled(loops: ModuleType, qapp) -> Iterator[ModuleType]:
    theme.apply(qapp, "dark")
    point_cloud.use_compiled(loops)
    yield loops
    point_cloud.use_compiled(None)


def made(coords: np.ndarray, groups: np.ndarray | None = None) -> PointCloud:
    cloud = PointCloud()
    cloud.set_colours(COLOURS)
    cloud.set_groups(np.zeros(len(coords), np.int64) if groups is None else groups)
    cloud.set_coords(coords.astype(np.float32))
    return cloud


def drawn(cloud: PointCloud, scale: float = 1.0, ratio: float = 1.0) -> np.ndarray:
    """(H, W, 4) red, green, blue, alpha, premultiplied; the map's places are the pixels."""
    view = QTransform(scale, 0, 0, scale, 0, 0)
    image = cloud.draw(view, round(WIDTH * ratio), round(HEIGHT * ratio), ratio)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return rows[:, :, [2, 1, 0, 3]].copy()


@st.composite
def apart(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points in cells of their own, anywhere in the middle of them: places, groups, and which are to be seen."""
    across, down = WIDTH // CELL, HEIGHT // CELL
    cells = draw(st.lists(st.integers(0, across * down - 1), min_size=2, max_size=20, unique=True))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    corners = np.array([(cell % across, cell // across) for cell in cells]) * CELL
    places = corners + 5 + random.random((len(cells), 2)) * (CELL - 10)
    return (
        places.astype(np.float32),
        random.integers(0, 3, len(cells)),
        random.random(len(cells)) < draw(st.sampled_from([0.5, 1.0])),
    )


@QUICK
@given(cloud=apart())
def test_every_point_that_is_to_be_seen_leaves_its_colour_and_the_others_nothing(way: str, cloud):
    places, groups, visible = cloud
    points = made(places, groups)
    points.set_visible(visible)
    picture = drawn(points)
    for (x, y), group, seen in zip(places.astype(int), groups, visible, strict=True):
        around = picture[y - 4 : y + 5, x - 4 : x + 5]
        if seen:
            assert np.abs(picture[y, x].astype(int) - [*COLOURS[group], 255]).max() <= 2
        else:
            assert not around.any()


@QUICK
@given(cloud=apart())
def test_compiled_and_plain_drawing_agree(loops: ModuleType, qapp, cloud):
    places, groups, visible = cloud
    pictures = []
    for module in (loops, None):
        point_cloud.use_compiled(module)
        points = made(np.floor(places) + 0.5, groups)  # NumPy draws a disc in the middle of a pixel
        points.set_visible(visible)
        pictures.append(drawn(points).astype(int))
    point_cloud.use_compiled(None)
    one, other = pictures
    assert np.abs(one - other).max() <= 60, "a disc's middle is rounded to an eighth of a pixel"
    assert np.abs(one - other).mean() <= 1.5


@QUICK
@given(x=st.floats(20, 100), y=st.floats(20, 70))
def test_a_disc_lies_where_its_point_is_to_a_quarter_of_a_pixel(compiled, x: float, y: float):
    alpha = drawn(made(np.array([[x, y]])))[:, :, 3].astype(float)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    assert (alpha * columns).sum() / alpha.sum() == pytest.approx(x, abs=0.26)
    assert (alpha * rows).sum() / alpha.sum() == pytest.approx(y, abs=0.26)


def test_discs_are_cut_at_the_edge_and_not_left_out(way: str):
    edges = np.array([[0.5, 40.5], [WIDTH - 0.5, 40.5], [60.5, 0.5], [60.5, HEIGHT - 0.5], [-2.0, 20.0], [60, 200]])
    alpha = drawn(made(edges))[:, :, 3]
    assert alpha[40, 0] == alpha[40, -1] == alpha[0, 60] == alpha[-1, 60] == 255
    assert alpha[20, 0] > 0, "its middle is outside, its rim is not"
    for x, far in ((WIDTH - 1, slice(0, 20)), (0, slice(-20, None))):
        assert not drawn(made(np.array([[x + 0.4, 40.5], [x + 0.6, 70.5]])))[:, far].any(), "and not gone on across"


def test_no_colour_lies_on_all_the_others(way: str):
    random = np.random.default_rng(0)
    places = random.random((300, 2)) * (WIDTH, HEIGHT)
    picture = drawn(made(np.concatenate([places, places]), np.repeat([0, 1], 300)), 1.0)
    first, second = ((picture[:, :, 0] > picture[:, :, 1]).sum(), (picture[:, :, 1] > picture[:, :, 0]).sum())
    assert 0.7 < first / second < 1.4, "data sets come sorted by class"


def test_many_points_on_a_pixel_become_a_density_that_shows_how_many_they_are(compiled):
    random = np.random.default_rng(0)
    thin, thick = random.random((3000, 2)) * (55, 90), random.random((60_000, 2)) * (55, 90) + (60, 0)
    cloud = made(np.concatenate([thin, thick]), np.repeat([0, 2], [3000, 60_000]))
    picture = drawn(cloud).astype(int)
    alpha = picture[5:-5, :, 3]
    assert 60 < alpha[:, 10:45].mean() < 0.85 * alpha[:, 70:105].mean() < 250
    assert picture[20, 20:40, 0].mean() > picture[20, 20:40, 2].mean(), "each in its own colour"
    assert picture[20, 80:100, 2].mean() > picture[20, 80:100, 0].mean()
    cloud.set_visible(np.repeat([True, False], [3000, 60_000]))
    assert not drawn(cloud)[:, 70:].any()


@QUICK
@given(seed=st.integers(0, 99), lone=st.tuples(st.floats(2, 20), st.floats(2, 88)))
def test_a_lone_point_is_seen_beside_a_crowd(compiled, seed: int, lone: tuple[float, float]):
    crowd = np.random.default_rng(seed).normal((80, 45), 12, (20_000, 2))
    crowd[:, 0], (x, y) = np.maximum(crowd[:, 0], 30), np.float32(lone).astype(int)
    picture = drawn(made(np.concatenate([crowd, [lone]]), np.repeat([0, 1], [20_000, 1])))
    red, green, _, alpha = picture[y, x].astype(int)
    assert alpha > 60
    assert green > red


def test_a_lone_point_is_as_wide_as_it_is_high_in_a_density(compiled):
    crowd = np.random.default_rng(0).normal((98, 45), 6, (20_000, 2))
    alpha = drawn(made(np.concatenate([crowd, [(20.5, 45.5)], [(31.5, 12.5)]])))[:, :, 3].astype(int)
    for x, y in ((20, 45), (31, 12)):  # within a tile of the line, and at the end of one
        beside = alpha[y, x - 1], alpha[y, x + 1], alpha[y - 1, x], alpha[y + 1, x]
        assert alpha[y, x] > min(beside) > 20
        assert max(beside) - min(beside) <= 1


@pytest.mark.parametrize("apart", [0.6, 1.4, 1.9, 3.0])
def test_a_density_that_fades_into_discs_is_of_the_same_colour(compiled, apart: float):
    places = np.random.default_rng(0).random((int(WIDTH * HEIGHT / apart**2), 2)) * (WIDTH, HEIGHT)
    picture = drawn(made(places, np.full(len(places), 2)))[20:70, 20:100].reshape(-1, 4).mean(axis=0)
    assert 60 < picture[3] <= 255
    assert np.allclose(picture[:3] * 255 / picture[3], COLOURS[2], rtol=0.12)


@pytest.mark.parametrize("ratio", [1.5, 2.0])
def test_a_density_is_as_dense_on_every_screen(compiled, ratio: float):
    cloud = made(np.random.default_rng(0).normal((60, 45), 12, (40_000, 2)))
    one, other = drawn(cloud)[:, :, 3], drawn(cloud, ratio=ratio)[:, :, 3]
    assert other[: round(90 * ratio), : round(120 * ratio)].mean() == pytest.approx(one.mean(), rel=0.12)


def test_a_mixed_place_is_of_a_mixed_colour_and_says_its_own_among_the_like(compiled):
    random = np.random.default_rng(0)
    places, groups = random.random((80_000, 2)) * (WIDTH, HEIGHT), random.integers(0, 2, 80_000)
    red, green, blue, alpha = drawn(made(places, groups))[20:70, 20:100].reshape(-1, 4).mean(axis=0)
    wanted = np.sqrt((COLOURS[:2].astype(float) ** 2).mean(axis=0)) * alpha / 255
    assert np.allclose((red, green, blue), wanted, rtol=0.25)


def test_what_stands_out_lies_above_in_full_colour_and_the_rest_is_grey_and_still_there(way: str):
    places = np.array([[30.5, 30.5], [30.5, 30.5], [80.5, 30.5]])
    cloud = made(places, np.array([0, 1, 2]))
    for raised, group in ((0, 0), (1, 1)):
        cloud.set_emphasis(np.arange(3) == raised)
        picture = drawn(cloud)
        assert np.abs(picture[30, 30, :3].astype(int) - COLOURS[group]).max() <= 2
        rest = picture[30, 80].astype(int)
        assert rest[3] > 120
        assert np.ptp(rest[:3]) < 0.4 * np.ptp(COLOURS[2].astype(int)), "greyed"
    cloud.set_visible(np.array([False, True, True]))
    cloud.set_emphasis(np.array([True, False, False]))
    assert drawn(cloud)[30, 30, 3] > 0
    cloud.set_emphasis(None)
    assert np.abs(drawn(cloud)[30, 80, :3].astype(int) - COLOURS[2]).max() <= 2


def test_new_colours_places_and_groups_are_drawn_and_nothing_of_a_number_that_does_not_fit(way: str):
    cloud = made(np.array([[30.5, 30.5], [80.5, 60.5]]), np.array([0, 1]))
    assert drawn(cloud)[30, 30, 0] > 200
    cloud.set_groups(np.array([1, 0]))
    assert drawn(cloud)[30, 30, 1] > 150
    cloud.set_colours(COLOURS[::-1])
    assert drawn(cloud)[60, 80, 2] > 200
    cloud.set_coords(np.array([[10.5, 10.5], [20.5, 80.5], [100.5, 40.5]], np.float32))
    assert not drawn(cloud).any()
    cloud.set_groups(np.array([0, 1, 7]))  # 7: there is no such colour, and what is compiled must not look for it
    picture = drawn(cloud)
    assert picture[10, 10, 2] > 200
    assert picture[80, 20, 3] == picture[40, 100, 3] == 255
    cloud.set_visible(np.array([False]))  # of other points
    cloud.set_emphasis(np.array([True]))
    assert drawn(cloud)[10, 10, 2] > 200
    cloud.set_coords(np.array([[10.5, 10.5], [np.nan, 3], [np.inf, 40]], np.float32))
    assert drawn(cloud)[10, 10, 2] > 200


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_a_disc_is_as_large_on_every_screen(way: str, ratio: float):
    cloud = made(np.array([[30.2, 30.2], [90.2, 60.2]]))
    area = (drawn(cloud, ratio=ratio)[:, :, 3] / 255).sum() / ratio**2
    assert area == pytest.approx((drawn(cloud)[:, :, 3] / 255).sum(), rel=0.12)


@pytest.mark.parametrize("theme_name", ["dark", "light"])
def test_the_densest_places_stand_out_in_both_themes(compiled, qapp, theme_name):
    theme.apply(qapp, theme_name)
    places = np.random.default_rng(0).normal((60, 45), 12, (60_000, 2))
    picture = drawn(made(places)).astype(float)
    ground = np.array(theme.rgb(theme.current().card))
    shown = picture[:, :, :3] + ground * (1 - picture[:, :, 3:] / 255)
    away = np.abs(shown - ground).sum(axis=2)
    middle, rim = away[40:50, 55:65].mean(), away[40:50, 84:90].mean()
    assert middle > 1.15 * rim > 40


# -- finding


@st.composite
def questions(draw: st.DrawFn) -> tuple[np.ndarray, tuple[float, float], float, np.ndarray | None]:
    """Places of whole numbers, so that some are equally near, and some that are nowhere."""
    random = np.random.default_rng(draw(st.integers(0, 9999)))
    coords = random.integers(0, 12, (draw(st.integers(0, 60)), 2)).astype(np.float32)
    coords[random.random(len(coords)) < 0.05] = np.nan
    mask = random.random(len(coords)) < 0.6 if draw(st.booleans()) else None
    return coords, tuple(random.uniform(0, 12, 2)), draw(st.sampled_from([0.0, 0.5, 2.0, 50.0])), mask


@QUICK
@given(question=questions())
def test_the_nearest_is_the_nearest_that_is_shown(way: str, question):
    coords, place, radius, mask = question
    best = None
    for row, (x, y) in enumerate(coords.astype(float)):
        distance = np.hypot(x - place[0], y - place[1])
        if (mask is None or mask[row]) and distance <= radius and (best is None or distance < best[0]):
            best = (distance, row)
    found = nearest(coords, place, radius, mask)
    assert found == (None if best is None else best[1])


def test_a_point_is_found_at_its_very_place_whatever_the_radius_and_a_mask_of_others_says_nothing(way: str):
    coords = np.array([[1, 2], [3, 4]], np.float32)
    assert nearest(coords, (3.0, 4.0), 0.0) == 1
    assert nearest(coords, (3.0, 4.0), 1.0, np.array([False])) == 1
    assert nearest(coords[::-1], (3.0, 4.0), 1.0) == 0, "of any order in memory"


def test_hidden_points_are_not_found_on_the_map_and_selected_ones_stand_out(way: str, qtbot, explored: Session):
    view, card = MapView(explored), Card("Map")
    for control in view.header_controls:
        card.heading.add_control(control)
    card.body.addWidget(view)
    qtbot.addWidget(card)
    card.resize(900, 860)
    card.show()
    qtbot.waitExposed(card)
    places = np.stack(np.meshgrid(np.arange(20), np.arange(20)), axis=-1).reshape(-1, 2).astype(np.float32)
    explored.set_layout(Layout("pca", places))
    qtbot.wait(20)
    cloud = view.canvas.cloud
    before = drawn(cloud, 4.0)
    assert view.hover.nearest(*places[57].tolist()) == 57
    explored.set_visible(np.arange(400) != 57)
    assert view.hover.nearest(*places[57].tolist()) != 57
    hidden = drawn(cloud, 4.0)
    assert not np.array_equal(hidden, before)
    explored.select_group(np.array([3, 44]))
    assert not np.array_equal(drawn(cloud, 4.0), hidden)
    explored.select_group(np.empty(0, np.int64))
    explored.set_visible(None)
    assert np.array_equal(drawn(cloud, 4.0), before)


# -- where the loops come from


def test_without_numba_points_are_drawn_all_the_same(monkeypatch: pytest.MonkeyPatch, caplog, qapp):
    monkeypatch.setitem(sys.modules, "latentlab.gui.widgets.compiled_points", None)
    monkeypatch.delattr("latentlab.gui.widgets.compiled_points", raising=False)
    point_cloud.use_compiled(fetch_compiled())
    assert "without numba" in caplog.text
    assert drawn(made(np.array([[30.5, 30.5]])))[30, 30, 3] == 255


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(loops: ModuleType):
    names: dict[str, object] = {}
    exec("def twice(x): return 2 * x", names)  # a function of no file, for which numba has no place either
    assert loops._compiled("int64(int64)")(names["twice"])(21) == 42


def test_the_window_is_imported_without_numba():
    code = "import sys; import latentlab.gui.main_window.window; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_window_fetches_the_loops_once_it_stands(
    qtbot, tmp_path, monkeypatch: pytest.MonkeyPatch, loops: ModuleType
):
    from latentlab.gui.main_window.window import MainWindow

    point_cloud.use_compiled(None)
    window = MainWindow(tmp_path, tmp_path, warm=True)
    taken: list[object] = []
    monkeypatch.setattr(window.projector, "warm", lambda: None)
    monkeypatch.setattr(window.views.map.canvas, "use_compiled", taken.append)
    qtbot.addWidget(window)
    window.show()
    assert not taken
    qtbot.waitUntil(lambda: taken == [loops], timeout=40_000)
    window.close()
