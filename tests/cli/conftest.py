"""Calling the command line in this process, from an empty folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from latentlab.__main__ import main


@dataclass(frozen=True)
class Answer:
    """What a command left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    def refused(self, code: int = 2) -> str:
        """The one sentence that a refused request gets."""
        assert self.code == code, self
        assert self.out == ""
        assert "Traceback" not in self.err
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, lines
        return lines[0]


Call = Callable[..., Answer]


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Runs `latentlab` with these words, and --checkpoints tmp_path / "runs" behind them."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str | Path) -> Answer:
        try:
            code = main([*map(str, words), "--checkpoints", str(tmp_path / "runs")])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capfd.readouterr()
        return Answer(code, out, err)

    return run
