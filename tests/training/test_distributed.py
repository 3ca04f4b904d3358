"""Two processes train as one does: the same batches and the same noise, so the same curves to float32's rounding."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from latentlab.images import Dataset
from latentlab.runs.folder import RunFolder
from latentlab.training.distributed import ALONE, Ranks, joined
from latentlab.training.learner import Learner
from latentlab.training.preparation import check

CLOSE = 2e-4  # nats of about 40: float32 adds in another order

SCENARIOS: dict[str, dict[str, Any]] = {
    "plain": {},
    "everything": {
        "data": {"augment": ["flip", "crop"]},
        "model": {"binarize": "fresh"},
        "objective": {"kind": "iwae", "samples": 2},
        "training": {"ema": 0.9, "clip_norm": 5.0, "weight_decay": 0.01, "learning_rate_schedule": {"shape": "cosine"}},
    },
    "conditional": {"model": {"kind": "cvae", "prior": "conditional"}},
    "norm": {"model": {"norm": "batch"}, "training": {"batch_size": 33}},
}


def together(*trainings: tuple[RunFolder, int | str]) -> list[dict[str, Any]]:
    """The last events of trainings by two processes, as the first of them tells."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [word for run, epochs in trainings for word in (str(run.path), str(epochs))]
    program = [sys.executable, str(Path(__file__).with_name("one_of_several.py")), *words]
    shared = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    processes = [
        subprocess.Popen(
            program,
            env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        answers = [process.communicate(timeout=180) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], answers[0][1] + answers[1][1]
    return [json.loads(line) for line in answers[0][0].splitlines()]


def curve(run: RunFolder) -> list[tuple[int, str, float, float]]:
    return [(r["step"], r["split"], r["neg_elbo"], r["kl"]) for r in run.metrics.read()]


def furthest(run: RunFolder, other: RunFolder) -> float:
    """The largest difference of two curves, in nats."""
    here, there = curve(run), curve(other)
    assert [record[:2] for record in here] == [record[:2] for record in there]
    return max(abs(a - b) for one, two in zip(here, there, strict=True) for a, b in zip(one[2:], two[2:], strict=True))


def test_two_processes_learn_what_one_does_and_either_goes_on_with_the_others_run(workshop: Any) -> None:
    alone = {name: workshop.new(workshop.config(**sections)) for name, sections in SCENARIOS.items()}
    shared = {name: workshop.new(workshop.config(**sections)) for name, sections in SCENARIOS.items()}
    begun_alone = workshop.new(workshop.config())
    rare, begun_rare, stopped = (workshop.new(workshop.config(training={"log_every": 3})) for _ in range(3))
    workshop.train(rare)
    workshop.train(begun_rare, epochs=1)  # ends between two records
    for run in alone.values():
        workshop.train(run)
    workshop.train(begun_alone, epochs=1)
    told = together(
        *((run, 3) for run in list(shared.values())[1:]),
        (shared["plain"], 1),
        (begun_alone, 3),
        (begun_rare, 3),
        (stopped, "3stop"),
    )
    assert [event["event"] for event in told] == ["finished"] * 7
    assert (told[-1]["reason"], told[-1]["step"]) == ("stopped", 3)
    assert stopped.checkpoints.steps() == [3]
    workshop.train(shared["plain"], epochs=3)  # the last two of its epochs
    for name in ("plain", "everything", "conditional"):
        assert furthest(alone[name], shared[name]) < CLOSE, name
    assert furthest(alone["plain"], begun_alone) < CLOSE
    assert furthest(rare, begun_rare) < CLOSE
    assert CLOSE < furthest(alone["norm"], shared["norm"]) < 5  # each process normalises its own rows


@pytest.mark.parametrize("world", [1, 2, 3, 7])
def test_shares_cover_a_batch_once(world: int) -> None:
    for count in (2, 3, 7, 64, 101):
        shares = [Ranks(rank, world).share(count) for rank in range(world)]
        rows = [row for share in shares if share.counts for row in range(share.first, share.stop)]
        assert rows == list(range(count))
        assert all(share.stop > share.first for share in shares)  # something to compute, even where nothing counts
        assert max(share.counts for share in shares) - min(share.counts for share in shares) <= 1


def test_alone_where_torchrun_started_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    with joined() as ranks:
        assert ranks == ALONE
        assert ranks.tell("digits") == "digits"


def test_half_of_torchruns_environment_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(ValueError, match=r"MASTER_ADDR.* is not set: start several processes with torchrun"), joined():
        pass


class Doubling(Ranks):
    """Two processes that hold the same."""

    def add(self, tensors: Sequence[Tensor]) -> None:
        for tensor in tensors:
            tensor.mul_(3)


def test_running_statistics_are_the_mean_of_all_processes(digits: Dataset, workshop: Any) -> None:
    learner = Learner(workshop.config(model={"norm": "batch"}), digits, torch.device("cpu"), Doubling(0, 2))
    buffers = {name: value.clone() for name, value in learner.model.named_buffers() if "running" in name}
    assert buffers
    learner.agree()
    for name, value in learner.model.named_buffers():
        if "running" in name:
            assert torch.equal(value, buffers[name] * 3 / 2)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"model": {"likelihood": "gaussian", "sigma": "optimal"}}, "sigma optimal is not for several processes"),
        (
            {"model": {"kind": "beta-vae"}, "objective": {"kind": "capacity", "capacity": 5}},
            "the objective capacity is not for several processes",
        ),
        ({"objective": {"free_bits": 0.1}}, "free bits per dimension are not for several processes"),
        ({"training": {"batch_size": 1}, "data": {"limit": None}}, "too small for 2 processes"),
    ],
)
def test_what_needs_the_whole_batch_is_refused(
    workshop: Any, digits: Dataset, sections: dict[str, Any], words: str
) -> None:
    config = workshop.config(**sections)
    check(config, digits)
    with pytest.raises(ValueError, match=words):
        check(config, digits, Ranks(0, 2))
