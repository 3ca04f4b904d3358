"""How long a GIF takes to write against Pillow alone, and what of it reads back: python tests/benchmarks/gif.py

60 frames of 28 x 28 pixels, each pixel 8 x 8, from one digit to another by way of the demo run; in colour the same
three digits in red, green and blue. Prints a line of JSON per kind:

ours_s, pillow_s: medians of the rounds, in turns, of frames in memory to bytes in memory. ratio: of both; at most 1.2.
bytes, pillow_bytes. durations_ms: those that come back, with how many frames have them; fps: of all of them. loops.
error_max, error_mean: of what comes back from what was decoded, levels of 255; grey has none.
"""

import io
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageSequence

from latentlab.explore.grids import to_rgb
from latentlab.explore.loaded import load
from latentlab.explore.paths import interpolate
from latentlab.export.animations import encoded
from latentlab.export.moving_formats import Show, durations
from latentlab.runs.places import demo_run

FRAMES, SIDE, SCALE, FPS = 60, 28, 8, 24
ROUNDS = 7


def decoded(seed: int) -> np.ndarray:
    """A walk of the demo run, uint8 (60, 1, 28, 28): its 8 x 8 pixels smoothly enlarged, so that greys are many."""
    place = demo_run()
    assert place is not None, "it comes with the package"
    run = load(place)
    a, b = run.sample(2, seed=seed)
    small = run.decode(interpolate(a, b, FRAMES).astype(np.float32))
    large = [Image.fromarray(frame[0]).resize((SIDE, SIDE), Image.Resampling.BICUBIC) for frame in small]
    return np.stack([np.asarray(frame) for frame in large])[:, None]


def by_pillow(frames: np.ndarray) -> bytes:
    """The same frames, magnified the same, by Pillow's own writer."""
    if frames.shape[1] == 1:
        pictures = [Image.fromarray(frame[0].repeat(SCALE, axis=0).repeat(SCALE, axis=1)) for frame in frames]
    else:
        pictures = [Image.fromarray(to_rgb(frame, SCALE)) for frame in frames]
    data = io.BytesIO()
    shown = durations(FRAMES, FPS, 10)
    pictures[0].save(data, "GIF", save_all=True, append_images=pictures[1:], duration=shown, loop=0)
    return data.getvalue()


def seconds(work: Callable[[], bytes]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(kind: str, frames: np.ndarray) -> dict[str, object]:
    def ours() -> bytes:
        return encoded(frames, ".gif", Show(FPS, SCALE))

    data, theirs = ours(), by_pillow(frames)
    rounds = [(seconds(ours), seconds(lambda: by_pillow(frames))) for _ in range(ROUNDS)]
    mine, pillow = (statistics.median(each) for each in zip(*rounds, strict=True))
    picture = Image.open(io.BytesIO(data))
    shown, lasting = [], []
    for each in ImageSequence.Iterator(picture):
        shown.append(np.asarray(each.convert("RGB")))
        lasting.append(int(each.info["duration"]))
    wanted = np.stack([to_rgb(frame, SCALE) for frame in frames]).astype(int)
    off = np.abs(np.stack(shown) - wanted)
    assert lasting == durations(FRAMES, FPS, 10)
    return {
        "kind": kind, "ours_s": round(mine, 4), "pillow_s": round(pillow, 4), "ratio": round(mine / pillow, 3),
        "bytes": len(data), "pillow_bytes": len(theirs), "durations_ms": dict(Counter(lasting)),
        "fps": round(1000 * len(lasting) / sum(lasting), 3), "loops": picture.info.get("loop") == 0,
        "error_max": int(off.max()), "error_mean": round(float(off.mean()), 3),
    }  # fmt: skip


def main() -> int:
    grey = decoded(0)
    colour = np.concatenate([grey, decoded(1), decoded(2)], axis=1)
    results = [measure("grey", grey), measure("colour", colour)]
    for result in results:
        print(json.dumps(result))
    return int(any(float(str(result["ratio"])) > 1.2 for result in results))


if __name__ == "__main__":
    sys.exit(main())
