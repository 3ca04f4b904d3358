"""How beta, capacity and learning rate change over training: a factor on their value, a function of the step alone.

Schedules tick in optimizer steps and hold their last factor past their end.
"""

import math

from latentlab.config import RateSchedule, RunConfig, WeightSchedule

ONE_CYCLE_START = 0.04  # 1/25, as in Smith and Topin 2019
LEAST_STEPS_OF_A_CYCLE = 4  # fewer cannot show a rise and a rest


def weight_factor(schedule: WeightSchedule, step: int, total: int) -> float:
    """The factor on beta or the capacity at a step (0 for the first); `total` steps where the schedule names none.

    Linear: Bowman et al. 2016 and Sønderby et al. 2016, against latents that are switched off before the decoder can
    use them. Cyclical: Fu et al. 2019; the factor rises over `ratio` of each cycle and is held for the rest of it.
    """
    done = _done(step, schedule.steps or total)
    if schedule.shape == "constant":
        return 1.0
    if schedule.shape == "cyclical":
        done = 1.0 if done >= 1.0 else min(1.0, (done * schedule.cycles % 1.0) / schedule.ratio)
    if schedule.shape == "cosine":
        done = (1 - math.cos(math.pi * done)) / 2
    return schedule.start + (schedule.end - schedule.start) * done


def rate_factor(schedule: RateSchedule, step: int, total: int) -> float:
    """The factor on the learning rate at a step (0 for the first); `total` steps where the schedule names none.

    Cyclical: cosines that start anew (Loshchilov and Hutter 2017). One-cycle: Smith and Topin 2019, with cosines.
    """
    done = _done(step, schedule.steps or total)
    start = schedule.start if schedule.start is not None else 1.0
    if schedule.shape == "constant":
        return 1.0
    if schedule.shape == "linear":
        return start + (schedule.end - start) * done
    if schedule.shape == "one-cycle":
        start = schedule.start if schedule.start is not None else ONE_CYCLE_START
        if done < schedule.peak:
            return _cosine(start, 1.0, done / schedule.peak)
        return _cosine(1.0, schedule.end, (done - schedule.peak) / (1 - schedule.peak))
    if schedule.shape == "cyclical":
        done = 1.0 if done >= 1.0 else done * schedule.cycles % 1.0
    return _cosine(start, schedule.end, done)


def unfinished(config: RunConfig, total_steps: int) -> list[str]:
    """A sentence for each schedule that a training of so many steps does not get through, or cannot follow."""
    objective, training = config.objective, config.training
    found: list[str | None] = []
    if objective.kind == "beta" and objective.beta:
        found.append(_unfinished("beta", objective.beta, objective.beta_schedule, total_steps))
    if objective.capacity:
        found.append(_unfinished("the capacity", objective.capacity, objective.capacity_schedule, total_steps))
    rate = training.learning_rate_schedule
    found.append(_unfinished("the learning rate", training.learning_rate, rate, total_steps))
    return [sentence for sentence in found if sentence is not None]


def _unfinished(name: str, value: float, schedule: WeightSchedule | RateSchedule, total: int) -> str | None:
    if schedule.shape == "constant":
        return None
    steps = schedule.steps or total
    if steps > total:
        if isinstance(schedule, WeightSchedule):
            factor = weight_factor(schedule, total, total)
        else:
            factor = rate_factor(schedule, total, total)
        ends = f"it will be {value * factor:.3g} at the end, not {value * schedule.end:.3g}"
        return f"the schedule of {name} takes {steps} steps but the training {total}: {ends}"
    if schedule.shape == "cyclical" and steps < LEAST_STEPS_OF_A_CYCLE * schedule.cycles:
        return f"{schedule.cycles} cycles of {name} do not fit into {steps} steps: choose fewer, or train for longer"
    return None


def _done(step: int, steps: int) -> float:
    return min(1.0, step / max(1, steps))


def _cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
