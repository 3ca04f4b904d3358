"""The program of the process that fits UMAP and t-SNE, and a fit in such a process for callers that can wait.

    context.Process(target=serve, args=(theirs,), daemon=True)      with context = multiprocessing.get_context("spawn")

It receives tuples and answers with tuples, over one end of a multiprocessing Pipe:
    ("fit", job, mu (N, d), init (N, 2) or None, epochs or None, ProjectionSettings[, mu (N, d) that init was of])
        -> ("progress", job, share done)...  then ("layout", job, float32 (N, 2)) or ("failed", job, sentence)
    ("warm",)
        -> ("warm", seconds) once umap is imported and compiled
    ("stop",)
        -> ends
Of several fits that wait only the newest is done; the others get no answer. A fit goes before warming.
Cancelling is ending the process. It also ends with its parent, however that ends.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np

from latentlab.explore.pca import Floats
from latentlab.explore.priority import give_way
from latentlab.explore.projection import FractionDone, Layout, fit_umap
from latentlab.explore.projection_settings import NAMES, ProjectionSettings
from latentlab.explore.tsne import fit_tsne

SEED = 0
PROGRESS_EVERY = 0.05  # seconds between two answers about one job
WARMING_POINTS = 128  # run through the same code as any number up to `projection.EXACT_UP_TO`


def serve(connection: Connection) -> None:
    """Answer requests until told to stop, or until the other end or the parent is gone."""
    from tqdm import tqdm

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal is the parent's to answer
    _share_the_cores()
    give_way()
    tqdm.set_lock(threading.RLock())  # its own is a semaphore of the system's, which a killed process leaves behind
    end_with_parent()
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError), connection:
        _Server(connection).run()


class _Server:
    """What is asked for and not done yet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._fit: tuple[Any, ...] | None = None
        self._to_warm = False
        self._stopped = False

    def run(self) -> None:
        while not self._stopped:
            self._receive()
            if self._stopped:
                return
            if self._fit is not None:
                wanted, self._fit = self._fit[1:], None
                self._connection.send(_answer(self._connection, *wanted))
            elif self._to_warm:
                self._warm()

    def _receive(self) -> None:
        """Take in all that has been sent; wait for something only when there is nothing to do."""
        idle = self._fit is None and not self._to_warm
        while idle or self._connection.poll():
            message = self._connection.recv()
            idle = False
            if message[0] == "stop":
                self._stopped = True
                return
            if message[0] == "fit":
                self._fit = message
            elif message[0] == "warm":
                self._to_warm = True

    def _warm(self) -> None:
        self._to_warm = False
        started = time.monotonic()
        points = np.random.default_rng(SEED).normal(size=(WARMING_POINTS, 3)).astype(np.float32)
        layout = fit_umap(points, SEED, epochs=2)
        fit_umap(points, SEED, init=layout, epochs=2, before=points)
        self._connection.send(("warm", time.monotonic() - started))


def _answer(
    connection: Connection,
    job: Any,
    mu: Floats,
    init: Floats | None,
    epochs: int | None,
    settings: ProjectionSettings,
    before: Floats | None = None,
) -> tuple[Any, ...]:
    last_told = 0.0

    def progress(share: float) -> None:
        nonlocal last_told
        if time.monotonic() - last_told >= PROGRESS_EVERY:
            last_told = time.monotonic()
            connection.send(("progress", job, share))

    try:
        return "layout", job, _fit(mu, settings, init, before, epochs, progress)
    except MemoryError:
        return (
            "failed",
            job,
            f"{NAMES[settings.kind]} ran out of memory with {len(mu)} points: choose fewer for the map",
        )
    except (ValueError, TypeError, ArithmeticError) as error:
        return "failed", job, f"{NAMES[settings.kind]} could not lay out these {len(mu)} points: {error}"


def _fit(
    mu: Floats,
    settings: ProjectionSettings,
    init: Floats | None,
    before: Floats | None,
    epochs: int | None,
    progress: FractionDone,
) -> Layout:
    seed = SEED if settings.exact else None
    if settings.kind == "tsne":
        return fit_tsne(mu, settings.perplexity, seed, init, progress)
    return fit_umap(mu, seed, settings.n_neighbors, settings.min_dist, init, epochs, progress, before)


def _share_the_cores() -> None:
    """Before scikit-learn and numba are imported: the other half is for training, which goes on meanwhile.

    But numba may use all of them where a layout is to be fast. Threads that wait are not to spin: with both cores
    busy elsewhere, t-SNE of 1,797 points took 289 s where they did.
    """
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // 2))
    os.environ["NUMBA_NUM_THREADS"] = str(os.cpu_count() or 1)
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


def end_with_parent() -> None:
    """Make this process end when its parent does, even by kill -9, and even while compiled code holds the lock."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return  # run in the first process itself
    with contextlib.suppress(ImportError, AttributeError, OSError):
        _signal_on_hang_up(parent.sentinel)
    watcher = threading.Thread(target=_end_when_ready, args=(parent.sentinel,), name="parent watcher", daemon=True)
    watcher.start()


def _signal_on_hang_up(sentinel: int) -> None:
    """On Linux the kernel sends SIGIO, which ends a process, once the parent's end of the sentinel is closed.

    prctl(PR_SET_PDEATHSIG) would do so too early: when the thread that started this process ends.
    """
    import fcntl

    fcntl.fcntl(sentinel, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(sentinel, fcntl.F_SETFL, fcntl.fcntl(sentinel, fcntl.F_GETFL) | os.O_ASYNC)


def _end_when_ready(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def start() -> tuple[BaseProcess, Connection]:
    """A new process that serves, and our end of the pipe to it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), name="latentlab map", daemon=True)
    process.start()
    theirs.close()  # so that its end is noticed here
    return process, ours


def fit_apart(
    mu: Floats, progress: FractionDone | None = None, cancelled: Callable[[], bool] | None = None
) -> Layout | None:
    """A UMAP of mu (N, d) made in a process of its own: float32 (N, 2), or None when cancelled.

    Raises ValueError when it cannot be laid out, ChildProcessError when the process ended by itself.
    """
    process, connection = start()
    try:
        connection.send(("fit", 0, mu, None, None, ProjectionSettings()))
        for kind, _, value in _answers(connection, cancelled):
            if kind == "progress" and progress is not None:
                progress(value)
            elif kind == "failed":
                raise ValueError(value)
            elif kind == "layout":
                return np.asarray(value, dtype=np.float32)
        return None
    except (EOFError, OSError):
        reason = "UMAP's process ended before it was done: perhaps there was not enough memory"
        raise ChildProcessError(reason) from None
    finally:
        process.kill()
        process.join()
        connection.close()


def _answers(connection: Connection, cancelled: Callable[[], bool] | None) -> Iterator[tuple[Any, ...]]:
    """What comes, until cancelled."""
    while cancelled is None or not cancelled():
        if connection.poll(0.1):
            yield connection.recv()
