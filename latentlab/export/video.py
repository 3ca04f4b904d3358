"""MP4 files, by PyAV (FFmpeg's libraries), which is optional."""

import io
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np

from latentlab.explore.grids import Rgb, to_rgb
from latentlab.export.moving_formats import Show
from latentlab.export.watching import Watch
from latentlab.images import Pixels

CODECS = ("libx264", "mpeg4")  # the first that this PyAV was built with; what any player shows
QUALITY = "16"  # H.264's constant rate factor: below 18 hardly anybody sees a difference
FINEST = 1001  # denominator of a rate: 23.976 is 24000/1001


def mp4_bytes(frames: Pixels, order: Sequence[int], show: Show, watch: Watch) -> bytes:
    """Frames (T, C, H, W), those of `order` after one another at exactly the rate asked for. Raises Stopped.

    Sides are made even, as H.264 wants them, by one more row or column like the last.
    """
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as file:
        stream = file.add_stream(_codec(), rate=Fraction(show.fps).limit_denominator(FINEST))
        assert isinstance(stream, av.VideoStream), "that is what these codecs make"
        first = _even(to_rgb(frames[0], show.scale))
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": QUALITY}
        for done, row in enumerate(order):
            watch.look(done)
            rgb = np.ascontiguousarray(_even(to_rgb(frames[row], show.scale)))
            file.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        file.mux(stream.encode(None))
    watch.look(len(order))
    return buffer.getvalue()


def _codec() -> str:
    return next(name for name in CODECS if name in av.codecs_available)


def _even(rgb: Rgb) -> Rgb:
    return np.pad(rgb, ((0, rgb.shape[0] % 2), (0, rgb.shape[1] % 2), (0, 0)), mode="edge")
