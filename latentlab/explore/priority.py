"""Who waits where there are fewer processors than work."""

import contextlib
import os
import threading

LATER = 10  # of 0 to 19: with nothing to spare, about a tenth of what an ordinary thread gets


def give_way() -> None:
    """From now on this thread, and what it starts, runs on what the others leave. On Linux; nothing elsewhere.

    On two cores that both train, a refresh of the map took 38 % of the training's speed while it lasted, and with this
    27 %: a training's threads wait for one another, so that each holds up all when it is held up.
    """
    with contextlib.suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LATER)
