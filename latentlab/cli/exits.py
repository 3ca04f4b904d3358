"""Exit codes, and what becomes of an error: one sentence on stderr, no traceback, where the person can act on it."""

import os
import sys
from collections.abc import Callable

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130


def guarded(work: Callable[[], int]) -> int:
    """The exit code of `work`, its expected errors turned into a sentence on stderr.

    ValueError, and a run that another process holds: the request was wrong (2). OSError, and too little memory: the
    work failed (1). Ctrl-C: 130. Anything else is a fault of ours and keeps its traceback.
    """
    try:
        return work()
    except KeyboardInterrupt:
        return say("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has gone: nobody is left to be told
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except ValueError as error:
        return say(str(error), WRONG)
    except MemoryError:
        return say("there is not enough memory for this: ask for less of it, or for smaller pictures", FAILED)
    except OSError as error:
        return say(_os_sentence(error), WRONG if _is_locked(error) else FAILED)


def say(sentence: str, code: int) -> int:
    """Writes the sentence, on one line, to stderr and returns `code`."""
    print(f"latentlab: {' '.join(sentence.split())}", file=sys.stderr)
    return code


def _is_locked(error: OSError) -> bool:
    from latentlab.runs.lock import RunLocked

    return isinstance(error, RunLocked)


def _os_sentence(error: OSError) -> str:
    """The operating system's reason with the file it is about."""
    if error.strerror is None:
        return str(error)
    return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
