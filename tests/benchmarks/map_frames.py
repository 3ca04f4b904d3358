"""What a frame of the map costs: panning, zooming, recolouring, filtering, gliding, and a ring under the mouse.

    uv run python tests/benchmarks/map_frames.py [--points 70000 1000000 5000000] [--size 900x700] [--ratio 1]
        [--frames 90] [--against-up-to 1000000] [--without-loading]

The real view of the map, moved by wheel and mouse events; a frame is one event and the whole repaint that follows it.
pyqtgraph's ScatterPlotItem (one per class, as it is fastest) draws the same points and like views in the same run.
Times are of the clock, and beside them of the processor alone: on a busy machine only those say much. `loading` is what
the window feels while numba is fetched in a thread: the longest time for which a timer of 5 ms was kept waiting, when
all has to be compiled and when it comes from numba's cache.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

TARGETS = {"frames": {70_000: 4.0, 1_000_000: 16.0}, "hover": {1_000_000: 16.0}, "first": {1_000_000: 500.0}}
Times = list[tuple[float, float]]  # milliseconds of the clock and of the processor


def timed(work: Callable[..., object], *arguments: object) -> tuple[float, float]:
    clock, processor = time.perf_counter(), time.thread_time()
    work(*arguments)
    return 1e3 * (time.perf_counter() - clock), 1e3 * (time.thread_time() - processor)


def say(what: str, times: Times, target: float | None = None, share: float = 0.5) -> float:
    clock, processor = np.array(times).T
    name = "median" if share == 0.5 else f"p{100 * share:.0f}"
    aim = f"   target {target:g}" if target else ""
    print(
        f"  {what:34} {name:6} {np.quantile(clock, share):8.2f} ms   (processor {np.quantile(processor, share):8.2f};"
        f" p95 {np.quantile(clock, 0.95):.2f}, largest {clock.max():.2f}){aim}",
        flush=True,
    )
    return float(np.quantile(clock, share))


def clustered(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten bent clusters, sorted by class as data sets are: places (N, 2) float32 and classes (N,)."""
    random = np.random.default_rng(0)
    labels = np.sort(random.integers(0, 10, count))
    turn, along = 2 * np.pi * labels / 10, random.beta(1.2, 2.0, count)
    middles = np.stack([np.cos(turn), np.sin(turn)], axis=1) * (4 + labels[:, None] % 3)
    bend = np.stack([np.cos(3 * along + labels), np.sin(2 * along - labels)], axis=1)
    spread = random.standard_normal((count, 2)) * (0.15 + 0.3 * random.random((count, 1)))
    return (middles + 1.2 * bend + spread).astype(np.float32), labels


def script(frames: int) -> Iterator[tuple[str, int, int]]:
    """About by dragging while all is seen, in by the wheel to four times the size, about, out again; over and over."""
    round_trip = [("pan", 9, 5)] * 6 + [("pan", -9, -5)] * 6 + [("zoom", 1, 0)] * 8
    round_trip += [("pan", -7, 4)] * 6 + [("pan", 7, -4)] * 6 + [("zoom", -1, 0)] * 8
    for frame in range(frames):
        yield round_trip[frame % len(round_trip)]


def show(widget: Any) -> None:
    """Until its window is there: before, a repaint does nothing."""
    from PySide6.QtWidgets import QApplication

    widget.show()
    while not widget.windowHandle().isExposed():
        QApplication.processEvents()
    QApplication.processEvents()


class Ours:
    """The view of the map with these points in its session."""

    def __init__(self, places: np.ndarray, labels: np.ndarray, size: tuple[int, int]) -> None:
        from PySide6.QtCore import QPoint

        from latentlab.config import RunConfig
        from latentlab.gui.records import Encoding, Layout, MapImages, OpenRun
        from latentlab.gui.session import Session
        from latentlab.gui.views.map.view import MapView

        index, names = np.arange(len(places)), tuple("abcdefghij")
        self.session = Session()
        self.session.open(OpenRun(Path("a"), "a", RunConfig(), (1, 1, 1), names, True, "completed"))
        self.session.set_encoding(Encoding(index, places, np.ones(2, np.float32), 1))
        self.session.set_images(MapImages(index, np.zeros((len(places), 1, 1, 1), np.uint8), labels))
        self.view = MapView(self.session)
        self.canvas = self.view.canvas
        self.canvas.setFixedSize(*size)
        self.painted = 0
        self.canvas.under.append(self)
        show(self.view)
        self.mouse = QPoint(size[0] * 3 // 4, size[1] // 2)
        self.canvas.repaint()
        self.first = timed(lambda: (self.session.set_layout(Layout("pca", places)), self.canvas.repaint()))

    def draw(self, painter: object, view: object, size: object) -> None:
        """A layer that counts: what was timed was painted."""
        self.painted += 1

    def do(self, what: str, x: int, y: int) -> None:
        from PySide6.QtCore import QEvent, QPoint, Qt

        if what == "zoom":
            self._wheel(x)
        else:
            self._mouse(QEvent.Type.MouseButtonPress, self.mouse, Qt.MouseButton.MiddleButton)
            self._mouse(QEvent.Type.MouseMove, self.mouse + QPoint(x, y), Qt.MouseButton.MiddleButton)
            self._mouse(QEvent.Type.MouseButtonRelease, self.mouse + QPoint(x, y), Qt.MouseButton.MiddleButton)
        self.canvas.repaint()

    def hover(self, x: int, y: int) -> None:
        """A move of the mouse, and the repaint that shows the ring."""
        from PySide6.QtCore import QEvent, QPoint, Qt

        self._mouse(QEvent.Type.MouseMove, QPoint(x, y), Qt.MouseButton.NoButton)
        self.canvas.repaint()

    def recolour(self, key: str) -> None:
        self.view.colour.setCurrentIndex(max(self.view.colour.findData(key), 0))
        self.view.points.recolour()
        self.canvas.repaint()

    def hide(self, mask: np.ndarray | None) -> None:
        self.session.set_visible(mask)
        self.canvas.repaint()

    def select(self, rows: np.ndarray) -> None:
        self.session.select_group(rows)
        self.canvas.repaint()

    def glide(self, share: float) -> None:
        self.animation.setCurrentTime(round(share * self.animation.duration()))
        self.canvas.repaint()

    def begin_glide(self, places: np.ndarray) -> None:
        from PySide6.QtCore import QVariantAnimation

        from latentlab.gui.records import Layout

        self.session.set_layout(Layout("pca", places))
        self.animation = self.view.points.findChild(QVariantAnimation)
        self.animation.pause()

    def _wheel(self, notches: int) -> None:
        from PySide6.QtCore import QPoint, QPointF, Qt
        from PySide6.QtGui import QWheelEvent
        from PySide6.QtWidgets import QApplication

        at, none = QPointF(self.mouse), Qt.KeyboardModifier.NoModifier
        turn, phase = QPoint(0, 120 * notches), Qt.ScrollPhase.NoScrollPhase
        QApplication.sendEvent(
            self.canvas, QWheelEvent(at, at, QPoint(), turn, Qt.MouseButton.NoButton, none, phase, False)
        )

    def _mouse(self, kind: object, at: object, button: object) -> None:
        from PySide6.QtCore import QPointF, Qt
        from PySide6.QtGui import QMouseEvent
        from PySide6.QtWidgets import QApplication

        none, place = Qt.KeyboardModifier.NoModifier, QPointF(at)
        QApplication.sendEvent(self.canvas, QMouseEvent(kind, place, place, button, button, none))


class Pyqtgraphs:
    """The same points as one ScatterPlotItem per class."""

    def __init__(self, places: np.ndarray, labels: np.ndarray, size: tuple[int, int]) -> None:
        import pyqtgraph

        from latentlab.gui.widgets import theme

        self.widget = pyqtgraph.PlotWidget(background=theme.current().card)
        self.widget.setFixedSize(*size)
        self.widget.hideAxis("left")
        self.widget.hideAxis("bottom")
        show(self.widget)
        self.first = timed(lambda: (self._fill(places, labels), self.widget.viewport().repaint()))

    def _fill(self, places: np.ndarray, labels: np.ndarray) -> None:
        import pyqtgraph

        from latentlab.gui.widgets import theme

        for label in range(10):
            brush = pyqtgraph.mkBrush(theme.current().accent if label == 0 else pyqtgraph.intColor(label, 10))
            item = pyqtgraph.ScatterPlotItem(pos=places[labels == label], size=3, pen=None, brush=brush)
            self.widget.addItem(item)
        self.widget.autoRange()

    def do(self, what: str, x: int, y: int) -> None:
        box = self.widget.getViewBox()
        if what == "zoom":
            (left, right), (low, high) = box.viewRange()
            box.scaleBy((1 / 1.2**x, 1 / 1.2**x), center=(left + 0.75 * (right - left), (low + high) / 2))
        else:
            pixel = box.viewPixelSize()
            box.translateBy((-x * pixel[0], y * pixel[1]))
        self.widget.viewport().repaint()


def measure(count: int, size: tuple[int, int], frames: int, against: bool) -> None:
    from latentlab.gui.widgets.point_cloud import PointCloud  # noqa: F401 - imported before anything is timed

    print(f"{count:,} points")
    places, labels = clustered(count)
    ours = Ours(places, labels, size)
    say("first paint", [ours.first], TARGETS["first"].get(count))
    for step in script(6):
        ours.do(*step)
    median = say("pan and zoom", [timed(ours.do, *step) for step in script(frames)], TARGETS["frames"].get(count))
    ours.view.fit()
    ours.canvas.repaint()
    random, some = np.random.default_rng(1), max(frames // 4, 5)
    spots = [random.integers(0.2 * np.array(size), 0.8 * np.array(size)).tolist() for _ in range(2 * frames)]
    say("mouse to ring", [timed(ours.hover, *spot) for spot in spots], TARGETS["hover"].get(count), 0.95)
    say("recolour", [timed(ours.recolour, key) for key in ["z0", "z1"] * (some // 2)])
    ours.recolour("class")
    masks = [random.random(count) < 0.5 for _ in range(2)]
    say("hide half", [timed(ours.hide, mask) for mask in masks * (some // 2)])
    ours.hide(None)
    groups = [np.flatnonzero(labels == label) for label in (2, 5)]
    say("raise a tenth", [timed(ours.select, rows) for rows in groups * (some // 2)])
    ours.select(np.empty(0, np.int64))
    ours.begin_glide(np.roll(places, count // 20, axis=0))
    shares = np.linspace(0.05, 0.95, some).tolist()
    say("glide", [timed(ours.glide, share) for share in shares])
    assert ours.painted > 4 * frames, "not everything was painted"
    ours.view.close()
    if against:
        theirs = Pyqtgraphs(places, labels, size)
        say("ScatterPlotItem: first paint", [theirs.first])
        few = frames if count <= 100_000 else min(frames, 50)
        other = say("ScatterPlotItem: pan and zoom", [timed(theirs.do, *step) for step in script(few)])
        print(f"  ratio of the medians: {other / median:.1f}")
        theirs.widget.close()


def load_in_a_thread() -> None:
    """Prints the longest wait of a 5 ms timer while the compiled loops are fetched, and how long that took."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from latentlab.gui.widgets.point_cloud import fetch_compiled

    app, ticks = QApplication([]), [time.perf_counter()]
    timer, fetch = QTimer(), threading.Thread(target=fetch_compiled)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.timeout.connect(lambda: None if fetch.is_alive() else app.quit())
    timer.setInterval(5)
    fetch.start()
    timer.start()
    app.exec()
    waits = np.diff(ticks)
    print(f"{ticks[-1] - ticks[0]:.1f} s, p99 {1e3 * np.quantile(waits, 0.99):.0f}, longest {1e3 * max(waits):.0f} ms")


def measure_loading() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for what in ("compiling", "from the cache"):
            command = [sys.executable, __file__, "--load"]
            environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            print(f"loading, {what}: {done.stdout.strip()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, nargs="+", default=[70_000, 1_000_000, 5_000_000])
    parser.add_argument("--size", default="900x700", help="of the map, in pixels at 100 %%")
    parser.add_argument("--ratio", default="1", help="pixels of the device to each of these: 1, 1.5, 2")
    parser.add_argument("--frames", type=int, default=90)
    parser.add_argument("--against-up-to", type=int, default=1_000_000, help="more points are not drawn by pyqtgraph")
    parser.add_argument("--without-loading", action="store_true")
    parser.add_argument("--plain", action="store_true", help="as NumPy draws until numba is there")
    parser.add_argument("--load", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if options.load:
        load_in_a_thread()
        return
    os.environ["QT_SCALE_FACTOR"] = options.ratio
    import numba
    import PySide6
    from PySide6.QtWidgets import QApplication

    from latentlab.gui.widgets import point_cloud, theme

    app = QApplication([])
    theme.apply(app, "dark")
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Qt {PySide6.__version__},"
        f" NumPy {np.__version__}, numba {numba.__version__}; map {options.size} at {options.ratio} x"
    )
    if not options.without_loading:
        measure_loading()
    if not options.plain:
        point_cloud.use_compiled(point_cloud.fetch_compiled())
    width, height = (int(side) for side in options.size.split("x"))
    for count in options.points:
        measure(count, (width, height), options.frames, count <= options.against_up_to)


if __name__ == "__main__":
    main()
