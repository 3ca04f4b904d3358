"""A whole step as one CUDA graph: recorded once, then launched as a whole instead of kernel by kernel.

A small network's step on a GPU is some hundreds of kernels of a few microseconds each, and Python takes longer to
launch them than they to run. A graph replays the same kernels on the same memory: so what changes from step to step
(pixels, labels, knobs) is copied into fixed places, and chance comes from a generator that the graph knows.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from latentlab.models.objectives import Report

WARM_UP = 3  # steps launched one by one on the recording's stream: libraries choose kernels and take their memory


class Dials(NamedTuple):
    """`Knobs` as scalars on the device, which a recorded step reads anew each time."""

    beta: Tensor
    capacity: Tensor
    learning_rate: Tensor


Body = Callable[[Tensor, Tensor | None, Dials], Report]
"""One step: pixels uint8 (B, C, H, W), labels int64 (B,) or None, and dials on the device, to its report."""


class Recorder(Protocol):
    """Runs work aside, and records work to be replayed."""

    def aside(self, work: Callable[[], Report]) -> Report:
        """Run it now, where `record` will record it."""

    def record(self, work: Callable[[], Report]) -> tuple[Report, Callable[[], None]]:
        """Record it, without its being done. Returns what it returns, filled anew by each call of the second."""


class CudaRecorder:
    """Records into a `torch.cuda.CUDAGraph`, on a stream of its own.

    Other threads may go on using the GPU meanwhile ("thread_local"), as those that draw do.
    """

    def __init__(self, noise: torch.Generator) -> None:
        self._noise = noise
        self._stream = torch.cuda.Stream(noise.device)

    def aside(self, work: Callable[[], Report]) -> Report:
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            report = work()
        torch.cuda.current_stream().wait_stream(self._stream)
        for value in report:
            value.record_stream(torch.cuda.current_stream())  # made there, read here: not to be given away meanwhile
        return report

    def record(self, work: Callable[[], Report]) -> tuple[Report, Callable[[], None]]:
        graph, state = torch.cuda.CUDAGraph(), self._noise.get_state()
        graph.register_generator_state(self._noise)  # newer versions of torch find it by themselves
        try:
            with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
                report = work()
        except Exception:  # the generator may think that it is still being recorded
            fresh = torch.Generator(self._noise.device)
            fresh.set_state(state)
            self._noise.graphsafe_set_state(fresh)
            raise
        return report, graph.replay


class CapturedStep:
    """A step that is launched one by one a few times, then recorded and replayed.

    Batches of another size (the last one of an epoch), and all of them where recording failed, are launched one by
    one. `failure` then holds the reason.
    """

    def __init__(self, body: Body, recorder: Recorder, device: torch.device, batch_size: int) -> None:
        """`body` must do the same for the same input, look at no tensor's value, and begin without gradients."""
        self._body, self._recorder, self._batch_size = body, recorder, batch_size
        self._dials = Dials(*(torch.zeros((), device=device) for _ in Dials._fields))
        self._turned: tuple[float, ...] | None = None
        self._pixels: Tensor | None = None
        self._labels: Tensor | None = None
        self._steps = 0
        self._recorded: tuple[Report, Callable[[], None]] | None = None
        self.failure: str | None = None

    @property
    def replaying(self) -> bool:
        """A recording is in use."""
        return self._recorded is not None

    def __call__(self, pixels: Tensor, labels: Tensor | None, knobs: tuple[float, ...]) -> Report:
        """One step. The report is the caller's own."""
        self._turn(knobs)
        if self.failure is not None or len(pixels) != self._batch_size:
            return self._body(pixels, labels, self._dials)
        self._put(pixels, labels)
        if self._steps < WARM_UP:
            self._steps += 1
            return self._recorder.aside(self._work)
        if self._recorded is None:
            try:
                self._recorded = self._recorder.record(self._work)
            except Exception as error:  # what a graph cannot hold differs between versions, GPUs and networks
                self.failure = (str(error).strip() or type(error).__name__).splitlines()[0]
                return self._body(pixels, labels, self._dials)
        report, replay = self._recorded
        replay()
        return Report(*(value.clone() for value in report))

    def _work(self) -> Report:
        assert self._pixels is not None, "a batch was put in place"
        return self._body(self._pixels, self._labels, self._dials)

    def _put(self, pixels: Tensor, labels: Tensor | None) -> None:
        """Into the fixed places."""
        if self._pixels is None:
            self._pixels, self._labels = pixels.clone(), None if labels is None else labels.clone()
            return
        self._pixels.copy_(pixels)
        if self._labels is not None and labels is not None:
            self._labels.copy_(labels)

    def _turn(self, knobs: tuple[float, ...]) -> None:
        """Numbers travel inside the launch of a kernel: nobody waits, and no memory of the host is read later."""
        before = self._turned or (None,) * len(knobs)
        for dial, value, old in zip(self._dials, knobs, before, strict=True):
            if value != old:
                dial.fill_(value)
        self._turned = tuple(knobs)
