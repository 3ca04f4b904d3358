"""Kill -9 at random moments of a training that saves all the time: it always resumes, to the same bits."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "kill_while_saving.py"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the script forks, so that a kill need not wait for torch to load")
def test_killed_at_any_moment_a_run_resumes(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--times", "6", "--epochs", "6", "--root", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "resumed to the same bits: 6 of 6" in done.stdout
    assert not list(tmp_path.iterdir())
