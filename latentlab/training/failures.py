"""What went wrong, as one sentence that a person can act on."""

import errno

import torch

from latentlab.training.meter import NotFinite

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def explain(error: Exception, step: int, learning_rate: float | None, kept: int | None) -> str:
    """The sentence for an error at this step; `kept` is the step of the last checkpoint, if there is one."""
    rest = "no checkpoint was saved yet" if kept is None else f"the checkpoint of step {kept} is kept"
    if isinstance(error, NotFinite):
        rate = "" if learning_rate is None else f" (it is {learning_rate:g})"
        return f"{error} near step {step}: train again with a smaller learning rate{rate}; {rest}"
    if isinstance(error, OSError):
        if error.errno in DISK_FULL:
            return f"the disk is full: make room and resume the run; {rest}"
        return f"cannot write the run: {error}; {rest}"
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return f"there is not enough memory: train with a smaller batch size or network; {rest}"
    if isinstance(error, ValueError):
        return str(error)
    return f"training failed at step {step}: {type(error).__name__}: {_first_line(error)}; {rest}"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "no message").splitlines()[0]
