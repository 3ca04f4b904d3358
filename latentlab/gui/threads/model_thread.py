"""A thread that holds a model and answers only the newest request of each channel.

The model comes from a run folder or from a snapshot of the training. Snapshots are frozen, so their tensors are used
as they are where the training is on the CPU, and fetched from where it is not: no half-updated weights are ever read.
Torch is imported by the thread.

Work that takes long is answered by a generator: after each step of it the thread looks at the other channels first. The
model that it was begun with keeps its weights for it: an answer is of one set of weights, also where newer have come.

Each run that is opened, and each that is closed, begins an era. Whatever was asked for, loaded or answered in an
earlier one is dropped, even where it already waits to be delivered: one run's pictures are never shown as another's.
"""

import copy
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from latentlab.config import RunConfig
from latentlab.events import Snapshot
from latentlab.explore.priority import give_way
from latentlab.runs.history import PastEpoch

if TYPE_CHECKING:
    from latentlab.models.latent_model import LatentModel

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FromRun:
    """Weights of a run's newest good checkpoint."""

    path: Path


@dataclass(frozen=True, eq=False)
class FromSnapshot:
    """Weights that the training has just published."""

    config: RunConfig
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    snapshot: Snapshot


@dataclass(frozen=True, eq=False)
class FromHistory:
    """Weights of a past epoch of a run, in a file of its history."""

    config: RunConfig
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    past: PastEpoch


Weights = FromRun | FromSnapshot | FromHistory
_DONE = object()


@dataclass(frozen=True, eq=False)
class _Begun:
    """A request that was begun, and is gone on with where it stopped."""

    work: Iterator[object]


class ModelThread(QObject):
    """Subclasses say in `answer` what is done for a request; it runs in the thread, with the model ready."""

    opened = Signal(object, int)  # the weights' source, and their step
    failed = Signal(str)

    first_channel = ""  # a channel that goes before all others
    gives_way = False  # where the processors are wanted by others

    _said = Signal(int, object, object)  # in this era; a signal of the class; its arguments

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wake = threading.Condition()
        self._weights: Weights | None = None
        self._requests: dict[str, tuple[int, tuple[Any, ...]]] = {}
        self._number = 0
        self._era = 0
        self._opened_in = 0  # the era that the run was opened in: those since then are of the same one
        self._working_in = 0  # the era of what the thread has in hand
        self._closing = False
        self._model: LatentModel | None = None
        self._made_for: tuple[Any, ...] | None = None
        self.step = 0
        self._said.connect(self._on_said)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def use(self, weights: Weights, anew: bool = False) -> None:
        """From now on answers come from these weights. Those of a run's folder drop what was asked before; so does
        `anew`: no answer of the weights before is delivered any more."""
        with self._wake:
            if anew or isinstance(weights, FromRun):
                self._begin_era(another_run=not anew)
            self._weights = weights
            self._wake.notify()

    def ask(self, channel: str, *request: Any) -> int:
        """Queues a request in place of the channel's last one, if that is still waiting. Returns its number."""
        with self._wake:
            self._number += 1
            self._requests.pop(channel, None)
            self._requests[channel] = (self._number, request)
            self._wake.notify()
            return self._number

    def forget(self) -> None:
        """Drops the model, every waiting request and every answer that has not been delivered."""
        with self._wake:
            self._begin_era()

    def close(self, wait_s: float = 10.0) -> None:
        with self._wake:
            self._closing = True
            self._begin_era()
            self._wake.notify()
        self._thread.join(wait_s)

    def answer(
        self, model: "LatentModel", channel: str, number: int, request: tuple[Any, ...]
    ) -> Iterator[object] | None:
        """From the thread. What takes long is done by the iterator that it returns, a step at a time."""
        raise NotImplementedError  # an abstract method: every subclass answers in its own way

    def say(self, signal: Any, *values: object) -> None:
        """From the thread: emits this signal of ours in the GUI thread, unless another era has begun by then."""
        self._said.emit(self._working_in, signal, values)

    def newest(self, channel: str) -> bool:
        """From the thread: False once the answer in hand is stale, for a newer request waits or all was forgotten."""
        return channel not in self._requests and self._working_in == self._era

    def _on_said(self, era: int, signal: Any, values: tuple[object, ...]) -> None:
        if era == self._era:
            signal.emit(*values)

    def _begin_era(self, another_run: bool = True) -> None:
        """With the lock held."""
        self._era += 1
        if another_run:
            self._opened_in = self._era
        self._requests.clear()
        self._weights = self._model = None

    def _run(self) -> None:
        if self.gives_way:
            give_way()
        while True:
            with self._wake:
                while not self._closing and self._weights is None and not (self._requests and self._model):
                    self._wake.wait()
                if self._closing:
                    return
                weights, self._weights = self._weights, None
                self._working_in = self._era
            try:
                if weights is not None:
                    self._load(weights)
                else:
                    self._answer_one()
            except RuntimeError as error:
                if self._closing:  # the window is gone, and the signals with it
                    return
                self._report(error)
            except Exception as error:
                self._report(error)

    def _report(self, error: Exception) -> None:
        if not isinstance(error, ValueError | OSError):
            log.error("%s failed", self._thread.name, exc_info=error)
        self.say(self.failed, str(error) or type(error).__name__)

    def _answer_one(self) -> None:
        with self._wake:
            if not self._requests or self._model is None:
                return
            self._working_in = self._era
            channel = self.first_channel if self.first_channel in self._requests else next(iter(self._requests))
            number, request = self._requests.pop(channel)
            model = self._model
        import torch

        with torch.inference_mode():
            begun = request[0] if request else None
            work = begun.work if isinstance(begun, _Begun) else self.answer(model, channel, number, request)
            if work is not None and next(work, _DONE) is not _DONE:
                self._go_on_later(channel, number, work)

    def _go_on_later(self, channel: str, number: int, work: Iterator[object]) -> None:
        """After the other channels; not at all where a newer request waits or all was forgotten."""
        with self._wake:
            if channel not in self._requests and self._working_in == self._era:
                self._requests[channel] = (number, (_Begun(work),))

    def _under_way(self) -> bool:
        """An answer was begun that is to be gone on with."""
        with self._wake:
            return any(request and isinstance(request[0], _Begun) for _, request in self._requests.values())

    def _load(self, weights: Weights) -> None:
        if isinstance(weights, FromRun):
            model, step = self._from_run(weights)
        else:
            model, step = self._from_snapshot(weights if isinstance(weights, FromSnapshot) else _read(weights))
        with self._wake:
            if self._working_in != self._era:
                return
            self._model, self.step = model, step
        self.say(self.opened, weights, step)

    def _from_run(self, weights: FromRun) -> "tuple[LatentModel, int]":
        from latentlab.explore.loaded import load

        loaded = load(weights.path)
        self._made_for = None
        return loaded.model, loaded.step

    def _from_snapshot(self, weights: FromSnapshot) -> "tuple[LatentModel, int]":
        from latentlab.models.build import build

        wanted = (weights.config.model, weights.image_shape, weights.class_names)
        model = self._model if self._made_for == wanted else None
        if model is not None and self._under_way():
            model = _twin(model)
        if model is None:
            attributes, classes = len(weights.config.data.attributes), len(weights.class_names)
            model = build(weights.config.model, weights.image_shape, classes, attributes=attributes).eval()
        model.load_state_dict({name: value.cpu() for name, value in weights.snapshot.state.items()}, assign=True)
        self._made_for = wanted
        return model, weights.snapshot.step


def _twin(model: "LatentModel") -> "LatentModel":
    """The same network with the same tensors, which can be given others without a change to the first."""
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, shared)


def _read(weights: FromHistory) -> FromSnapshot:
    """Raises OSError where the file is gone, ValueError where it is damaged."""
    from latentlab.models.weights import from_bytes

    past = weights.past
    state = from_bytes(past.path.read_bytes())
    return FromSnapshot(
        weights.config, weights.image_shape, weights.class_names, Snapshot(past.step, past.epoch, state)
    )
