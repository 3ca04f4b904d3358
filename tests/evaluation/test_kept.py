"""What the run's folder keeps of its evaluations."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentlab.config import RunConfig
from latentlab.evaluation.kept import keep
from latentlab.images import Dataset, Images
from latentlab.runs.files import read_json
from latentlab.runs.folder import RunFolder, create_run
from latentlab.runs.record import new_record


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    images = Images(np.zeros((20, 1, 8, 8), np.uint8), np.arange(20))
    return create_run(tmp_path, new_record("small", RunConfig(), Dataset("noise", images, images)))


def found(nll: float = 1.0, **protocol: Any) -> dict[str, Any]:
    known = {"split": "test", "step": 42, "n": 20, "samples": 100, "seed": 0, "against": None}
    return {"nll": nll, "protocol": known | protocol}


def test_an_evaluation_is_kept_with_its_protocol_and_time(run: RunFolder) -> None:
    path = keep(run, found())
    assert path == run.path / "evaluation" / "test-step-42-images-20-samples-100-seed-0.json"
    kept = read_json(path)
    assert (kept["nll"], kept["protocol"]["samples"]) == (1.0, 100)
    assert "created" in kept


def test_the_same_protocol_is_kept_once_and_another_never_replaces_it(run: RunFolder) -> None:
    first = keep(run, found())
    assert keep(run, found()) == first
    others = [keep(run, found(2.0, **{name: value})) for name, value in OTHERS.items()]
    assert len({first, *others}) == 1 + len(OTHERS)
    assert first is not None
    assert read_json(first)["nll"] == 1.0
    assert [path.name for path in others if path and path.name.endswith("seed-0-2.json")] != []


OTHERS = {"samples": 500, "seed": 1, "n": 10, "step": 43, "split": "train", "against": "/some/where", "device": "cuda"}


def test_a_damaged_one_is_left_alone(run: RunFolder) -> None:
    first = keep(run, found())
    assert first is not None
    first.write_text("{")
    second = keep(run, found())
    assert second is not None
    assert second != first
    assert first.read_text() == "{"


def test_nothing_is_written_into_a_read_only_run(run: RunFolder) -> None:
    run.update(read_only=True)
    assert keep(run, found()) is None
    assert not (run.path / "evaluation").exists()
