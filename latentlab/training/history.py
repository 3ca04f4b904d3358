"""What training leaves behind at every epoch's end, so that a person can go back to it: the weights that are shown."""

from latentlab.models.weights import state_bytes
from latentlab.runs.history import LIMIT, MOST, History
from latentlab.training.training import Training

THINNED = (
    f"past epochs were more than {MOST:,}, or more than {LIMIT >> 30} GB of weights: every second one was let go of, "
    "and will be whenever that is so again"
)


def remember(training: Training) -> list[str]:
    """Keep the shown weights of an epoch that has just ended, or of none yet. Returns what to tell, each kind once.

    A history that cannot be written ends no training: it is said, and training goes on.
    """
    progress = training.progress
    if not (training.writes and training.config.training.history) or progress.batch:
        return []
    history, state = History(training.run.path), training.learner.shown.state_dict()
    size = sum(value.numel() * value.element_size() for value in state.values())
    if not history.fits(size):  # known before they are copied from the device and put into one piece
        each = f"{size / 2**20:,.0f} MB"
        return training.once({"history size": f"past epochs cannot be gone back to: their weights take {each} each"})
    try:
        thinned = history.write(progress.epoch, progress.step, state_bytes(state))
    except OSError as error:
        return training.once({"history lost": f"this epoch cannot be gone back to: {error.strerror or error}"})
    return training.once({"history thinned": THINNED}) if thinned else []
