"""A map that follows a training: how often, how smoothly the window goes meanwhile, and what the training loses by it.

    python tests/benchmarks/live_map.py [--data-dir DIR] [--seconds N] [--limit N] [--trails] [--pictures DIR]

Trains on the CPU in turn: headless for a quarter of the time, in the open window with a UMAP of up to 5,000 points that
follows, and headless for another quarter. Reports the median rate at which the layout was refreshed, and what one
refresh took; the intervals between frames (a timer of 16 ms in the window's thread); and images per second in the
window against headless, validation and checkpoints included. --pictures saves the map after 0, 1, 3 and 10 epochs.
Fashion-MNIST is read from DIR/FashionMNIST/raw; without --data-dir it is the bundled digits. Needs a display, or draws
offscreen.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the program sets it
if not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QElapsedTimer, QEventLoop, QTimer

from latentlab.config import RunConfig
from latentlab.data.sources import load
from latentlab.events import Event, Measured
from latentlab.gui.app import make_application
from latentlab.gui.main_window.window import MainWindow
from latentlab.runs.folder import create_run
from latentlab.runs.record import new_record
from latentlab.training.control import Control
from latentlab.training.loop import train

FRAME_MS = 16
SKIPPED = 0.2  # of the time at the start: caches fill, and the first layout is made from nothing
PICTURED = (0, 1, 3, 10)  # epochs


def headless(config: RunConfig, data_dir: Path, seconds: float) -> float:
    """Steps per second."""
    dataset, control = load(config.data, data_dir=data_dir), Control()
    records: list[Measured] = []
    with tempfile.TemporaryDirectory() as root:
        run = create_run(Path(root), new_record("headless", config, dataset))
        with run.lock():
            for event in train(config, dataset, run, control):
                if isinstance(event, Measured) and event.split == "train":
                    records.append(event)
                    if event.time_s > seconds:
                        control.stop()
    return speed(records)


def speed(records: list[Measured]) -> float:
    """Steps per second after the first of them."""
    kept = [record for record in records if record.time_s >= SKIPPED * records[-1].time_s]
    return (kept[-1].step - kept[0].step) / max(kept[-1].time_s - kept[0].time_s, 1e-9)


@dataclass
class Seen:
    """What was measured in the window: steps per second, seconds of each frame and refresh, and their moments."""

    speed: float = 0.0
    frames: list[float] = field(default_factory=list)  # ms
    layouts: list[float] = field(default_factory=list)  # when they came, s
    refreshes: list[float] = field(default_factory=list)  # how long each took, s
    cost: float = 0.0
    epochs: int = 0


class Watch:
    """Trains in a window and looks at it."""

    def __init__(self, window: MainWindow, pictures: Path | None) -> None:
        self.window, self.session, self.pictures = window, window.session, pictures
        self.seen, self.records, self._pictured = Seen(), [], set[int]()
        self._clock, self._ticker = QElapsedTimer(), QTimer()
        self._ticker.setInterval(FRAME_MS)
        self._ticker.timeout.connect(self._tick)
        window.running.trainer.events.connect(self._on_events)
        window.mapping.laid_out.connect(lambda _survey, _coords: self.seen.layouts.append(time.monotonic()))
        window.mapping.rested.connect(self._on_rested)

    def train(self, config: RunConfig, seconds: float) -> Seen:
        self.session.set_config(config)
        self._ticker.start()
        self.window.running.train()
        wait(lambda: bool(self.records))
        began = time.monotonic()
        wait(lambda: time.monotonic() - began > seconds, seconds + 60)
        self.window.running.stop()
        self._ticker.stop()
        wait(lambda: self.session.training.phase == "idle")
        after = began + SKIPPED * seconds
        self.seen.layouts = [moment for moment in self.seen.layouts if after < moment < began + seconds]
        self.seen.speed, self.seen.epochs = speed(self.records), self.records[-1].epoch
        self.seen.cost = self.window.running.pace.cost()
        return self.seen

    def _tick(self) -> None:
        if self._clock.isValid() and self.session.training.phase == "training" and self.session.encoding is not None:
            self.seen.frames.append(self._clock.nsecsElapsed() / 1e6)
        self._clock.start()

    def _on_events(self, events: list[Event]) -> None:
        self.records += [event for event in events if isinstance(event, Measured) and event.split == "train"]

    def _on_rested(self) -> None:
        self.seen.refreshes.append(self.window.running.pace.took)
        if self.pictures is not None and self.session.layout is not None and self.session.layout.kind == "umap":
            due = [epoch for epoch in PICTURED if epoch <= self.session.training.epoch and epoch not in self._pictured]
            if due:
                self._pictured |= set(due)
                QTimer.singleShot(400, self.window, lambda: self._save(due[-1]))  # once the points have come to rest

    def _save(self, epoch: int) -> None:
        assert self.pictures is not None
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.window.views.map.grab().save(str(self.pictures / f"map-epoch-{epoch:02d}.png"))


def windowed(config: RunConfig, data_dir: Path, seconds: float, trails: bool, pictures: Path | None) -> Seen:
    with tempfile.TemporaryDirectory() as root:
        window = MainWindow(Path(root), data_dir)
        window.resize(1280, 800)
        window.show()
        warmed: list[float] = []
        window.projector.warmed.connect(warmed.append)
        window.open("digits-demo")
        wait(lambda: bool(warmed))  # UMAP compiles once in a window's life, on one core
        rest(1500)
        window.views.map.live.switch.setChecked(trails)
        seen = Watch(window, pictures).train(config, seconds)
        window.close()
        return seen


def rest(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def wait(condition: Callable[[], bool], seconds: float = 300) -> None:
    began = time.monotonic()
    while not condition():
        rest(20)
        if time.monotonic() - began > seconds:
            sys.exit("the window took too long")


def report(seen: Seen, alone: list[float], batch: int) -> None:
    print(f"headless  {batch * np.mean(alone):8,.0f} images/s ({', '.join(f'{batch * one:,.0f}' for one in alone)})")
    print(f"window    {batch * seen.speed:8,.0f} images/s, {seen.epochs} epochs")
    print(f"ratio     {seen.speed / np.mean(alone):8.2f}")
    if len(seen.layouts) > 1:
        gaps = np.diff(seen.layouts)
        took = np.median(seen.refreshes) if seen.refreshes else float("nan")
        print(
            f"refreshes {1 / np.median(gaps):8.2f} a second in the median ({len(gaps) + 1} in all); one took "
            f"{took:.2f} s in the median, during which {seen.cost:.0%} of the speed was seen to go"
        )
    p50, p95, p99, p999 = np.percentile(seen.frames, [50, 95, 99, 99.9])
    print(f"frames    p50 {p50:.1f}  p95 {p95:.1f}  p99 {p99:.1f}  p99.9 {p999:.1f}  max {max(seen.frames):.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--trails", action="store_true")
    parser.add_argument("--pictures", type=Path)
    args = parser.parse_args()
    source = "fashion-mnist" if args.data_dir else "digits"
    values = {"data": {"source": source, "limit": args.limit}, "training": {"epochs": 100_000, "device": "cpu"}}
    config = RunConfig.parse(values)
    data_dir = args.data_dir or Path(tempfile.gettempdir())
    app = make_application("dark")
    alone = [headless(config, data_dir, args.seconds / 4)]
    seen = windowed(config, data_dir, args.seconds, args.trails, args.pictures)
    alone.append(headless(config, data_dir, args.seconds / 4))
    print(f"{source}, {args.seconds:.0f} s, {os.cpu_count()} cores, Qt on {app.platformName()}")
    report(seen, alone, config.training.batch_size)


if __name__ == "__main__":
    main()
