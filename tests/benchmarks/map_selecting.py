"""How long the window takes to select and to hide many points: python tests/benchmarks/map_selecting.py [N ...]

Milliseconds of processor time of the GUI's thread, from the mouse being let go of to everything being told: the
selection, the map's marks, the legend's counts, and the table where it is to be seen. Median of 5. Drawing the next
frame is not in it (tests/benchmarks/map_frames.py).
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from latentlab.config import RunConfig
from latentlab.gui.main_window.selecting import Selecting
from latentlab.gui.records import Encoding, Layout, MapImages, OpenRun
from latentlab.gui.session import Session
from latentlab.gui.views.map.view import MapView
from latentlab.gui.views.selection.view import SelectionView

DIMS = 10


def made(count: int) -> tuple[Session, MapView, SelectionView, Selecting]:
    chance, session = np.random.default_rng(0), Session()
    config = RunConfig.parse({"model": {"kind": "vae", "latent_dim": DIMS}})
    names = tuple(str(digit) for digit in range(10))
    session.open(OpenRun(Path("run"), "run", config, (1, 8, 8), names, False, "completed"))
    mu, terms = chance.normal(size=(count, DIMS)).astype(np.float32), chance.uniform(1, 40, count).astype(np.float32)
    index = np.arange(count)
    session.set_encoding(Encoding(index, mu, np.ones(DIMS, np.float32), 1, terms, terms))
    session.set_images(MapImages(index, np.zeros((count, 1, 8, 8), np.uint8), chance.integers(0, 10, count)))
    view, table = MapView(session), SelectionView(session)
    selecting = Selecting(session, SimpleNamespace(survey=None), None, view)
    view.picked.connect(selecting.pick)
    view.shown.connect(selecting.show_only)
    session.set_layout(Layout("umap", mu[:, :2].copy()))
    view.resize(660, 460)
    table.resize(600, 200)
    return session, view, table, selecting


def measured(do: Callable[[], object], between: Callable[[], object]) -> float:
    spent = []
    for _ in range(5):
        between()
        began = time.thread_time()
        do()
        spent.append(1000 * (time.thread_time() - began))
    return round(float(np.median(spent)), 2)


def report(app: QApplication, count: int) -> None:
    _session, view, table, selecting = made(count)
    turn = np.linspace(0, 2 * np.pi, 300)
    around = np.stack([1.5 * np.cos(turn), 1.2 * np.sin(turn) + 0.2 * np.sin(9 * turn)], axis=1)
    tools, entry = view.tools, view.legend.buttons[3]
    for seen in (False, True):
        table.setVisible(seen)
        app.processEvents()
        found = {
            "points": count,
            "table": seen,
            "box": measured(lambda: tools.pick(tools.places().in_box((-1, -1), (1, 1))), selecting.clear),
            "lasso": measured(lambda: tools.pick(tools.places().in_polygon(around)), selecting.clear),
            "hide a class": measured(entry.click, selecting.show_all),
            "invert": measured(selecting.invert, lambda: None),
        }
        print(json.dumps(found), flush=True)
    for widget in (view, table):
        widget.hide()
        widget.deleteLater()


def main() -> None:
    app = QApplication.instance() or QApplication([])
    for count in [int(given) for given in sys.argv[1:]] or [70_000, 1_000_000]:
        report(app, count)


if __name__ == "__main__":
    main()
