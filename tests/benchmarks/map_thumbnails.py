"""What the map's thumbnails cost in a frame: made for the first time, drawn again, and laid anew while the view moves.

    python tests/benchmarks/map_thumbnails.py [--points 70000] [--side 28] [--size 1600x1000] [--frames 60]

Prints milliseconds of the layer alone, with as many thumbnails as have room in a view of that size.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QPainter, QTransform
from PySide6.QtWidgets import QApplication

from latentlab.config import RunConfig
from latentlab.gui.records import Encoding, Layout, MapImages, OpenRun
from latentlab.gui.session import Session
from latentlab.gui.views.map.view import MapView

BUDGET = 8.0  # milliseconds


def shown(points: int, side: int) -> tuple[MapView, Session]:
    """A map of random pictures at random places."""
    rng, session = np.random.default_rng(0), Session()
    config = RunConfig.parse({"model": {"latent_dim": 2}})
    names = tuple("0123456789")
    session.open(OpenRun(Path("none"), "none", config, (1, side, side), names, False, "completed"))
    mu = rng.standard_normal((points, 2)).astype(np.float32)
    index = np.arange(points)
    session.set_encoding(Encoding(index, mu, np.ones(2, np.float32), 1))
    pixels = rng.integers(0, 256, (points, 1, side, side), np.uint8)
    session.set_images(MapImages(index, pixels, rng.integers(0, 10, points)))
    view = MapView(session)
    session.set_layout(Layout("pca", mu))
    view.thumbnails.set_mode("always")
    return view, session


class Frames:
    """Draws the layer alone."""

    def __init__(self, view: MapView, size: QSize) -> None:
        self._view, self._size = view, size
        self._screen = QImage(size, QImage.Format.Format_RGB32)

    def draw(self, scale: float, dx: float, dy: float) -> float:
        """Milliseconds."""
        painter = QPainter(self._screen)
        began = time.perf_counter()
        self._view.thumbnails.draw(painter, QTransform(scale, 0, 0, -scale, dx, dy), self._size)
        took = 1000 * (time.perf_counter() - began)
        painter.end()
        return took


def say(words: str, times: list[float]) -> None:
    middle, most = statistics.median(times), max(times)
    print(f"{words:<26} median {middle:6.2f}   p95 {np.quantile(times, 0.95):6.2f}   most {most:6.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=70_000)
    parser.add_argument("--side", type=int, default=28)
    parser.add_argument("--size", default="1600x1000")
    parser.add_argument("--frames", type=int, default=60)
    args = parser.parse_args()
    app = QApplication([])
    view, _session = shown(args.points, args.side)
    width, height = (int(part) for part in args.size.split("x"))
    frames = Frames(view, QSize(width, height))
    scale, x, y = min(width, height) / 4, width / 2, height / 2
    first = [frames.draw(scale, x, y)]
    while view.thumbnails.making:
        app.processEvents()
        first.append(frames.draw(scale, x, y))
    print(f"{args.points:,} points, {len(view.thumbnails.rows())} thumbnails in {args.size}; budget {BUDGET} ms")
    say("made for the first time", first)
    say("drawn again", [frames.draw(scale, x, y) for _ in range(args.frames)])
    moves: dict[str, Callable[[int], tuple[float, float, float]]] = {
        "panned by 3 pixels": lambda step: (scale, x + 3 * step, y - 2 * step),
        "zoomed by 2 %": lambda step: (scale * 1.02**step, x, y),
    }
    for words, move in moves.items():
        say(words, [frames.draw(*move(step)) for step in range(args.frames)])
    app.processEvents()


if __name__ == "__main__":
    main()
