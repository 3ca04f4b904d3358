"""What went wrong, as one sentence that a person can act on."""

import errno

from latentlab.config import RunConfig
from latentlab.training.last_good import MOST_ROLLBACKS
from latentlab.training.memory import fitting_batch, is_shortage, let_go
from latentlab.training.meter import NotFinite
from latentlab.training.training import Training

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
LARGE_RATE = 5e-3  # Adam's: above it, it is the first to be suspected
SMALL_SIGMA = 0.05  # of a pixel from 0 to 1: below it, errors weigh 200 times and more


def explain(error: Exception, training: Training | None, kept: int | None) -> str:
    """The sentence for an error; `kept` is the step of the last checkpoint, if there is one."""
    rest = "no checkpoint was saved yet" if kept is None else f"the checkpoint of step {kept} is kept"
    step = 0 if training is None else training.progress.step
    if isinstance(error, NotFinite):
        return f"{error} near step {step}{_advice(training)}; {rest}"
    if isinstance(error, OSError):
        if error.errno in DISK_FULL:
            return f"the disk is full: make room and resume the run; {rest}"
        return f"cannot write the run: {error}; {rest}"
    if is_shortage(error):
        return f"there is not enough memory{_that_would_fit(error, training)}; {rest}"
    if isinstance(error, ValueError):
        return str(error)
    if training is not None and not training.ranks.alone and isinstance(error, RuntimeError) and _lost(error):
        return f"another of the processes that train together has ended at step {step}; {rest}"
    return f"training failed at step {step}: {type(error).__name__}: {_first_line(error)}; {rest}"


def likely_cause(config: RunConfig, learning_rate: float, precision: str) -> str:
    """What to change first in a training whose loss broke, and what else may be to blame, as the end of a sentence."""
    causes = []
    model = config.model
    if learning_rate > LARGE_RATE:
        causes.append(f"the learning rate {learning_rate:g} (try {min(1e-3, learning_rate / 10):g})")
    if precision == "bfloat16":
        causes.append("the precision bfloat16 (try float32)")
    if isinstance(model.sigma, float) and model.sigma < SMALL_SIGMA:
        causes.append(f"the Gaussian's sigma {model.sigma:g}, under which errors weigh heavily (try learned)")
    if model.sigma == "optimal":
        causes.append("the Gaussian's optimal sigma, which nears 0 where pictures are learnt by heart (try learned)")
    if learning_rate <= LARGE_RATE:
        causes.append(f"the learning rate {learning_rate:g} (try {learning_rate / 10:g}, or a clip norm of 10)")
    causes.append("the data, where pictures are all alike or all noise")
    first, *others = causes
    return f"most likely {first}; if not, {' or '.join(others)}"


def _advice(training: Training | None) -> str:
    if training is None:
        return ""
    progress, config = training.progress, training.config
    halved = ""
    if progress.rollbacks >= MOST_ROLLBACKS:
        halved = f", though the learning rate was halved {MOST_ROLLBACKS} times"
    rate = progress.learning_rate * 2**progress.rollbacks  # what it was before it was halved
    return f"{halved}: {likely_cause(config, rate, training.learner.precision)}"


def _that_would_fit(error: Exception, training: Training | None) -> str:
    if training is None:
        return " for these images and this network: take smaller ones"
    let_go(error)
    size = training.config.training.batch_size
    fits = fitting_batch(training)
    if fits is None:
        return f" for batches of {size} images, nor for smaller ones: take a smaller network or smaller images"
    return f" for batches of {size} images: a batch size of {fits} fits"


def _lost(error: RuntimeError) -> bool:
    """Whether a process that was to be met did not come."""
    return any(word in str(error).lower() for word in ("gloo", "nccl", "connection", "peer"))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "no message").splitlines()[0]
