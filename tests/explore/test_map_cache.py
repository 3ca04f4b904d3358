"""The maps in the run folder: they come back as they were, and never half of one with half of another."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from latentlab.explore import map_cache
from latentlab.explore.map_cache import StoredLayout, load_map, save_map
from latentlab.explore.projection_settings import ProjectionSettings
from latentlab.runs.folder import RunFolder
from latentlab.runs.places import demo_run

MU = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
KL = np.array([0.5, 0.0, 2.25, 1.0], np.float32)
INDEX = np.arange(30)[::-1] * 3
UMAP = ProjectionSettings()
TSNE = ProjectionSettings("tsne", perplexity=12.5, exact=False)
TWO = (StoredLayout(UMAP, MU[:, :2]), StoredLayout(TSNE, MU[:, 2:], followed=True))
LAYOUT = f"map-{UMAP.key}.npy"


def test_a_map_comes_back_as_it_was(trained_run):
    save_map(trained_run, 468, INDEX, MU, KL, TWO, INDEX % 10)
    stored = load_map(trained_run)
    assert stored.step == 468
    assert np.array_equal(stored.index, INDEX)
    assert np.array_equal(stored.mu, MU)
    assert np.array_equal(stored.kl_per_dim, KL)
    assert np.array_equal(stored.labels, INDEX % 10)
    assert [(each.settings.key, each.followed) for each in stored.layouts] == [(UMAP.key, False), (TSNE.key, True)]
    assert all(np.array_equal(each.coords, put.coords) for each, put in zip(stored.layouts, TWO, strict=True))


def test_what_an_earlier_map_had_does_not_come_back(trained_run):
    save_map(trained_run, 1, INDEX, MU, KL, TWO, INDEX)
    save_map(trained_run, 2, INDEX, MU + 1, KL)
    stored = load_map(trained_run)
    assert stored.step == 2
    assert stored.layouts == ()
    assert stored.labels is None
    assert not list(trained_run.path.glob("map-*.npy")), "its files are gone"


def test_no_map_is_none(trained_run):
    assert load_map(trained_run) is None


@pytest.mark.parametrize("file", ["latents.npy", "map_index.npy", "map_labels.npy", "map.json", LAYOUT])
@pytest.mark.parametrize("damage", ["torn", "gone", "of another map"])
def test_what_is_damaged_counts_as_absent(trained_run, file, damage):
    save_map(trained_run, 3, INDEX, MU, KL, TWO, INDEX)
    path = trained_run.path / file
    old = path.read_bytes()
    others = [replace(each, coords=each.coords * 2) for each in TWO]
    save_map(trained_run, 4, INDEX + 1, MU + 1, KL, others, INDEX + 1)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(old if damage == "of another map" else path.read_bytes()[:-20])
    stored = load_map(trained_run)
    if file == LAYOUT:  # only that layout is lost
        assert [each.settings for each in stored.layouts] == [TSNE]
    else:
        assert stored is None
    save_map(trained_run, 4, INDEX + 1, MU + 1, KL, others, INDEX + 1)
    assert len(load_map(trained_run).layouts) == 2, "kept once more, it is mended"


def test_a_layout_of_other_latents_is_left_out(trained_run):
    save_map(trained_run, 3, INDEX, MU, KL, TWO)
    path = trained_run.path / "map.json"
    info = json.loads(path.read_text())
    info["layouts"][0]["latents"] += 1
    path.write_text(json.dumps(info))
    assert [each.settings for each in load_map(trained_run).layouts] == [TSNE]


@pytest.mark.parametrize(
    "settings", [{"kind": "../secret"}, {"kind": "umap", "n_neighbors": "../x"}, {"exact": "no"}, {"min_dist": [1]}, 7]
)
def test_settings_that_are_none_are_left_out(trained_run, settings):
    save_map(trained_run, 3, INDEX, MU, KL, TWO)
    path = trained_run.path / "map.json"
    info = json.loads(path.read_text())
    info["layouts"][0]["settings"] = settings
    path.write_text(json.dumps(info))
    assert [each.settings for each in load_map(trained_run).layouts] == [TSNE]


def test_so_many_are_kept_the_newest(trained_run):
    many = [StoredLayout(replace(UMAP, n_neighbors=5 + i), MU[:, :2]) for i in range(map_cache.MOST + 3)]
    save_map(trained_run, 3, INDEX, MU, KL, many)
    assert [each.settings for each in load_map(trained_run).layouts] == [each.settings for each in many[3:]]
    assert len(list(trained_run.path.glob("map-*.npy"))) == map_cache.MOST


def test_the_first_version_is_still_read_and_goes_when_it_is_replaced(tmp_path):
    folder = RunFolder(shutil.copytree(demo_run(), tmp_path / "demo"))
    path = folder.path / "map.json"
    first = {"mu": "latents.npy", "index": "map_index.npy", "umap": "map.npy", "labels": "map_labels.npy"}
    coords = MU[:, :2].copy()
    for name, array in (("mu", MU), ("index", INDEX), ("umap", coords), ("labels", INDEX % 10)):
        np.save(folder.path / first[name], array)
    checksums = {
        name: map_cache._checksum(array)
        for name, array in (("mu", MU), ("index", INDEX), ("umap", coords), ("labels", INDEX % 10))
    }
    path.write_text(json.dumps({"schema_version": 1, "step": 7, "kl_per_dim": KL.tolist(), "checksums": checksums}))
    stored = load_map(folder)
    assert [each.settings for each in stored.layouts] == [UMAP]
    assert np.array_equal(stored.layouts[0].coords, coords)
    save_map(folder, 8, INDEX, MU, KL, stored.layouts)
    assert np.array_equal(load_map(folder).layouts[0].coords, coords)
    assert not (folder.path / "map.npy").exists()


def test_a_folder_that_cannot_be_written_says_so(trained_run):
    (trained_run.path / "latents.npy").mkdir()
    with pytest.raises(OSError, match=r"latents\.npy"):
        save_map(trained_run, 5, INDEX, MU, KL)
