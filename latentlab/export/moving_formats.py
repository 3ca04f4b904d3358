"""The animations that can be written, and how long each of their frames is shown. Nothing heavy is imported."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

LEAST_FPS = 0.1
VIDEO_MISSING = "MP4 needs PyAV, which is optional: pip install 'latentlab[video]', or choose .webp, .apng or .gif"


@dataclass(frozen=True)
class Moving:
    """A format. tick_ms: its frames are shown for whole multiples of it; most_fps: what is faster its viewers slow down
    or cannot show; longest_side: pixels; loops: the file says itself whether it begins again."""

    words: str
    tick_ms: int
    most_fps: float
    longest_side: int
    loops: bool = True


MOVING: dict[str, Moving] = {
    ".gif": Moving("GIF", 10, 50.0, 65_535),  # most viewers slow down what is faster than 2 units of 10 ms
    ".webp": Moving("WebP", 1, 100.0, 16_383),
    ".apng": Moving("APNG", 1, 100.0, 65_535),
    ".mp4": Moving("MP4", 1, 100.0, 4_096, loops=False),
}
"""By their files' suffix."""


@dataclass(frozen=True)
class Show:
    """How frames are shown: fps per second, each pixel as scale x scale, back again to the first (without showing
    either end twice), and again from the beginning for ever."""

    fps: float = 20.0
    scale: int = 1
    ping_pong: bool = False
    loop: bool = True

    def order(self, count: int) -> list[int]:
        """Which of `count` frames come after one another."""
        return [*range(count), *(range(count - 2, 0, -1) if self.ping_pong else ())]

    def check(self, suffix: str, side: int = 1) -> None:
        """Raises ValueError for what a file of this suffix cannot show of frames of at most `side` pixels."""
        form = MOVING[suffix]
        if not LEAST_FPS <= self.fps <= form.most_fps:
            raise ValueError(
                f"a {form.words} file shows {LEAST_FPS:g} to {form.most_fps:g} frames per second, not {self.fps:g}"
            )
        if self.scale < 1 or side * self.scale > form.longest_side:
            raise ValueError(
                f"a {form.words} file has sides of 1 to {form.longest_side} pixels, not {side * self.scale}"
            )


def durations(count: int, fps: float, tick_ms: int) -> list[int]:
    """How long each of `count` frames is shown, in milliseconds, whole ticks, such that the sum keeps the rate.

    Each frame ends where it would without rounding, to half a tick: neighbours may differ by a tick.
    """
    ends = np.round(np.arange(count + 1) * (1000.0 / fps / tick_ms)).astype(int) * tick_ms
    return np.diff(ends).tolist()


def timing(shown: Sequence[int]) -> str:
    """In words what frames of these durations (milliseconds) come to: '94 frames in 3.92 s, 24.0 per second'."""
    seconds = sum(shown) / 1000
    frames = "1 frame" if len(shown) == 1 else f"{len(shown):,} frames"
    return f"{frames} in {seconds:.2f} s, {len(shown) / seconds:.4g} per second"


def video_is_there() -> bool:
    """PyAV, which is optional, can be imported."""
    return find_spec("av") is not None
