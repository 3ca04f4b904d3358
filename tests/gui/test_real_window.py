"""The program in a real window on a virtual screen, by real keys: it trains, and when it closes nothing is left."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from latentlab.gui.main_window.kept_session import KeptSession
from latentlab.runs.folder import RunFolder

TOOLS = ("Xvfb", "xdotool")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.xvfb,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)}, which this machine does not have"),
]
PATIENCE = 60.0  # seconds


def wait(what: str, condition: Callable[[], object], seconds: float = PATIENCE) -> object:
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A virtual screen without a window manager."""
    ours, theirs = os.pipe()
    command = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=[theirs], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(theirs)
    with os.fdopen(ours) as told:
        number = told.readline().strip()
    assert number, "Xvfb did not start"
    yield f":{number}"
    server.terminate()
    server.wait(10)


def family(pid: int) -> set[int]:
    """This process and all that it has started, and those have."""
    found = {pid}
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found |= {each for child in children.read_text().split() for each in family(int(child))}
        except OSError:
            continue
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Program:
    """`python -m latentlab`, and a keyboard in front of it."""

    def __init__(self, display: str, folder: Path, *arguments: str) -> None:
        """What it remembers of the last time is in the folder, too."""
        self.errors = folder / "stderr.txt"
        self._env = {**os.environ, "DISPLAY": display, "LATENTLAB_TIMINGS": "1", "PYTHONFAULTHANDLER": "1"}
        self._env["XDG_STATE_HOME"] = str(folder / "state")
        for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY"):
            self._env.pop(name, None)
        command = [sys.executable, "-m", "latentlab", "gui", *arguments, "--data-dir", str(folder / "data")]
        with self.errors.open("wb") as stderr:
            self.process = subprocess.Popen(command, env=self._env, stderr=stderr, stdout=subprocess.DEVNULL)
        self._known: set[int] = set()

    def xdotool(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments], env=self._env, capture_output=True, text=True, timeout=20, check=False
        )
        return done.stdout.strip()

    def window(self, name: str = "LatentLab") -> str:
        """The window whose title holds this, once it is there; it gets the keys."""
        found = str(wait(f"a window {name}", lambda: self.xdotool("search", "--onlyvisible", "--name", name)))
        shown = found.splitlines()[-1]
        self.xdotool("windowfocus", "--sync", shown)
        return shown

    def press(self, *keys: str) -> None:
        self.xdotool("key", *keys)

    def told(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.errors.read_text().splitlines() if line.startswith("{")]

    def wait_for_torch(self) -> None:
        wait("torch", lambda: any(line["what"] == "torch" for line in self.told()))

    def children(self) -> set[int]:
        """Its other processes."""
        return family(self.process.pid) - {self.process.pid}

    def remember(self) -> set[int]:
        self._known |= self.children()
        return self._known

    def check_gone(self) -> None:
        """It has ended, with nothing left and nothing to complain of."""
        self.remember()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            shown = self.xdotool("search", "--onlyvisible", "--name", ".", "getwindowname", "%@")
            self.process.send_signal(signal.SIGABRT)  # at which it writes where each of its threads is
            self.process.wait(10)
            pytest.fail(f"it did not end; windows: {shown}\n{self.errors.read_text()}")
        wait("its processes to end", lambda: not [pid for pid in self._known if alive(pid)], 10)
        complaints = [line for line in self.errors.read_text().splitlines() if not line.startswith("{")]
        assert not complaints

    def end(self) -> None:
        self.remember()
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def start(display: str, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    programs: list[Program] = []

    def begin(*arguments: str) -> Program:
        programs.append(Program(display, tmp_path, *arguments))
        return programs[-1]

    yield begin
    for program in programs:
        program.end()


def status(folder: Path) -> str:
    try:
        return RunFolder(folder).record.status
    except (ValueError, OSError):
        return ""


def test_it_trains_by_a_key_and_quits_by_a_key(start: Callable[..., Program], trained_run: RunFolder):
    root = trained_run.path.parent
    program = start("small", "--checkpoints", str(root))
    program.window("small")
    program.wait_for_torch()
    assert program.told()[0]["what"] == "window"
    assert program.told()[0]["torch_loaded"] is False
    program.press("ctrl+Return")
    wait("a new run", lambda: status(root / "digits-vae-1") == "completed")
    program.window("digits-vae-1")
    assert len(RunFolder(root / "digits-vae-1").metrics.read()) > 2
    assert wait("UMAP's process", program.remember), "which is warming"
    program.press("ctrl+q")
    program.check_gone()
    assert program.process.returncode == 0


def test_closed_while_a_map_is_laid_out(start: Callable[..., Program], trained_run: RunFolder):
    program = start("small", "--checkpoints", str(trained_run.path.parent))
    program.window("small")
    program.wait_for_torch()
    assert wait("UMAP's process", program.remember), "at work: no map was kept with the run"
    program.press("2", "1", "ctrl+q")
    program.check_gone()
    assert program.process.returncode == 0
    assert not (trained_run.path / "map.json").exists()


def test_closed_in_mid_training_it_asks_and_keeps_the_run(start: Callable[..., Program], trained_run: RunFolder):
    root, run = trained_run.path.parent, trained_run.path.parent / "long"
    shutil.copytree(trained_run.path, run)
    folder = RunFolder(run)
    longer = folder.record.config.model_copy(
        update={"training": folder.record.config.training.model_copy(update={"epochs": 100_000})}
    )
    folder.update(config=longer)
    program = start("long", "--checkpoints", str(root))
    program.window("long")
    program.wait_for_torch()
    program.press("ctrl+Return")
    made = root / "digits-vae-1"
    wait("a training", lambda: status(made) == "training" and (made / "metrics.jsonl").is_file())
    program.remember()
    program.press("ctrl+q")
    wait("the question", lambda: len(program.xdotool("search", "--onlyvisible", "--name", ".").split()) > 1)
    program.window("^LatentLab")
    program.press("Return")
    program.check_gone()
    assert program.process.returncode == 0
    assert status(made) == "stopped"
    assert RunFolder(made).checkpoints.steps()


def test_what_was_open_when_it_was_killed_comes_back(
    start: Callable[..., Program], trained_run: RunFolder, tmp_path: Path
):
    root, kept = str(trained_run.path.parent), tmp_path / "state" / "latentlab" / "session.json"

    def z() -> list[float]:
        try:
            return KeptSession.read(kept).place.z
        except (AttributeError, OSError, ValueError):
            return []

    program = start("small", "--checkpoints", root)
    program.window("small")
    program.wait_for_torch()
    wait("the session", z)
    first = z()
    program.press("r")  # a sample of the prior
    wait("another place", lambda: z() != first)
    place = z()
    program.end()  # by SIGKILL
    again = start("--checkpoints", root)
    again.window("small")
    again.wait_for_torch()
    again.press("l")  # another tool, so that the session is written again
    wait("the tool", lambda: KeptSession.read(kept).tool == "lasso")
    assert z() == place
    again.press("ctrl+q")
    again.check_gone()
    assert z() == place


def test_an_interruption_from_the_terminal_ends_it(start: Callable[..., Program], trained_run: RunFolder):
    program = start("small", "--checkpoints", str(trained_run.path.parent))
    program.window("small")
    program.wait_for_torch()
    wait("UMAP's process", program.remember)
    program.press("ctrl+Return")
    made = trained_run.path.parent / "digits-vae-1"
    wait("a new run", lambda: status(made))
    program.process.send_signal(signal.SIGINT)
    program.check_gone()
    assert program.process.returncode == 130
    assert status(made) in ("stopped", "completed")
