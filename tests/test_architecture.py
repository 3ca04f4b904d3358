"""The import rules of pyproject.toml hold, and each catches a deliberate breach of it."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent.parent
BREACHES = [
    ("1.", "models/build.py", "import latentlab.training.loop"),
    ("1.", "data/sources.py", "def breach():\n    from latentlab.runs import folder"),
    ("1.", "cli/commands.py", "from latentlab.gui import app"),
    ("1.", "somewhere_new.py", "'a module that no layer has a place for'"),
    ("2.", "explore/grids.py", "def breach():\n    from PySide6 import QtGui"),
    ("2.", "cli/doctor.py", "import pyqtgraph"),
    ("3.", "gui/widgets/theme.py", "import latentlab.gui.session"),
    ("3.", "gui/session.py", "def breach():\n    import latentlab.gui.views.map.view"),
    ("3.", "gui/views/map/view.py", "import latentlab.gui.threads.training"),
    ("3.", "gui/somewhere_new.py", "'a module that no layer of the window has a place for'"),
    ("4.", "gui/session.py", "def breach():\n    import torch"),
    ("4.", "gui/widgets/theme.py", "from latentlab.models import build"),
    ("4.", "gui/views/map/view.py", "def breach():\n    from latentlab.explore import projection_process"),
    ("4.", "gui/actions.py", "import latentlab.explore.loaded"),
    ("5.", "gui/views/curves_view.py", "def breach():\n    import latentlab.gui.views.map.view"),
    ("6.", "training/loop.py", "def breach():\n    import latentlab.data.sources"),
    ("6.", "runs/folder.py", "import PIL.Image"),
    ("6.", "evaluation/evaluate.py", "import sklearn"),
    ("6.", "models/build.py", "def breach():\n    import torchvision"),
]


def lint(folder: Path) -> tuple[int, str]:
    """The exit code and the words of lint-imports in `folder`."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and its rules."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copytree(HERE / "latentlab", copy / "latentlab", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "pyproject.toml", copy)
    return copy


def test_the_rules_hold() -> None:
    code, words = lint(HERE)
    assert code == 0, words


@pytest.mark.parametrize(("rule", "file", "line"), BREACHES, ids=lambda value: str(value).partition("\n")[0])
def test_a_breach_is_caught(house: Path, rule: str, file: str, line: str) -> None:
    path = house / "latentlab" / file
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        code, words = lint(house)
    finally:
        path.unlink() if before is None else path.write_text(before, encoding="utf-8")
    unplaced = "somewhere_new" in file
    broken = [row for row in words.splitlines() if row.startswith(rule) and row.endswith("BROKEN")]
    assert code == 1
    assert broken, words
    assert not unplaced or "somewhere_new" in words


def test_every_part_but_the_window_is_kept_from_qt() -> None:
    rules = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    kept = {name for rule in rules if rule["id"] == "qt" for name in rule["source_modules"]}
    parts = {path.stem for path in (HERE / "latentlab").iterdir() if not path.name.startswith("__")}
    assert kept == {f"latentlab.{part}" for part in parts - {"gui"}}
