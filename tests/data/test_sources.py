"""The door to all sources, and the digits behind it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from latentlab.config import DataConfig
from latentlab.data.request import Cancelled
from latentlab.data.sources import describe, from_argument, load, names
from latentlab.images import Dataset


def digits(**fields: object) -> Dataset:
    return load(DataConfig.model_validate(fields), data_dir=Path("nowhere"))


def test_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    theirs, ours = load_digits(), digits()
    assert (len(ours.train), len(ours.test), ours.shape, ours.num_classes) == (1437, 360, (1, 8, 8), 10)
    everything = ours.at(np.arange(1797))
    assert np.array_equal(everything.pixels[:, 0], np.rint(theirs.images * 255 / 16))
    assert everything.labels is not None
    assert np.array_equal(everything.labels, theirs.target)
    assert everything.pixels[np.arange(10)].max() == 255


@pytest.mark.parametrize("size", [8, 28, 33])
@pytest.mark.parametrize("channels", [1, 3])
def test_size_and_channels_are_honoured(size: int, channels: int) -> None:
    assert digits(image_size=size, channels=channels).shape == (channels, size, size)
    picture = digits(image_size=size, channels=channels).test.take(np.array([0, 5])).pixels
    plain = digits().test.take(np.array([0, 5])).pixels
    assert abs(picture.mean() - plain.mean()) < 12  # the same ink, spread over more pixels


def test_the_window_opens_digits_without_heavy_modules() -> None:
    code = (
        "import sys, pathlib; from latentlab.config import DataConfig; from latentlab.data.sources import load\n"
        "load(DataConfig(), data_dir=pathlib.Path('x'))\n"
        "print([m for m in ('torch', 'torchvision', 'sklearn', 'scipy', 'PIL') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_loading_twice_gives_one_fingerprint() -> None:
    assert digits().fingerprint == digits().fingerprint
    assert digits().fingerprint != digits(image_size=28).fingerprint


def test_unknown_source_is_one_sentence_with_the_names() -> None:
    for refused in (lambda: digits(source="mnits"), lambda: from_argument("mnits"), lambda: describe("mnits")):
        with pytest.raises(ValueError, match=r"'mnits'.*digits.*fashion-mnist.*folder of pictures") as refusal:
            refused()
        assert "\n" not in str(refusal.value)


def test_every_source_is_described() -> None:
    assert set(names()) == {"digits", "shapes", "mnist", "fashion-mnist", "cifar10", "celeba", "folder"}
    assert all(describe(name) for name in names())


def test_an_argument_is_a_name_or_a_folder(tmp_path: Path) -> None:
    assert from_argument("mnist") == {"source": "mnist"}
    assert from_argument(str(tmp_path)) == {"source": "folder", "path": str(tmp_path.resolve())}
    (tmp_path / "one.png").write_bytes(b"")
    with pytest.raises(ValueError, match="not a folder"):
        from_argument(str(tmp_path / "one.png"))
    with pytest.raises(ValueError, match="there is no data set"):
        from_argument("")


def test_cancelling_ends_the_loading() -> None:
    with pytest.raises(Cancelled):
        load(DataConfig(image_size=16), data_dir=Path("x"), cancelled=lambda: True)
