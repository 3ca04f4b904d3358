"""The clock of the animation: which frame is shown when, there and back or round and round."""

from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal

Playing = Literal["there and back", "loop"]
FRAMES_PER_SECOND, FASTEST = 8, 30


class Player(QObject):
    """`at` says which frame is to be shown; `running_changed` that it began or stopped."""

    at = Signal(int)
    running_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.playing: Playing = "there and back"
        self._count, self._step = 0, 0
        self._clock = QTimer(self)
        self.set_speed(FRAMES_PER_SECOND)
        self._clock.timeout.connect(self.advance)

    @property
    def running(self) -> bool:
        return self._clock.isActive()

    def set_speed(self, frames_per_second: int) -> None:
        self._clock.setInterval(1000 // min(max(frames_per_second, 1), FASTEST))

    def start(self, count: int, begin: int = 0) -> None:
        """Through so many frames, from this one on."""
        if count < 1 or self.running:
            return
        self._count, self._step = count, begin
        self._clock.start()
        self.running_changed.emit(True)
        self.at.emit(frame_at(self._step, count, self.playing))

    def keep_to(self, count: int) -> None:
        """There are so many frames now; it goes on where it is."""
        self._count = count
        if not count:
            self.stop()

    def stop(self) -> None:
        if self.running:
            self._clock.stop()
            self.running_changed.emit(False)

    def advance(self) -> None:
        self._step += 1
        if self._count:
            self.at.emit(frame_at(self._step, self._count, self.playing))


def frame_at(step: int, count: int, playing: Playing) -> int:
    """Which of `count` frames comes at this step: 0 1 2 1 0 1 …, or 0 1 2 0 1 …."""
    if playing == "loop" or count < 2:
        return step % count
    last = count - 1
    return last - abs(last - step % (2 * last))
