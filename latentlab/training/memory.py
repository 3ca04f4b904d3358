"""Not enough memory: telling it from other errors, and finding out which batch would have fitted."""

import gc
import traceback

import torch

from latentlab.training.training import Training

SPARE = 1.25  # times a batch that is named must fit: what is free lies in pieces, and differs from time to time
CPU_SHORTAGE = "can't allocate memory"  # what torch's allocator for the CPU says, in a plain RuntimeError


def is_shortage(error: BaseException) -> bool:
    """Whether this error says that memory ran out, of the device or of the machine."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and CPU_SHORTAGE in str(error)


def let_go(error: BaseException) -> None:
    """Forget what the failed functions held, which is most of the memory that was short."""
    traceback.clear_frames(error.__traceback__)
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def fitting_batch(training: Training) -> int | None:
    """The largest half, quarter ... of the batch size of which a step fits now; None where not even the least does.

    Found by trying, so it counts everything: the network, its gradients and what else this machine does. The step has
    learning rate 0, but it draws noise: the training is over.
    """
    smallest, world = 2 if training.config.model.norm == "batch" else 1, training.ranks.world
    size = min(training.config.training.batch_size, len(training.train_positions)) // world // 2  # of one process
    while size >= smallest:
        try:
            _step(training, round(size * SPARE))
            return size * world
        except (RuntimeError, MemoryError) as error:
            if not is_shortage(error):
                return None
            let_go(error)
        size //= 2
    return None


def _step(training: Training, size: int) -> None:
    batch = training.reader.read(training.train_positions[:size])
    training.learner.step(batch, training.knobs._replace(learning_rate=0.0))
