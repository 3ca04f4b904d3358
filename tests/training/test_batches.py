"""Batches of pixels that are not in memory: read ahead, in order, and nothing left running."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from latentlab.data.stored import StoredPixels
from latentlab.images import Chosen, Images, Indices, Pixels
from latentlab.training.ahead import ahead
from latentlab.training.batches import AHEAD, ImageReader, epoch_order


class Slow:
    """Pixels that show their own position, and note what was read."""

    def __init__(self, count: int, fails_at: int | None = None) -> None:
        self.shape = (count, 1, 8, 8)
        self.asked: list[Indices] = []
        self._fails_at = fails_at

    def __getitem__(self, positions: Indices, /) -> Pixels:
        self.asked.append(positions)
        if self._fails_at is not None and self._fails_at in positions:
            raise OSError("the disk is gone")
        return np.broadcast_to((positions % 256).astype(np.uint8)[:, None, None, None], (len(positions), 1, 8, 8))


def reader(store: Slow) -> ImageReader:
    count = store.shape[0]
    labels = np.arange(count, dtype=np.int64) % 7
    names = tuple("abcdefg")
    return ImageReader(Images(store, np.arange(count), labels, names), torch.device("cpu"), labelled=True)


def settle() -> None:
    """Until the thread that reads ahead has done all it may."""
    time.sleep(0.1)


def readers() -> Iterator[threading.Thread]:
    return (thread for thread in threading.enumerate() if thread.name == "read ahead")


@pytest.mark.parametrize("first", [0, 3])
def test_what_is_read_ahead_comes_in_the_order_of_the_epoch(first: int) -> None:
    order = epoch_order(np.arange(200), seed=3, epoch=1)
    batches = list(reader(Slow(200)).batches(order, 32, first))
    assert [len(batch) for batch in batches] == [32, 32, 32, 32, 32, 32, 8][first:]
    assert torch.cat([batch.pixels[:, 0, 0, 0] for batch in batches]).tolist() == order[32 * first :].tolist()
    assert all(batch.labels is not None for batch in batches)
    labels = torch.cat([batch.labels for batch in batches if batch.labels is not None])
    assert labels.tolist() == (order[32 * first :] % 7).tolist()


def test_it_reads_ahead_but_no_further_than_it_may() -> None:
    store = Slow(1000)
    with closing(reader(store).batches(np.arange(1000), 10)) as batches:
        next(batches)
        settle()
        assert len(store.asked) == 1 + AHEAD
        next(batches)
        settle()
        assert len(store.asked) == 2 + AHEAD


def test_closing_ends_the_thread_at_once() -> None:
    batches = reader(Slow(1000)).batches(np.arange(1000), 10)
    next(batches)
    assert len(list(readers())) == 1
    batches.close()
    assert not list(readers())


def test_forgetting_the_generator_ends_the_thread() -> None:
    batches = reader(Slow(1000)).batches(np.arange(1000), 10)
    next(batches)
    del batches
    assert not list(readers())


def test_the_thread_has_ended_after_the_last_batch() -> None:
    batches = reader(Slow(20)).batches(np.arange(20), 10)
    assert len(list(batches)) == 2
    assert not list(readers())


def test_an_error_comes_where_its_batch_would_have() -> None:
    batches = reader(Slow(100, fails_at=25)).batches(np.arange(100), 10)
    assert [int(next(batches).pixels[0, 0, 0, 0]) for _ in range(2)] == [0, 10]
    with pytest.raises(OSError, match="the disk is gone"):
        next(batches)
    assert not list(readers())


def test_an_interrupt_in_the_thread_is_the_caller_s() -> None:
    def work(item: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(ahead(work, [1], depth=2))


def test_pixels_in_memory_need_no_thread() -> None:
    pixels = np.arange(40, dtype=np.uint8)[:, None, None, None].repeat(8, 2).repeat(8, 3)
    batches = ImageReader(Images(pixels, np.arange(40)), torch.device("cpu"), False).batches(
        np.arange(40)[::-1].copy(), 8
    )
    assert next(batches).pixels[:, 0, 0, 0].tolist() == [39, 38, 37, 36, 35, 34, 33, 32]
    assert not list(readers())


def test_a_device_with_a_number_needs_no_thread_either() -> None:
    """A tensor sent to "cuda" says that it lies on "cuda:0", and one sent to "cpu:0" that it lies on "cpu"."""
    pixels = np.arange(40, dtype=np.uint8)[:, None, None, None].repeat(8, 2).repeat(8, 3)
    images = Images(pixels, np.arange(40), np.arange(40) % 3, tuple("abc"))
    with closing(ImageReader(images, torch.device("cpu", 0), True).batches(np.arange(40)[::-1].copy(), 8)) as batches:
        batch = next(batches)
        assert batch.labels is not None
        assert batch.pixels[:, 0, 0, 0].tolist() == [39, 38, 37, 36, 35, 34, 33, 32]
        assert batch.labels.tolist() == [0, 2, 1, 0, 2, 1, 0, 2]
        assert not list(readers())


def test_training_from_a_file_resumes_to_the_same_bits(workshop: Any, same: Any, tmp_path: Path) -> None:
    """Shuffling, noise and reading ahead know nothing of where the pixels lie, or of a training cut in two."""
    train = workshop.dataset.train
    np.save(tmp_path / "pixels.npy", np.asarray(train.pixels))
    pixels = Chosen(StoredPixels(tmp_path / "pixels.npy"), np.arange(len(train)))
    elsewhere = replace(workshop.dataset, train=replace(train, pixels=pixels))
    straight, interrupted = (workshop.new(workshop.config(data={"limit": None})) for _ in range(2))
    workshop.train(straight, epochs=2)
    workshop.train(interrupted, epochs=2, dataset=elsewhere, close_after=20)
    assert max(interrupted.checkpoints.steps()) < max(straight.checkpoints.steps())
    workshop.train(interrupted, epochs=2, dataset=elsewhere)
    same(straight, interrupted)
