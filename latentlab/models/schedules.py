"""How weights change over training. Schedules tick in optimizer steps and hold their last value past their end."""


def linear_warmup(step: int, beta: float, warmup_steps: int) -> float:
    """The weight of the KL at a step (0 for the first): from 0 straight up to beta, reached at `warmup_steps`.

    Bowman et al. 2016 and Sønderby et al. 2016, against latents that are switched off before the decoder can use them.
    """
    return beta if step >= warmup_steps else beta * step / warmup_steps
