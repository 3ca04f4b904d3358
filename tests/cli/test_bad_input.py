"""What cannot be asked for gets one sentence, exit code 2, and leaves nothing behind."""

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
    ("train --resume nothing", "nothing"),
    ("train --data pictures --model cvae", "labels"),
    ("evaluate nothing", "nothing"),
    ("evaluate empty", "empty"),
    ("export nothing samples --out a.png", "nothing"),
    ("nothing", "nothing"),
    ("trian", "train"),
]


@pytest.fixture
def things(tmp_path: Path) -> Path:
    """An empty folder, a torn file, an odd one, and pictures without classes."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn.json").write_text('{"model": {')
    (tmp_path / "odd.yaml").write_text("model:\n  colour: blue\n")
    (tmp_path / "pictures").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (4, 16, 16), np.uint8)
    for i, pixels in enumerate(noise):
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"{i}.png")
    return tmp_path


@pytest.mark.parametrize(("words", "named"), REFUSED, ids=[words for words, _ in REFUSED])
def test_one_sentence_and_nothing_made(call: Callable[..., Any], things: Path, words: str, named: str) -> None:
    assert named in call(*words.split()).refused()
    assert not (things / "runs").exists()


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path, call: Callable[..., Any]) -> None:
    (tmp_path / "runs").write_text("not a folder")
    assert "runs" in call("train", "--epochs", "1", "--device", "cpu").refused(1)


def test_a_broken_picture_is_skipped_and_counted(things: Path, call: Callable[..., Any]) -> None:
    (things / "pictures" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    answer = call("train", "--data", "pictures", "--epochs", "1", "--device", "cpu")
    assert answer.code == 0
    assert "broken.png" in answer.err or "1 " in answer.err
    assert "skipped" in answer.err
