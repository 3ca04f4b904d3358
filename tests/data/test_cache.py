"""Pictures that are decoded once and found again: whole or absent, and made anew when anything changed."""

import errno
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentlab import images
from latentlab.config import DataConfig
from latentlab.data import cache, decoding, folder
from latentlab.data.request import Cancelled
from latentlab.data.sources import load
from latentlab.images import Chosen, Dataset, held_out, limited

COUNT = 40


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """40 small pictures, of two classes; whatever is decoded counts as large."""
    monkeypatch.setattr(decoding, "SMALL", 0)
    monkeypatch.setattr(decoding, "LARGE", 0)
    monkeypatch.setattr(images, "LARGE", 0)
    draw = np.random.default_rng(0)
    for number in range(COUNT):
        path = tmp_path / "pictures" / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (10, 10, 3), np.uint8)).save(path)
    return tmp_path / "pictures"


def read(root: Path, **more: object) -> Dataset:
    told = {key: more.pop(key) for key in ("progress", "cancelled") if key in more}
    config = DataConfig.model_validate({"source": "folder", "path": str(root), **more})
    return load(config, data_dir=root.parent / "data", **told)  # type: ignore[arg-type]


def kept(root: Path) -> list[Path]:
    home = root.parent / "data" / "decoded"
    return sorted(home.iterdir()) if home.exists() else []


def everything(data: Dataset) -> np.ndarray:
    return data.at(np.arange(len(data))).pixels


@pytest.fixture
def no_decoding(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From when it is called on, no picture file may be looked into."""

    def forbid() -> None:
        for module, name in ((decoding, "decode_all"), (folder, "header")):
            monkeypatch.setattr(module, name, lambda *_: pytest.fail("a picture was opened again"))

    return forbid


def test_what_is_kept_is_what_would_be_in_memory(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mapped = read(pictures)
    assert isinstance(mapped.train.pixels, Chosen)
    monkeypatch.setattr(decoding, "SMALL", 1 << 20)
    monkeypatch.setattr(cache, "opened", lambda _: None)
    plain = read(pictures)
    assert type(plain.train.pixels) is np.ndarray
    assert np.array_equal(everything(mapped), everything(plain))
    assert mapped.fingerprint == plain.fingerprint
    assert mapped.train.labels is not None
    assert plain.train.labels is not None
    assert mapped.train.labels.tolist() == plain.train.labels.tolist()


def test_the_second_time_no_picture_is_opened(pictures: Path, no_decoding: Callable[[], None]) -> None:
    (pictures / "a" / "broken.png").write_bytes(b"no picture")
    first = read(pictures)
    no_decoding()
    again = read(pictures)
    assert again.fingerprint == first.fingerprint
    assert "1 of 41 pictures skipped" in again.notes[0], "what was skipped is remembered"
    assert first.notes == (*again.notes, first.notes[-1])
    assert str(kept(pictures)[0]) in first.notes[-1], "and where it lies is said once"


def test_moving_the_pictures_changes_nothing(pictures: Path, no_decoding: Callable[[], None]) -> None:
    before = read(pictures).fingerprint
    no_decoding()
    assert read(pictures.rename(pictures.with_name("moved"))).fingerprint == before


def test_a_picture_that_changed_is_seen_and_the_old_ones_go(pictures: Path) -> None:
    before, (old,) = read(pictures).fingerprint, kept(pictures)
    Image.new("RGB", (10, 10), "red").save(pictures / "a" / "00.png")
    changed = read(pictures)
    assert everything(changed)[0, 0].min() == 255
    assert changed.fingerprint != before
    assert len(kept(pictures)) == 1
    assert not old.exists()


def test_a_picture_of_the_same_length_is_seen(pictures: Path) -> None:
    path = pictures / "a" / "00.bmp"
    Image.new("RGB", (10, 10), "blue").save(path)
    before, size = read(pictures).fingerprint, path.stat().st_size
    Image.new("RGB", (10, 10), "red").save(path)
    os.utime(path, ns=(0, time.time_ns() + 1_000_000_000))
    assert path.stat().st_size == size
    assert read(pictures).fingerprint != before


def test_a_picture_more_is_seen(pictures: Path) -> None:
    read(pictures)
    Image.new("RGB", (10, 10), "red").save(pictures / "b" / "new.png")
    assert len(read(pictures)) == COUNT + 1


def test_another_size_has_its_own_and_leaves_the_first(pictures: Path, no_decoding: Callable[[], None]) -> None:
    read(pictures)
    assert read(pictures, image_size=8, channels=1).shape == (1, 8, 8)
    assert len(kept(pictures)) == 2
    no_decoding()
    assert read(pictures).shape == (3, 10, 10)


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def change_a_byte_in_secret(path: Path) -> None:
    when = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(when.st_atime_ns, when.st_mtime_ns))


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("pixels.npy", cut_off),
        ("pixels.npy", append),
        ("pixels.npy", change_a_byte_in_secret),
        ("pixels.npy", Path.unlink),
        ("info.json", cut_off),
        ("info.json", Path.unlink),
        ("info.json", lambda path: path.write_text("[]")),
    ],
)
def test_what_is_damaged_is_made_anew(pictures: Path, name: str, spoil: Callable[[Path], None]) -> None:
    before = read(pictures).fingerprint
    (where,) = kept(pictures)
    spoil(where / name)
    again = read(pictures)
    assert again.fingerprint == before
    assert "decoded" in again.notes[-1]
    assert kept(pictures) == [where]


def test_what_was_written_to_is_made_anew_wherever_it_was(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file is not read as a whole to see whether it is as it was: its time of change tells."""
    monkeypatch.setattr(cache, "BLOCK", 1)
    before = read(pictures).fingerprint
    path = kept(pictures)[0] / "pixels.npy"
    data = bytearray(path.read_bytes())
    data[len(data) // 2 + 5] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(0, time.time_ns() + 1_000_000_000))
    again = read(pictures)
    assert again.fingerprint == before
    assert "decoded" in again.notes[-1]


def test_cancelling_leaves_nothing(pictures: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with pytest.raises(Cancelled):
        read(pictures, progress=lambda *so_far: told.append(so_far), cancelled=lambda: len(told) >= 4)
    assert told[-1] == ("reading the pictures", 32, COUNT)
    assert kept(pictures) == []


def test_too_small_a_disk_is_said_before_anything_is_written(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SPARE", 1 << 60)
    with pytest.raises(OSError, match=r"take 0.0 GB and there is not so much room in .*decoded: make room") as refusal:
        read(pictures)
    assert "\n" not in str(refusal.value)
    assert kept(pictures) == []


def test_a_disk_that_fills_up_leaves_nothing(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(cache.Writer, "finish", full)
        with pytest.raises(OSError, match="not so much room"):
            read(pictures)
    assert kept(pictures) == []
    assert len(read(pictures)) == COUNT


def test_pictures_without_colour_are_kept_grey(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "COPIED", 7)  # pictures at a time
    for number, path in enumerate(sorted(pictures.rglob("*.png"))):
        shades = np.arange(100, dtype=np.uint8).reshape(10, 10) + np.uint8(number)
        Image.fromarray(shades).convert("RGB").save(path)
    data = read(pictures)
    assert data.shape == (1, 10, 10)
    whole = data.train.pixels[np.arange(len(data.train))]
    expected = np.arange(100).reshape(10, 10) + np.delete(np.arange(COUNT), slice(9, None, 10))[:, None, None]
    assert np.array_equal(whole[:, 0], expected)


def test_only_what_nobody_uses_is_cleared_away(pictures: Path) -> None:
    read(pictures)
    (where,) = kept(pictures)
    home = where.parent
    old, strange, dead, alive = home / "old", home / "strange", home / "1.part", home / "2.part"
    for entry in (old, strange, dead, alive):
        entry.mkdir()
        (entry / "pixels.npy").write_bytes(b"x")
    (old / "info.json").write_text('{"whose": "somebody"}')
    os.utime(old / "info.json", (0, time.time() - 61 * 86400))
    os.utime(dead / "pixels.npy", (0, time.time() - 7200))
    read(pictures, image_size=8)
    assert {where, strange, alive} < set(kept(pictures)), "the first is still of use, and a part is being written"
    assert not old.exists()
    assert not dead.exists()


def test_another_process_may_be_faster(pictures: Path) -> None:
    read(pictures)
    (where,) = kept(pictures)
    with cache.writing(where, (COUNT, 3, 10, 10), "the same") as (writer, _):
        writer.add(np.zeros((3, 10, 10), np.uint8))
    known = cache.opened(where)
    assert known is not None
    assert len(known.pixels) == COUNT, "what was there is whole, and stays"


@pytest.mark.skipif(sys.platform == "win32", reason="there what is open cannot be removed")
def test_what_another_process_removes_meanwhile_is_open_already(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = everything(read(pictures))
    shutil.rmtree(pictures.parent / "data")
    monkeypatch.setattr(cache, "tidy", lambda folder, _: shutil.rmtree(folder))
    data = read(pictures)
    assert kept(pictures) == []
    assert np.array_equal(everything(data), whole)


def test_splits_and_limits_stay_where_they_are(pictures: Path) -> None:
    data = read(pictures)
    some = limited(data.train, 20, seed=3)
    train, validation = held_out(some, 0.2, seed=3)
    part = some.subset(train)
    assert isinstance(part.pixels, Chosen)
    assert len(part) + len(validation) == len(part.pixels) + len(validation) == 20
    asked = np.array([5, 0, 5, 15])
    assert np.array_equal(part.pixels[asked], data.at(part.index[asked]).pixels)
    assert part.labels is not None
    assert part.labels[asked].tolist() == (data.at(part.index[asked]).labels).tolist()  # type: ignore[union-attr]
