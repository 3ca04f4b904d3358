"""How often the map follows a training: as often as the training keeps its share of the speed that it has alone.

What a refresh costs differs by machine: on a GPU's side next to nothing, on two cores that both train half the speed
for as long as it lasts. So it is measured: each record of the training says how fast it went, and how much of its time
a refresh was under way. From the line through these, speed = alone * (1 - cost * share), follows the share of the time
that may be spent. While points glide to their new places a refresh is not over: the window draws most just then.
"""

import time
from collections import deque
from collections.abc import Callable

import numpy as np

LOSS = 0.06  # of the speed without a map may go, as measured here; in all, window included, 0.15 do
LEAST_BETWEEN = 0.35  # seconds between two refreshes, however cheap
AFTERWARDS = 0.3  # seconds in which the points glide, and all that shows them is drawn again: these cost as much
RECORDS = 80  # that the line is laid through
EXPECTED_COST = 0.6  # of the speed, while a refresh is under way: before there are records
TRUST = 0.6  # in that, against a record's
LEAST_COST = 0.05


class MapPace:
    """`due` says when to begin; then `answered` and, where it is refitted, `fitted` say that it is done.

    `measured` takes in a record of the training's speed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = 0.0
        self.began: float | None = None  # when the refresh under way was
        self.took = 0.0  # seconds, by the last one
        self._busy: deque[tuple[float, float]] = deque(maxlen=200)  # when refreshes began and ended
        self._records: deque[tuple[float, float]] = deque(maxlen=RECORDS)  # share of its time that was busy, speed

    def due(self) -> bool:
        """Whether to begin now; if so, no other is begun before this one is done."""
        now = self._clock()
        if self.began is not None or now < self._next:
            return False
        self.began = now
        return True

    def answered(self, fits: bool) -> None:
        """The points were encoded; `fits`: their layout is on its way."""
        if not fits:
            self.fitted()

    def fitted(self) -> None:
        """What was begun is done, or given up."""
        if self.began is None:
            return
        now = self._clock()
        self.took = now - self.began
        self._busy.append((self.began, now + AFTERWARDS))
        self._next = self.began + max(LEAST_BETWEEN, (self.took + AFTERWARDS) * self.cost() / LOSS)
        self.began = None

    def measured(self, seconds: float, speed: float) -> None:
        """Training went at this speed for so many seconds until now."""
        now = self._clock()
        since = now - seconds
        if seconds <= 0 or speed <= 0 or not np.isfinite(speed):
            return
        under_way = [] if self.began is None else [(self.began, now)]
        spans = (min(end, now) - max(begin, since) for begin, end in (*self._busy, *under_way))
        busy = sum(max(span, 0.0) for span in spans)
        self._records.append((min(busy / seconds, 1.0), speed))

    def cost(self) -> float:
        """Share of the training's speed that goes while a refresh is under way, or is being shown."""
        if not self._records:
            return EXPECTED_COST
        busy, speed = np.array(self._records).T
        level = float(np.median(speed))
        # unknown: the speed alone, and what a refresh takes of it; the last row says what was expected
        rows = np.vstack([np.column_stack([np.ones_like(busy), -busy]), [[TRUST * EXPECTED_COST, -TRUST]]])
        alone, lost = np.linalg.lstsq(rows, np.append(speed / level, 0.0), rcond=None)[0]
        return float(np.clip(lost / max(alone, 1e-6), LEAST_COST, 1.0))
