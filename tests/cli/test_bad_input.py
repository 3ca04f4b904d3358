"""What cannot be asked for gets one sentence, exit code 2, and leaves nothing behind."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

REFUSED = [
    ("train --data nowhere", "digits"),
    ("train --data empty", "empty"),
    ("train --latent-dim 0", "latent dim"),
    ("train --beta -1 --model beta-vae", "beta"),
    ("train --beta 4", "beta-vae"),
    ("train --model gan", "cvae"),
    ("train --network transformer", "conv"),
    ("train --likelihood poisson", "gaussian"),
    ("train --batch-size 0", "batch size"),
    ("train --epochs 0", "epochs"),
    ("train --lr 0", "learning rate"),
    ("train --lr nan", "learning rate"),
    ("train --limit 0", "limit"),
    ("train --val-fraction 1", "val fraction"),
    ("train --device tpu", "cuda"),
    ("train --preset nothing", "fashion"),
    ("train --config nothing.yaml", "nothing.yaml"),
    ("train --config torn.json", "torn.json"),
    ("train --config odd.yaml", "colour"),
    ("train --config flat.yaml", "at least one layer"),
    ("train --config alone.yaml", "one image at a time"),
    ("train --resume nothing", "nothing"),
    ("train --data pictures --model cvae", "labels"),
    ("evaluate nothing", "nothing"),
    ("evaluate empty", "empty"),
    ("evaluate digits-demo --seed -1", "whole number"),
    ("evaluate digits-demo --seed 9999999999", "whole number"),
    ("export nothing samples --out a.png", "nothing"),
    ("nothing", "nothing"),
    ("trian", "train"),
]


@pytest.fixture
def things(tmp_path: Path) -> Path:
    """An empty folder, a torn file, odd ones, and pictures without classes."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn.json").write_text('{"model": {')
    (tmp_path / "odd.yaml").write_text("model:\n  colour: blue\n")
    (tmp_path / "flat.yaml").write_text("model: {network: conv, hidden: []}")
    (tmp_path / "alone.yaml").write_text("model: {norm: batch}\ntraining: {batch_size: 1}")
    (tmp_path / "pictures").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (4, 16, 16), np.uint8)
    for i, pixels in enumerate(noise):
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"{i}.png")
    return tmp_path


@pytest.mark.parametrize(("words", "named"), REFUSED, ids=[words for words, _ in REFUSED])
def test_one_sentence_and_nothing_made(call: Callable[..., Any], things: Path, words: str, named: str) -> None:
    assert named in call(*words.split()).refused()
    assert not (things / "runs").exists()


@pytest.mark.parametrize(
    "words",
    [
        "train --latent-dim 0",
        "train --more 1",
        "train --name a/b",
        "train --resume nothing",
        "sweep --over beta=-1,1",
        "evaluate nothing",
        "export nothing samples --out a.png",
    ],
)
def test_what_needs_no_torch_to_be_refused_is_refused_without(tmp_path: Path, words: str) -> None:
    code = f"import sys\nfrom latentlab.__main__ import main\nprint(main({words.split()}), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "2 False\n", done.stderr


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path, call: Callable[..., Any]) -> None:
    (tmp_path / "runs").write_text("not a folder")
    assert "is a file: name a folder" in call("train", "--epochs", "1", "--device", "cpu").refused()


def test_a_broken_picture_is_skipped_and_counted(things: Path, call: Callable[..., Any]) -> None:
    (things / "pictures" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    words = ("train", "--data", "pictures", "--epochs", "1", "--device", "cpu", "--network", "mlp")
    for more in ((), ("--json",)):
        answer = call(*words, *more)
        assert answer.code == 0
        assert "1 of 5 pictures skipped" in answer.err
        assert "broken.png" in answer.err


def test_other_classes_than_those_trained_on_are_refused(things: Path, call: Callable[..., Any]) -> None:
    for name in "ab":
        shutil.copytree(things / "pictures", things / "classes" / name)
    words = "train --data classes --model cvae --network mlp --epochs 1 --device cpu --name two"
    assert call(*words.split()).code == 0
    shutil.copytree(things / "pictures", things / "classes" / "c")
    assert "2 classes" in call("export", "two", "latents", "--out", "z.csv").refused()
    answer = call("evaluate", "two", "--samples", "1", "--json")
    assert answer.code == 2
    assert "are not those that two was trained on" in answer.err
