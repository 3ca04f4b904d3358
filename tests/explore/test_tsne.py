"""t-SNE by openTSNE: in its process, from nothing and from the last layout; and what is said where it is missing."""

import subprocess
import sys

import numpy as np
import pytest

from latentlab.explore import projection_settings
from latentlab.explore.projection_process import start
from latentlab.explore.projection_settings import ProjectionSettings, tsne_is_there
from latentlab.explore.trust import trustworthiness
from latentlab.explore.tsne import fit_tsne

PATIENCE = 120.0  # seconds
needs_tsne = pytest.mark.skipif(not tsne_is_there(), reason="needs openTSNE, which is optional")


@pytest.fixture(scope="module")
def latents(digits) -> np.ndarray:
    return digits.train.take(np.arange(300)).pixels.reshape(300, -1).astype(np.float32) / 255


@needs_tsne
def test_in_its_process_it_tells_progress_and_is_the_same_each_time(latents):
    process, connection = start()
    try:
        layouts = []
        for job in (1, 2):
            connection.send(("fit", job, latents, None, None, ProjectionSettings("tsne", perplexity=20), None))
            said = []
            while not said or said[-1][0] not in ("layout", "failed"):
                assert connection.poll(PATIENCE), "no answer"
                said.append(connection.recv())
            kind, _, layout = said[-1]
            assert kind == "layout", layout
            shares = [share for _, _, share in said[:-1]]
            assert len(shares) > 2
            assert shares == sorted(shares)
            assert 0 < shares[0] < shares[-1] <= 1
            layouts.append(layout)
    finally:
        process.kill()
        process.join()
        connection.close()
    assert layouts[0].dtype == np.float32
    assert np.array_equal(*layouts)
    assert trustworthiness(latents, layouts[0]) > 0.97, "PCA: 0.85"


APART = """
import numpy as np
from latentlab.explore.projection_process import start
from latentlab.explore.projection_settings import ProjectionSettings
if __name__ == "__main__":
    process, connection = start()
    mu = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    connection.send(("fit", 1, mu, None, None, ProjectionSettings("tsne", exact=False), None))
    while (answer := connection.recv())[0] == "progress":
        pass
    print(answer[0], answer[2].shape)
    connection.send(("stop",))
    process.join()
"""


@needs_tsne
def test_on_all_cores_it_has_nothing_to_complain_of(tmp_path):
    script = tmp_path / "apart.py"
    script.write_text(APART)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("layout (60, 2)\n", "")


@needs_tsne
def test_from_the_last_layout_it_evolves(latents):
    last = fit_tsne(latents) @ np.array([[0.0, -2.0], [2.0, 0.0]], np.float32) + 30
    moved = latents + np.random.default_rng(0).normal(size=latents.shape).astype(np.float32) * 0.02
    layout = fit_tsne(moved, init=last)
    extent = np.sqrt(((last - last.mean(axis=0)) ** 2).sum(axis=1).mean())
    assert np.median(np.linalg.norm(layout - last, axis=1)) < 0.25 * extent


@needs_tsne
@pytest.mark.parametrize(
    "mu",
    [
        np.zeros((1, 3)),
        np.random.default_rng(0).normal(size=(6, 3)),
        np.zeros((40, 3)),
        np.repeat(np.eye(3), 30, axis=0),
    ],
    ids=["one point", "six", "all collapsed", "three places"],
)
def test_few_and_degenerate_points_still_have_a_map(mu):
    layout = fit_tsne(mu)
    assert layout.shape == (len(mu), 2)
    assert np.isfinite(layout).all()
    assert layout.std() > 0 or mu.std() == 0


def test_what_cannot_be_is_said(monkeypatch):
    with pytest.raises(ValueError, match="9 points and the data 20"):
        fit_tsne(np.ones((20, 3)), init=np.zeros((9, 2)))
    with pytest.raises(ValueError, match="not finite"):
        fit_tsne(np.full((20, 3), np.nan))
    monkeypatch.setattr(projection_settings, "find_spec", lambda _name: None)
    with pytest.raises(ValueError, match="pip install"):
        fit_tsne(np.eye(20))
