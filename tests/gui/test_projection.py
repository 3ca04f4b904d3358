"""UMAP's real process behind the window: its handle, and the map that is kept with it. Two of them start in all."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEventLoop, QTimer

from latentlab.explore.map_cache import load_map
from latentlab.gui.main_window.mapping import WAITING, Mapping
from latentlab.gui.main_window.window import MainWindow
from latentlab.gui.records import Encoding
from latentlab.gui.session import Session
from latentlab.gui.threads.encoding import survey
from latentlab.gui.threads.projection import Projector
from latentlab.runs.folder import RunFolder

PATIENCE = 120_000  # milliseconds: a first start on a busy machine compiles


@pytest.fixture(scope="module")
def warm(qapp) -> Iterator[Projector]:
    """A process that has compiled."""
    projector = Projector()
    loop = QEventLoop()
    projector.warmed.connect(lambda _seconds: loop.quit())
    QTimer.singleShot(PATIENCE, loop.quit)
    projector.warm()
    loop.exec()
    yield projector
    projector.close()
    projector.deleteLater()


def moved(encoding: Encoding, step: int, by: float) -> Encoding:
    noise = np.random.default_rng(step).normal(size=encoding.mu.shape).astype(np.float32)
    return replace(encoding, mu=encoding.mu + by * noise, step=step)


def spread(coords: np.ndarray) -> float:
    return float(np.sqrt(((coords - coords.mean(axis=0)) ** 2).sum(axis=1).mean()))


def test_pca_at_once_then_umap_and_refits_that_do_not_jump(qtbot, warm: Projector, explored: Session):
    mapping = Mapping(explored, warm)
    kept: list[tuple] = []
    mapping.laid_out.connect(lambda *values: kept.append(values))
    first = explored.encoding
    assert first is not None
    mapping.take(survey(first))
    assert explored.layout.kind == "pca", "there is a map before UMAP has one"
    assert explored.map_note == WAITING
    qtbot.waitUntil(lambda: explored.layout.kind == "umap", timeout=PATIENCE)
    assert explored.map_note == ""
    before = explored.layout.coords
    assert before.shape == (len(first), 2)
    assert kept[-1][0].encoding is first

    for step in (200, 201, 202):  # faster than they can be laid out: each in hand is finished, then the newest
        mapping.take(survey(moved(first, step, 0.01)))
        assert explored.layout.coords is before, "the last layout is shown until there is a new one"
    qtbot.waitUntil(lambda: kept[-1][0].encoding.step == 202, timeout=PATIENCE)
    after = explored.layout.coords
    assert np.linalg.norm(after - before, axis=1).mean() < 0.05 * spread(before), (
        "three refits of nearly the same points"
    )

    mapping.choose("pca")
    mapping.take(survey(moved(first, 300, 0.01)))
    count = len(kept)
    assert explored.layout.kind == "pca"
    mapping.choose("umap")  # what was laid out is of older weights
    qtbot.waitUntil(lambda: len(kept) > count, timeout=PATIENCE)
    assert kept[-1][0].encoding.step == 300
    mapping.settle(400)
    mapping.take(survey(moved(first, 400, 0.01)))
    qtbot.waitUntil(lambda: kept[-1][0].encoding.step == 400, timeout=PATIENCE)
    qtbot.wait(100)
    assert not warm.busy, "once laid out properly it is left alone"


def test_only_the_answer_of_the_map_in_hand_is_taken(qtbot, warm: Projector, explored: Session):
    mapping = Mapping(explored, warm)
    mapping.choose("pca")
    mapping.take(survey(explored.encoding))
    answers: list[int] = []
    warm.laid_out.connect(lambda job, _: answers.append(job))
    job = warm.fit(explored.encoding.mu[:60], epochs=5)  # not asked for by this map
    qtbot.waitUntil(lambda: answers == [job], timeout=PATIENCE)
    assert explored.layout.kind == "pca"


def test_a_replaced_and_a_killed_process(qtbot):
    projector = Projector()
    answers, failures = [], []
    projector.laid_out.connect(lambda job, coords: answers.append((job, coords)))
    projector.failed.connect(lambda job, sentence: failures.append((job, sentence)))
    points = np.random.default_rng(0).normal(size=(5000, 200)).astype(np.float32)
    try:
        began = time.monotonic()
        projector.fit(points)
        assert time.monotonic() - began < 0.5, "more than a pipe holds, for a process that does not read yet"
        first = projector._process.pid
        job = projector.fit(points)  # a newer one: the process in hand is given up
        assert not Path(f"/proc/{first}").exists() or "Z" in Path(f"/proc/{first}/stat").read_text().split(")")[1]

        os.kill(projector._process.pid, signal.SIGKILL)
        qtbot.waitUntil(lambda: bool(failures), timeout=10_000)
        ((failed, sentence),) = failures
        assert failed == job
        assert "UMAP" in sentence
        assert "\n" not in sentence
        assert not projector.busy

        job = projector.fit(points[:80, :5], epochs=5)
        qtbot.waitUntil(lambda: bool(answers), timeout=PATIENCE)
        assert [answer[0] for answer in answers] == [job], "of all these only the last was answered"
        assert answers[0][1].shape == (80, 2)
    finally:
        projector.close()
        projector.deleteLater()
    projector_job = projector.fit(points[:80])
    assert projector_job > job, "closed: it is asked in vain"
    assert projector._process is None


def test_closing_the_window_ends_a_process_that_warms(qtbot, trained_run: RunFolder, tmp_path: Path):
    window = MainWindow(tmp_path / "runs", tmp_path / "data", warm=True)
    window.open("small")
    window.show()
    qtbot.waitUntil(lambda: window.projector._process is not None, timeout=20_000)
    process = window.projector._process
    assert process.is_alive()
    began = time.monotonic()
    assert window.close()
    assert time.monotonic() - began < 5
    assert window.projector._process is None
    window.deleteLater()
    assert load_map(trained_run) is None, "a map that was never made is not kept"
