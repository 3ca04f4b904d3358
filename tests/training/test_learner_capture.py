"""A step that is recorded and replayed learns what the same steps one by one learn.

Recording itself needs a GPU. Everything around it runs here with a recorder that keeps the work and does it again.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from latentlab.config import RunConfig
from latentlab.images import Dataset
from latentlab.models.objectives import Report
from latentlab.training.batches import Batch
from latentlab.training.capture import WARM_UP
from latentlab.training.learner import Knobs, Learner

CPU = torch.device("cpu")
SIZE = 8
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "all": {
        "data": {"augment": ["flip", "crop"]},
        "model": {"kind": "cvae", "network": "conv", "hidden": [4, 8], "norm": "batch", "binarize": "fresh"},
        "training": {"weight_decay": 0.1, "clip_norm": 1.0, "ema": 0.9},
    },
}


class Again:
    """Records work by keeping it. As with a GPU's graph, recording does nothing yet, and a replay fills one report."""

    def __init__(self, failing: bool = False) -> None:
        self.aside_count = self.recorded = self.replayed = 0
        self._failing = failing

    def aside(self, work: Callable[[], Report]) -> Report:
        self.aside_count += 1
        return work()

    def record(self, work: Callable[[], Report]) -> tuple[Report, Callable[[], None]]:
        self.recorded += 1
        if self._failing:
            raise RuntimeError("operation not permitted\nwhen the stream is capturing")
        places = Report(*(torch.zeros(()) for _ in range(5)))._replace(kl_per_dim=torch.zeros(3))

        def replay() -> None:
            self.replayed += 1
            for place, value in zip(places, work(), strict=True):
                place.copy_(value)

        return places, replay


def config(name: str) -> RunConfig:
    values = OPTIONS[name]
    model = {"network": "mlp", "hidden": [12], "latent_dim": 3, **values.get("model", {})}
    training = {"batch_size": SIZE, **values.get("training", {})}
    return RunConfig.parse({**values, "model": model, "training": training})


def steps(digits: Dataset, sizes: list[int], device: torch.device = CPU) -> list[tuple[Batch, Knobs]]:
    """Batches of these sizes, each with knobs of its own: numbers that float32 holds exactly."""
    labels, found, start = torch.from_numpy(digits.train.labels), [], 0
    for number, size in enumerate(sizes):
        pixels = torch.from_numpy(digits.train.pixels[start : start + size])
        knobs = Knobs(1 + number / 4, number / 8, 2.0 ** -(6 + number // 2))
        found.append((Batch(pixels.to(device), labels[start : start + size].to(device)), knobs))
        start += size
    return found


def same(one: Learner, other: Learner) -> bool:
    pairs = zip(one.state(), other.state(), strict=True)
    return all(torch.equal(a[name], b[name]) for a, b in pairs for name in a)


@pytest.mark.parametrize("name", OPTIONS)
def test_replayed_steps_are_the_same_steps(digits: Dataset, name: str) -> None:
    """Full batches are replayed after the warm-up, a short one in between is not, and knobs are followed."""
    plain, replaying = (Learner(config(name), digits, CPU) for _ in range(2))
    recorder = Again()
    replaying.capture(recorder)
    for batch, knobs in steps(digits, [SIZE] * WARM_UP + [SIZE, SIZE, 5, SIZE, SIZE]):
        here, there = (learner.step(batch, knobs) for learner in (plain, replaying))
        assert all(torch.equal(a, b) for a, b in zip(here, there, strict=True))
    assert same(plain, replaying)
    assert (recorder.aside_count, recorder.recorded, recorder.replayed) == (WARM_UP, 1, 4)
    assert replaying.failed_capture is None


def test_a_report_stays_as_it_was_given(digits: Dataset) -> None:
    learner = Learner(config("plain"), digits, CPU)
    learner.capture(Again())
    *before, last, after = steps(digits, [SIZE] * (WARM_UP + 3))
    for batch, knobs in before:
        learner.step(batch, knobs)
    report = learner.step(*last)
    kept = [value.clone() for value in report]
    learner.step(*after)
    assert all(torch.equal(a, b) for a, b in zip(report, kept, strict=True))


def test_a_batch_may_change_after_its_step(digits: Dataset) -> None:
    """What is replayed reads places of its own."""
    learner, other = (Learner(config("plain"), digits, CPU) for _ in range(2))
    learner.capture(Again())
    for batch, knobs in steps(digits, [SIZE] * (WARM_UP + 3)):
        other.step(batch, knobs)
        learner.step(batch, knobs)
        batch.pixels.zero_()
    assert same(learner, other)


def test_where_recording_fails_training_goes_on_and_the_reason_is_kept(digits: Dataset) -> None:
    plain, failing = (Learner(config("all"), digits, CPU) for _ in range(2))
    recorder = Again(failing=True)
    failing.capture(recorder)
    for batch, knobs in steps(digits, [SIZE] * (WARM_UP + 4)):
        plain.step(batch, knobs)
        failing.step(batch, knobs)
    assert same(plain, failing)
    assert (recorder.recorded, recorder.replayed) == (1, 0)
    assert failing.failed_capture == "operation not permitted"


def test_what_is_put_back_is_replayed_from_there(digits: Dataset) -> None:
    learner = Learner(config("all"), digits, CPU)
    learner.capture(Again())
    *before, last = steps(digits, [SIZE] * (WARM_UP + 3))
    for batch, knobs in before:
        learner.step(batch, knobs)
    copy = learner.copy()
    first = learner.step(*last).objective
    assert learner.step(*last).objective != first
    learner.put_back(copy)
    assert learner.step(*last).objective == first


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU: a CUDA graph is recorded and replayed")
@pytest.mark.parametrize("name", OPTIONS)
def test_on_a_gpu_replayed_steps_agree_with_launched_ones(digits: Dataset, name: str) -> None:
    """To rounding: kernels may add in another order. The noise is the same, so are the steps."""
    device = torch.device("cuda")
    launched, replayed = (Learner(config(name), digits, device) for _ in range(2))
    launched._captured = None
    for batch, knobs in steps(digits, [SIZE] * 12 + [5] + [SIZE] * 8, device):
        here, there = (learner.step(batch, knobs) for learner in (launched, replayed))
        for a, b in zip(here, there, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)
    assert replayed.failed_capture is None
    assert replayed._captured is not None
    assert replayed._captured.replaying
    assert torch.equal(launched.noise.get_state(), replayed.noise.get_state())
    values: list[dict[str, Tensor]] = [dict(learner.snapshot()) for learner in (launched, replayed)]
    for key in values[0]:
        torch.testing.assert_close(values[0][key], values[1][key], rtol=1e-2, atol=1e-3)
