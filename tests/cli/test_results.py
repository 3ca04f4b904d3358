"""latentlab evaluate, export and doctor: what they print and write."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from latentlab.cli.evaluation_table import table
from latentlab.cli.parser import parse
from latentlab.evaluation.evaluate import SAMPLES
from latentlab.explore.path_file import PathFile, save_path
from latentlab.runs.folder import RunFolder

AGREED = {"neg_elbo", "reconstruction", "kl", "nll", "nll_samples", "active_units", "split", "n", "seed"}


@pytest.mark.parametrize(("split", "n"), [("test", 360), ("validation", 144), ("train", 1293)])
def test_evaluate_measures_the_part_asked_for(
    call: Callable[..., Any], trained_run: RunFolder, split: str, n: int
) -> None:
    answer = call("evaluate", "small", "--split", split, "--samples", "4", "--json")
    found = json.loads(answer.out)
    assert set(found) >= AGREED
    assert (found["split"], found["n"], found["nll_samples"]) == (split, n, 4)
    assert found["neg_elbo"] == pytest.approx(found["reconstruction"] + found["kl"])
    assert found["nll"] < found["neg_elbo"]


def test_evaluate_repeats_itself_and_heeds_limit_and_seed(call: Callable[..., Any], trained_run: RunFolder) -> None:
    def measured(*words: str) -> dict[str, Any]:
        return dict(json.loads(call("evaluate", "small", "--samples", "4", "--json", *words).out))

    first = measured("--limit", "50")
    assert first["n"] == 50
    assert measured("--limit", "50") == first
    assert measured("--limit", "50", "--seed", "1")["neg_elbo"] != first["neg_elbo"]


def test_the_table_has_the_same_figures(call: Callable[..., Any], trained_run: RunFolder) -> None:
    found = json.loads(call("evaluate", "small", "--samples", "4", "--json").out)
    table = call("evaluate", "small", "--samples", "4").out
    for figure in ("neg_elbo", "reconstruction", "kl", "nll"):
        assert f"{found[figure]:.3f}" in table


def test_an_evaluation_is_kept_with_the_run_as_it_is_printed(call: Callable[..., Any], trained_run: RunFolder) -> None:
    answer = call("evaluate", "small", "--samples", "4", "--limit", "30", "--seed", "3", "--json")
    printed = json.loads(answer.out)
    (path,) = (trained_run.path / "evaluation").glob("*samples-4-seed-3*.json")
    kept = json.loads(path.read_text())
    assert kept.pop("created")
    assert kept == printed
    wanted = {"split": "test", "n": 30, "limit": 30, "samples": 4, "seed": 3, "data": "digits", "run": "small"}
    assert wanted.items() <= kept["protocol"].items()
    assert {"nll", "mutual_information", "neighbours"} <= set(kept["protocol"]["estimators"])


def test_a_collapsed_model_is_said_to_be_one_and_a_sound_one_is_not(call: Callable[..., Any]) -> None:
    words = ("--network", "mlp", "--hidden", "64", "--latent-dim", "4", "--epochs", "8", "--device", "cpu")
    words = ("train", *words, "--batch-size", "32", "--lr", "0.005")
    assert call(*words, "--name", "sound").code == 0
    assert "collapse" not in call(*words, "--model", "beta-vae", "--beta", "100", "--epochs", "3", "--name", "sick").err
    ask = ("--samples", "1", "--limit", "50", "--json")
    assert call("evaluate", "sound", *ask).err == ""
    sick = call("evaluate", "sick", *ask)
    assert sick.code == 0
    (sentence,) = sick.err.splitlines()
    assert sentence.startswith("posterior collapse: no latent dimension carries anything")
    assert "(it is 100)" in sentence


def test_other_data_are_told_apart_where_asked(call: Callable[..., Any], trained_run: RunFolder) -> None:
    answer = call("evaluate", "small", "--samples", "2", "--limit", "60", "--against", "shapes")
    assert "against 60 images of shapes" in answer.out
    assert "8x8" not in answer.err


def test_a_table_names_every_group(call: Callable[..., Any], trained_run: RunFolder) -> None:
    lines = call("evaluate", "small", "--samples", "2", "--limit", "60").out.splitlines()
    groups = [line for line in lines[1:] if line and not line.startswith(" ")]
    assert groups == ["Bounds", "Parts", "Latents", "Reconstruction", "Classes", "Unusual images"]
    assert all(len(line) <= 130 for line in lines)


def test_function_and_command_agree_on_the_samples() -> None:
    assert parse(["evaluate", "small"]).samples == SAMPLES


def test_a_conditional_run_is_also_asked_whether_it_obeys(call: Callable[..., Any]) -> None:
    trained = call("train", "--model", "cvae", "--network", "mlp", "--epochs", "1", "--device", "cpu", "--json")
    assert trained.code == 0
    found = json.loads(call("evaluate", "digits-cvae-1", "--samples", "2", "--json").out)
    assert "condition kept" in table(found)
    found = found["condition"]
    assert set(found["condition_accuracy_per_class"]) == {str(digit) for digit in range(10)}
    assert found["classifier_accuracy"] > 0.85


def test_validation_that_was_not_held_out_is_refused(call: Callable[..., Any]) -> None:
    words = ("train", "--network", "mlp", "--limit", "50", "--epochs", "1", "--device", "cpu", "--val-fraction", "0")
    assert call(*words).code == 0
    assert "--split" in call("evaluate", "digits-vae-1", "--split", "validation").refused()


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (("samples", "--count", "9"), "samples.png"),
        (("reconstructions", "--count", "6"), "again.png"),
        (("interpolation", "--from", "3", "--to", "40", "--frames", "4"), "strip.png"),
        (("traversal", "--frames", "5"), "traversal.png"),
        (("map",), "map.png"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_pictures_are_written_and_named(
    call: Callable[..., Any], trained_run: RunFolder, tmp_path: Path, words: tuple[str, ...], file: str
) -> None:
    answer = call("export", "small", *words, "--out", file)
    assert (answer.code, answer.out) == (0, f"{file}\n")
    with Image.open(tmp_path / file) as picture:
        assert np.ptp(np.asarray(picture)) > 50


def test_an_animation_takes_as_long_as_asked(call: Callable[..., Any], trained_run: RunFolder, tmp_path: Path) -> None:
    words = ("--from", "3", "--to", "40", "--frames", "6", "--fps", "10", "--out", "morph.gif")
    assert call("export", "small", "interpolation", *words).code == 0
    with Image.open(tmp_path / "morph.gif") as gif:
        duration = 0
        for frame in range(gif.n_frames):  # type: ignore[attr-defined]
            gif.seek(frame)
            duration += gif.info["duration"]
    assert duration == 600


def test_the_format_may_be_named_instead_of_the_file(
    call: Callable[..., Any], trained_run: RunFolder, tmp_path: Path
) -> None:
    words = ("--frames", "5", "--fps", "20", "--scale", "8", "--ping-pong", "--once", "--overshoot", "0.2")
    answer = call("export", "small", "interpolation", "--format", "webp", *words)
    assert (answer.code, answer.out) == (0, "small-interpolation.webp\n")
    with Image.open(tmp_path / "small-interpolation.webp") as film:
        assert film.size == (64, 64)
        assert (film.n_frames, film.info["loop"]) == (8, 1)  # type: ignore[attr-defined]
    assert call("export", "small", "samples", "--format", "folder", "--count", "12", "--out", "some").code == 0
    assert len(list((tmp_path / "some").glob("*.png"))) == 12
    assert call("export", "small", "traversal", "--dim", "2", "--frames", "4", "--out", "two.apng").code == 0
    with Image.open(tmp_path / "two.apng") as film:
        assert film.n_frames == 4  # type: ignore[attr-defined]
    assert call("export", "small", "curves", "--format", "csv").code == 0
    assert call("export", "small", "curves", "--out", "curves.svg").code == 0
    assert (tmp_path / "curves.svg").read_text().startswith("<svg")
    lines = (tmp_path / "small-curves.csv").read_text().splitlines()
    assert "neg_elbo" in lines[0]
    assert len(lines) == len(trained_run.metrics.read()) + 1


def test_a_path_saved_in_the_window_is_followed(
    call: Callable[..., Any], trained_run: RunFolder, tmp_path: Path
) -> None:
    dims = trained_run.record.config.model.latent_dim
    z = np.random.default_rng(0).normal(size=(4, dims)).astype(np.float32)
    save_path(tmp_path / "walk.json", PathFile(z, "small", "smooth"))
    assert call("export", "small", "interpolation", "--path", "walk.json", "--frames", "7", "--out", "w.gif").code == 0
    with Image.open(tmp_path / "w.gif") as gif:
        assert gif.n_frames == 7  # type: ignore[attr-defined]
    save_path(tmp_path / "other.json", PathFile(np.zeros((2, dims + 1), np.float32), "faces"))
    for words, named in (
        ("interpolation --path other.json", "faces"),
        ("interpolation --path missing.json", "missing.json"),
        ("interpolation --path walk.json --from 3", "--from"),
        ("traversal --path walk.json", "interpolation"),
    ):
        assert named in call("export", "small", *words.split(), "--out", "x.png").refused()
    assert not (tmp_path / "x.png").exists()


def test_latents_are_a_table_of_every_image(call: Callable[..., Any], trained_run: RunFolder, tmp_path: Path) -> None:
    assert call("export", "small", "latents", "--out", "z.csv").code == 0
    lines = (tmp_path / "z.csv").read_text().splitlines()
    assert len(lines) == 1798
    assert lines[0].startswith("index,")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("samples --out samples.bmp", ".png"),
        ("samples --out nowhere/samples.png", "nowhere"),
        ("samples --out s.png --label 3", "not conditional"),
        ("interpolation --out a.png --from 99999", "99999"),
        ("interpolation --out a.gif --fps 0", "frames per second"),
        ("interpolation --out a.gif --format webp", "no webp"),
        ("interpolation --frames 3", "--format"),
        ("samples --format gif --dim 1", "--dim is for traversal"),
        ("samples --format gif --overshoot 1", "has no ends"),
        ("traversal --format gif --dim 99", "no latent dimension 99"),
        ("interpolation --format gif --overshoot=-1", "share of the path"),
        ("curves --out a.npy", ".csv"),
    ],
)
def test_exports_that_cannot_be(call: Callable[..., Any], trained_run: RunFolder, words: str, named: str) -> None:
    assert named in call("export", "small", *words.split()).refused()


def test_doctor_finds_this_machine_well(call: Callable[..., Any]) -> None:
    found = json.loads(call("doctor", "--json").out)
    states = {finding["what"]: finding["state"] for finding in found["findings"]}
    assert found["well"]
    assert {"packages", "runs", "data", "display", "Qt", "torch"} <= set(states)
    assert states["Qt"] == states["torch"] == "good"


def test_doctor_says_which_folder_is_of_no_use(call: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = call("doctor", "--data-dir", tmp_path / "file" / "data")
    assert answer.code == 1
    assert "bad   data" in answer.out
    assert str(tmp_path / "file") in answer.out
