"""What every test may count on, and what none may leave behind.

A test fails that leaves a thread, a child process, a running timer or a top-level widget; pytest-qt fails one during
which Qt warns. Nothing here imports Qt or torch unless the test did.
"""

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

HOME = tempfile.mkdtemp(prefix="latentlab-tests-")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # small work: more threads wait for one another
for folder in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
    os.environ[folder] = str(Path(HOME) / folder.lower())  # settings and runs of the person at this machine stay theirs

import pytest  # noqa: E402
import tqdm  # noqa: E402

if TYPE_CHECKING:
    from latentlab.images import Dataset
    from latentlab.runs.folder import RunFolder

GRACE = float(os.environ.get("LATENTLAB_TESTS_GRACE", "2"))  # seconds that something which is ending may still take
tqdm.tqdm.monitor_interval = 0  # its watching thread would outlive the test


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails the test that leaves something running or standing."""
    before = {look.__name__: set(look()) for look in LOOKS}
    timers = _watch_timers(monkeypatch)
    yield
    _let_qt_delete()
    deadline = time.monotonic() + GRACE
    while (left := _left(before, timers)) and time.monotonic() < deadline:
        _let_qt_delete()
        time.sleep(0.02)
    if left:
        pytest.fail(f"left behind: {', '.join(left)}", pytrace=False)


def threads_alive() -> list[Any]:
    return [t for t in threading.enumerate() if t.is_alive()]


@dataclass(frozen=True)
class Child:
    """A child process: the same one whatever it calls itself, since its command changes while it starts."""

    pid: int
    command: str = field(compare=False)

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command.strip()})"


def children_alive() -> list[Any]:
    """Child processes that are not zombies, on Linux. multiprocessing's own tracker serves the whole session."""
    children = []
    for task in Path("/proc/self/task").glob("*/children"):
        try:
            pids = task.read_text().split()
        except OSError:  # the thread has ended meanwhile
            continue
        for pid in pids:
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if state != "Z" and "resource_tracker" not in command:
                children.append(Child(int(pid), command))
    return children


def widgets_standing() -> list[Any]:
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is None or widgets.QApplication.instance() is None:
        return []
    return [w for w in widgets.QApplication.topLevelWidgets() if w.parent() is None]


LOOKS: tuple[Callable[[], list[Any]], ...] = (threads_alive, children_alive, widgets_standing)


def _left(before: dict[str, set[Any]], timers: list[Any]) -> list[str]:
    new = [str(found) for look in LOOKS for found in look() if found not in before[look.__name__]]
    return new + [f"running timer of {timer.parent()!r}" for timer in timers if _is_active(timer)]


def _watch_timers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The QTimers started from now on. Only where the test's modules have imported Qt already."""
    started: list[Any] = []
    core = sys.modules.get("PySide6.QtCore")
    if core is None:
        return started
    start = core.QTimer.start

    def remember(timer: Any, *interval: Any) -> None:
        started.append(timer)
        start(timer, *interval)

    monkeypatch.setattr(core.QTimer, "start", remember)
    return started


def _is_active(timer: Any) -> bool:
    from shiboken6 import isValid

    return bool(isValid(timer) and timer.isActive())


def _let_qt_delete() -> None:
    """Widgets that were told to delete themselves do so now."""
    core = sys.modules.get("PySide6.QtCore")
    if core is not None and core.QCoreApplication.instance() is not None:
        core.QCoreApplication.sendPostedEvents(None, core.QEvent.Type.DeferredDelete)
        core.QCoreApplication.processEvents()


@pytest.fixture(scope="session")
def digits() -> "Dataset":
    """The 1,797 real 8x8 digits that scikit-learn carries."""
    from latentlab.config import DataConfig
    from latentlab.data.sources import load

    return load(DataConfig(), data_dir=Path(HOME) / "data")


@pytest.fixture(scope="session")
def _trained_once(digits: "Dataset", tmp_path_factory: pytest.TempPathFactory) -> Path:
    from latentlab.config import RunConfig
    from latentlab.runs.folder import create_run
    from latentlab.runs.record import new_record
    from latentlab.training.loop import train

    values = {
        "model": {"network": "mlp", "hidden": [64], "latent_dim": 4},
        "training": {"epochs": 2, "batch_size": 64, "device": "cpu", "learning_rate": 3e-3},
    }
    config = RunConfig.parse(values)
    run = create_run(tmp_path_factory.mktemp("trained"), new_record("small", config, digits))
    with run.lock():
        for _ in train(config, digits, run):
            pass
    return run.path


@pytest.fixture
def trained_run(_trained_once: Path, tmp_path: Path) -> "RunFolder":
    """A small VAE trained on digits for 2 epochs: this test's own copy, named "small", in tmp_path / "runs"."""
    from latentlab.runs.folder import open_run

    return open_run(shutil.copytree(_trained_once, tmp_path / "runs" / "small"))
