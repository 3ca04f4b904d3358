"""The six exports, on a trained run and on digits: each file is what its name says."""

import csv

import numpy as np
import pytest
from PIL import Image

from latentlab.config import RunConfig
from latentlab.explore.encode import encode
from latentlab.explore.loaded import Loaded, load
from latentlab.explore.palettes import CLASSES_ON_LIGHT, classes
from latentlab.explore.path_file import PathFile
from latentlab.explore.paths import interpolate, through
from latentlab.explore.pca import Pca
from latentlab.explore.traverse import ranges
from latentlab.export.exports import FORMATS, Options, check, export
from latentlab.export.map_picture import draw_map
from latentlab.images import Dataset
from latentlab.models.build import build


@pytest.fixture
def run(trained_run) -> Loaded:
    return load(trained_run)


@pytest.fixture
def conditional(run, digits) -> Loaded:
    """A CVAE that was not trained."""
    config = RunConfig.parse({"model": {"kind": "cvae", "network": "mlp", "hidden": [16], "latent_dim": 3}})
    model = build(config.model, digits.shape, digits.num_classes, seed=1).eval()
    return Loaded(model, config, digits.class_names, digits.shape, 0, 0, run.device)


def tiles(path, count: int, columns: int, side: int = 8) -> np.ndarray:
    """The first `count` images (N, 1, side, side) of a grid with a padding of 2, its scale found from its width."""
    picture = np.asarray(Image.open(path))[..., 0]
    scale = (picture.shape[1] - 2) // columns // side
    step = side * scale + 2
    corners = [(2 + place // columns * step, 2 + place % columns * step) for place in range(count)]
    cut = [picture[top : top + side * scale : scale, left : left + side * scale : scale] for top, left in corners]
    return np.stack(cut)[:, None]


def table(path) -> tuple[list[str], list[list[str]]]:
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header, rows


@pytest.mark.parametrize(("what", "suffix"), [(what, suffix) for what in FORMATS for suffix in FORMATS[what]])
def test_every_kind_is_written_in_every_format(run, conditional, digits, tmp_path, what, suffix):
    some = Dataset("digits", digits.train.take(np.arange(60)), digits.test.take(np.arange(30)))
    for name, model in (("plain", run), ("conditional", conditional)):
        out = tmp_path / f"{name}{suffix}"
        assert export(model, some, what, out, Options(frames=4, count=12))
        if suffix == ".npy":
            held = np.load(out, allow_pickle=False)
            assert all(np.isfinite(held[name]).all() for name in ("mu", "log_var")) if held.dtype.names else True
            assert len(held) == 12
        elif suffix == ".csv":
            assert len(table(out)[1]) == 12
        elif suffix == "":
            assert len(list(out.iterdir())) == (12 if what == "samples" else 4)
        elif suffix == ".mp4":
            assert b"ftyp" in out.read_bytes()[:16]
        else:
            with Image.open(out) as picture:
                assert picture.format == suffix[1:].upper().replace("APNG", "PNG")
                assert getattr(picture, "n_frames", 1) == (1 if suffix == ".png" else 12 if what == "samples" else 4)


def test_samples_are_drawn_by_the_seed_and_need_no_data(run, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        export(run, None, "samples", tmp_path / f"{name}.png", Options(count=9, seed=seed))
    a, b, c = (tiles(tmp_path / f"{name}.png", 9, 3) for name in "abc")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    assert np.array_equal(a, run.decode(run.sample(9, seed=0))), "what the model makes of the prior"


def test_samples_of_a_conditional_model_have_a_column_per_class_or_one_class(conditional, tmp_path):
    export(conditional, None, "samples", tmp_path / "all.png", Options(count=20))
    z, labels = conditional.sample(20, np.arange(20) % 10), np.arange(20) % 10
    assert np.array_equal(tiles(tmp_path / "all.png", 20, 10), conditional.decode(z, labels))
    export(conditional, None, "samples", tmp_path / "seven.png", Options(count=4, label="7"))
    assert np.array_equal(tiles(tmp_path / "seven.png", 4, 2), conditional.decode(conditional.sample(4, 7), 7))


def test_reconstructions_stand_below_their_images(run, digits, tmp_path):
    export(run, digits, "reconstructions", tmp_path / "a.png", Options(count=15))
    shown = tiles(tmp_path / "a.png", 40, 10)
    originals = np.concatenate([shown[:10], shown[20:25]])
    again = np.concatenate([shown[10:20], shown[30:35]])
    test = digits.test.pixels[np.arange(len(digits.test))]
    assert all((test == image).all(axis=(1, 2, 3)).any() for image in originals)
    assert np.abs(run.decode(run.encode(originals)).astype(int) - again).max() <= 1
    assert (shown[25:30] == 255).all()


def test_an_interpolation_goes_from_the_one_to_the_other(run, digits, tmp_path):
    export(run, digits, "interpolation", tmp_path / "a.png", Options(3, 1700, frames=6, method="spherical"))
    z = run.encode(digits.at(np.array([3, 1700])))
    expected = run.decode(interpolate(z[0], z[1], 6, "spherical"))
    assert np.abs(tiles(tmp_path / "a.png", 6, 6).astype(int) - expected).max() <= 1
    export(
        run, digits, "interpolation", tmp_path / "a.gif", Options(3, 1700, frames=6, fps=10, ping_pong=True, scale=2)
    )
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == 10
        assert picture.size == (16, 16)


def test_an_interpolation_follows_a_path_with_no_data_at_hand(run, conditional, tmp_path):
    z = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    path = PathFile(z, "digits-1", "smooth")
    export(run, None, "interpolation", tmp_path / "a.png", Options(frames=9, method="smooth", path=path))
    expected = run.decode(through(z, 9, "smooth"))
    assert np.abs(tiles(tmp_path / "a.png", 9, 9).astype(int) - expected).max() <= 1
    with pytest.raises(ValueError, match="of digits-1, with 4 latent dimensions"):
        export(conditional, None, "interpolation", tmp_path / "b.png", Options(path=path))
    of_class = PathFile(z[:, :3], "digits-1", label=7)
    export(conditional, None, "interpolation", tmp_path / "b.png", Options(frames=6, path=of_class))
    expected = conditional.decode(through(of_class.z, 6), 7)
    assert np.abs(tiles(tmp_path / "b.png", 6, 6).astype(int) - expected).max() <= 1


def test_a_traversal_has_the_dimension_of_largest_kl_first(run, digits, tmp_path):
    export(run, digits, "traversal", tmp_path / "a.png", Options(frames=5))
    rows = tiles(tmp_path / "a.png", 20, 5).reshape(4, 5, 1, 8, 8).astype(int)
    encoded = encode(run.model, digits.train).followed_by(encode(run.model, digits.test))
    for row, dim in zip(rows, np.argsort(-encoded.kl_per_dim), strict=True):
        low, high = ranges(encoded.mu)[dim]
        z = np.zeros((5, 4), np.float32)
        z[:, dim] = np.linspace(low, high, 5)
        assert np.abs(row - run.decode(z)).max() <= 1


def test_latents_read_back_as_they_are(run, digits, tmp_path):
    export(run, digits, "latents", tmp_path / "a.npy")
    export(run, digits, "latents", tmp_path / "a.csv")
    mu = np.concatenate([run.encode(digits.train), run.encode(digits.test)])
    held = np.load(tmp_path / "a.npy")
    assert held.dtype.names == ("index", "split", "label", "mu", "log_var")
    assert np.array_equal(held["mu"], mu)
    assert np.array_equal(held["log_var"][:20], encode(run.model, digits.train.take(np.arange(20))).log_var)
    assert held["label"].tolist() == [*digits.train.labels, *digits.test.labels]
    assert held["split"].tolist().count("test") == len(digits.test)
    header, rows = table(tmp_path / "a.csv")
    assert header == ["index", "split", "label", *(f"{what}{dim}" for what in ("mu", "log_var") for dim in range(4))]
    assert np.array_equal(np.array([row[3:7] for row in rows], np.float32), mu)
    assert np.array_equal(np.array([row[7:] for row in rows], np.float32), held["log_var"])
    assert [int(row[0]) for row in rows] == [*digits.train.index, *digits.test.index]
    assert [row[1] for row in rows].count("test") == len(digits.test)
    assert [int(row[2]) for row in rows] == [*digits.train.labels, *digits.test.labels]


def test_the_map_is_the_pca_plane_of_the_chosen_images(run, digits, tmp_path):
    export(run, digits, "map", tmp_path / "a.csv", Options(count=100))
    _, rows = table(tmp_path / "a.csv")
    index = np.array([int(row[0]) for row in rows])
    mu = run.encode(digits.at(index))
    expected = Pca.fit(mu).project(mu)
    assert len(rows) == 100
    assert np.allclose(np.array([row[3:] for row in rows], float), expected, atol=1e-4)


def test_a_map_by_umap_comes_from_its_own_process_and_can_be_cancelled(run, digits, tmp_path):
    told: list[int] = []
    options = Options(count=150, projection="umap")
    assert export(run, digits, "map", tmp_path / "a.npy", options, progress=lambda done, _: told.append(done))
    assert np.load(tmp_path / "a.npy").shape == (150, 2)
    assert len(told) > 1
    encoded: list[int] = []
    stopped = export(
        *(run, digits, "map", tmp_path / "b.npy", options),
        progress=lambda done, _: encoded.append(done),
        cancelled=lambda: bool(encoded),
    )
    assert not stopped
    assert not (tmp_path / "b.npy").exists()


def test_the_drawn_map_has_each_point_in_its_place_and_colour():
    corners = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    picture = draw_map(corners, np.array([0, 1, 2]), (), side=200)
    for (x, y), colour in zip([(8, 146), (192, 146), (8, 54)], CLASSES_ON_LIGHT, strict=False):
        assert tuple(picture[y, x]) == tuple(bytes.fromhex(colour[1:])), (x, y)
    assert picture.shape == (200, 200, 3)
    assert tuple(draw_map(np.zeros((3, 2)), None, ())[500, 500]) != (255, 255, 255)


def test_more_classes_than_ten_keep_colours_of_their_own_on_the_drawn_map():
    twelve = np.stack([np.arange(12.0), np.zeros(12)], axis=1)
    picture = draw_map(twelve, np.arange(12), (), side=240)
    colours = [tuple(bytes.fromhex(colour[1:])) for colour in classes(12, dark=False)]
    seen = [tuple(picture[120, round(9.6 + 220.8 * place / 11)]) for place in range(12)]
    assert seen == colours
    assert len(set(seen)) == 12


@pytest.mark.parametrize(
    ("what", "file", "reason"),
    [
        (
            "samples",
            "a.bmp",
            r"samples can be written as \.png, \.gif, .* or a folder \(no suffix\), and a\.bmp has '\.bmp'",
        ),
        ("latents", "a", "no suffix"),
        ("weights", "a.png", "unknown export 'weights'; there are: samples"),
        ("map", "nowhere/a.png", "does not exist"),
    ],
)
def test_what_cannot_be_written_is_refused_at_once(tmp_path, what, file, reason):
    with pytest.raises(ValueError, match=reason):
        check(what, tmp_path / file)


def test_an_image_that_a_limit_left_out_is_not_there(run, digits, tmp_path):
    some = Dataset("digits", digits.train.take(np.array([5, 90])), digits.test.take(np.array([0])))
    with pytest.raises(ValueError, match="no image 6; the nearest is 5"):
        export(run, some, "interpolation", tmp_path / "a.png", Options(90, 6))
    assert export(run, some, "interpolation", tmp_path / "a.png", Options(90, 1437))


def test_wrong_requests_are_refused_with_a_reason(run, conditional, digits, tmp_path):
    png, gif = tmp_path / "a.png", tmp_path / "a.gif"
    for model, data, what, out, options, reason in (
        (run, None, "latents", tmp_path / "a.csv", Options(), "needs the run's data set"),
        (run, digits, "interpolation", png, Options(0, 1797), "no image 1797; the nearest is 1796"),
        (run, digits, "interpolation", gif, Options(fps=80), "frames per second"),
        (run, None, "samples", png, Options(label="3"), "not conditional"),
        (conditional, None, "samples", png, Options(label="cat"), "unknown class 'cat'; there are: 0, 1"),
    ):
        with pytest.raises(ValueError, match=reason):
            export(model, data, what, out, options)
    assert not list(tmp_path.glob("a.*"))
