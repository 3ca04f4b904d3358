"""Schedules: where they begin and end, that they are smooth, bounded and hold, and torch's own values."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.optim.lr_scheduler import CosineAnnealingLR, CosineAnnealingWarmRestarts, LinearLR, LRScheduler, OneCycleLR

from latentlab.config import RateSchedule, RunConfig, WeightSchedule, merge
from latentlab.models.schedules import rate_factor, unfinished, weight_factor

fractions = st.floats(0.0, 1.0)
weights = st.builds(
    WeightSchedule,
    shape=st.sampled_from(["constant", "linear", "cosine", "cyclical"]),
    steps=st.none() | st.integers(1, 500),
    start=st.floats(0, 2),
    end=st.floats(0, 2),
    cycles=st.integers(1, 8),
    ratio=st.floats(0.05, 1.0),
)
rates = st.builds(
    RateSchedule,
    shape=st.sampled_from(["constant", "linear", "cosine", "cyclical", "one-cycle"]),
    steps=st.none() | st.integers(1, 500),
    start=st.none() | st.floats(0.01, 1.0),
    end=fractions,
    cycles=st.integers(1, 8),
    peak=st.floats(0.05, 0.95),
)


def factor(schedule: WeightSchedule | RateSchedule, step: int, total: int) -> float:
    if isinstance(schedule, WeightSchedule):
        return weight_factor(schedule, step, total)
    return rate_factor(schedule, step, total)


def first(schedule: WeightSchedule | RateSchedule) -> float:
    if isinstance(schedule, RateSchedule) and schedule.start is None:
        return 0.04 if schedule.shape == "one-cycle" else 1.0
    assert schedule.start is not None
    return schedule.start


@given(schedule=weights | rates, total=st.integers(1, 500), step=st.integers(0, 2000))
@settings(deadline=None)
def test_a_factor_stays_between_its_ends(schedule: WeightSchedule | RateSchedule, total: int, step: int) -> None:
    low, high = sorted((first(schedule), schedule.end))
    if schedule.shape == "constant":
        low = high = 1.0
    elif schedule.shape == "one-cycle":
        high = 1.0  # its peak
    assert low - 1e-12 <= factor(schedule, step, total) <= high + 1e-12


@given(schedule=weights | rates, total=st.integers(2, 500))
@settings(deadline=None)
def test_it_begins_at_its_start_ends_at_its_end_and_holds(schedule: WeightSchedule | RateSchedule, total: int) -> None:
    assume(schedule.shape != "constant")
    steps = schedule.steps or total
    assert factor(schedule, 0, total) == pytest.approx(first(schedule), abs=1e-12)
    for step in (steps, steps + 1, 10 * steps):
        assert factor(schedule, step, total) == pytest.approx(schedule.end, abs=1e-12)


@given(schedule=weights | rates, total=st.integers(20, 500))
@settings(deadline=None)
def test_it_makes_no_jumps_but_where_a_cycle_begins(schedule: WeightSchedule | RateSchedule, total: int) -> None:
    """No step changes the factor by more than the steepest slope of its shape, pi/2 over the part spent changing."""
    steps = schedule.steps or total
    share, cycles = 1.0, schedule.cycles if schedule.shape == "cyclical" else 1
    if isinstance(schedule, WeightSchedule):
        share = schedule.ratio if schedule.shape == "cyclical" else 1.0
    elif schedule.shape == "one-cycle":
        share = min(schedule.peak, 1 - schedule.peak)
    reach = max(1.0 if schedule.shape == "one-cycle" else 0.0, first(schedule), schedule.end)
    steepest = 1.5708 * reach * cycles / (share * steps) + 1e-9
    values = [factor(schedule, step, total) for step in range(steps + 3)]
    jumps = [n for n, (a, b) in enumerate(pairwise(values)) if abs(b - a) > steepest]
    assert len(jumps) <= cycles - 1
    for jump in jumps:
        assert int(jump * cycles / steps + 1e-9) < int((jump + 1) * cycles / steps + 1e-9), "in the middle of a cycle"


def test_cyclical_annealing_rises_four_times_and_rests_at_its_target() -> None:
    """Fu et al. 2019: 4 cycles, ratio 0.5. Not 4 ramps that fall at once from the top."""
    schedule = WeightSchedule(shape="cyclical")
    values = [weight_factor(schedule, step, 400) for step in range(400)]
    for cycle in range(4):
        of_one = values[100 * cycle : 100 * cycle + 100]
        assert of_one[:50] == pytest.approx([step / 50 for step in range(50)])
        assert of_one[50:] == [1.0] * 50
    assert weight_factor(schedule, 400, 400) == weight_factor(schedule, 10_000, 400) == 1.0


def test_a_schedule_without_steps_takes_those_of_the_training() -> None:
    assert [weight_factor(WeightSchedule(shape="linear"), step, 4) for step in range(6)] == [0, 0.25, 0.5, 0.75, 1, 1]
    four = WeightSchedule(shape="linear", steps=4)
    assert [weight_factor(four, step, 100) for step in (0, 1, 2, 4, 9)] == [0.0, 0.25, 0.5, 1.0, 1.0]
    assert [weight_factor(WeightSchedule(), step, 100) for step in (0, 50, 200)] == [1.0, 1.0, 1.0]


def test_beta_may_fall() -> None:
    falling = WeightSchedule(shape="cosine", start=5.0, end=1.0)
    assert [weight_factor(falling, step, 2) for step in range(3)] == pytest.approx([5, 3, 1])


STEPS = 60


def of_torch(make: Any, **arguments: Any) -> list[float]:
    """The factors that a scheduler of torch puts on a learning rate of 1, step by step."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler: LRScheduler = make(optimizer, **arguments)
    values = []
    for _ in range(STEPS):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return values


@pytest.mark.parametrize(
    ("schedule", "theirs"),
    [
        (RateSchedule(shape="cosine", end=0.01), (CosineAnnealingLR, {"T_max": STEPS, "eta_min": 0.01})),
        (
            RateSchedule(shape="cyclical", end=0.1, cycles=3),
            (CosineAnnealingWarmRestarts, {"T_0": STEPS // 3, "eta_min": 0.1}),
        ),
        (
            RateSchedule(shape="linear", start=0.2, end=0.7),
            (LinearLR, {"start_factor": 0.2, "end_factor": 0.7, "total_iters": STEPS}),
        ),
        (  # torch reaches peak and end one step early: p T - 1 and T - 1, where ours are p S and S
            RateSchedule(shape="one-cycle", end=0.002, peak=0.3),
            (
                OneCycleLR,
                {
                    "max_lr": 1.0,
                    "total_steps": STEPS + 1,
                    "pct_start": (0.3 * STEPS + 1) / (STEPS + 1),
                    "div_factor": 25.0,
                    "final_div_factor": 0.04 / 0.002,
                },
            ),
        ),
    ],
    ids=["cosine", "cyclical", "linear", "one-cycle"],
)
def test_rates_are_torchs_where_the_definitions_coincide(
    schedule: RateSchedule, theirs: tuple[Any, dict[str, Any]]
) -> None:
    make, arguments = theirs
    ours = [rate_factor(schedule, step, STEPS) for step in range(STEPS)]
    assert ours == pytest.approx(of_torch(make, **arguments), abs=1e-9)


def said(total: int, **sections: Any) -> list[str]:
    return unfinished(RunConfig.parse(merge({"model": {"kind": "beta-vae"}}, sections)), total)


def test_a_schedule_that_the_training_cuts_short_is_said() -> None:
    linear = {"shape": "linear", "steps": 500}
    beta = {"beta": 4, "beta_schedule": linear}
    assert said(100, objective=beta) == [
        "the schedule of beta takes 500 steps but the training 100: it will be 0.8 at the end, not 4"
    ]
    assert said(500, objective=beta) == []
    assert said(100, objective={**beta, "beta": 0}) == [], "0 is there from the beginning"
    capacity = {"kind": "capacity", "capacity": 25, "capacity_schedule": linear}
    assert "the capacity takes 500 steps" in said(100, objective=capacity)[0]
    assert "it will be 5 at the end, not 25" in said(100, objective=capacity)[0]
    rate = {"learning_rate": 1e-3, "learning_rate_schedule": {"shape": "cosine", "steps": 200}}
    assert said(100, training=rate) == [
        "the schedule of the learning rate takes 200 steps but the training 100: "
        "it will be 0.000505 at the end, not 1e-05"
    ]
    assert len(said(100, objective=beta, training=rate)) == 2


def test_cycles_that_do_not_fit_are_said() -> None:
    cyclical = {"beta_schedule": {"shape": "cyclical", "cycles": 50}}
    assert said(100, objective=cyclical) == [
        "50 cycles of beta do not fit into 100 steps: choose fewer, or train for longer"
    ]
    assert said(200, objective=cyclical) == []


def test_a_schedule_of_the_whole_training_always_finishes() -> None:
    for total in (1, 7, 10_000):
        assert said(total, objective={"beta_schedule": {"shape": "linear"}}) == []
        assert said(total, training={"learning_rate_schedule": {"shape": "one-cycle"}}) == []
        assert said(total) == []
