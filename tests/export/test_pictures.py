"""Grids, PNG and GIF: read back by Pillow they are what was asked for, or they are not there."""

import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from latentlab.explore.grids import grid
from latentlab.export.animations import save_animation
from latentlab.export.moving_formats import Show, durations
from latentlab.export.pictures import save_png


def frames(count: int, channels: int = 1, side: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, channels, side, side), np.uint8)


def save_gif(path, images, fps, scale=1, loop=True, ping_pong=False, **watch) -> bool:
    return save_animation(path, images, Show(fps, scale, ping_pong, loop), **watch)


def read(path) -> tuple[list[np.ndarray], list[int], Image.Image]:
    """The frames as RGB, their durations in milliseconds, and the file."""
    picture = Image.open(path)
    shown = [(np.asarray(each.convert("RGB")), each.info["duration"]) for each in ImageSequence.Iterator(picture)]
    return [pixels for pixels, _ in shown], [duration for _, duration in shown], picture


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_has_every_image_in_its_place(channels):
    images = frames(7, channels, side=5)
    picture = grid(images, 3, padding=2, scale=4)
    assert picture.shape == (3 * 22 + 2, 3 * 22 + 2, 3)
    for place, image in enumerate(images):
        top, left = 2 + place // 3 * 22, 2 + place % 3 * 22
        tile = picture[top : top + 20 : 4, left : left + 20 : 4]
        assert np.array_equal(tile, np.broadcast_to(image, (3, 5, 5)).transpose(1, 2, 0))
        assert np.array_equal(picture[top + 3 : top + 20 : 4, left + 3 : left + 20 : 4], tile), (
            "magnified by repetition"
        )
    assert (picture[-20:, -20:] == 255).all(), "empty places are paper"


def test_a_grid_is_no_wider_than_its_images():
    assert grid(frames(2), 10, padding=1).shape == (10, 19, 3)


@pytest.mark.parametrize(("images", "columns", "scale"), [(frames(0), 3, 1), (frames(2), 0, 1), (frames(2), 1, 0)])
def test_an_impossible_grid_is_refused(images, columns, scale):
    with pytest.raises(ValueError, match=r"no images|at least 1"):
        grid(images, columns, scale=scale)


def test_png_comes_back_pixel_by_pixel(tmp_path):
    rgb = frames(1, 3, 16)[0].transpose(1, 2, 0)
    save_png(tmp_path / "a.png", rgb)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), rgb)


@pytest.mark.parametrize("fps", [1, 10, 12, 24, 30, 50])
def test_gif_has_its_frames_size_rate_and_loop(tmp_path, fps):
    images = frames(12)
    assert save_gif(tmp_path / "a.gif", images, fps, scale=3)
    shown, durations, picture = read(tmp_path / "a.gif")
    assert picture.size == (24, 24)
    assert picture.info["loop"] == 0
    assert abs(sum(durations) - 12_000 / fps) <= 5
    assert min(durations) >= 20
    assert max(durations) - min(durations) <= 10
    for frame, image in zip(shown, images, strict=True):
        assert np.array_equal(frame[::3, ::3, 0], image[0]), "every grey is kept"


@pytest.mark.skipif(shutil.which("identify") is None, reason="ImageMagick is not here")
@pytest.mark.parametrize("channels", [1, 3])
def test_another_program_reads_the_gif(tmp_path, channels):
    save_gif(tmp_path / "a.gif", np.repeat(frames(3, channels), 2, axis=0), 20, scale=4)
    command = ["identify", "-format", "%m %Wx%H %T %[scene];", tmp_path / "a.gif"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.split(";")[:-1] == [f"GIF 32x32 5 {frame}" for frame in range(6)]


def test_gif_that_plays_once_says_nothing_of_loops(tmp_path):
    save_gif(tmp_path / "a.gif", frames(3), 10, loop=False)
    assert "loop" not in read(tmp_path / "a.gif")[2].info


def test_identical_frames_are_kept_and_take_their_time(tmp_path):
    images = np.repeat(frames(3), [1, 4, 2], axis=0)
    save_gif(tmp_path / "a.gif", images, 10)
    shown, durations, _ = read(tmp_path / "a.gif")
    assert len(shown) == 7
    assert durations == [100] * 7
    save_gif(tmp_path / "b.gif", np.zeros((5, 1, 8, 8), np.uint8), 10)
    assert sum(read(tmp_path / "b.gif")[1]) == 500


def test_ping_pong_comes_back_without_showing_an_end_twice(tmp_path):
    images = frames(4)
    save_gif(tmp_path / "a.gif", images, 10, ping_pong=True)
    shown, _, _ = read(tmp_path / "a.gif")
    assert [next(row for row in range(4) if np.array_equal(frame[..., 0], images[row, 0])) for frame in shown] == [
        *(0, 1, 2, 3, 2, 1)
    ]


def test_colours_share_one_palette_and_stay_close(tmp_path):
    ramp = np.linspace(0, 255, 16, dtype=np.uint8)
    images = np.stack([np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], level)) for level in ramp[::4]])
    save_gif(tmp_path / "a.gif", iter(images.astype(np.uint8)), 10)
    shown, _, _ = read(tmp_path / "a.gif")
    off = [
        np.abs(frame - image.transpose(1, 2, 0)).mean() for frame, image in zip(shown, images.astype(int), strict=True)
    ]
    assert max(off) < 8
    assert (tmp_path / "a.gif").stat().st_size < 13 + 768 + 4 * 16 * 16 * 2, "a palette for each would not fit in this"


def test_progress_counts_frames_and_a_cancelled_export_leaves_nothing(tmp_path):
    told: list[tuple[int, int]] = []
    assert save_gif(tmp_path / "a.gif", frames(5), 10, progress=lambda *done: told.append(done))
    assert told == [(done, 5) for done in range(1, 6)]
    told.clear()
    kept = save_gif(
        tmp_path / "b.gif", frames(5), 10, progress=lambda *done: told.append(done), cancelled=lambda: len(told) >= 3
    )
    assert not kept
    assert told[-1] == (3, 5)
    assert not save_gif(tmp_path / "b.gif", iter(frames(5)), 10, cancelled=lambda: True)
    assert [each.name for each in tmp_path.iterdir()] == ["a.gif"]


def test_a_failure_halfway_leaves_the_old_file(tmp_path):
    save_gif(tmp_path / "a.gif", frames(3), 10)
    before = (tmp_path / "a.gif").read_bytes()

    def failing():
        yield from frames(3)
        raise RuntimeError("the decoder is gone")

    with pytest.raises(RuntimeError, match="decoder"):
        save_gif(tmp_path / "a.gif", failing(), 10)
    with pytest.raises(OSError, match="absent"):
        save_gif(tmp_path / "absent" / "a.gif", frames(3), 10)
    assert (tmp_path / "a.gif").read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.gif"]


@pytest.mark.parametrize(
    ("images", "fps", "scale"),
    [(frames(3), 0, 1), (frames(3), 51, 1), (frames(3), float("nan"), 1), (frames(0), 10, 1), (frames(2), 10, 9000)],
)
def test_an_impossible_gif_is_refused(tmp_path, images, fps, scale):
    with pytest.raises(ValueError, match="GIF"):
        save_gif(tmp_path / "a.gif", images, fps, scale)
    assert not list(tmp_path.iterdir())


@settings(deadline=None)
@given(st.integers(1, 500), st.floats(0.1, 50))
def test_delays_add_up_and_are_even(count, fps):
    each = [shown // 10 for shown in durations(count, fps, 10)]
    assert len(each) == count
    assert abs(sum(each) - 100 * count / fps) <= 0.5 + 1e-6
    assert max(each) - min(each) <= 1
    assert min(each) >= 2
    assert max(each) < 65_536
