"""A map of all pictures of a data set: how long it takes to come, and how long the window's thread is held up.

    python tests/benchmarks/map_of_all.py RUN [--data-dir DIR] [--points N] [--where]

RUN was trained, is opened with 5,000 points, and then has N of them, all by default. After each deed it is said how
long it took until nothing moved any more, and the three longest times in which the window's thread answered nothing.
--where: what it was doing then.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

EVERY, LONG = 0.016, 0.012  # seconds: between two beats, and from when on a beat is late


class Beats:
    """Beats in the window's thread; how late they come is how long it was held up."""

    def __init__(self, where: bool) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.last, self.late, self.where = time.perf_counter(), [0.0], Counter[str]()
        self.timer = QTimer()
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.beat)
        self.timer.start(round(1000 * EVERY))
        self.over = False
        self.main = threading.get_ident()
        if where:
            threading.Thread(target=self.look, daemon=True).start()

    def beat(self) -> None:
        now = time.perf_counter()
        self.late.append(now - self.last - EVERY)
        self.last = now

    def look(self) -> None:
        """Whose work it is that a beat waits for."""
        while not self.over:
            time.sleep(0.002)
            if time.perf_counter() - self.last > EVERY + LONG:
                frames = traceback.extract_stack(sys._current_frames()[self.main])
                own = [f"{Path(each.filename).stem}.{each.name}" for each in frames if "latentlab" in each.filename]
                self.where[" < ".join(own[-1:-6:-1])] += 1

    def longest(self) -> str:
        late, self.late = sorted(self.late, reverse=True)[:3], [0.0]
        return " ".join(f"{1000 * max(each, 0):5.0f}" for each in late)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--points", type=int, default=0)
    parser.add_argument("--where", action="store_true")
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="latentlab-bench-"))
    os.environ["XDG_CONFIG_HOME"] = str(home / "config")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        copy = shutil.copytree(arguments.run, home / "runs" / arguments.run.name)
        (copy / "map.json").unlink(missing_ok=True)  # it begins without a kept map
        measure(copy, arguments.data_dir, arguments.points, arguments.where)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def measure(run: Path, data: Path, points: int, where: bool) -> None:
    import numpy as np
    from PySide6.QtCore import QCoreApplication

    from latentlab.gui.app import make_application
    from latentlab.gui.main_window.window import MainWindow

    make_application("dark")
    window = MainWindow(run.parent, data)
    window.resize(1280, 780)
    window.show()
    session, beats = window.session, Beats(where)
    print(f"{'':34}{'s':>7}   longest, ms")

    def until(words: str, condition: Callable[[], object], rest: float = 0.5) -> None:
        began = since = time.perf_counter()
        while time.perf_counter() - since < rest:
            QCoreApplication.processEvents()
            time.sleep(0.0005)
            if not condition():
                since = time.perf_counter()
            if time.perf_counter() - began > 120:
                raise TimeoutError(words)
        print(f"{words:34}{since - began:7.1f}   {beats.longest()}", flush=True)
        for line, count in beats.where.most_common(10) if where else ():
            print(f"      {2 * count:5} ms  {line}")
        beats.where.clear()

    def laid_out(kind: str, count: int) -> bool:
        layout = session.layout
        return layout is not None and layout.kind == kind and len(layout.coords) == count and not session.map_note

    until(
        "the window stands",
        lambda: window.views.map.canvas is not None and "latentlab.gui.widgets.compiled_points" in sys.modules,
    )
    window.open(run)
    until("opened", lambda: session.layout is not None and laid_out("umap", len(session.layout.coords)), 3.0)
    count = points or session.amount.offered()[-1]
    window.opening.bringing.choose(count)
    until("read and encoded", lambda: session.encoding is not None and len(session.encoding) == count, 0.01)
    until("on a PCA plane", lambda: session.layout is not None and len(session.layout.coords) == count, 0.3)
    until("laid out by UMAP", lambda: laid_out("umap", count), 3.0)
    for colour in ("reconstruction", "z0", "density", "class"):
        choice = window.views.map.colour
        choice.setCurrentIndex(choice.findData(colour))
        choice.activated.emit(choice.currentIndex())
        until(f"coloured by {colour}", lambda: not window.views.map.points.colouring.note)
    generator = np.random.default_rng(0)
    window.selecting.pick(generator.choice(count, count // 3, replace=False))
    until("a third selected", lambda: True)
    window.selecting.show_selected()
    until("the others hidden", lambda: True)
    window.selecting.show_all()
    window.selecting.clear()
    until("all shown", lambda: True)
    for row in generator.choice(count, 20):
        window.exploring.choose_sample(int(row))
        QCoreApplication.processEvents()
    until("20 samples chosen", lambda: True)
    assert session.layout is not None
    low, high = session.layout.coords.min(axis=0), session.layout.coords.max(axis=0)
    for share in np.linspace(0.2, 0.8, 60):
        x, y = low + (high - low) * share
        window.exploring.move(float(x), float(y), False)
        window.views.map.canvas.hovered.emit(float(x), float(y))
        QCoreApplication.processEvents()
    until("60 moves of the mouse", lambda: True)
    window.mapping.choose("pca")
    until("to PCA", lambda: laid_out("pca", count))
    window.mapping.choose("umap")
    until("back to UMAP", lambda: laid_out("umap", count), 1.0)
    window.close_run()
    until("closed", lambda: not window.jobs.running("keep the map"))
    window.open(run)
    until("opened again: its kept map", lambda: laid_out("umap", count), 0.01)
    until("and encoded", lambda: session.encoding is not None and session.encoding.kl is not None, 2.0)
    window.opening.bringing.choose(5000)
    until("5,000 points again", lambda: laid_out("umap", 5000), 1.0)
    beats.over = True
    window.close_unasked()


if __name__ == "__main__":
    main()
