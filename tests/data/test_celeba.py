"""CelebA, from a few files laid out as its authors' archive."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentlab.config import DataConfig
from latentlab.data import decoding, pictures
from latentlab.data.sources import load
from latentlab.images import limited

NAMES = ("Bald", "Smiling", "Young")
FACES = {"000001.jpg": (-1, 1, 1), "000002.jpg": (1, -1, 1), "182637.jpg": (-1, -1, 1), "182638.jpg": (-1, 1, -1)}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "celeba" / "img_align_celeba"
    folder.mkdir(parents=True)
    for shade, name in enumerate(FACES):
        Image.new("RGB", (178, 218), (60 * shade, 10, 10)).save(folder / name)
    lines = [str(len(FACES)), " ".join(NAMES)]
    lines += [f"{name}  {' '.join(f'{value:2}' for value in values)}" for name, values in FACES.items()]
    (tmp_path / "celeba" / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_faces_have_attributes_and_the_official_test_part(home: Path) -> None:
    data = load(DataConfig(source="celeba"), data_dir=home)
    assert (len(data.train), len(data.test), data.shape) == (3, 1, (3, 64, 64))
    assert data.class_names == ("not smiling", "smiling")
    assert data.train.labels is not None
    assert data.train.labels.tolist() == [1, 0, 0]
    assert data.train.factor_names == NAMES
    assert data.train.factors is not None
    assert data.train.factors.tolist() == [[0, 1, 1], [1, 0, 1], [0, 0, 1]]
    assert np.abs(data.train.take(np.array([2, 0, 2])).pixels[:, 0, 5, 5].astype(int) - [120, 0, 120]).max() < 8
    assert data.at(np.array([3])).pixels[0, 0, 5, 5] > 170


def test_the_official_partition_decides_where_it_is_there(home: Path) -> None:
    marks = zip(FACES, (0, 2, 1, 0), strict=True)
    text = "".join(f"{name} {mark}\n" for name, mark in marks)
    (home / "celeba" / "list_eval_partition.txt").write_text(text)
    data = load(DataConfig(source="celeba"), data_dir=home)
    assert data.test.factors is not None
    assert data.test.factors.tolist() == [[1, 0, 1]]


def test_the_table_of_kaggle_reads_the_same(home: Path) -> None:
    before = load(DataConfig(source="celeba"), data_dir=home).fingerprint
    rows = [",".join(["image_id", *NAMES]), *(",".join([name, *map(str, values)]) for name, values in FACES.items())]
    (home / "celeba" / "list_attr_celeba.txt").unlink()
    (home / "celeba" / "list_attr_celeba.csv").write_text("\n".join(rows))
    (home / "celeba" / "img_align_celeba").rename(home / "celeba" / "inner")
    (home / "celeba" / "img_align_celeba").mkdir()
    (home / "celeba" / "inner").rename(home / "celeba" / "img_align_celeba" / "img_align_celeba")
    assert load(DataConfig(source="celeba"), data_dir=home).fingerprint == before


def test_size_and_channels_are_honoured(home: Path) -> None:
    data = load(DataConfig(source="celeba", image_size=32, channels=1), data_dir=home)
    assert data.train.take(np.array([0])).pixels.shape == (1, 1, 32, 32)


def test_missing_faces_are_told_of(home: Path) -> None:
    (home / "celeba" / "img_align_celeba" / "000002.jpg").unlink()
    data = load(DataConfig(source="celeba"), data_dir=home)
    assert data.notes == ("1 of the 4 faces in the list are not there",)
    assert len(data.train) == 2


def test_a_face_that_is_damaged_is_left_out_and_named(home: Path) -> None:
    (home / "celeba" / "img_align_celeba" / "000002.jpg").write_bytes(b"\xff\xd8\xff")
    data = load(DataConfig(source="celeba"), data_dir=home)
    assert data.notes == (
        "1 of 3 pictures skipped, because it is not a picture of a known format, or damaged: 000002.jpg",
    )
    assert data.train.index.tolist() == [0, 2]
    assert data.train.factors is not None
    assert data.train.factors.tolist() == [[0, 1, 1], [0, 0, 1]]


def test_without_the_files_it_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"img_align_celeba\.zip and list_attr_celeba\.txt") as refusal:
        load(DataConfig(source="celeba"), data_dir=tmp_path)
    assert "\n" not in str(refusal.value)


def test_a_list_that_is_none_is_refused(home: Path) -> None:
    (home / "celeba" / "list_attr_celeba.txt").write_text("hello")
    with pytest.raises(ValueError, match="not CelebA's list"):
        load(DataConfig(source="celeba"), data_dir=home)


def test_attributes_together_are_the_class(home: Path) -> None:
    """Bit i of the label is attribute i."""
    data = load(DataConfig(source="celeba", attributes=("Smiling", "Bald", "young")), data_dir=home)
    assert data.train.labels is not None
    assert data.test.labels is not None
    assert data.train.labels.tolist() == [0b101, 0b110, 0b100]
    assert data.test.labels.tolist() == [0b001]
    assert len(data.class_names) == 8
    assert data.class_names[0b101] == "smiling, not bald, young"
    assert data.class_names[0b010] == "not smiling, bald, not young"
    assert data.train.factors is not None
    assert data.train.factors.tolist() == [[0, 1, 1], [1, 0, 1], [0, 0, 1]]


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        (("Smilling",), "CelebA has no attribute 'Smilling'; it has Smiling"),
        (("old",), "CelebA has no attribute 'old'; it has Bald"),
        (("xyzzy",), "CelebA has no attribute 'xyzzy'; it has Bald, Smiling, Young"),
        (("Bald", "bald"), "the attribute Bald is named twice"),
    ],
)
def test_attributes_that_are_not_there_are_refused(home: Path, attributes: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match=r"CelebA|twice") as refusal:
        load(DataConfig(source="celeba", attributes=attributes), data_dir=home)
    assert str(refusal.value) == sentence


def test_with_a_limit_only_what_trains_is_decoded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = pictures.decode
    monkeypatch.setattr(pictures, "decode", lambda path, *how: opened.append(path.name) or real(path, *how))
    whole = load(DataConfig(source="celeba"), data_dir=home)
    some = load(DataConfig(source="celeba", limit=2), data_dir=home, seed=1)
    assert len(opened) == 4 + 3
    chosen = limited(whole.train, 2, 1)
    assert some.train.index.tolist() == chosen.index.tolist()
    assert np.array_equal(some.train.pixels[np.arange(2)], chosen.pixels[np.arange(2)])
    assert len(limited(some.train, 2, 1)) == len(some.test) + 1


def test_what_another_limit_or_seed_draws_is_kept_beside_the_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of a sweep that take turns would decode the same faces anew each time, and delete one another's."""
    monkeypatch.setattr(decoding, "SMALL", 0)
    several = [(None, 0, ()), (2, 0, ()), (2, 1, ()), (2, 0, ("Bald",))]

    def look() -> list[str]:
        return [
            load(DataConfig(source="celeba", limit=limit, attributes=names), data_dir=home, seed=seed).fingerprint
            for limit, seed, names in several
        ]

    before = look()
    assert len(set(before)) == len(several)
    monkeypatch.setattr(decoding, "decode_all", lambda *_: pytest.fail("a picture was opened again"))
    assert look() == before


def test_pictures_that_changed_take_the_place_of_those_before(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "SMALL", 0)
    config = DataConfig(source="celeba", limit=2)
    load(config, data_dir=home)
    before = set((home / "decoded").iterdir())
    Image.new("RGB", (178, 218), (7, 7, 7)).save(home / "celeba" / "img_align_celeba" / "000001.jpg", quality=50)
    load(config, data_dir=home)
    after = set((home / "decoded").iterdir())
    assert (len(before), len(after), len(before & after)) == (2, 2, 1), "the test part alone is the same"
