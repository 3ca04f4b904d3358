"""latentlab runs: the list, and what is deleted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from latentlab.runs.folder import RunFolder

BROKEN = ("train", "--network", "mlp", "--limit", "64", "--device", "cpu", "--lr", "10", "--name", "mine")


def test_the_list_has_what_there_is(call: Callable[..., Any], trained_run: RunFolder) -> None:
    heading, row = call("runs").out.splitlines()
    assert heading.split() == ["run", "status", "data", "model", "epochs", "-ELBO", "created"]
    assert row.split()[:7] == ["small", "completed", "digits", "vae", "2", "of", "2"]
    (found,) = json.loads(call("runs", "--json").out)
    assert (found["name"], found["status"], found["path"]) == ("small", "completed", str(trained_run.path))


def test_a_training_that_failed_at_once_can_be_had_again_under_its_name(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    assert call(*BROKEN).code == 1
    said = call(*BROKEN).refused()
    assert "(failed)" in said
    command = said.partition("'latentlab ")[2].removesuffix("'")
    assert command == "runs delete mine"
    lines = call("runs").out.splitlines()
    assert lines[1].split()[:2] == ["mine", "failed"]
    assert "near step" in lines[2]
    assert call(*command.split()).out.strip() == f"{tmp_path / 'runs' / 'mine'} is in the trash"
    assert call("runs").out.startswith("there are no runs in ")
    assert call(*BROKEN[:-4], "--epochs", "1", "--name", "mine").code == 0


def test_for_good_is_asked_for(
    call: Callable[..., Any], trained_run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_place: Path) -> None:
        raise OSError("no trash here")

    monkeypatch.setattr("send2trash.send2trash", refuse)
    assert "--for-good" in call("runs", "delete", "small").refused(code=1)
    assert call("runs", "delete", "small", "--for-good").code == 0
    assert not trained_run.path.exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("runs delete", "runs delete RUN"),
        ("runs list small", "for deleting"),
        ("runs delete nothing", "nothing"),
        ("runs delete digits-demo", "comes with LatentLab"),
        ("runs drop small", "delete"),
    ],
)
def test_what_cannot_be_deleted(call: Callable[..., Any], trained_run: RunFolder, words: str, named: str) -> None:
    assert named in call(*words.split()).refused()
    assert trained_run.path.exists()
