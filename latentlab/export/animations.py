"""Animations as files, complete or absent: GIF, WebP, APNG, and MP4 where PyAV is there."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from latentlab.explore.grids import to_rgb
from latentlab.export.gif import gif_bytes
from latentlab.export.moving_formats import MOVING, VIDEO_MISSING, Show, durations, timing, video_is_there
from latentlab.export.watching import Cancelled, FramesDone, Stopped, Watch
from latentlab.images import Pixels
from latentlab.runs.files import write_whole

SAMPLED = 6  # frames from which the size of a file is estimated


def save_animation(
    path: Path,
    frames: Pixels | Iterable[Pixels],
    show: Show,
    progress: FramesDone | None = None,
    cancelled: Cancelled | None = None,
) -> bool:
    """Write frames (T, C, H, W) as one of MOVING, by the file's suffix; False, and no file, when cancelled.

    Every pixel becomes scale x scale, without smoothing; WebP and APNG keep every colour, GIF those of its one palette,
    MP4 nearly. The rate is kept on the whole: durations are whole multiples of what the format counts in. WebP and APNG
    show a frame that is as the one before as one, for as long as both. An MP4 does not say whether it begins again.
    `progress` is told frames done and their number. Raises ValueError for no frames, for what the format cannot have,
    and where PyAV is missing; OSError where the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in MOVING:
        raise ValueError(f"an animation can be written as {', '.join(MOVING)}; {path.name} is none of them")
    show.check(suffix)
    check_video(suffix)
    images = _within(frames, cancelled)
    if images is None:
        return False
    try:
        data = encoded(images, suffix, show, progress, cancelled)
        Watch(len(images), cancelled=cancelled).look()  # the last question, then the one step that cannot be half done
    except Stopped:
        return False
    write_whole(path, data)
    return True


def check_video(suffix: str) -> None:
    """Raises ValueError where this needs PyAV and it is not there."""
    if suffix == ".mp4" and not video_is_there():
        raise ValueError(VIDEO_MISSING)


def encoded(
    images: Pixels, suffix: str, show: Show, progress: FramesDone | None = None, cancelled: Cancelled | None = None
) -> bytes:
    """The file's bytes. Raises Stopped when cancelled, and ValueError as `save_animation` does."""
    form = MOVING[suffix]
    if len(images) == 0:
        raise ValueError(f"a {form.words} file needs at least one frame")
    show.check(suffix, max(images.shape[2:]))
    order = show.order(len(images))
    shown = durations(len(order), show.fps, form.tick_ms)
    watch = Watch(len(order), progress, cancelled)
    if suffix == ".gif":
        return gif_bytes(images, order, show.scale, show.loop, shown, watch)
    if suffix == ".mp4":
        from latentlab.export.video import mp4_bytes

        return mp4_bytes(images, order, show, watch)
    return _by_pillow(_Sequence(images, order, show.scale, watch), suffix, show.loop, shown, watch)


def in_words(count: int, suffix: str, show: Show) -> str:
    """What `count` frames come to in such a file: '94 frames in 3.92 s, 23.98 per second'."""
    return timing(durations(len(show.order(count)), show.fps, MOVING[suffix].tick_ms))


def estimated_bytes(some: Pixels, count: int, suffix: str, show: Show) -> int:
    """About how large a file of `count` frames would be of which `some` (n, C, H, W) are a few: by writing those."""
    few = some[np.linspace(0, len(some) - 1, min(len(some), SAMPLED)).astype(int)]
    one_way = Show(show.fps, show.scale)
    first = len(encoded(few[:1], suffix, one_way))
    if len(few) < 2:
        return first * count
    each = (len(encoded(few, suffix, one_way)) - first) / (len(few) - 1)
    return round(first + each * (len(show.order(count)) - 1))


class _Sequence(Image.Image):
    """Frames as Pillow's writers ask for them, one at a time: so few are in memory magnified, and each can be the last.

    Raises Stopped from `seek` when cancelled.
    """

    def __init__(self, images: Pixels, order: Sequence[int], scale: int, watch: Watch) -> None:
        super().__init__()
        self.n_frames, self.is_animated = len(order), len(order) > 1
        self._images, self._order, self._scale, self._watch = images, order, scale, watch
        self._at = self._farthest = -1  # Pillow may go through them more than once
        self.seek(0)

    def seek(self, frame: int) -> None:
        if frame >= self.n_frames:
            raise EOFError
        if frame == self._at:
            return
        self._watch.look(frame if frame > self._farthest else None)
        self._farthest = max(self._farthest, frame)
        image = self._images[self._order[frame]]
        large = _grey(image, self._scale) if len(image) == 1 else to_rgb(image, self._scale)
        picture = Image.fromarray(large)
        self._mode, self._size, self.im, self._at = picture.mode, picture.size, picture.im, frame

    def tell(self) -> int:
        return self._at


def _grey(image: Pixels, scale: int) -> Pixels:
    return image[0].repeat(scale, axis=0).repeat(scale, axis=1)


class _Watched(io.BytesIO):
    """What is being written, which ends when it is cancelled."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def write(self, data: Any) -> int:
        self._watch.look()
        return super().write(data)


def _by_pillow(frames: _Sequence, suffix: str, loop: bool, shown: Sequence[int], watch: Watch) -> bytes:
    """WebP without loss, or APNG."""
    data, times = _Watched(watch), 0 if loop else 1
    if frames.n_frames == 1:
        frames.save(data, "WEBP" if suffix == ".webp" else "PNG", lossless=True)
    elif suffix == ".webp":
        frames.save(data, "WEBP", save_all=True, duration=list(shown), loop=times, lossless=True, quality=50, method=0)
    else:
        frames.save(data, "PNG", save_all=True, duration=list(shown), loop=times)
    watch.look(frames.n_frames)
    return data.getvalue()


def _within(frames: Pixels | Iterable[Pixels], cancelled: Cancelled | None) -> Pixels | None:
    """All frames in one array (T, C, H, W), which may take decoding; None when cancelled meanwhile."""
    if isinstance(frames, np.ndarray):
        return frames
    taken = []
    for frame in frames:
        if cancelled is not None and cancelled():
            return None
        taken.append(frame)
    return np.stack(taken) if taken else np.zeros((0, 1, 1, 1), np.uint8)
