"""What is selected on the map, taken away: it reads back as it was, and is whole or not there."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentlab.export.selection import Selected, picture_name, save_selection

COUNT = 1200


@pytest.fixture
def selected() -> Selected:
    chance = np.random.default_rng(3)
    index = chance.permutation(70_000)[:COUNT].astype(np.int64)
    return Selected(
        index,
        ["T-shirt/top" if each % 2 else "boot" for each in index.tolist()],
        chance.normal(size=(COUNT, 3)).astype(np.float32),
        {"reconstruction": chance.uniform(0, 99, COUNT).astype(np.float32), "kl": np.ones(COUNT, np.float32)},
        chance.normal(size=(COUNT, 2)).astype(np.float32),
        chance.integers(0, 256, (COUNT, 1, 4, 5)).astype(np.uint8),
    )


def nothing_is_left(folder: Path) -> bool:
    return not list(folder.iterdir())


def test_a_table_holds_every_figure_as_it_was(selected: Selected, tmp_path: Path):
    path = tmp_path / "some.csv"
    assert save_selection(path, "table", selected)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["index", "label", "reconstruction", "kl", "x", "y", "z0", "z1", "z2"]
    assert [int(row["index"]) for row in rows] == selected.index.tolist()
    assert [row["label"] for row in rows] == selected.labels
    for name, values in (("reconstruction", selected.figures["reconstruction"]), ("z2", selected.mu[:, 2])):
        assert np.array_equal(np.array([row[name] for row in rows], np.float32), values)
    assert np.array_equal(np.array([[row["x"], row["y"]] for row in rows], np.float32), selected.coords)


def test_what_is_not_known_has_no_column(tmp_path: Path):
    bare = Selected(np.array([7]), [], np.array([[0.5]], np.float32), {})
    assert save_selection(tmp_path / "one.csv", "table", bare)
    assert (tmp_path / "one.csv").read_text() == "index,z0\n7,0.5\n"


def test_latents_are_an_array_of_a_row_per_image(selected: Selected, tmp_path: Path):
    assert save_selection(tmp_path / "z.npy", "latents", selected)
    assert np.array_equal(np.load(tmp_path / "z.npy"), selected.mu)


def test_pictures_are_named_by_index_and_class(selected: Selected, tmp_path: Path):
    told: list[tuple[int, int]] = []
    assert save_selection(tmp_path / "some", "pictures", selected, lambda *of: told.append(of))
    files = sorted((tmp_path / "some").iterdir())
    assert len(files) == COUNT
    assert [path.name for path in tmp_path.iterdir()] == ["some"]
    for row in (0, 599, COUNT - 1):
        name = picture_name(int(selected.index[row]), selected.labels[row])
        assert name == f"{selected.index[row]:06d}-{selected.labels[row].replace('/', '-')}.png"
        with Image.open(tmp_path / "some" / name) as picture:
            assert np.array_equal(np.asarray(picture)[..., 0], selected.pixels[row, 0])
    assert told == sorted(told)
    assert told[-1] == (COUNT, COUNT)


@pytest.mark.parametrize("what", ["table", "latents", "pictures"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_cancelled_export_leaves_nothing(selected: Selected, tmp_path: Path, what: str, at: int):
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > (at if what != "latents" else 0)

    assert not save_selection(tmp_path / "some", what, selected, cancelled=cancelled)
    assert nothing_is_left(tmp_path)


@pytest.mark.parametrize("what", ["table", "latents", "pictures"])
def test_a_full_disk_leaves_nothing_and_names_what_was_asked_for(
    selected: Selected, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
):
    def full(*_given: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("latentlab.runs.files.write_synced", full)
    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="No space left") as caught:
        save_selection(tmp_path / "some", what, selected)
    assert Path(caught.value.filename) == tmp_path / "some"
    assert nothing_is_left(tmp_path)


def test_a_folder_that_is_there_stays_as_it_is(selected: Selected, tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "holiday.png").write_bytes(b"precious")
    with pytest.raises(ValueError, match="is there already"):
        save_selection(tmp_path / "mine", "pictures", selected)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["holiday.png"]


def test_nothing_selected_is_said(tmp_path: Path):
    nothing = Selected(np.empty(0, np.int64), [], np.empty((0, 2), np.float32), {})
    with pytest.raises(ValueError, match="nothing is selected"):
        save_selection(tmp_path / "none.csv", "table", nothing)
