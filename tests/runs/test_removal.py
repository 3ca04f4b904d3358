"""A run goes to the trash whole, or for good, and never while someone needs it."""

import os
from pathlib import Path

import pytest

from latentlab.runs import removal
from latentlab.runs.folder import RunFolder, run_names
from latentlab.runs.lock import RunLocked
from latentlab.runs.places import demo_run
from latentlab.runs.removal import NoTrash, for_good, to_trash


@pytest.mark.parametrize("by", ["name", "path"])
def test_what_is_in_the_trash_is_the_whole_run(trained_run: RunFolder, by: str) -> None:
    weights = {path.name: path.read_bytes() for path in trained_run.path.rglob("*.safetensors")}
    place = to_trash("small" if by == "name" else str(trained_run.path), trained_run.path.parent)
    assert place == trained_run.path
    assert not place.exists()
    trash = Path(os.environ["XDG_DATA_HOME"]) / "Trash" / "files"
    newest = max(trash.glob("small*"), key=lambda path: path.stat().st_ctime_ns)
    assert weights
    assert {path.name: path.read_bytes() for path in newest.rglob("*.safetensors")} == weights


def test_for_good_leaves_nothing(trained_run: RunFolder) -> None:
    root = trained_run.path.parent
    for_good("small", root)
    assert list(root.iterdir()) == []


def test_a_damaged_run_can_be_removed(trained_run: RunFolder) -> None:
    (trained_run.path / "run.json").write_text("{")
    for_good("small", trained_run.path.parent)
    assert not trained_run.path.exists()


def test_what_is_needed_stays(trained_run: RunFolder) -> None:
    root = trained_run.path.parent
    with trained_run.lock(), pytest.raises(RunLocked, match="small"):
        for_good("small", root)
    with pytest.raises(ValueError, match="the nearest names are: small"):
        for_good("smal", root)
    with pytest.raises(ValueError, match="not a run folder"):
        for_good(str(root), root)
    with pytest.raises(ValueError, match="comes with LatentLab"):
        for_good("digits-demo", root)
    trained_run.update(read_only=True)
    with pytest.raises(ValueError, match="read-only"):
        for_good("small", root)
    assert run_names(root) == ["small"]
    assert demo_run() is not None


def test_without_a_trash_the_run_stays_as_it_was(trained_run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_place: Path) -> None:
        raise PermissionError(13, "Permission denied", "the trash")

    monkeypatch.setattr("send2trash.send2trash", refuse)
    with pytest.raises(NoTrash, match="small cannot be moved to the trash: Permission denied"):
        removal.to_trash("small", trained_run.path.parent)
    assert RunFolder(trained_run.path).checkpoints.steps()


@pytest.mark.skipif(os.name == "nt", reason="Windows moves no folder in which a file is open")
def test_no_training_begins_while_a_run_is_being_moved(
    trained_run: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def move(place: Path) -> None:
        with pytest.raises(RunLocked):
            RunFolder(place).lock().acquire()
        place.rename(tmp_path / "trash")

    monkeypatch.setattr("send2trash.send2trash", move)
    to_trash("small", trained_run.path.parent)
    assert RunFolder(tmp_path / "trash").holder() is None, "had back, it can be trained at once"


@pytest.mark.skipif(os.name == "nt", reason="making a link needs rights there that a person rarely has")
def test_a_link_to_a_run_is_left_alone(trained_run: RunFolder, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "linked").symlink_to(trained_run.path)
    with pytest.raises(ValueError, match="is a link"):
        for_good("linked", shelf)
    assert run_names(shelf) == ["linked"]
    assert (trained_run.path / "run.json").is_file()
