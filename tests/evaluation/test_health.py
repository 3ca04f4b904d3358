"""Each rule on a real training that was made ill on purpose, and silence on healthy ones."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from latentlab.config import RunConfig, merge
from latentlab.evaluation.health import findings, of_latents
from latentlab.events import Measured
from latentlab.images import Dataset
from latentlab.runs.folder import create_run, free_name
from latentlab.runs.record import new_record
from latentlab.training.control import Control
from latentlab.training.loop import train

SMALL: dict[str, Any] = {
    "model": {"network": "mlp", "hidden": [64], "latent_dim": 8},
    "training": {"epochs": 16, "batch_size": 64, "device": "cpu", "checkpoint_every": 100, "precision": "float32"},
}
DEFAULT: dict[str, Any] = {"epochs": 20, "batch_size": 128}
Curves = Callable[..., list[Measured]]


@pytest.fixture
def curves(digits: Dataset, tmp_path: Path) -> Curves:
    """Trains SMALL with these sections over it on digits, and gives the records; `rate_after` one epoch, if given."""

    def of(rate_after: float | None = None, **sections: Any) -> list[Measured]:
        config = RunConfig.parse(merge(SMALL, sections))
        run = create_run(tmp_path, new_record(free_name(tmp_path, "run"), config, digits))
        records: list[Measured] = []
        control, threads = Control(), torch.get_num_threads()
        torch.set_num_threads(1)
        with run.lock():
            for event in train(config, digits, run, control):
                if isinstance(event, Measured):
                    records.append(event)
                    if rate_after is not None and event.split == "validation":
                        control.set(lr=rate_after)
                        rate_after = None
        torch.set_num_threads(threads)
        return records

    return of


def ever(records: list[Measured]) -> dict[str, str]:
    """All that was found after any record, each kind with its first sentence."""
    found: dict[str, str] = {}
    for end in range(1, len(records) + 1):
        for finding in findings(records[:end]):
            found.setdefault(finding.kind, finding.sentence)
    return found


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"training": {"learning_rate": 0.01, "epochs": 20, "ema": 0.9, "clip_norm": 5.0, "weight_decay": 0.01}},
        {"model": {"likelihood": "gaussian", "latent_dim": 2}},
        {"model": {"kind": "cvae", "prior": "conditional", "norm": "batch"}},
        {"model": {"kind": "beta-vae"}, "objective": {"beta": 0.0}},
        {"model": {"kind": "beta-vae"}, "objective": {"kind": "capacity", "capacity": 10.0}},
        {"objective": {"beta_schedule": {"shape": "linear", "steps": 250}}},
        {"objective": {"beta_schedule": {"shape": "cyclical"}, "free_bits": 0.25}},
        {"objective": {"kind": "iwae", "samples": 3}, "model": {"latent_dim": 64, "binarize": "fresh"}},
        {"data": {"val_fraction": 0.0}},
    ],
    ids=["plain", "fast", "gaussian", "cvae", "beta 0", "capacity", "warm-up", "cyclical", "iwae", "none held out"],
)
def test_healthy_trainings_hear_nothing(curves: Curves, sections: dict[str, Any]) -> None:
    assert ever(curves(**sections)) == {}


def test_a_collapsed_posterior_is_said_with_its_beta(curves: Curves) -> None:
    records = curves(model={"kind": "beta-vae"}, objective={"beta": 50.0})
    found = ever(records)
    assert found.keys() == {"collapse"}
    assert found["collapse"].startswith("posterior collapse: no latent dimension carries anything (KL 0")
    assert "a smaller beta (it is 50)" in found["collapse"]
    assert not ever([record for record in records if record.step < 150]), "latents may yet wake up"


def test_the_default_training_of_a_small_data_set_hears_of_its_collapse_before_it_ends(curves: Curves) -> None:
    """20 epochs of the digits are 220 steps."""
    records = curves(model={"kind": "beta-vae", "hidden": [128]}, objective={"beta": 100.0}, training=DEFAULT)
    assert records[-1].step == 220
    assert ever(records).keys() == {"collapse"}


def test_latents_that_wake_up_late_hear_nothing(curves: Curves) -> None:
    """Less than a nat for a hundred steps and more, though they all are to carry something."""
    model = {"network": "conv", "hidden": None, "latent_dim": 16, "likelihood": "gaussian", "sigma": 0.5}
    records = curves(model=model, training=DEFAULT)
    carried = {record.step: max(record.kl_per_dim) for record in records if record.split == "validation"}
    silent = [step for step, nats in carried.items() if nats < 0.01]
    assert max(silent) > 150, "which is when collapse may be said"
    assert carried[220] > 0.01
    assert ever(records) == {}


def test_a_beta_that_is_being_lowered_is_waited_for(curves: Curves) -> None:
    schedule = {"shape": "linear", "start": 100.0, "end": 1.0}
    records = curves(model={"kind": "beta-vae"}, objective={"beta": 1.0, "beta_schedule": schedule}, training=DEFAULT)
    assert max(record.kl for record in records if record.step > 150) < 0.01
    assert ever(records) == {}


def test_a_single_epoch_is_judged_by_what_was_learnt_from(curves: Curves) -> None:
    records = curves(
        model={"kind": "beta-vae"}, objective={"beta": 50.0}, training={"epochs": 2, "batch_size": 8, "log_every": 5}
    )
    assert sum(record.split == "validation" for record in records) == 2
    assert ever(records).keys() == {"collapse"}


def test_a_model_is_judged_by_what_its_latents_carry() -> None:
    for beta, kls, kind in [
        (100.0, [0.001] * 16, "collapse"),
        (4.0, [0.3, 0.2, *[0.0] * 6], "over-regularised"),
        (1.0, [2.0, *[0.0] * 15], "few-dimensions"),
    ]:
        found = of_latents(kls, beta)
        assert found is not None
        assert found.kind == kind
    assert of_latents([1.0, 0.5, 0.0], 1.0) is None
    assert of_latents([0.0] * 16, 0.0) is None, "without a KL term it says nothing"


def test_without_held_out_images_collapse_is_seen_too(curves: Curves) -> None:
    sections = {"model": {"kind": "beta-vae"}, "objective": {"beta": 50.0}, "data": {"val_fraction": 0.0}}
    assert ever(curves(**sections)).keys() == {"collapse"}


def test_too_strong_a_beta_is_said(curves: Curves) -> None:
    found = ever(curves(model={"kind": "beta-vae", "latent_dim": 4}, objective={"beta": 2.5}))
    assert found.keys() == {"over-regularised"}
    assert "beta 2.5 leaves 0." in found["over-regularised"]


def test_latents_of_which_few_are_used_are_counted(curves: Curves) -> None:
    """A real training's curves, with 29 dimensions more that say nothing."""
    records = curves(model={"latent_dim": 3, "likelihood": "gaussian"}, training={"learning_rate": 0.01, "epochs": 18})
    assert ever(records) == {}
    wider = [replace(record, kl_per_dim=(*record.kl_per_dim, *[0.001] * 29)) for record in records]
    found = ever(wider)
    assert found.keys() == {"few-dimensions"}
    assert "only 3 of 32 latent dimensions carry more than 0.01 nats" in found["few-dimensions"]


def test_overfitting_is_said_with_its_step(curves: Curves) -> None:
    found = ever(
        curves(
            data={"limit": 120, "val_fraction": 0.4},
            model={"hidden": [256, 256], "latent_dim": 16, "likelihood": "gaussian"},
            training={"epochs": 140, "batch_size": 36, "learning_rate": 3e-3, "log_every": 2},
        )
    )
    assert found.keys() == {"overfitting"}
    assert "held-out images went from" in found["overfitting"]


def test_a_learning_rate_that_breaks_a_training_is_said(curves: Curves) -> None:
    """Raised in mid-run, to where the loss grows tenfold and more but stays finite."""
    found = ever(curves(rate_after=0.2, training={"epochs": 4}))
    assert "divergence" in found
    assert "was 4" in found["divergence"]
    assert "a smaller learning rate (it is 0.2)" in found["divergence"]


def test_a_variance_that_runs_away_is_said(curves: Curves) -> None:
    found = ever(curves(training={"learning_rate": 0.1, "epochs": 1, "log_every": 1}))
    assert "runaway" in found
    assert "its variance or its mean has run away from the prior" in found["runaway"]


def test_no_records_are_no_findings() -> None:
    assert findings([]) == []
