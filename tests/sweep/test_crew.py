"""A sweep's child process and its parent: what is read once, and what an error or an end of the process is called."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import torch

from latentlab.data import sources
from latentlab.sweep import crew, point
from latentlab.sweep.crew import Crew
from latentlab.sweep.grid import Axis, Plan
from latentlab.sweep.place import create_sweep
from latentlab.sweep.worker import serve

PLAN = Plan("s", {}, (Axis("seed", ("training", "seed"), (0, 1)),))


@pytest.fixture
def as_it_was() -> Iterator[None]:
    """A child's settings of its process are not ours."""
    handler, threads = signal.getsignal(signal.SIGINT), torch.get_num_threads()
    yield
    signal.signal(signal.SIGINT, handler)
    torch.set_num_threads(threads)


def answers(root: Path) -> list[tuple[Any, ...]]:
    """What a child says that is given the points of the plan; it runs here."""
    ours, theirs = multiprocessing.Pipe()
    with ours:
        for each in PLAN.points():
            ours.send(("point", each.name, each.config.to_dict()))
        ours.send(("end",))
        serve(theirs, root, root / "data", 1)
        said = []
        while ours.poll():
            try:
                said.append(ours.recv())
            except EOFError:
                break
    return [message for message in said if message != ("ready",)]


@pytest.mark.usefixtures("as_it_was")
def test_two_seeds_of_the_same_data_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, given = [], []
    load = sources.load
    monkeypatch.setattr(sources, "load", lambda *what, **how: read.append(what) or load(*what, **how))
    monkeypatch.setattr(point, "run_point", lambda *what: given.append(what[3]) or {})
    assert [kind for kind, *_ in answers(tmp_path)] == ["done", "done"]
    assert len(read) == 1
    assert given[0] is given[1]


@pytest.mark.usefixtures("as_it_was")
@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (TypeError("one\nis none"), "an error of LatentLab itself: TypeError: one is none"),
        (KeyError("gaussian"), "an error of LatentLab itself: KeyError: 'gaussian'"),
        (ValueError("choose another"), "choose another"),
        (MemoryError(), "there is not enough memory for it beside the others: try fewer --processes"),
        (
            torch.OutOfMemoryError("CUDA out of memory"),
            "there is not enough memory for it beside the others: try fewer --processes",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_error_is_a_sentence_and_the_next_point_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def fail(_root: Path, name: str, *_: object) -> dict[str, Any]:
        if name == "s-seed0":
            raise error
        return {}

    monkeypatch.setattr(point, "run_point", fail)
    assert answers(tmp_path) == [("failed", "s-seed0", sentence), ("done", "s-seed1", {})]


def killed(connection: Connection, *_: object) -> None:
    if _given_a_point(connection):
        os.kill(os.getpid(), signal.SIGKILL)


def broken(connection: Connection, *_: object) -> None:
    if _given_a_point(connection):
        os._exit(7)


def broken_at_once(*_: object) -> None:
    os._exit(7)


def _given_a_point(connection: Connection) -> bool:
    connection.send(("ready",))
    return bool(connection.recv()[0] == "point")


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., None]], Crew]:
    if sys.platform == "win32":
        pytest.skip("no fork")
    fork = multiprocessing.get_context("fork")
    monkeypatch.setattr(crew.multiprocessing, "get_context", lambda _: fork)

    def make(child: Callable[..., None], root: Path) -> Crew:
        monkeypatch.setattr(crew, "serve", child)
        return Crew(create_sweep(root, PLAN), root)

    return make


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    ("child", "sentence"),
    [
        (
            killed,
            "its process was killed: perhaps there was not enough memory for all of them; try fewer --processes",
        ),
        (broken, "its process ended by itself (exit code 7)"),
    ],
)
def test_memory_is_blamed_only_where_the_process_was_killed(
    tmp_path: Path, forked: Callable[..., Crew], child: Callable[..., None], sentence: str
) -> None:
    told = list(forked(child, tmp_path).work(processes=1, threads=1))
    failed = {each.name: each.message for each in told if each.kind == "failed"}
    assert failed == {"s-seed0": sentence, "s-seed1": sentence}, "and another process takes over what is left"


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_process_that_cannot_begin_ends_the_sweep(tmp_path: Path, forked: Callable[..., Crew]) -> None:
    with pytest.raises(ChildProcessError, match=r"before it began .* ended by itself \(exit code 7\)"):
        list(forked(broken_at_once, tmp_path).work(processes=1, threads=1))
