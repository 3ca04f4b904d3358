"""The map in the run folder: comes back as it was, and never half of one with half of another."""

import numpy as np
import pytest

from latentlab.explore.map_cache import load_map, save_map

MU = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
KL = np.array([0.5, 0.0, 2.25, 1.0], np.float32)
INDEX = np.arange(30)[::-1] * 3


def test_a_map_comes_back_as_it_was(trained_run):
    save_map(trained_run, 468, INDEX, MU, KL, MU[:, :2] * 2, INDEX % 10)
    stored = load_map(trained_run)
    assert stored.step == 468
    assert np.array_equal(stored.index, INDEX)
    assert np.array_equal(stored.mu, MU)
    assert np.array_equal(stored.kl_per_dim, KL)
    assert np.array_equal(stored.umap, MU[:, :2] * 2)
    assert np.array_equal(stored.labels, INDEX % 10)


def test_without_umap_and_labels_those_of_an_earlier_map_do_not_come_back(trained_run):
    save_map(trained_run, 1, INDEX, MU, KL, MU[:, :2], INDEX)
    save_map(trained_run, 2, INDEX, MU, KL)
    stored = load_map(trained_run)
    assert stored.step == 2
    assert stored.umap is None
    assert stored.labels is None


def test_no_map_is_none(trained_run):
    assert load_map(trained_run) is None


@pytest.mark.parametrize("file", ["latents.npy", "map.npy", "map_index.npy", "map_labels.npy", "map.json"])
@pytest.mark.parametrize("damage", ["torn", "gone", "of another map"])
def test_a_damaged_map_counts_as_absent(trained_run, file, damage):
    save_map(trained_run, 3, INDEX, MU, KL, MU[:, :2], INDEX)
    path = trained_run.path / file
    old = path.read_bytes()
    save_map(trained_run, 4, INDEX + 1, MU + 1, KL, MU[:, 2:], INDEX + 1)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(old if damage == "of another map" else path.read_bytes()[:-20])
    assert load_map(trained_run) is None


def test_a_folder_that_cannot_be_written_says_so(trained_run, monkeypatch):
    (trained_run.path / "latents.npy").mkdir()
    with pytest.raises(OSError, match=r"latents\.npy"):
        save_map(trained_run, 5, INDEX, MU, KL)
