"""MNIST's and CIFAR-10's files, made small, read where they lie and fetched from a host of our own."""

import gzip
import hashlib
import io
import struct
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from latentlab.config import DataConfig
from latentlab.data.download import DownloadFailed, fetch
from latentlab.data.mnist import FILES, MNIST
from latentlab.data.request import Cancelled, Request
from latentlab.data.sources import load

DRAW = np.random.default_rng(0)
TRAIN, TEST = DRAW.integers(0, 256, (30, 28, 28), np.uint8), DRAW.integers(0, 256, (10, 28, 28), np.uint8)
TRAIN_LABELS, TEST_LABELS = np.arange(30, dtype=np.uint8) % 10, np.arange(10, dtype=np.uint8)
ARRAYS = dict(zip(FILES, (TRAIN, TRAIN_LABELS, TEST, TEST_LABELS), strict=True))


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def lay_out(raw: Path, packed: bool) -> None:
    raw.mkdir(parents=True)
    for name, array in ARRAYS.items():
        if packed:
            (raw / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            (raw / name).write_bytes(idx(array))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("source", "folder"), [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST")])
def test_files_are_used_where_they_lie(tmp_path: Path, packed: bool, source: str, folder: str) -> None:
    lay_out(tmp_path / folder / "raw", packed)
    data = load(DataConfig(source=source), data_dir=tmp_path)
    assert data.name == source
    assert np.array_equal(data.train.take(np.arange(30)).pixels[:, 0], TRAIN)
    assert np.array_equal(data.test.take(np.arange(10)).pixels[:, 0], TEST)
    assert data.train.labels is not None
    assert np.array_equal(data.train.labels, TRAIN_LABELS)
    assert data.test.index.tolist() == list(range(30, 40))
    assert data.num_classes == 10


def test_mnist_honours_size_and_channels(tmp_path: Path) -> None:
    lay_out(tmp_path / "MNIST" / "raw", packed=True)
    assert load(DataConfig(source="mnist", image_size=16, channels=3), data_dir=tmp_path).shape == (3, 16, 16)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def alter(path: Path) -> None:
    path.write_bytes(b"not idx" + path.read_bytes())


@pytest.mark.parametrize("damage", [cut, alter])
@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_file_is_named(tmp_path: Path, damage: Callable[[Path], None], packed: bool) -> None:
    lay_out(tmp_path / "MNIST" / "raw", packed)
    victim = next((tmp_path / "MNIST" / "raw").glob("train-images*"))
    damage(victim)
    with pytest.raises(ValueError, match=r"damaged.*delete it") as refusal:
        load(DataConfig(source="mnist"), data_dir=tmp_path)
    assert str(victim) in str(refusal.value)


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    lay_out(tmp_path / "MNIST" / "raw", packed=False)
    (tmp_path / "MNIST" / "raw" / FILES[1]).write_bytes(idx(TEST_LABELS))
    with pytest.raises(ValueError, match="do not belong together"):
        load(DataConfig(source="mnist"), data_dir=tmp_path)


# --- downloads, from a host in this process


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def host(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which its files can be fetched."""
    folder = tmp_path / "host"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


CONTENT = bytes(range(256)) * 4096
CHECKSUM = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


def test_a_download_passes_over_hosts_that_fail(tmp_path: Path, host: tuple[Path, str]) -> None:
    folder, url = host
    (folder / "good").write_bytes(CONTENT)
    (folder / "wrong").write_bytes(CONTENT[:-1] + b"x")
    told: list[tuple[str, int, int]] = []
    request = Request(DataConfig(), tmp_path, progress=lambda *so_far: told.append(so_far))
    urls = ["http://127.0.0.1:9/closed", f"{url}absent", f"{url}wrong", f"{url}good"]
    fetch("it", urls, tmp_path / "new" / "file", CHECKSUM, request)
    assert (tmp_path / "new" / "file").read_bytes() == CONTENT
    assert told[-1] == ("downloading it", len(CONTENT), len(CONTENT))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file"]


def test_a_download_that_fails_everywhere_says_where_to_put_the_file(tmp_path: Path, host: tuple[Path, str]) -> None:
    folder, url = host
    (folder / "wrong").write_bytes(b"something else")
    urls = [f"{url}absent", f"{url}wrong", "http://127.0.0.1:9/closed"]
    with pytest.raises(DownloadFailed, match=r"answered 404.*not the one.*put the file data\.gz into") as failure:
        fetch("it", urls, tmp_path / "new" / "data.gz", CHECKSUM, Request(DataConfig(), tmp_path))
    assert "\n" not in str(failure.value)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_cancelled_download_leaves_nothing(tmp_path: Path, host: tuple[Path, str]) -> None:
    folder, url = host
    (folder / "good").write_bytes(CONTENT)
    asked = iter([False, False, True])
    request = Request(DataConfig(), tmp_path, cancelled=lambda: next(asked))
    with pytest.raises(Cancelled):
        fetch("it", [f"{url}good"], tmp_path / "new" / "file", CHECKSUM, request)
    assert list((tmp_path / "new").iterdir()) == []


def test_mnist_is_downloaded_as_torchvision_lays_it_out(
    tmp_path: Path, host: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision import datasets

    folder, url = host
    packed = {f"{name}.gz": gzip.compress(idx(array)) for name, array in ARRAYS.items()}
    for name, content in packed.items():
        (folder / name).write_bytes(content)
    checksums = [(name, hashlib.md5(content).hexdigest()) for name, content in packed.items()]
    monkeypatch.setattr(datasets.MNIST, "resources", checksums)
    ours = replace(MNIST, mirror=url)
    read = ours.read(Request(DataConfig(source="mnist"), tmp_path / "data"))
    theirs = datasets.MNIST(tmp_path / "data", train=True)
    assert np.array_equal(theirs.data.numpy(), read.train.take(np.arange(30)).pixels[:, 0])
    assert sorted(path.name for path in (tmp_path / "data" / "MNIST" / "raw").iterdir()) == sorted(FILES)


# --- CIFAR-10

BATCHES = [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]


def records(seed: int) -> bytes:
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 10, (4, 1), np.uint8)
    return np.concatenate([labels, draw.integers(0, 256, (4, 3072), np.uint8)], axis=1).tobytes()


CONTENTS = {f"cifar-10-batches-bin/{name}": records(seed) for seed, name in enumerate(BATCHES)}


def pack(path: Path, contents: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def test_cifar10_reads_its_archive_and_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    pack(folder / "cifar-10-binary.tar.gz", {"../outside.bin": b"evil", **CONTENTS})
    data = load(DataConfig(source="cifar10"), data_dir=folder)
    assert (len(data.train), len(data.test), data.shape) == (20, 4, (3, 32, 32))
    first = np.frombuffer(CONTENTS["cifar-10-batches-bin/test_batch.bin"], np.uint8).reshape(4, 3073)
    assert np.array_equal(data.test.take(np.arange(4)).pixels.reshape(4, -1), first[:, 1:])
    assert data.test.labels is not None
    assert np.array_equal(data.test.labels, first[:, 0])
    assert [path.name for path in tmp_path.rglob("*")] == ["data", "cifar-10-binary.tar.gz"]


def test_cifar10_reads_unpacked_files_the_same(tmp_path: Path) -> None:
    pack(tmp_path / "cifar-10-binary.tar.gz", CONTENTS)
    packed = load(DataConfig(source="cifar10"), data_dir=tmp_path).fingerprint
    (tmp_path / "cifar-10-binary.tar.gz").unlink()
    (tmp_path / "cifar-10-batches-bin").mkdir()
    for name, content in CONTENTS.items():
        (tmp_path / name).write_bytes(content)
    assert load(DataConfig(source="cifar10"), data_dir=tmp_path).fingerprint == packed
    assert load(DataConfig(source="cifar10", image_size=16, channels=1), data_dir=tmp_path).shape == (1, 16, 16)


@pytest.mark.parametrize(
    "contents",
    [
        {**CONTENTS, "cifar-10-batches-bin/test_batch.bin": b"short"},
        {**CONTENTS, "cifar-10-batches-bin/test_batch.bin": b"\xff" * 3073},
        {name: content for name, content in CONTENTS.items() if "test" not in name},
    ],
)
def test_a_damaged_cifar10_archive_is_one_sentence(tmp_path: Path, contents: dict[str, bytes]) -> None:
    pack(tmp_path / "cifar-10-binary.tar.gz", contents)
    with pytest.raises(ValueError, match=r"is damaged.*test_batch|test_batch.bin is damaged"):
        load(DataConfig(source="cifar10"), data_dir=tmp_path)


def test_a_cifar10_archive_that_is_cut_off_is_one_sentence(tmp_path: Path) -> None:
    pack(tmp_path / "cifar-10-binary.tar.gz", CONTENTS)
    cut(tmp_path / "cifar-10-binary.tar.gz")
    whole = (tmp_path / "cifar-10-binary.tar.gz").read_bytes()
    for length in (len(whole) // 2, 10, 0):
        (tmp_path / "cifar-10-binary.tar.gz").write_bytes(whole[:length])
        with pytest.raises(ValueError, match="is damaged"):
            load(DataConfig(source="cifar10"), data_dir=tmp_path)
