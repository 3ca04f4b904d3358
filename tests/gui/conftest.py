"""A session in which a run on the digits is open: 400 of them encoded, their pictures there, a place decoded. And a
whole window over a folder of runs, with its threads."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from latentlab.gui.main_window.window import MainWindow
    from latentlab.gui.session import Session
    from latentlab.images import Dataset
    from latentlab.runs.folder import RunFolder

PATIENCE = 40_000  # milliseconds
POINTS, DIMS = 400, 6
KL = (0.5, 2.5, 0.001, 1.0, 0.0, 1.8)  # nats: z1, z5, z3, z0; z2 and z4 carry nothing
FIRST_INDEX = 100  # row and dataset index differ, so that taking one for the other is seen


@pytest.fixture
def wait(qtbot: "QtBot") -> Callable[[Callable[[], object]], None]:
    """Waits until something holds."""
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE)


@pytest.fixture
def window(qtbot: "QtBot", qapp: object, trained_run: "RunFolder") -> Iterator["MainWindow"]:
    """A window over a folder with one run in it, "small", on which nothing has been opened; its maps are planes."""
    from latentlab.gui.app import make_application
    from latentlab.gui.main_window.window import MainWindow

    make_application("dark")
    root = trained_run.path.parent
    opened = MainWindow(root, root.parent / "data", warm=False)
    opened.mapping.choose("pca")
    opened.show()
    qtbot.waitExposed(opened)
    yield opened
    opened.close_unasked()
    opened.deleteLater()


@pytest.fixture
def explored(digits: "Dataset") -> "Session":
    """An unconditional run; nothing is selected."""
    return _session(digits, "vae")


@pytest.fixture
def explored_cvae(digits: "Dataset") -> "Session":
    """The same with a class as a control."""
    return _session(digits, "cvae")


def _session(digits: "Dataset", kind: str) -> "Session":
    from latentlab.config import RunConfig
    from latentlab.gui.session import Encoding, MapImages, OpenRun, Place, Session

    session = Session()
    config = RunConfig.parse({"model": {"kind": kind, "latent_dim": DIMS}})
    session.open(OpenRun(Path("digits-1"), "digits-1", config, (1, 8, 8), digits.class_names, False, "completed"))
    some = digits.train.take(np.arange(FIRST_INDEX, FIRST_INDEX + POINTS))
    flat = np.asarray(some.pixels).reshape(POINTS, -1) / 255.0
    codes = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)[0][:, :DIMS] * np.sqrt(POINTS)
    mu = np.where(np.array(KL) < 0.01, 0.01, 1.0).astype(np.float32) * codes.astype(np.float32)
    terms = np.linspace(10, 40, POINTS, dtype=np.float32)
    session.set_encoding(Encoding(some.index, mu, np.array(KL, np.float32), 100, terms, terms / 10))
    session.set_images(MapImages(some.index, np.asarray(some.pixels), some.labels))
    session.set_place(Place(mu[0]))
    session.set_model_ready(True)
    return session
