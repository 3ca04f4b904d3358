"""A sweep under way: child processes that train its points, each taking the next one when it is done.

crew = Crew(folder, data_dir)
for told in crew.work(processes=2, threads=1): ...      crew.stop(), from a signal's handler, ends it with checkpoints
"""

import contextlib
import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from latentlab.sweep.grid import Point
from latentlab.sweep.place import SweepFolder
from latentlab.sweep.queue import Figures, Queue
from latentlab.sweep.worker import serve

LOOK = 0.2  # seconds until a stop that was asked for is seen
KILLED = -9  # exit code
PATIENCE = 60.0  # seconds that a child has for its checkpoint


@dataclass(frozen=True)
class Told:
    """What happened to a run. kind: "taken", "step" (of `total`), "warned", "done", "failed", "stopped"."""

    kind: str
    name: str
    step: int = 0
    total: int = 0
    message: str = ""
    figures: Figures = field(default_factory=dict)


@dataclass(eq=False)
class _Child:
    process: BaseProcess
    connection: Connection
    point: Point | None = None  # in hand
    ended: bool = False  # it was told to end, or has


class Crew:
    """The children of one sweep. The caller holds the sweep's lock."""

    def __init__(self, folder: SweepFolder, data_dir: Path) -> None:
        self._folder, self._data_dir = folder, data_dir
        self._queue = Queue(folder.journal, folder.plan)
        self._children: list[_Child] = []
        self._stop, self._threads = False, 1

    def stop(self) -> None:
        """Let every child save a checkpoint and end. May be called from a signal's handler."""
        self._stop = True

    @property
    def stopped(self) -> bool:
        return self._stop

    def figures(self) -> dict[str, Figures]:
        """What was measured so far, by the run's name."""
        return self._queue.figures()

    def work(self, processes: int, threads: int) -> Iterator[Told]:
        """Trains what is missing, telling how it goes: so many runs at a time, with so many threads each.

        Children are ended however this ends. Raises ChildProcessError where none can be started.
        """
        self._threads = threads
        try:
            for _ in range(processes):
                self._start()
            yield from self._attend()
        finally:
            self._end()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        arguments = (theirs, self._folder.root, self._data_dir, self._threads)
        process = context.Process(target=serve, args=arguments, name="latentlab sweep", daemon=True)
        process.start()
        theirs.close()  # so that its end is noticed here
        self._children.append(_Child(process, ours))

    def _attend(self) -> Iterator[Told]:
        told_to_stop = False
        while alive := [child for child in self._children if not child.ended]:
            if self._stop and not told_to_stop:
                told_to_stop = True
                for child in alive:
                    _send(child, ("stop",))
            ready = wait([child.connection for child in alive], LOOK)
            for child in alive:
                if child.connection in ready:
                    yield from self._hear(child)

    def _hear(self, child: _Child) -> Iterator[Told]:
        try:
            message = child.connection.recv()
        except (EOFError, OSError):
            yield from self._lost(child)
            return
        match message:
            case ("ready",):
                yield from self._give(child)
            case ("step", name, step, total):
                yield Told("step", name, step, total)
            case ("warned", name, sentence):
                yield Told("warned", name, message=sentence)
            case ("done", name, figures):
                self._queue.done(name, figures)
                child.point = None
                yield Told("done", name, figures=figures)
            case ("failed", name, sentence):
                self._queue.failed(name, sentence)
                child.point = None
                yield Told("failed", name, message=sentence)
            case ("stopped", name):
                self._queue.failed(name, "interrupted")
                child.point = None
                yield Told("stopped", name)

    def _give(self, child: _Child) -> Iterator[Told]:
        """The next point, or the end."""
        point = None if self._stop else self._queue.take()
        child.point = point
        if point is None:
            _send(child, ("end",))
            child.ended = True
            return
        _send(child, ("point", point.name, point.config.to_dict()))
        yield Told("taken", point.name)

    def _lost(self, child: _Child) -> Iterator[Told]:
        """A child has ended by itself: its point has failed, and another child takes over what is left."""
        child.ended = True
        child.process.join(PATIENCE)
        ended = _how_it_ended(child.process.exitcode)
        if child.point is None:
            if not self._stop:
                raise ChildProcessError(f"before it began with a run, a process of the sweep {ended}")
            return
        sentence = f"its process {ended}"
        self._queue.failed(child.point.name, sentence)
        yield Told("failed", child.point.name, message=sentence)
        if not self._stop:
            self._start()

    def _end(self) -> None:
        for child in self._children:
            if not child.ended:
                _send(child, ("stop",))
        for child in self._children:
            child.process.join(PATIENCE)
            if child.process.is_alive():
                child.process.kill()
                child.process.join()
            child.connection.close()
            if child.point is not None and not child.ended:
                self._queue.failed(child.point.name, "interrupted")


def _how_it_ended(code: int | None) -> str:
    """Where memory runs out, Linux kills a process by signal 9."""
    if code == KILLED:
        return "was killed: perhaps there was not enough memory for all of them; try fewer --processes"
    return f"ended by itself (exit code {code})"


def _send(child: _Child, message: tuple[Any, ...]) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, OSError):  # it has ended: its pipe will say so
        child.connection.send(message)
