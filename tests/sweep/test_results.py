"""What came of a sweep, as a table, as JSON and CSV, and as a picture with every run in its place."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from latentlab.explore.palettes import CLASSES_ON_LIGHT as COLOURS
from latentlab.sweep.grid import Axis, Plan
from latentlab.sweep.picture import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, draw, round_steps
from latentlab.sweep.place import create_sweep
from latentlab.sweep.results import as_json, done, rows, save, table

BETA, SEED = Axis("beta", ("objective", "beta"), (0.5, 1.0, 4.0)), Axis("seed", ("training", "seed"), (0, 1))
PLAN = Plan("s", {}, (BETA, SEED))


def figures(rate: float, distortion: float) -> dict:
    return {
        "rate": rate, "distortion": distortion, "neg_elbo": rate + distortion, "active_units": 7, "smoothness": 0.0125,
        "images_per_second": 4321.0, "split": "test", "n": 360, "samples": 8, "seed": 0,
    }  # fmt: skip


def rgb(colour: str) -> np.ndarray:
    return np.array(list(bytes.fromhex(colour[1:])))


MEASURED = {
    "s-beta0.5-seed0": figures(30.0, 200.0),
    "s-beta0.5-seed1": figures(31.0, 201.0),
    "s-beta1-seed0": figures(20.0, 208.0),
    "s-beta4-seed1": figures(5.0, 230.0),
}


def test_the_table_has_a_line_per_run_and_says_what_is_missing():
    lines = table(PLAN, rows(PLAN, MEASURED)).splitlines()
    assert lines[0].split() == [
        "beta",
        "seed",
        "rate",
        "(KL)",
        "distortion",
        "-ELBO",
        "active",
        "smoothness",
        "images/s",
    ]
    assert lines[1].split() == ["0.5", "0", "30.00", "200.00", "230.00", "7", "0.01250", "4,321"]
    assert lines[4].split() == ["1", "1"] + ["–"] * 6
    assert "360 test images, 8 draws" in lines[-1]


def test_files_hold_the_same_figures(tmp_path):
    folder = create_sweep(tmp_path, PLAN)
    assert done(folder) == set()
    assert save(folder, rows(PLAN, MEASURED)) == ["results.json", "results.csv", "rate-distortion.png"]
    assert done(folder) == set(MEASURED)
    found = json.loads((folder.path / "results.json").read_text())
    assert found == json.loads(json.dumps(as_json(PLAN, rows(PLAN, MEASURED))))
    assert {run["run"]: run["figures"] for run in found["runs"] if run["figures"]} == MEASURED
    with (folder.path / "results.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 6
    assert float(table[2]["distortion"]) == 208.0
    assert (table[5]["beta"], table[5]["seed"], table[5]["rate"], table[4]["rate"]) == ("4", "1", "5.0", "")
    with Image.open(folder.path / "rate-distortion.png") as picture:
        assert picture.size == (WIDTH, HEIGHT)


def test_a_run_is_drawn_at_its_rate_and_distortion():
    """Its place follows from the frame, whose margins the picture states, and from the room around the runs."""
    plan = Plan("s", {}, (BETA,))
    measured = {"s-beta0.5": figures(30.0, 200.0), "s-beta1": figures(20.0, 205.0), "s-beta4": figures(10.0, 230.0)}
    picture = draw(plan, rows(plan, measured)).astype(int)
    colour = rgb(COLOURS[0])
    ours = np.abs(picture - colour).sum(axis=2) < 30
    for rate, distortion in ((30.0, 200.0), (20.0, 205.0), (10.0, 230.0)):
        x = LEFT + (WIDTH - LEFT - RIGHT) * ((rate - 10) / 20 + 0.12) / 1.24
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * ((distortion - 200) / 30 + 0.12) / 1.24
        assert ours[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4].mean() > 0.8, (rate, distortion)


def test_each_setting_of_the_other_axes_has_its_own_line_and_colour():
    dims = Axis("latent-dim", ("model", "latent_dim"), (2, 16))
    plan = Plan("s", {}, (BETA, dims))
    measured = {
        point.name: figures(10.0 / point.choices["beta"] + point.choices["latent-dim"], 100.0 + point.choices["beta"])
        for point in plan.points()
    }
    picture = draw(plan, rows(plan, measured)).astype(int)
    for colour in COLOURS[:2]:
        close = np.abs(picture - rgb(colour)).sum(axis=2) < 30
        assert close.sum() > 3 * 80  # three dots and a line


@pytest.mark.parametrize(
    "measured", [{"s-beta1-seed0": figures(0.0, 12.0)}, dict.fromkeys(MEASURED, figures(3.0, 4.0))]
)
def test_runs_that_all_lie_in_one_place_can_be_drawn(measured):
    assert np.ptp(draw(PLAN, rows(PLAN, measured))) > 100


@settings(deadline=None)
@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e5), st.integers(4, 12))
def test_ticks_are_round_few_and_within(low, span, most):
    ticks = round_steps(low, low + span, most)
    assert 0 < len(ticks) <= most
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in ticks)
    if len(ticks) > 1:
        digits = f"{ticks[1] - ticks[0]:.6e}"
        assert digits[0] in "1259"
