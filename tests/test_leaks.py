"""A test that leaves something behind, or makes Qt warn, fails: the watch of conftest.py, tried on tests that do."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHORT_GRACE = {**os.environ, "LATENTLAB_TESTS_GRACE": "0.3"}
LEAKING = """
import subprocess, sys, threading
import pytest
from PySide6.QtCore import QTimer, qWarning
from PySide6.QtWidgets import QWidget

KEPT = []

def test_tidy(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    timer = QTimer(widget)
    timer.start(1000)
    thread = threading.Thread(target=lambda: None)
    thread.start()

def test_thread():
    threading.Thread(target=threading.Event().wait, args=(20,), daemon=True).start()

def test_process():
    KEPT.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(10)"]))

def test_timer(qapp):
    timer = QTimer()
    timer.start(1000)
    KEPT.append(timer)

def test_widget(qapp):
    KEPT.append(QWidget())

def test_warning(qapp):
    qWarning("something is amiss")
"""


def test_what_leaks_fails(tmp_path: Path) -> None:
    (tmp_path / "test_leaking.py").write_text(LEAKING)
    shutil.copy(HERE / "conftest.py", tmp_path)
    shutil.copy(HERE.parent / "pyproject.toml", tmp_path)
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:randomly", "test_leaking.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env=SHORT_GRACE, capture_output=True, text=True, check=False, timeout=120
    )
    left = set(re.findall(r"^(?:ERROR|FAILED) test_leaking\.py::test_(\w+)", done.stdout, re.MULTILINE))
    assert left == {"thread", "process", "timer", "widget", "warning"}, done.stdout
