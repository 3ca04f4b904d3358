from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.images import Dataset, Images, Indices, Pixels, balanced, held_out, limited, split_sizes

seeds = st.integers(0, 2**31 - 1)
label_lists = st.lists(st.integers(0, 4), min_size=1, max_size=80)


def numbered(index: Indices, labelled: bool = True) -> Images:
    """Images that each show their own index, labelled by its last digit."""
    pixels = np.broadcast_to((index % 256).astype(np.uint8)[:, None, None, None], (len(index), 1, 8, 8))
    names = tuple("0123456789")
    return Images(pixels.copy(), index, index % 10 if labelled else None, names if labelled else ())


def dataset(train: int, test: int, seed: int = 0) -> Dataset:
    """Parts whose indices are shuffled, as after splitting and filtering."""
    draw = np.random.default_rng(seed)
    return Dataset(
        "numbers",
        numbered(draw.permutation(train)),
        numbered(np.int64(train) + draw.permutation(test).astype(np.int64)),
    )


class Elsewhere:
    """Pixels that are not in memory, and say how many were read at once."""

    def __init__(self, pixels: Pixels) -> None:
        self._pixels, self.most = pixels, 0

    @property
    def shape(self) -> tuple[int, ...]:
        return self._pixels.shape

    def __getitem__(self, positions: Indices, /) -> Pixels:
        self.most = max(self.most, len(positions))
        return self._pixels[positions]


@given(label_lists, st.integers(0, 100), seeds)
@settings(deadline=None)
def test_a_balanced_draw_is_as_equal_as_the_classes_allow(labels: list[int], count: int, seed: int) -> None:
    every = np.array(labels, np.int64)
    chosen = balanced(every, len(every), count, seed)
    assert len(chosen) == min(count, len(every))
    assert np.all(np.diff(chosen) > 0), "sorted, each once"
    there, drawn = np.bincount(every, minlength=5), np.bincount(every[chosen], minlength=5)
    if len(chosen):
        short = drawn < drawn.max() - 1
        assert np.array_equal(drawn[short], there[short]), "a class is behind only where it has no more"
    assert np.array_equal(chosen, balanced(every, len(every), count, seed))


@given(st.integers(1, 60), st.integers(0, 60), seeds)
@settings(deadline=None)
def test_a_smaller_draw_is_part_of_a_larger_one(total: int, count: int, seed: int) -> None:
    labels = np.arange(total, dtype=np.int64) % 3
    assert set(balanced(labels, total, count, seed)) <= set(balanced(labels, total, count + 1, seed))


@given(st.integers(1, 60), st.integers(0, 70), seeds)
@settings(deadline=None)
def test_without_labels_any_images_will_do(total: int, count: int, seed: int) -> None:
    chosen = balanced(None, total, count, seed)
    assert len(np.unique(chosen)) == min(count, total)
    assert np.all((chosen >= 0) & (chosen < total))


@given(st.integers(2, 80), st.none() | st.integers(2, 100), seeds)
@settings(deadline=None)
def test_limiting_changes_no_index(total: int, count: int | None, seed: int) -> None:
    images = numbered(np.random.default_rng(seed).permutation(total))
    some = limited(images, count, seed)
    assert len(some) == (total if count is None else min(count, total))
    assert set(some.index) <= set(images.index)
    assert np.array_equal(np.asarray(some.pixels[np.arange(len(some))])[:, 0, 0, 0], some.index)
    assert some.labels is not None
    assert np.array_equal(some.labels, some.index % 10)


def test_a_limit_takes_as_many_of_each_class() -> None:
    some = limited(numbered(np.arange(200)), 50, seed=0)
    assert some.labels is not None
    assert np.bincount(some.labels).tolist() == [5] * 10


@given(st.integers(0, 200), st.floats(0, 1, exclude_max=True), seeds)
@settings(deadline=None)
def test_each_image_trains_or_validates(total: int, fraction: float, seed: int) -> None:
    images = numbered(np.arange(total))
    train, validation = held_out(images, fraction, seed)
    assert np.array_equal(np.sort(np.concatenate([train, validation])), np.arange(total))
    assert np.all(np.diff(train) > 0)
    assert np.all(np.diff(validation) > 0)
    assert (len(train), len(validation)) == split_sizes(total, None, fraction)
    if total >= 2:
        assert len(train) >= 1
        assert (len(validation) >= 1) == (fraction > 0)
        assert abs(len(validation) - total * fraction) <= 1
    again = held_out(images, fraction, seed)
    assert np.array_equal(train, again[0])


@given(st.integers(1, 60), st.none() | st.integers(2, 80), st.floats(0, 0.99), seeds)
@settings(deadline=None)
def test_sizes_are_told_without_reading_an_image(total: int, limit: int | None, fraction: float, seed: int) -> None:
    train, validation = held_out(limited(numbered(np.arange(total)), limit, seed), fraction, seed)
    assert split_sizes(total, limit, fraction) == (len(train), len(validation))


def test_another_seed_holds_out_other_images() -> None:
    images = numbered(np.arange(200))
    assert not np.array_equal(held_out(images, 0.1, 0)[1], held_out(images, 0.1, 1)[1])


@given(st.integers(1, 40), st.integers(0, 40), st.data())
@settings(deadline=None)
def test_images_are_found_by_their_index_in_any_order(train: int, test: int, data: st.DataObject) -> None:
    everything = dataset(train, test, seed=train)
    asked = np.array(data.draw(st.lists(st.integers(0, train + test - 1), max_size=20)), np.int64)
    found = everything.at(asked)
    assert np.array_equal(found.index, asked)
    assert np.array_equal(np.asarray(found.pixels[np.arange(len(asked))])[:, 0, 0, 0], asked % 256)
    assert found.labels is not None
    assert np.array_equal(found.labels, asked % 10)


@given(st.integers(1, 20), st.integers(0, 20), st.integers(-50, 100))
@settings(deadline=None)
def test_an_index_that_is_not_here_is_a_keyerror(train: int, test: int, index: int) -> None:
    everything = dataset(train, test)
    if 0 <= index < train + test:
        assert everything.at(np.array([index])).index[0] == index
    else:
        with pytest.raises(KeyError, match=f"numbers has no image {index}"):
            everything.at(np.array([0, index]))


def test_labels_are_given_only_where_both_parts_have_them() -> None:
    everything = replace(dataset(4, 4), test=numbered(np.arange(4, 8), labelled=False))
    assert everything.at(np.array([0, 5])).labels is None
    unlabelled_nothing = replace(dataset(4, 0), test=numbered(np.arange(0), labelled=False))
    assert unlabelled_nothing.at(np.array([3])).labels is not None


def test_an_empty_data_set_has_nothing() -> None:
    empty = dataset(0, 0)
    assert len(empty.at(np.array([], np.int64))) == 0
    with pytest.raises(KeyError):
        empty.at(np.array([0]))


def test_batches_cover_everything_and_hold_no_more_than_asked() -> None:
    pixels = Elsewhere(np.arange(10 * 64, dtype=np.uint8).reshape(10, 1, 8, 8))
    images = replace(numbered(np.arange(10)), pixels=pixels)
    batches = list(images.batches(4))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert pixels.most == 4
    assert np.array_equal(np.concatenate([batch.index for batch in batches]), np.arange(10))
    assert images.shape == (1, 8, 8)
    assert images.num_classes == 10


def test_a_fingerprint_tells_whether_data_changed() -> None:
    data = dataset(30, 10)
    same = dataset(30, 10)
    assert data.fingerprint == same.fingerprint
    assert data.fingerprint.startswith("sha256:")
    elsewhere = replace(data, train=replace(data.train, pixels=Elsewhere(np.asarray(data.train.pixels))))
    assert elsewhere.fingerprint == data.fingerprint, "where the pixels lie does not matter"
    pixels = np.array(data.train.pixels)
    pixels[7, 0, 3, 3] ^= 1
    labels = np.array(data.test.labels)
    labels[3] += 1
    changed = (
        replace(data, train=replace(data.train, pixels=pixels)),
        replace(data, test=replace(data.test, labels=labels)),
        replace(data, train=replace(data.train, labels=None)),
        replace(data, train=replace(data.train, class_names=("a",) * 10)),
        dataset(29, 11),
    )
    assert len({data.fingerprint, *(other.fingerprint for other in changed)}) == 6


def test_a_fingerprint_of_much_data_reads_some_of_it() -> None:
    pixels = Elsewhere(np.zeros((20_000, 1, 8, 8), np.uint8))
    images = Images(pixels, np.arange(20_000))
    assert Dataset("large", images, numbered(np.arange(0), labelled=False)).fingerprint
    assert pixels.most == 256, "in memory at a time"
