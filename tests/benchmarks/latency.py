"""Drag to picture: how long after the mouse has moved on the map its picture is there, idle and while a run trains.

    python tests/benchmarks/latency.py [--data-dir DIR] [--events N] [--sizes 28 64] [--map pca] [--only idle]

A window with all its panels, and a model of pictures of each size: MNIST (the digits where there is no --data-dir) and
shapes. A thread posts events of the mouse at the rate of a mouse, whether the window keeps up or not. The time of an
event runs from when it is posted to when its picture, or that of a later one, is in the session ("decoded"), and to
when the inspector is about to paint it ("painted"). Then where the time goes, of each picture: from asking to when the
decoding thread begins ("waking"), the decoding, until it is heard of ("delivery"); and what decoding one takes alone.
Draws offscreen where there is no display. Exits with 1 where p95 of a 28x28 model is over 16 ms idle or 50 ms in
training. --switch-interval: how long a thread may keep Python to itself, in ms: 1 in place
of Python's own 5 made no difference to p95 on a quiet machine (5.6 and 6.2 ms idle, 30 and 29 ms in training).
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the program sets it
if not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from latentlab.config import RunConfig
from latentlab.gui.app import make_application
from latentlab.gui.main_window.window import MainWindow

MOUSE_MS = 8.0  # between two events: a mouse at 125 Hz
TARGETS = {"idle": 16.0, "training": 50.0}  # ms, p95, of 28x28
BUTTON, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


@dataclass
class Times:
    """Of each event, in seconds: when it was posted, handled, decoded (it or a later one) and painted."""

    posted: list[float] = field(default_factory=list)
    handled: dict[int, float] = field(default_factory=dict)
    decoded: dict[int, float] = field(default_factory=dict)
    painted: dict[int, float] = field(default_factory=dict)
    decodings: int = 0
    parts: dict[str, list[float]] = field(default_factory=lambda: {"waking": [], "decoding": [], "delivery": []})

    def since_posted(self, times: dict[int, float]) -> np.ndarray:
        return np.array([1e3 * (times[n] - self.posted[n]) for n in sorted(times)])


class Watch(QObject):
    """Knows which event is being handled, which place came of it, and when that place's picture came."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self.times = window, Times()
        self._now, self._next, self._to_decode, self._to_paint = -1, 0, 0, 0
        self._of: dict[int, int] = {}
        self._places: list[object] = []  # held, so that no other gets the id of one
        self._canvas = window.views.map.canvas
        picture = window.findChild(QWidget, "inspector_decoded")
        assert picture is not None
        self._picture = picture
        self._canvas.installEventFilter(self)
        picture.installEventFilter(self)
        self._asked: dict[int, float] = {}
        self._answered: dict[int, float] = {}
        self._decoder, self._ask, self._answer = window.decoder, window.decoder.ask, window.decoder.answer
        self._decoder.ask, self._decoder.answer = self._note_ask, self._note_answer  # type: ignore[method-assign]
        window.session.place_changed.connect(self._on_place)
        window.decoder.decoded.connect(self._on_decoded)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if watched is self._canvas and kind == QEvent.Type.MouseMove and self._next < len(self.times.posted):
            self._now, self._next = self._next, self._next + 1
            self.times.handled[self._now] = time.perf_counter()
        elif watched is self._picture and kind == QEvent.Type.Paint:
            now = time.perf_counter()
            for number in range(self._to_paint, self._to_decode):
                self.times.painted[number] = now
            self._to_paint = self._to_decode
        return False

    def _on_place(self) -> None:
        place = self._window.session.place
        if self._now >= 0 and place is not None:
            self._of[id(place.z)] = self._now
            self._places.append(place.z)

    def done(self) -> Times:
        """Leaves the window as it was."""
        self._decoder.ask, self._decoder.answer = self._ask, self._answer  # type: ignore[method-assign]
        self._decoder.decoded.disconnect(self._on_decoded)
        self._window.session.place_changed.disconnect(self._on_place)
        for widget in (self._canvas, self._picture):
            widget.removeEventFilter(self)
        return self.times

    def _note_ask(self, channel: str, *request: Any) -> int:
        began = time.perf_counter()
        number = self._ask(channel, *request)
        self._asked[number] = began
        return number

    def _note_answer(self, model: Any, channel: str, number: int, request: tuple[Any, ...]) -> Any:
        began = time.perf_counter()
        found = self._answer(model, channel, number, request)
        if channel == "place" and number in self._asked:
            self._answered[number] = time.perf_counter()
            self.times.parts["waking"].append(1e3 * (began - self._asked[number]))
            self.times.parts["decoding"].append(1e3 * (self._answered[number] - began))
        return found

    def _on_decoded(self, channel: str, asked: int, _pixels: object, tag: Any, _step: int) -> None:
        number = self._of.get(id(tag.z)) if channel == "place" else None
        if number is None:
            return
        now = time.perf_counter()
        self.times.decodings += 1
        if asked in self._answered:
            self.times.parts["delivery"].append(1e3 * (now - self._answered[asked]))
        for each in range(self._to_decode, number + 1):
            self.times.decoded[each] = now
        self._to_decode = max(self._to_decode, number + 1)


def post(canvas: QWidget, kind: QEvent.Type, at: QPoint, button: Qt.MouseButton) -> None:
    place = QPointF(at)
    event = QMouseEvent(kind, place, place, button, BUTTON, Qt.KeyboardModifier.NoModifier)
    QCoreApplication.postEvent(canvas, event)


def drag(window: MainWindow, events: int) -> Times:
    """Round and round through the middle of the map."""
    canvas = window.views.map.canvas
    width, height = canvas.width(), canvas.height()
    turn = np.linspace(0, 2 * np.pi * events / 400, events + 1)
    radius = 0.12 + 0.22 * np.abs(np.sin(turn / 3))
    places = [QPoint(int(x), int(y)) for x, y in zip(
        width * (0.5 + radius * np.cos(turn)), height * (0.5 + radius * np.sin(turn)), strict=True
    )]  # fmt: skip
    watch = Watch(window)
    post(canvas, QEvent.Type.MouseButtonPress, places[0], BUTTON)
    rest(100)

    def mouse() -> None:
        due = time.perf_counter()
        for place in places[1:]:
            due += MOUSE_MS / 1e3
            time.sleep(max(due - time.perf_counter(), 0))
            watch.times.posted.append(time.perf_counter())
            post(canvas, QEvent.Type.MouseMove, place, NONE)

    thread = threading.Thread(target=mouse, daemon=True)
    thread.start()
    wait(lambda: not thread.is_alive())
    wait(lambda: len(watch.times.decoded) >= events, 20)
    rest(200)
    post(canvas, QEvent.Type.MouseButtonRelease, places[-1], BUTTON)
    rest(50)
    return watch.done()


def alone(window: MainWindow, count: int = 200) -> np.ndarray:
    """What decoding one takes without a window, ms."""
    from latentlab.explore.decode import decode

    model = window.decoder._model
    assert model is not None
    chance, times = np.random.default_rng(0), []
    for _ in range(count):
        z = chance.standard_normal((1, model.latent_dim)).astype(np.float32)
        began = time.perf_counter()
        decode(model, z)
        times.append(1e3 * (time.perf_counter() - began))
    return np.array(times[10:])


def rest(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def wait(condition: Callable[[], bool], seconds: float = 300) -> None:
    began = time.monotonic()
    while not condition():
        rest(10)
        if time.monotonic() - began > seconds:
            sys.exit("the window took too long")


def say(what: str, times: np.ndarray) -> float:
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    print(f"  {what:<22} p50 {p50:6.1f}  p95 {p95:6.1f}  p99 {p99:6.1f}  max {times.max():6.1f} ms")
    return float(p95)


def measure(window: MainWindow, words: str, events: int) -> float:
    """p95 of the pictures painted, ms."""
    times = drag(window, events)
    print(f" {words}: {len(times.decoded)} events, {times.decodings} pictures decoded")
    say("handled", times.since_posted(times.handled))
    say("decoded", times.since_posted(times.decoded))
    painted = say("painted", times.since_posted(times.painted))
    for name, part in times.parts.items():
        say(f"  {name}", np.array(part))
    return painted


def one(size: int, args: argparse.Namespace) -> dict[str, float]:
    source = "shapes" if size == 64 else "mnist" if args.data_dir else "digits"
    config = {
        "data": {"source": source, "limit": args.limit},
        "training": {"epochs": 1, "device": "cpu"},
    }
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as root:
        window = MainWindow(Path(root), args.data_dir or Path(root), warm=True)
        window.resize(1280, 800)
        window.show()
        session = window.session
        window.mapping.choose(args.map)
        session.set_config(RunConfig.parse(config))
        window.running.train()
        wait(lambda: session.run is not None and session.run.step > 0 and session.training.phase == "idle")
        wait(lambda: session.layout is not None and session.layout.kind == args.map and session.picture is not None)
        rest(2500)
        print(f"{source}, {session.run.image_shape}, {session.run.config.model.network}")
        if args.only != "training":
            found["idle"] = measure(window, "idle", args.events)
            say("one decoding alone", alone(window))
        if args.only != "idle":
            config["training"] = {"epochs": 100_000, "device": "cpu"}
            session.set_config(RunConfig.parse(config))
            window.running.train()
            wait(lambda: session.training.phase == "training" and session.layout is not None and session.model_ready)
            rest(3000)
            found["training"] = measure(window, "training", args.events)
            window.running.stop()
            wait(lambda: session.training.phase == "idle")
        window.close()
        window.deleteLater()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--sizes", type=int, nargs="+", choices=(28, 64), default=[28, 64])
    parser.add_argument("--map", choices=("umap", "pca", "axes"), default="umap")
    parser.add_argument("--only", choices=("idle", "training"))
    parser.add_argument("--limit", type=int, default=5000, help="pictures that are trained on")
    parser.add_argument("--switch-interval", type=float, metavar="MS")
    args = parser.parse_args()
    app = make_application("dark")
    if args.switch_interval is not None:
        sys.setswitchinterval(args.switch_interval / 1e3)
    print(f"{os.cpu_count()} cores, Qt on {app.platformName()}, a mouse every {MOUSE_MS:g} ms, map {args.map}")
    missed = []
    for size in args.sizes:
        for what, p95 in one(size, args).items():
            if size == 28 and p95 > TARGETS[what]:
                missed.append(f"{what} {p95:.1f} ms, over {TARGETS[what]:g}")
    if missed:
        sys.exit(f"missed: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
