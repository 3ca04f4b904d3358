"""latentlab directions: made of whole groups, listed, taken along and brought in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentlab.explore.loaded import load
from latentlab.runs.directions import FILE, load_directions, read_directions
from latentlab.runs.folder import RunFolder

Call = Callable[..., Any]


def test_one_is_made_listed_exported_and_imported(call: Call, trained_run: RunFolder, digits, tmp_path: Path) -> None:
    assert "make one" in call("directions", "small").out
    said = call("directions", "small", "make", "--from", "1", "--to", "0", "--name", "rounder")
    assert said.code == 0
    assert said.out.startswith("rounder: tells apart 9")
    kept = load_directions(trained_run.path, "small", 4, "")
    (made,) = kept.directions
    loaded, means = load(trained_run), []
    for label in (1, 0):
        parts = [part.take(np.flatnonzero(part.labels == label)) for part in (digits.train, digits.test)]
        means.append(np.concatenate([loaded.encode(part) for part in parts]).mean(axis=0))
    assert np.allclose(made.vector, means[1] - means[0], atol=1e-5)
    assert made.step == loaded.step
    heading, line = call("directions", "small").out.splitlines()
    assert heading.split()[0] == "direction"
    assert line.split()[:2] == ["rounder", "means"]
    assert json.loads(call("directions", "small", "--json").out)["directions"][0]["name"] == "rounder"

    file = tmp_path / "taken.json"
    assert call("directions", "small", "export", file).out.strip() == str(file)
    assert call("directions", "small", "import", file).out.strip() == "1 came in; small has 2"
    names = [each.name for each in load_directions(trained_run.path, "small", 4, "").directions]
    assert names == ["rounder", "rounder 2"]


def test_a_group_can_be_a_file_and_the_other_all_others(call: Call, trained_run: RunFolder, tmp_path: Path) -> None:
    group = tmp_path / "some.csv"
    group.write_text("index\n3\n5\n8\n")
    out = tmp_path / "out.json"
    said = call("directions", "small", "make", "--to", group, "--method", "classifier", "--out", out)
    assert said.code == 0, said
    (made,) = read_directions(out).directions
    assert (made.name, made.counts, made.method) == ("all others → some", (1794, 3), "classifier")
    assert not (trained_run.path / FILE).exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("make",), "--from GROUP --to GROUP"),
        (("make", "--from", "eleven"), "'eleven' is no class"),
        (("export",), "a file is needed"),
        (("list", "x.json"), "a file is for export and import"),
        (("import", "nowhere.json"), "there is no file"),
        (("--name", "x"), "are for make"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    call: Call, trained_run: RunFolder, words: tuple[str, ...], sentence: str
) -> None:
    assert sentence in call("directions", "small", *words).refused()


def test_with_a_read_only_run_nothing_is_kept(call: Call) -> None:
    assert "--out FILE" in call("directions", "digits-demo", "make", "--from", "1", "--to", "0").refused()
