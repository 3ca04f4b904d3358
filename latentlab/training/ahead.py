"""Work done ahead of the one who waits for it, by one thread that ends with the generator."""

import threading
from collections.abc import Callable, Generator, Iterable
from queue import SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(work: Callable[[Item], Result], items: Iterable[Item], depth: int) -> Generator[Result, None, None]:
    """`work(item)` of each item, in order, at most `depth` results ahead of the one that was asked for.

    An error comes out where its result would have. Closing the generator (or forgetting it) ends the thread, after
    the piece of work that it is at.
    """
    room = threading.Semaphore(depth)
    done: SimpleQueue[tuple[bool, Result | BaseException | None]] = SimpleQueue()
    closed = threading.Event()

    def run() -> None:
        try:
            for item in items:
                room.acquire()
                if closed.is_set():
                    return
                done.put((True, work(item)))
            done.put((False, None))
        except BaseException as error:  # KeyboardInterrupt too is the caller's
            done.put((False, error))

    # A daemon, so that a generator which somebody still holds does not keep the process from ending.
    thread = threading.Thread(target=run, name="read ahead", daemon=True)
    thread.start()
    try:
        while True:
            more, result = done.get()
            if not more:
                break
            room.release()
            yield result  # type: ignore[misc]  # the pair says that it is one
        if isinstance(result, BaseException):
            raise result
    finally:
        closed.set()
        room.release()
        thread.join()
