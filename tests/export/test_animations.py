"""WebP, APNG and MP4 as GIF: read back by Pillow or PyAV they are what was asked for, or they are not there."""

import errno
import os
from importlib.util import find_spec
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from latentlab.explore.overshoot import overshot
from latentlab.explore.paths import through
from latentlab.export import animations
from latentlab.export.animations import encoded, estimated_bytes, in_words, save_animation
from latentlab.export.curves_drawing import BOTTOM, HEIGHT, TOP, drawn, round_ticks
from latentlab.export.frames import AS_PICTURES, save_frames
from latentlab.export.moving_formats import MOVING, Show, durations
from latentlab.export.tables import save_records

BY_PILLOW = (".gif", ".webp", ".apng")
video = pytest.mark.skipif(find_spec("av") is None, reason="PyAV is not here")
EVERY = [*BY_PILLOW, pytest.param(".mp4", marks=video)]


def frames(count: int, channels: int = 1, side: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, channels, side, side), np.uint8)


def read(path) -> tuple[list[np.ndarray], list[int], dict]:
    """The frames as RGB, their durations in milliseconds, and what the file says of itself."""
    with Image.open(path) as picture:
        shown, lasting = [], []
        for each in ImageSequence.Iterator(picture):
            shown.append(np.asarray(each.convert("RGB")))  # which loads it: only then WebP knows its duration
            lasting.append(round(each.info.get("duration", 0)))  # none where the file is a still
        return shown, lasting, dict(picture.info)


@pytest.mark.parametrize("suffix", BY_PILLOW)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("fps", [7, 24, 50])
def test_frames_durations_size_and_loop_come_back(tmp_path, suffix, channels, fps):
    images = frames(12, channels)
    file = tmp_path / f"a{suffix}"
    assert save_animation(file, images, Show(fps, scale=3))
    shown, lasting, info = read(file)
    assert lasting == durations(12, fps, MOVING[suffix].tick_ms)
    assert abs(sum(lasting) - 12_000 / fps) <= MOVING[suffix].tick_ms / 2, "the rate is kept on the whole"
    assert info["loop"] == 0, "for ever"
    for frame, image in zip(shown, images, strict=True):
        crisp = np.broadcast_to(image, (3, 8, 8)).transpose(1, 2, 0).repeat(3, axis=0).repeat(3, axis=1)
        off = np.abs(frame.astype(int) - crisp)
        assert off.max() == 0 if (suffix, channels) != (".gif", 3) else off.mean() < 20, "noise in 256 colours"


@pytest.mark.parametrize("suffix", BY_PILLOW)
def test_there_and_back_shows_neither_end_twice_and_may_play_once(tmp_path, suffix):
    images = frames(4)
    file = tmp_path / f"a{suffix}"
    assert save_animation(file, images, Show(10, ping_pong=True, loop=False))
    shown, lasting, info = read(file)
    came = [next(row for row in range(4) if np.array_equal(frame[..., 0], images[row, 0])) for frame in shown]
    assert came == [0, 1, 2, 3, 2, 1]
    assert lasting == [100] * 6
    assert info.get("loop", 1) == 1


@pytest.mark.parametrize("suffix", BY_PILLOW)
def test_frames_that_do_not_change_take_their_time(tmp_path, suffix):
    for count, name in ((7, "some"), (1, "one")):
        file = tmp_path / f"{name}{suffix}"
        assert save_animation(file, np.repeat(frames(1), count, axis=0), Show(10))
        shown, _, _ = read(file) if count > 1 else ([np.asarray(Image.open(file).convert("RGB"))], [], {})
        assert np.array_equal(shown[0][..., 0], frames(1)[0, 0])
    images = np.repeat(frames(3), [1, 4, 2], axis=0)
    assert save_animation(tmp_path / f"a{suffix}", images, Show(10))
    assert sum(read(tmp_path / f"a{suffix}")[1]) == 700


@video
@pytest.mark.parametrize(("channels", "side", "fps"), [(1, 8, 24), (3, 9, 23.976), (3, 9, 0.5)])
def test_a_film_keeps_its_rate_its_order_and_nearly_its_colours(tmp_path, channels, side, fps):
    import av

    levels = np.linspace(20, 230, 6).astype(np.uint8)
    images = np.broadcast_to(levels[:, None, None, None], (6, channels, side, side)).copy()
    file = tmp_path / "a.mp4"
    assert save_animation(file, images, Show(fps, scale=3, ping_pong=True))
    with av.open(str(file)) as film:
        stream = film.streams.video[0]
        assert abs(float(stream.average_rate) / fps - 1) < 1e-4
        shown = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    assert shown[0].shape == (-(-3 * side // 2) * 2, -(-3 * side // 2) * 2, 3), "even sides"
    came = np.array([frame.mean() for frame in shown])
    assert np.abs(came - levels[[0, 1, 2, 3, 4, 5, 4, 3, 2, 1]]).max() < 4


def test_without_pyav_an_mp4_is_refused_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(animations, "video_is_there", lambda: False)
    with pytest.raises(ValueError, match=r"needs PyAV, which is optional: pip install 'latentlab\[video\]'"):
        save_animation(tmp_path / "a.mp4", frames(3), Show())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", EVERY)
@pytest.mark.parametrize("at", [0, 2, 4])
def test_whenever_it_is_cancelled_nothing_is_left(tmp_path, suffix, at):
    told: list[int] = []
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(len(told))
        return len(told) > at

    assert not save_animation(
        tmp_path / f"a{suffix}", frames(5), Show(10), lambda done, _: told.append(done), cancelled
    )
    assert asked
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", BY_PILLOW)
def test_progress_counts_to_the_end(tmp_path, suffix):
    told: list[tuple[int, int]] = []
    save_animation(tmp_path / f"a{suffix}", frames(4), Show(10, ping_pong=True), lambda *done: told.append(done))
    assert told == sorted(told)
    assert told[-1] == (6, 6)
    assert len(told) >= 5


@pytest.mark.parametrize("suffix", [*EVERY, ".png", ""])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_leaves_the_old_file_and_names_it(tmp_path, monkeypatch, suffix, call):
    """Where the system itself says so: at the write (into a folder of pictures, a new file), or when it is synced."""
    if suffix == "" and call == "fsync":
        pytest.skip("many small files are not synced one by one")
    file = tmp_path / f"a{suffix}"
    if suffix:
        file.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if call == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr("builtins.open", _opening_full(open, full))
        monkeypatch.setattr("io.open", _opening_full(open, full))
    with pytest.raises(OSError, match="No space left") as caught:
        save_frames(file, frames(3), 3, Show(10))
    monkeypatch.undo()
    assert caught.value.filename == str(file)
    assert [path.name for path in tmp_path.iterdir()] == ([file.name] if suffix else [])
    assert not suffix or file.read_bytes() == b"old"


def _opening_full(real, full):
    """`open` whose files, where they are new, have no room."""

    class Full:
        def __init__(self, file) -> None:
            self._file = file
            self.fileno, self.close, self.flush, self.seek, self.tell = (
                getattr(file, name) for name in ("fileno", "close", "flush", "seek", "tell")
            )

        def __enter__(self):
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def write(self, *_: object) -> None:
            full()

    def opening(path, mode="r", *rest, **named):
        file = real(path, mode, *rest, **named)
        return Full(file) if any(letter in mode for letter in "wx") else file

    return opening


@pytest.mark.parametrize(
    ("suffix", "show", "reason"),
    [
        (".gif", Show(60), "GIF file shows 0.1 to 50 frames per second, not 60"),
        (".webp", Show(101), "WebP file shows"),
        (".apng", Show(0), "APNG file shows"),
        (".webp", Show(10, 3000), "sides of 1 to 16383 pixels, not 24000"),
        (".apng", Show(10, 0), "sides"),
        (".bmp", Show(10), r"as \.gif, \.webp, \.apng, \.mp4; a\.bmp is none"),
    ],
)
def test_what_a_format_cannot_have_is_refused(tmp_path, suffix, show, reason):
    with pytest.raises(ValueError, match=reason):
        save_animation(tmp_path / f"a{suffix}", frames(2), show)
    with pytest.raises(ValueError, match=r"none of them|at least one frame|per second|sides"):
        save_animation(tmp_path / f"a{suffix}", frames(0), show)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", EVERY)
def test_the_estimate_is_near_what_is_written(suffix):
    ramp = np.linspace(0, 1, 40)[:, None, None, None]
    a, b = frames(2, side=28, seed=1)
    images = ((1 - ramp) * a + ramp * b).astype(np.uint8)
    show = Show(20, 4, ping_pong=True)
    size = len(encoded(images, suffix, show))
    assert 0.4 < estimated_bytes(images[::5], 40, suffix, show) / size < 2.5
    assert estimated_bytes(images[:1], 1, suffix, Show(20, 4)) > 0


def test_the_real_rate_is_said():
    assert in_words(12, ".gif", Show(24)) == "12 frames in 0.50 s, 24 per second"
    assert in_words(10, ".gif", Show(30, ping_pong=True)) == "18 frames in 0.60 s, 30 per second"
    assert in_words(1, ".gif", Show(30)) == "1 frame in 0.03 s, 33.33 per second"


@pytest.mark.parametrize("suffix", [".png", ""])
def test_pictures_go_on_a_sheet_or_into_a_folder(tmp_path, suffix):
    images = frames(6, 3)
    assert suffix in AS_PICTURES
    out = tmp_path / f"a{suffix}"
    assert save_frames(out, images, 3, Show(scale=2))
    if suffix:
        assert np.asarray(Image.open(out)).shape == (2 * 18 + 2, 3 * 18 + 2, 3)
    else:
        names = sorted(path.name for path in out.iterdir())
        assert names == [f"{row:03d}.png" for row in range(6)]
        last = np.asarray(Image.open(out / names[-1]))
        assert np.array_equal(last[::2, ::2], images[-1].transpose(1, 2, 0))
        with pytest.raises(ValueError, match="is there already"):
            save_frames(out, images, 3, Show())
    asked = iter([bool(suffix), True, True])
    assert not save_frames(tmp_path / f"b{suffix}", images, 3, Show(), cancelled=lambda: next(asked))
    assert len(list(tmp_path.iterdir())) == 1


def test_curves_are_a_table_of_every_quantity(tmp_path):
    records = [{"step": 1, "split": "train", "kl": 0.5, "kl_per_dim": [0.25, 0.25]}, {"step": 2, "beta": None}]
    save_records(tmp_path / "a.csv", records)
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines == ["step,split,kl,kl_per_dim_0,kl_per_dim_1,beta", "1,train,0.5,0.25,0.25,", "2,,,,,"]
    with pytest.raises(ValueError, match="no curves yet"):
        save_records(tmp_path / "b.csv", [])


def test_curves_are_drawn_as_lines_and_dots_within_their_axes():
    steps = np.arange(1, 101)
    records = [{"step": int(s), "neg_elbo": 500 / s, "reconstruction": 400 / s, "kl": s / 50} for s in steps]
    records += [{**records[s - 1], "split": "validation"} for s in (50, 100)]
    drawing = ElementTree.fromstring(drawn(records, "a & b"))
    space = "{http://www.w3.org/2000/svg}"
    plots = drawing.findall(f"{space}g")
    lines = [[line.attrib["points"] for line in plot.findall(f"{space}polyline")] for plot in plots]
    assert [len(each) for each in lines] == [2, 1]
    assert [len(plot.findall(f"{space}circle")) for plot in plots] == [4, 2]
    kl = np.array([place.split(",") for place in lines[1][0].split()], float)
    assert len(kl) > 95
    assert np.allclose(np.diff(kl, axis=0), np.diff(kl, axis=0).mean(axis=0), atol=0.11), "a straight line"
    for plot in lines:
        for line in plot:
            heights = np.array([place.split(",")[1] for place in line.split()], float)
            assert (heights >= TOP - 0.1).all()
            assert (heights <= HEIGHT - BOTTOM + 0.1).all()
    with pytest.raises(ValueError, match="no curves yet"):
        drawn([], "a")


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_round_within_and_neither_many_nor_none(low, width):
    ticks = round_ticks(low, low + width)
    assert 2 <= len(ticks) <= 11
    assert all(low - 1e-6 * width - 1e-9 <= tick <= low + width * (1 + 1e-6) + 1e-9 for tick in ticks)
    assert np.allclose(np.diff(ticks), np.diff(ticks)[0], rtol=1e-6)


@settings(deadline=None)
@given(st.integers(2, 5), st.integers(1, 4), st.floats(0, 3), st.integers(0, 1000))
def test_an_overshoot_goes_straight_on_and_passes_both_ends(count, dims, share, seed):
    points = np.random.default_rng(seed).normal(size=(count, dims))
    beyond = overshot(points, share)
    if share == 0:
        assert np.array_equal(beyond, points)
        return
    assert np.array_equal(beyond[1:-1], points)
    length = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
    for outer, end, inner in ((beyond[0], points[0], points[1]), (beyond[-1], points[-1], points[-2])):
        assert np.isclose(np.linalg.norm(outer - end), share * length)
        assert np.allclose((outer - end) * np.linalg.norm(end - inner), (end - inner) * share * length, atol=1e-6)
    path = through(overshot(points[:2], 0.5), 5)
    assert np.allclose(path[[1, 3]], points[:2], atol=1e-6), "evenly: a quarter of twice the way is half the way"


def test_an_overshoot_that_is_none_is_refused_and_one_of_nothing_goes_nowhere():
    still = np.ones((3, 2), np.float32)
    assert np.array_equal(overshot(still, 0.5), still)
    for share in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="share of the path"):
            overshot(still, share)
