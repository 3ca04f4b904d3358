"""Runs without training: a record over made-up images, and writers in processes of their own."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentlab.config import RunConfig
from latentlab.images import Dataset, Images
from latentlab.runs.folder import RunFolder, create_run
from latentlab.runs.record import RunRecord, new_record


class Runs:
    """Makes runs in one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def record(self, name: str = "one", **values: Any) -> RunRecord:
        part = Images(np.zeros((20, 1, 8, 8), np.uint8), np.arange(20), np.arange(20) % 2, ("even", "odd"))
        return new_record(name, RunConfig.parse(values), Dataset("digits", part, part))

    def create(self, name: str = "one", **values: Any) -> RunFolder:
        return create_run(self.root, self.record(name, **values))


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "checkpoints")


def run_python(program: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """What a program printed that ran in a process of its own; fails the test where the program failed."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(name="run_python")
def _run_python() -> Any:
    return run_python
