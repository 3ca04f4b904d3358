"""A folder of pictures: good ones, strange ones and broken ones."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentlab.config import DataConfig
from latentlab.data import pictures as pictures_module
from latentlab.data.request import Cancelled
from latentlab.data.sources import load
from latentlab.images import Dataset, limited


def read(folder: Path, **fields: object) -> Dataset:
    config = DataConfig.model_validate({"source": "folder", "path": str(folder), **fields})
    return load(config, data_dir=Path("nowhere"))


def everything(data: Dataset) -> np.ndarray:
    return data.at(np.arange(len(data))).pixels


def paint(path: Path, colour: tuple[int, int, int] = (200, 30, 60), size: tuple[int, int] = (40, 30)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """30 pictures of two classes, each of its own colour, all 40x30."""
    for number in range(15):
        paint(tmp_path / "cats" / f"{number:02}.png", (10 * number, 0, 0))
        paint(tmp_path / "dogs" / "old" / f"{number:02}.png", (0, 10 * number, 0))
    return tmp_path


def test_subfolders_are_classes_and_every_tenth_picture_tests(pictures: Path) -> None:
    data = read(pictures)
    assert (data.class_names, len(data.train), len(data.test)) == (("cats", "dogs"), 27, 3)
    assert data.shape == (3, 30, 30)  # their own shorter side
    assert data.train.labels is not None
    assert data.test.labels is not None
    assert np.bincount(data.train.labels).tolist() == [14, 13]
    assert data.test.pixels[np.arange(3)][:, :, 0, 0].tolist() == [[90, 0, 0], [0, 40, 0], [0, 140, 0]]
    assert np.concatenate([data.train.index, data.test.index]).tolist() == list(range(30))
    assert data.notes == ()


def test_reading_again_gives_the_same(pictures: Path) -> None:
    assert read(pictures).fingerprint == read(pictures).fingerprint


def test_without_subfolders_there_are_no_labels(tmp_path: Path) -> None:
    for number in range(4):
        paint(tmp_path / f"{number}.jpg")
    data = read(tmp_path)
    assert (data.train.labels, data.class_names, len(data.train), len(data.test)) == (None, (), 3, 1)


def test_size_and_channels_are_honoured(pictures: Path) -> None:
    assert read(pictures, image_size=16, channels=1).shape == (1, 16, 16)
    grey = everything(read(pictures, channels=1))
    assert grey[-1].max() == round(0.587 * 140)


def test_size_is_64_where_there_is_no_common_one(pictures: Path) -> None:
    paint(pictures / "cats" / "other.png", size=(300, 500))
    assert read(pictures).shape == (3, 64, 64)


def test_the_middle_is_kept(tmp_path: Path) -> None:
    canvas = np.zeros((20, 60, 3), np.uint8)
    canvas[:, 20:40] = (0, 0, 255)
    for number in range(2):
        Image.fromarray(canvas).save(tmp_path / f"{number}.png")
    assert (everything(read(tmp_path)) == np.array([0, 0, 255])[:, None, None]).all()


def test_pictures_without_colour_are_grey_even_in_colour_files(tmp_path: Path) -> None:
    for number in range(3):
        paint(tmp_path / f"{number}.png", (number, number, number))
    assert read(tmp_path).shape[0] == 1
    paint(tmp_path / "last.png", (0, 0, 1))
    assert read(tmp_path).shape[0] == 3


def bomb(path: Path) -> None:
    """A PNG of 400 megapixels in a few bytes."""
    chunk = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + chunk)
    with path.open("ab") as file:
        file.write(struct.pack(">I", zlib.crc32(b"IHDR" + chunk)) + struct.pack(">I", 0) + b"IDAT")
        file.write(struct.pack(">I", zlib.crc32(b"IDAT")))


def cut_off(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def huge(path: Path) -> None:
    Image.new("1", (9_000, 8_000)).save(path)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("name", "spoil", "reason"),
    [
        ("bad.png", bomb, "larger than 64 megapixels"),
        ("bad.png", huge, "larger than 64 megapixels"),
        ("bad.png", cut_off, "damaged or cut off"),
        ("bad.jpg", cut_off, "damaged or cut off"),
        ("bad.gif", lambda path: path.write_text("hello"), "not a picture of a known format"),
        ("bad.png", lambda path: path.write_bytes(b""), "not a picture of a known format"),
        ("bad.jpg", lambda path: path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n"), "not a picture of a known format"),
    ],
)
def test_what_cannot_be_used_is_skipped_and_counted(
    pictures: Path, name: str, spoil: Callable[[Path], object], reason: str
) -> None:
    before = read(pictures)
    spoil(pictures / "cats" / name)
    after = read(pictures)
    (note,) = after.notes
    assert note.startswith("1 of 31 pictures skipped")
    assert reason in note
    assert f"cats/{name}" in note.replace("\\", "/")
    assert after.fingerprint == before.fingerprint


def test_nothing_but_broken_pictures_is_refused(tmp_path: Path) -> None:
    cut_off(tmp_path / "a.jpg")
    cut_off(tmp_path / "b.jpg")
    (tmp_path / "c.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"no usable picture: 2 of 3 pictures skipped.*damaged or cut off"):
        read(tmp_path)


@pytest.mark.parametrize("size", [None, 16])
def test_nothing_that_is_a_picture_at_all_is_refused(tmp_path: Path, size: int | None) -> None:
    for name in ("a.png", "b.jpg"):
        (tmp_path / name).write_text("no picture")
    with pytest.raises(ValueError, match=r"no usable picture: 2 of 2 pictures skipped.*not a picture of a known"):
        read(tmp_path, image_size=size)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"no pictures in it.*\.jpg"):
        read(tmp_path)
    with pytest.raises(ValueError, match="there is no folder"):
        read(tmp_path / "absent")
    with pytest.raises(ValueError, match="there is no folder"):
        read(tmp_path / "notes.txt")


def test_a_single_picture_is_too_few(tmp_path: Path) -> None:
    paint(tmp_path / "one.png")
    with pytest.raises(ValueError, match="only 1 usable picture; at least 2"):
        read(tmp_path)


def test_the_camera_s_orientation_is_obeyed(tmp_path: Path) -> None:
    canvas = np.zeros((32, 32), np.uint8)
    canvas[:16] = 255  # bright above
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    for name in "ab":
        Image.fromarray(canvas).save(tmp_path / f"{name}.jpg", exif=exif, quality=95)
    turned = everything(read(tmp_path))[0, 0]
    assert turned[:14].max() < 20
    assert turned[18:].min() > 235


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    for name in ("a.gif", "b.webp"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], lossless=True)
    assert (everything(read(tmp_path))[:, 0] > 240).all()


def test_transparent_is_white_and_16_bits_become_8(tmp_path: Path) -> None:
    Image.new("RGBA", (16, 16), (255, 0, 0, 0)).save(tmp_path / "a.png")
    Image.fromarray(np.full((16, 16), 0x8040, np.uint16)).save(tmp_path / "b.png")
    Image.new("P", (16, 16)).save(tmp_path / "c.gif", transparency=0)
    Image.new("CMYK", (16, 16), (0, 0, 0, 0)).save(tmp_path / "d.jpg")
    values = everything(read(tmp_path))[:, 0, 0, 0]
    assert values.tolist() == [255, 128, 255, 255]


def test_pictures_beside_the_classes_are_left_out_and_told_of(pictures: Path) -> None:
    paint(pictures / "loose.png")
    data = read(pictures)
    assert len(data) == 30
    assert data.notes == ("1 picture beside the class folders was left out",)


def test_progress_is_told_and_cancelling_ends_it(pictures: Path) -> None:
    told: list[tuple[str, int, int]] = []
    config = DataConfig(source="folder", path=str(pictures))
    load(config, data_dir=Path("x"), progress=lambda *so_far: told.append(so_far))
    assert told[0] == ("looking at the pictures", 0, 30)
    assert told[-1] == ("reading the pictures", 30, 30)
    with pytest.raises(Cancelled):
        load(config, data_dir=Path("x"), cancelled=lambda: True)


def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are opened from now on."""
    seen: list[Path] = []

    def remember(path: Path) -> Image.Image:
        seen.append(path)
        return before(path)

    before = pictures_module._opened
    monkeypatch.setattr(pictures_module, "_opened", remember)
    return seen


def test_with_a_limit_only_what_is_drawn_is_opened(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentlab.data.folder.LEAST_TESTED", 2)
    seen = opened(monkeypatch)
    data = read(pictures, limit=4)
    assert (len(data.train), len(data.test)) == (4, 3)
    assert len(set(seen)) == 7
    assert data.train.labels is not None
    assert np.bincount(data.train.labels).tolist() == [2, 2]
    assert data.class_names == ("cats", "dogs")


@pytest.mark.parametrize("seed", [0, 3])
def test_what_is_drawn_is_what_a_limit_leaves_of_the_whole(pictures: Path, seed: int) -> None:
    """The same pictures, indices and labels as when all are read and then limited."""
    for classes in (True, False):
        folder = pictures if classes else pictures / "dogs"
        config = DataConfig(source="folder", path=str(folder), limit=5)
        drawn = load(config, data_dir=Path("nowhere"), seed=seed)
        whole = read(folder)
        wanted = limited(whole.train, 5, seed)
        assert drawn.train.index.tolist() == wanted.index.tolist()
        assert np.array_equal(drawn.at(drawn.train.index).pixels, wanted.pixels[np.arange(5)])
        assert np.array_equal(drawn.test.index, whole.test.index)
        assert np.array_equal(drawn.at(whole.test.index).pixels, whole.at(whole.test.index).pixels)
        assert drawn.class_names == whole.class_names
        assert (drawn.train.labels is None) is not classes
        if drawn.train.labels is not None and wanted.labels is not None:
            assert drawn.train.labels.tolist() == wanted.labels.tolist()


def test_a_limit_that_leaves_all_is_none(pictures: Path) -> None:
    assert read(pictures, limit=27).fingerprint == read(pictures).fingerprint


def test_a_broken_picture_among_those_drawn_is_told_of(pictures: Path) -> None:
    for path in (pictures / "cats").iterdir():
        path.write_bytes(b"broken")
    data = read(pictures, limit=4)
    assert len(data.train) == 2
    assert data.class_names == ("cats", "dogs")
    assert "pictures skipped" in data.notes[0]


@pytest.mark.parametrize("parts", [("train", "val"), ("photos",)])
def test_the_parent_of_the_folder_that_is_meant_is_told_of(tmp_path: Path, parts: tuple[str, ...]) -> None:
    for part in parts:
        for name in ("cats", "dogs"):
            for number in range(3):
                paint(tmp_path / part / name / f"{number}.png")
    data = read(tmp_path)
    assert data.class_names == (parts if len(parts) > 1 else ())
    (note,) = data.notes
    assert note.endswith(f"where cats, dogs are meant to be, name the folder that holds these: {tmp_path / parts[0]}")
    assert read(tmp_path / parts[0]).class_names == ("cats", "dogs")
    assert read(tmp_path / parts[0]).notes == ()
