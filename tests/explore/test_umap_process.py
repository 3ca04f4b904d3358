"""UMAP in its own, real process: what it answers, how it ends, and what its layouts are like."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

from latentlab.explore.projection_process import fit_apart, start
from latentlab.explore.projection_settings import ProjectionSettings
from latentlab.explore.refit import aligned

UMAP = ProjectionSettings()
PATIENCE = 120.0  # seconds: a first start on a busy machine compiles


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[BaseProcess, Connection]]:
    process, connection = start()
    connection.send(("warm",))
    yield process, connection
    process.kill()
    process.join()
    connection.close()


@pytest.fixture(scope="module")
def latents(digits) -> tuple[np.ndarray, np.ndarray]:
    """600 digits' pixels in place of latents, and their labels: 64 dimensions with ten known clusters."""
    some = digits.train.take(np.arange(600))
    return some.pixels.reshape(600, -1).astype(np.float32) / 255, some.labels


def answers(connection: Connection, job: Any) -> list[tuple[Any, ...]]:
    """All that is said about a job, up to its layout or failure."""
    said: list[tuple[Any, ...]] = []
    while not said or said[-1][0] not in ("layout", "failed"):
        assert connection.poll(PATIENCE), "no answer"
        message = connection.recv()
        if message[1] == job and message[0] != "warm":
            said.append(message)
    return said


def fit(connection: Connection, job: int, mu: Any, init: Any = None, epochs: int | None = None) -> np.ndarray:
    connection.send(("fit", job, mu, init, epochs, UMAP))
    kind, _, layout = answers(connection, job)[-1]
    assert kind == "layout", layout
    return layout


def same_class_share(points: np.ndarray, labels: np.ndarray) -> float:
    """How many of each point's 10 nearest on the map are of its class."""
    _, rows = cKDTree(points).query(points, k=11)
    return float((labels[rows[:, 1:]] == labels[:, None]).mean())


def test_a_fit_tells_its_progress_and_shows_the_clusters(served, latents):
    mu, labels = latents
    _, connection = served
    connection.send(("fit", 1, mu, None, None, UMAP))
    *progress, (kind, _, layout) = answers(connection, 1)
    shares = [share for _, _, share in progress]
    assert kind == "layout"
    assert layout.shape == (600, 2)
    assert layout.dtype == np.float32
    assert len(shares) > 2
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    assert same_class_share(layout, labels) > 0.85, "ten digits lie apart (PCA: 0.55)"


def test_the_same_data_have_the_same_layout(served, latents):
    _, connection = served
    first, second = (fit(connection, job, latents[0][:200], epochs=20) for job in (2, 3))
    assert np.array_equal(first, second)


def test_a_refit_evolves_from_the_last_layout(served, latents):
    mu, labels = latents
    _, connection = served
    last = fit(connection, 4, mu)
    turn = np.array([[0.0, -1.0], [1.0, 0.0]], np.float32)
    last = last @ turn * 3 + 50  # wherever the last one lies, the next lies there too
    moved = mu + np.random.default_rng(0).normal(size=mu.shape).astype(np.float32) * 0.02
    layout = fit(connection, 5, moved, last)
    extent = np.sqrt(((last - last.mean(axis=0)) ** 2).sum(axis=1).mean())
    step = np.linalg.norm(layout - last, axis=1)
    assert np.median(step) < 0.25 * extent
    assert same_class_share(layout, labels) > 0.85


@pytest.mark.parametrize(
    "mu",
    [
        np.zeros((1, 3), np.float32),
        np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32),
        np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32),
        np.random.default_rng(0).normal(size=(40, 1)).astype(np.float32),
        np.zeros((40, 3), np.float32),
        np.repeat(np.eye(3, dtype=np.float32), 30, axis=0),
    ],
    ids=["one point", "four", "five", "one dimension", "all collapsed", "three places"],
)
def test_few_and_degenerate_points_still_have_a_map(served, mu):
    layout = fit(served[1], 6, mu, epochs=20)
    assert layout.shape == (len(mu), 2)
    assert np.isfinite(layout).all()


@pytest.mark.parametrize(
    ("mu", "init", "reason"),
    [
        (np.full((20, 3), np.nan, np.float32), None, "not finite"),
        (np.zeros((0, 3), np.float32), None, "at least one encoded image"),
        (np.ones((20, 3), np.float32), np.zeros((9, 2), np.float32), "9 points and the data 20"),
    ],
)
def test_what_cannot_be_laid_out_fails_with_a_sentence_and_it_goes_on(served, mu, init, reason):
    process, connection = served
    connection.send(("fit", 7, mu, init, None, UMAP))
    kind, _, sentence = answers(connection, 7)[-1]
    assert kind == "failed"
    assert reason in sentence
    assert process.is_alive()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows cannot hold a process")
def test_of_several_waiting_fits_only_the_newest_is_done(served, latents):
    process, connection = served
    few = latents[0][:60, :8]  # so small that all of them fit into the pipe
    os.kill(process.pid, signal.SIGSTOP)  # so that all of them wait, however busy the machine
    try:
        for job in (10, 11, 12, 13):
            connection.send(("fit", job, few, None, 50, UMAP))
    finally:
        os.kill(process.pid, signal.SIGCONT)
    done = []
    while 13 not in done:
        assert connection.poll(PATIENCE)
        kind, job, *_ = connection.recv()
        done += [job] if kind == "layout" else []
    assert done == [13]


def test_it_never_imports_torch(served):
    """Linux tells which libraries a process has mapped."""
    process, connection = served
    fit(connection, 14, np.eye(8, dtype=np.float32), epochs=5)
    maps = Path(f"/proc/{process.pid}/maps")
    if not maps.exists():
        pytest.skip("no /proc here")
    mapped = maps.read_text()
    assert "numba" in mapped
    assert "libtorch" not in mapped
    assert "PySide6" not in mapped


def test_fitting_apart_can_be_cancelled(latents):
    began = time.monotonic()
    assert fit_apart(latents[0], cancelled=lambda: time.monotonic() - began > 0.5) is None


APART = """
import numpy as np
from latentlab.explore.projection_process import fit_apart
if __name__ == "__main__":
    mu = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    print(fit_apart(mu, progress=lambda share: None).shape)
"""


def test_fitting_apart_says_nothing_and_leaves_nothing_behind(tmp_path):
    """Semaphores that a killed process leaves are complained of by its parent, at its end."""
    script = tmp_path / "apart.py"
    script.write_text(APART)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("(50, 2)\n", "")


def test_stop_ends_it():
    process, connection = start()
    with connection:
        connection.send(("stop",))
        process.join(PATIENCE)
        assert process.exitcode == 0


def test_a_closed_pipe_ends_it():
    process, connection = start()
    connection.close()
    process.join(PATIENCE)
    assert process.exitcode == 0


PARENT = """
import numpy as np, threading, time
from latentlab.explore.projection_process import start
from latentlab.explore.projection_settings import ProjectionSettings
def begin(found):
    found.append(start())
if __name__ == "__main__":
    found = []
    thread = threading.Thread(target=begin, args=(found,))
    thread.start(); thread.join()
    process, connection = found[0]
    mu = np.random.default_rng(0).normal(size=(4000, 8)).astype(np.float32)
    umap = ProjectionSettings()
    connection.send(("fit", 1, mu[:2], None, None, umap))  # two points are laid out without umap: it serves
    connection.recv()
    connection.send(("fit", 2, mu, None, 100_000, umap))
    print(process.pid, flush=True)
    time.sleep(1000)
"""


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at /proc")
def test_it_dies_with_a_killed_parent_in_the_middle_of_a_fit(tmp_path):
    """And not with the thread that started it."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        try:
            time.sleep(0.5)  # now it imports, and later compiles and lays out, for minutes
            assert alive(child)
            parent.kill()
            parent.wait()
            deadline = time.monotonic() + 3
            while alive(child) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert not alive(child)
        finally:
            parent.kill()
            if alive(child):
                os.kill(child, signal.SIGKILL)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_alignment_undoes_turning_shifting_and_scaling():
    points = np.random.default_rng(0).normal(size=(50, 2))
    angle = 2.2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for mirror in (np.eye(2), np.diag([1, -1])):
        assert np.allclose(aligned(points @ turn @ mirror * 7 + [3, -9], points), points)
    assert np.isfinite(aligned(np.zeros((5, 2)), points[:5])).all()
