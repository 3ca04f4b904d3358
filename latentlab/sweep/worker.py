"""The program of a sweep's child process: it asks for a point, trains and measures it, and asks for the next.

    to the parent    ("ready",)                           a point, please
                     ("step", name, step, total)          how far the training of the run `name` is
                     ("warned", name, sentence)
                     ("done", name, figures)  ("failed", name, sentence)  ("stopped", name)
    to the child     ("point", name, config)  ("end",)    answers to "ready"
                     ("stop",)                            at any time: save a checkpoint and end

It ends with its parent: where the other end of the pipe is gone it saves a checkpoint too.
"""

import contextlib
import queue
import signal
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from latentlab.config import RunConfig
from latentlab.events import Event, Started, Warned
from latentlab.images import Dataset

TOLD_EVERY = 0.2  # seconds between two steps that the parent is told of


def serve(connection: Connection, root: Path, data_dir: Path, threads: int) -> None:
    """Train points until there are none, or until told to stop. threads: of torch, so that children share the cores."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal is the parent's to answer
    import torch

    torch.set_num_threads(threads)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError), connection:
        _Worker(connection, root, data_dir).run()


class _Worker:
    def __init__(self, connection: Connection, root: Path, data_dir: Path) -> None:
        from latentlab.training.control import Control

        self._connection, self._root, self._data_dir = connection, root, data_dir
        self._control = Control()
        self._answers: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._data: tuple[Any, Dataset] | None = None
        self._told, self._total = 0.0, 0
        threading.Thread(target=self._listen, name="sweep's parent", daemon=True).start()

    def run(self) -> None:
        while not self._control.stopped:
            self._connection.send(("ready",))
            answer = self._answers.get()
            if answer[0] != "point":
                return
            _, name, config = answer
            self._connection.send(self._do(name, config))

    def _listen(self) -> None:
        """In a thread of its own: a stop is heard in the middle of a training."""
        try:
            while (message := self._connection.recv())[0] == "point":
                self._answers.put(message)
        except (EOFError, OSError):
            message = ("stop",)
        if message[0] == "stop":
            self._control.stop()
        self._answers.put(message)

    def _do(self, name: str, config: dict[str, Any]) -> tuple[Any, ...]:
        """What became of the point. An error of ours is told too: the other points may be without it."""
        from latentlab.sweep.point import Stopped, run_point
        from latentlab.training.memory import is_shortage

        try:
            wanted = RunConfig.parse(config)
            figures = run_point(
                self._root, name, wanted, self._dataset(wanted), self._control, lambda event: self._tell(name, event)
            )
        except Stopped:
            return "stopped", name
        except (ValueError, OSError) as error:
            return "failed", name, str(error)
        except Exception as error:
            if is_shortage(error):
                return "failed", name, "there is not enough memory for it beside the others: try fewer --processes"
            return "failed", name, f"an error of LatentLab itself: {type(error).__name__}: {_on_one_line(error)}"
        return "done", name, figures

    def _dataset(self, config: RunConfig) -> Dataset:
        """The images, which are read again only where the next point learns from others."""
        from latentlab.data.sources import depends_on, load

        key = depends_on(config.data, config.training.seed)
        if self._data is None or self._data[0] != key:
            self._data = None  # not two in memory
            self._data = key, load(config.data, data_dir=self._data_dir, seed=config.training.seed)
        return self._data[1]

    def _tell(self, name: str, event: Event) -> None:
        if isinstance(event, Warned):
            self._connection.send(("warned", name, event.message))
        if isinstance(event, Started):
            self._total, self._told = event.total_steps, 0.0
        if time.monotonic() - self._told >= TOLD_EVERY:
            self._told = time.monotonic()
            self._connection.send(("step", name, event.step, self._total))


def _on_one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or "no message"
