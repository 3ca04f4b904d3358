"""A session in which a run on the digits is open: 400 of them encoded, their pictures there, a place decoded."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from latentlab.gui.session import Session
    from latentlab.images import Dataset

POINTS, DIMS = 400, 6
KL = (0.5, 2.5, 0.001, 1.0, 0.0, 1.8)  # nats: z1, z5, z3, z0; z2 and z4 carry nothing
FIRST_INDEX = 100  # row and dataset index differ, so that taking one for the other is seen


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
