"""What training does, seen from its events and files."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.torch import load_file

from latentlab.events import EpochEnded, Event, Failed, Finished, Measured, Saved, Started, Warned
from latentlab.images import Dataset, Images
from latentlab.models.weights import load_model
from latentlab.runs.folder import RunFolder, open_run
from latentlab.training.batches import ImageReader, batch_count, epoch_order, spans
from latentlab.training.preparation import check


class Drawn:
    """Pixels that lie nowhere until they are asked for."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self._pixels = pixels
        self.shape = pixels.shape
        self.largest = 0

    def __getitem__(self, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        self.largest = max(self.largest, len(positions))
        return self._pixels[positions]


def weights(run: RunFolder) -> dict[str, torch.Tensor]:
    path, _ = run.checkpoints.newest_good()
    assert path is not None
    return load_file(path / "model.safetensors")


def measured(events: list[Event], split: str) -> list[Measured]:
    return [event for event in events if isinstance(event, Measured) and event.split == split]


def test_events_come_in_order_and_files_agree(workshop: Any) -> None:
    run = workshop.new(workshop.config())
    events = workshop.train(run)
    epoch = [Measured] * 4 + [Measured, EpochEnded, Saved]
    assert [type(event) for event in events] == [Started, *epoch * 3, Finished]
    started = events[0]
    assert (started.train_images, started.validation_images, started.total_steps) == (99, 11, 12)
    assert [event.to_record() for event in events if isinstance(event, Measured)] == [
        {**record, "kl_per_dim": tuple(record["kl_per_dim"])} for record in run.metrics.read()
    ]
    assert events[-1].reason == "completed"
    assert open_run(run.path).record.status == "completed"
    assert run.checkpoints.steps() == [8, 12]


def test_it_learns(workshop: Any) -> None:
    config = workshop.config(data={"limit": None}, training={"epochs": 6, "learning_rate": 5e-3, "log_every": 20})
    curve = [event.neg_elbo for event in measured(workshop.train(workshop.new(config)), "validation")]
    assert curve[0] > 30 > curve[-1]


def test_terms_are_the_true_ones(workshop: Any) -> None:
    run = workshop.new(workshop.config(model={"kind": "beta-vae"}, objective={"beta": 4.0}))
    events = workshop.train(run)
    for event in measured(events, "train"):
        assert event.neg_elbo == pytest.approx(event.reconstruction + event.kl)
        assert event.objective == pytest.approx(event.reconstruction + 4.0 * event.kl, rel=1e-5)
        assert event.kl == pytest.approx(sum(event.kl_per_dim), rel=1e-4)
        assert len(event.kl_per_dim) == 3
    for event in measured(events, "validation"):
        assert event.beta == 1.0
        assert event.objective == pytest.approx(event.neg_elbo, rel=1e-5)


def test_records_are_means_over_all_images_since_the_last(workshop: Any) -> None:
    single, several = (workshop.new(workshop.config(training={"log_every": every})) for every in (1, 4))
    ones, fours = (measured(workshop.train(run), "train") for run in (single, several))
    sizes = np.array([32, 32, 32, 3])  # an epoch of 99
    for number, event in enumerate(fours):
        kl = [one.kl for one in ones[4 * number : 4 * number + 4]]
        assert event.kl == pytest.approx(float(np.average(kl, weights=sizes)), rel=1e-5)
        assert event.step == 4 * (number + 1)


def test_an_epoch_shorter_than_log_every_is_recorded_at_its_end(workshop: Any) -> None:
    events = workshop.train(workshop.new(workshop.config(training={"log_every": 1000})))
    assert [event.step for event in measured(events, "train")] == [4, 8, 12]


def test_validation_does_not_disturb_training(workshop: Any) -> None:
    """Batch normalisation would remember what it validated on; the noise would go on from elsewhere."""
    model = {"norm": "batch", "binarize": "fresh"}
    run = workshop.new(workshop.config(model=model, training={"checkpoint_every": 3}))
    workshop.train(run)
    dataset = workshop.dataset
    images = dataset.train.take(kept_for_training(workshop))
    other = workshop.new(workshop.config(model=model, data={"limit": None, "val_fraction": 0.0}))
    events = workshop.train(other, dataset=replace(dataset, train=images))
    assert not measured(events, "validation")
    here, there = weights(run), weights(other)
    assert all(torch.equal(here[name], there[name]) for name in here)


def kept_for_training(workshop: Any) -> NDArray[np.int64]:
    """The 99 positions that SMALL trains on."""
    from latentlab.images import balanced, held_out

    chosen = balanced(workshop.dataset.train.labels, len(workshop.dataset.train), 110, seed=0)
    train, _ = held_out(workshop.dataset.train.take(chosen), 0.1, seed=0)
    return chosen[train]


def test_held_out_and_test_images_never_train(workshop: Any) -> None:
    """Whatever they are, the weights come out the same."""
    train = workshop.dataset.train
    pixels = np.array(train.pixels)
    others = np.setdiff1d(np.arange(len(train)), kept_for_training(workshop))
    pixels[others] = 255 - pixels[others]
    test = workshop.dataset.test
    spoilt = replace(
        workshop.dataset,
        train=replace(train, pixels=pixels),
        test=replace(test, pixels=255 - np.asarray(test.pixels)),
    )
    run, other = workshop.new(workshop.config()), workshop.new(workshop.config())
    plain = measured(workshop.train(run), "validation")
    changed = measured(workshop.train(other, dataset=spoilt), "validation")
    here, there = weights(run), weights(other)
    assert all(torch.equal(here[name], there[name]) for name in here)
    assert plain[-1].neg_elbo != changed[-1].neg_elbo


def test_the_noise_of_validation_is_fixed(workshop: Any) -> None:
    """With a vanishing learning rate only noise could move the curve."""
    run = workshop.new(workshop.config(training={"learning_rate": 1e-30}))
    curve = {event.neg_elbo for event in measured(workshop.train(run), "validation")}
    assert len(curve) == 1


def test_nothing_depends_on_global_random_state(workshop: Any) -> None:
    runs = [workshop.new(workshop.config(model={"binarize": "fresh"})) for _ in range(2)]
    for seed, run in enumerate(runs):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        workshop.train(run)
    here, there = map(weights, runs)
    assert all(torch.equal(here[name], there[name]) for name in here)


def test_another_seed_gives_another_run(workshop: Any) -> None:
    runs = [workshop.new(workshop.config(training={"seed": seed})) for seed in (0, 1)]
    for run in runs:
        workshop.train(run)
    here, there = map(weights, runs)
    assert all(not torch.equal(here[name], there[name]) for name in here if name.endswith("weight"))


@pytest.mark.parametrize("limit", [None, 110])
def test_pixels_drawn_on_demand_train_the_same(workshop: Any, limit: int | None) -> None:
    train = workshop.dataset.train.take(np.arange(150))
    store = Drawn(np.asarray(train.pixels))
    runs, stores = [], (train.pixels, store)
    for pixels in stores:
        dataset = Dataset("some digits", replace(train, pixels=pixels), workshop.dataset.test)
        run = workshop.new(workshop.config(data={"limit": limit}), dataset)
        store.largest = 0
        workshop.train(run, dataset=dataset)
        runs.append(run)
    here, there = map(weights, runs)
    assert all(torch.equal(here[name], there[name]) for name in here)


def test_a_store_is_asked_for_no_more_than_a_batch() -> None:
    store = Drawn(np.zeros((1000, 1, 8, 8), np.uint8))
    reader = ImageReader(Images(store, np.arange(1000)), torch.device("cpu"), labelled=False)
    assert sum(len(batch) for batch in reader.batches(np.arange(1000), 64)) == 1000
    assert store.largest == 64


def test_a_memory_map_stays_on_disk(tmp_path: Any) -> None:
    np.save(tmp_path / "pixels.npy", np.arange(20 * 64, dtype=np.uint32).astype(np.uint8).reshape(20, 1, 8, 8))
    pixels = np.load(tmp_path / "pixels.npy", mmap_mode="r")
    reader = ImageReader(Images(pixels, np.arange(20)), torch.device("cpu"), labelled=False)
    assert torch.equal(reader.read(np.array([7, 3])).pixels, torch.from_numpy(np.array(pixels[[7, 3]])))
    assert reader._pixels is None


@pytest.mark.parametrize(("network", "hidden", "epochs"), [("mlp", [32], 10), ("conv", [8, 16], 6)])
def test_a_cvae_learns_from_labels(workshop: Any, network: str, hidden: list[int], epochs: int) -> None:
    """The label decides what is drawn: its picture is closer to its own class's mean than to the others'."""
    model = {"kind": "cvae", "network": network, "hidden": hidden, "latent_dim": 2}
    config = workshop.config(
        model=model, data={"limit": None}, training={"epochs": epochs, "learning_rate": 1e-2, "log_every": 50}
    )
    run = workshop.new(config)
    assert workshop.train(run)[-1].reason == "completed"
    path, _ = run.checkpoints.newest_good()
    assert path is not None
    model = load_model(path).model
    with torch.no_grad():
        drawn = model.decode(torch.zeros(10, 2), torch.arange(10)).flatten(1).numpy()
    train = workshop.dataset.train
    means = np.stack([np.asarray(train.pixels)[train.labels == label].mean(0).ravel() / 255 for label in range(10)])
    nearest = np.square(drawn[:, None] - means[None]).sum(2).argmin(1)
    assert (nearest == np.arange(10)).sum() >= 8


def test_a_cvae_without_labels_is_refused(workshop: Any) -> None:
    config = workshop.config(model={"kind": "cvae"})
    bare = Dataset("bare", replace(workshop.dataset.train, labels=None, class_names=()), workshop.dataset.test)
    with pytest.raises(ValueError, match="labels"):
        check(config, bare)
    run = workshop.new(config, bare)
    (event,) = workshop.train(run, dataset=bare)
    assert isinstance(event, Failed)
    assert "labels" in event.message
    assert open_run(run.path).record.status == "failed"


def test_warm_up_rises_with_the_steps_and_says_when_it_will_not_end(workshop: Any) -> None:
    run = workshop.new(workshop.config(objective={"beta_schedule": {"shape": "linear", "steps": 8}}))
    events = workshop.train(run)
    assert [event.beta for event in measured(events, "train")][:9] == [step / 8 for step in range(9)]
    assert not any(isinstance(event, Warned) for event in events)
    run = workshop.new(workshop.config(objective={"beta_schedule": {"shape": "linear", "steps": 100}}))
    warnings = [event.message for event in workshop.train(run) if isinstance(event, Warned)]
    assert len(warnings) == 1
    assert "100 steps" in warnings[0]


def test_the_training_in_a_notebook_can_go_on_elsewhere(workshop: Any) -> None:
    """A checkpoint holds the model with its description, for anyone with safetensors and json."""
    run = workshop.new(workshop.config())
    workshop.train(run)
    path, _ = run.checkpoints.newest_good()
    assert path is not None
    assert {file.name for file in path.iterdir()} == {
        "model.safetensors",
        "config.json",
        "optimizer.safetensors",
        "state.json",
        "manifest.json",
    }
    loaded = load_model(path)
    assert loaded.config == run.record.config
    assert loaded.class_names == workshop.dataset.class_names


@given(total=st.integers(1, 500), size=st.integers(1, 70))
@settings(deadline=None)
def test_spans_cover_an_epoch_and_leave_nobody_alone(total: int, size: int) -> None:
    cut = spans(total, size)
    assert [position for start, stop in cut for position in range(start, stop)] == list(range(total))
    assert len(cut) == batch_count(total, size)
    assert all(stop - start <= size + 1 for start, stop in cut)
    if total > 1 and size > 1:
        assert all(stop - start > 1 for start, stop in cut)


@given(seed=st.integers(0, 2**31 - 1), epoch=st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_an_epoch_sees_every_image_once_in_an_order_of_its_own(seed: int, epoch: int) -> None:
    positions = np.arange(0, 200, 2)
    order = epoch_order(positions, seed, epoch)
    assert np.array_equal(np.sort(order), positions)
    assert np.array_equal(order, epoch_order(positions, seed, epoch))
    assert not np.array_equal(order, epoch_order(positions, seed, epoch + 1))
    assert not np.array_equal(order, epoch_order(positions, seed + 1, epoch))
