"""Training in the window beside training headless: images per second, and the window's frame intervals meanwhile.

    python tests/benchmarks/window_training.py [--data-dir DIR] [--rounds N] [--epochs N] [--limit N]

Each round trains the same run twice, headless and in an open window with all its panels, a live map and explored from
its snapshots; which comes first alternates. Reports medians and the ratio. Needs a display, or draws offscreen.
Fashion-MNIST is read from DIR/FashionMNIST/raw; without --data-dir it is the bundled digits.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the program sets it
if not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QElapsedTimer, QEventLoop, QTimer

from latentlab.config import RunConfig
from latentlab.data.sources import load
from latentlab.events import Measured
from latentlab.gui.app import make_application
from latentlab.gui.main_window.window import MainWindow
from latentlab.runs.folder import create_run
from latentlab.runs.record import new_record
from latentlab.training.loop import train

FRAME_MS = 16
SKIPPED = 0.2  # of the steps at the start: caches fill, and the map's first layout compiles


def headless(config: RunConfig, data_dir: Path) -> float:
    """Steps per second."""
    dataset = load(config.data, data_dir=data_dir)
    with tempfile.TemporaryDirectory() as root:
        run = create_run(Path(root), new_record("headless", config, dataset))
        with run.lock():
            events = [event for event in train(config, dataset, run) if isinstance(event, Measured)]
    return _speed([event for event in events if event.split == "train"])


def _speed(events: list[Measured]) -> float:
    """Steps per second after the first of them, from the clock in the records: validation and checkpoints included."""
    first, last = events[int(len(events) * SKIPPED)], events[-1]
    return (last.step - first.step) / (last.time_s - first.time_s)


def windowed(config: RunConfig, data_dir: Path) -> tuple[float, list[float], int]:
    """Steps per second, the intervals between frames in ms while it trains, and how often the map changed."""
    with tempfile.TemporaryDirectory() as root:
        window = MainWindow(Path(root), data_dir)
        window.resize(1280, 800)
        window.show()
        session = window.session
        warmed: list[float] = []
        window.projector.warmed.connect(warmed.append)
        window.open("digits-demo")
        _wait(lambda: bool(warmed))  # UMAP compiles once in a window's life, on one core
        _rest(1500)
        session.set_config(config)
        intervals: list[float] = []
        changes = [0]
        session.layout_changed.connect(lambda: changes.__setitem__(0, changes[0] + 1))
        records: list[Measured] = []
        window.running.trainer.events.connect(
            lambda events: records.extend(e for e in events if isinstance(e, Measured) and e.split == "train")
        )
        clock = QElapsedTimer()
        ticker = QTimer()
        ticker.setInterval(FRAME_MS)

        def tick() -> None:
            if clock.isValid() and session.training.phase == "training" and session.encoding is not None:
                intervals.append(clock.nsecsElapsed() / 1e6)
            clock.start()

        ticker.timeout.connect(tick)
        ticker.start()
        window.running.train()
        _wait(lambda: bool(records))
        _wait(lambda: session.training.phase == "idle")
        ticker.stop()
        window.close()
        return _speed(records), intervals, changes[0]


def _rest(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def _wait(condition: Callable[[], bool], seconds: float = 900) -> None:
    began = time.monotonic()
    while not condition():
        _rest(20)
        if time.monotonic() - began > seconds:
            sys.exit("the window took too long")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--limit", type=int)
    args = parser.parse_args()
    source = "fashion-mnist" if args.data_dir else "digits"
    config = RunConfig.parse(
        {"data": {"source": source, "limit": args.limit}, "training": {"epochs": args.epochs, "device": "cpu"}}
    )
    data_dir = args.data_dir or Path(tempfile.gettempdir())
    app = make_application("dark")
    batch = config.training.batch_size
    alone, inside, intervals, changes = [], [], [], []
    for number in range(args.rounds):
        for kind in ("headless", "window") if number % 2 == 0 else ("window", "headless"):
            if kind == "headless":
                alone.append(batch * headless(config, data_dir))
            else:
                speed, waited, changed = windowed(config, data_dir)
                inside.append(batch * speed)
                intervals += waited
                changes.append(changed)
    ratios = [one / other for one, other in zip(inside, alone, strict=True)]
    print(f"{source}, {args.epochs} epochs, {args.rounds} rounds, {os.cpu_count()} cores, Qt on {app.platformName()}")
    print(f"headless  {statistics.median(alone):8,.0f} images/s")
    print(f"window    {statistics.median(inside):8,.0f} images/s, map changed {statistics.median(changes):.0f} times")
    print(f"ratio     {statistics.median(ratios):8.2f}  ({', '.join(f'{ratio:.2f}' for ratio in ratios)})")
    p50, p95, p99, p999 = np.percentile(intervals, [50, 95, 99, 99.9])
    print(f"frames    p50 {p50:.1f}  p95 {p95:.1f}  p99 {p99:.1f}  p99.9 {p999:.1f}  max {max(intervals):.1f} ms")


if __name__ == "__main__":
    main()
