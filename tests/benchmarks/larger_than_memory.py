"""Training on four times the data that a process may hold, beside training on data in memory.

    python tests/benchmarks/larger_than_memory.py            (Linux; writes and removes a file of 6 GB)

A file of noise as LatentLab keeps decoded pictures, four times larger than the limit, is trained on by the real loop in
a child process whose RLIMIT_DATA (anonymous memory: heap, stacks, private maps) is set, once torch is loaded and has
taken a step, to what it has by then plus the limit. The limit does not count the system's cache of files. So there are
two such turns: in one the cache may keep the file; in the other it is thrown out of the cache ten times a second, and
the pictures come from the disk. In the same rounds another child, without a limit, trains the same network on as many
pictures of the same size as the limit allows for, in memory. One works at a time, each is first as often.

Printed: medians of images per second (and per second of processor time, which other work on the machine disturbs less),
of the rounds' ratios, and RssAnon, RssFile (/proc/self/status), Pss_Anon and Pss_File (/proc/self/smaps_rollup) of the
limited child at its start and after each round.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

SHAPES = {"faces": (3, 64, 64), "digits": (1, 28, 28)}
NETWORKS: dict[str, dict[str, Any]] = {
    "faces": {"network": "conv", "hidden": [32, 64, 128, 256], "latent_dim": 128, "likelihood": "gaussian"},
    "digits": {"network": "conv", "hidden": [32, 64], "latent_dim": 32},
}
KINDS = ("memory", "file", "disk")
FACTOR = 4
EVICT_EVERY = 0.1  # seconds
MIB = 1 << 20


def write(path: Path, shape: tuple[int, int, int], size: int) -> int:
    """A .npy file of about `size` bytes of noise. Returns the number of pictures."""
    count = size // int(np.prod(shape))
    block = np.random.default_rng(0).integers(0, 256, (8 * MIB // int(np.prod(shape)), *shape), np.uint8)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)})
        for start in range(0, count, len(block)):
            file.write(block[: count - start].data)
        file.flush()
        os.fsync(file.fileno())
    return count


def child(kind: str, network: str, path: Path, limit: int) -> None:
    """Trains for as many seconds as each line on stdin says; answers with images per second and memory."""
    from latentlab.data.stored import StoredPixels
    from latentlab.images import Images

    shape = SHAPES[network]
    small = np.random.default_rng(1).integers(0, 256, (512, *shape), np.uint8)
    warm = _training(network, Images(small, np.arange(512)))
    next(warm)
    warm.close()
    answer: dict[str, Any] = {}
    if kind == "memory":
        draw = np.random.default_rng(1).integers(0, 256, (512, *shape), np.uint8)
        pixels: Any = np.tile(draw, (limit // draw.nbytes, 1, 1, 1))
    else:
        most = _status()["VmData"] + limit
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        pixels = StoredPixels(path)
        answer["whole"] = "fit" if _fits(pixels.shape) else "MemoryError"
    loop = _training(network, Images(pixels, np.arange(len(pixels), dtype=np.int64)))
    next(loop)
    print(json.dumps({**answer, "images": len(pixels), **memory()}), flush=True)
    for line in sys.stdin:
        began, worked, count = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - began < float(line):
            count += next(loop)
        speeds = {"speed": count / (time.perf_counter() - began), "work": count / (time.process_time() - worked)}
        print(json.dumps({**speeds, **memory()}), flush=True)
    loop.close()


def _fits(shape: tuple[int, ...]) -> bool:
    """Whether this process could hold such an array. Tried in a fork: this one's allocator stays as it was."""
    process = os.fork()
    if not process:
        try:
            np.ones(shape, np.uint8)
        except MemoryError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(process, 0)[1] == 0


def _training(network: str, images: Any) -> Any:
    """Yields the number of images since the last record, from the real loop with its files."""
    from latentlab.config import RunConfig
    from latentlab.events import Failed, Measured
    from latentlab.images import Dataset, Images
    from latentlab.runs.folder import create_run
    from latentlab.runs.record import new_record
    from latentlab.training.loop import train

    config = RunConfig.parse(
        {
            "data": {"val_fraction": 0.0},
            "model": NETWORKS[network],
            "training": {"epochs": 1000, "batch_size": 128, "log_every": 2, "checkpoint_every": 1000, "device": "cpu"},
        }
    )
    nothing = np.zeros((0, *images.shape), np.uint8)
    dataset = Dataset("noise", images, Images(nothing, np.arange(0)))
    with tempfile.TemporaryDirectory() as root:
        run, before = create_run(Path(root), new_record("speed", config, dataset)), 0
        with run.lock():
            for event in train(config, dataset, run):
                if isinstance(event, Failed):
                    raise SystemExit(event.message)
                if isinstance(event, Measured):
                    steps, before = event.step - before, event.step
                    yield steps * config.training.batch_size


def _status() -> dict[str, int]:
    """The sizes in /proc/self/status, in bytes."""
    lines = [line.split() for line in Path("/proc/self/status").read_text().splitlines()]
    return {words[0][:-1]: int(words[1]) * 1024 for words in lines if words[-1] == "kB"}


def memory() -> dict[str, int]:
    """MiB of the process: anonymous and of files, resident and (shared pages divided) proportional."""
    rollup = [line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]]
    shares = {words[0][:-1]: int(words[1]) * 1024 for words in rollup}
    status = _status()
    sizes = {name: status[name] for name in ("RssAnon", "RssFile", "VmData")}
    return {name: size // MIB for name, size in {**sizes, **{n: shares[n] for n in ("Pss_Anon", "Pss_File")}}.items()}


class Child:
    """One of the two trainings, which waits between its turns."""

    def __init__(self, kind: str, network: str, path: Path, limit: int) -> None:
        command = [sys.executable, __file__, "--child", kind, "--network", network, "--limit", str(limit), str(path)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._path = path
        self.first = self._answer()

    def turn(self, seconds: float, evict: bool = False) -> dict[str, Any]:
        """Trains for so long; with `evict`, while the system's cache of the file is kept empty."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        until = time.perf_counter() + seconds
        while evict and time.perf_counter() < until:
            throw_out(self._path)
            time.sleep(EVICT_EVERY)
        return self._answer()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the child ended with {self._process.wait()}")
        return dict(json.loads(line))


def throw_out(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def rounds(children: dict[str, Child], count: int, seconds: float) -> Iterator[dict[str, dict[str, Any]]]:
    """What each of the three answered, in an order that goes round."""
    for number in range(count):
        found = {}
        for kind in np.roll(KINDS, number).tolist():
            found[kind] = children["memory" if kind == "memory" else "file"].turn(seconds, evict=kind == "disk")
        yield found


def compare(network: str, limit: int, count: int, seconds: float, place: Path) -> None:
    with tempfile.TemporaryDirectory(dir=place) as folder, ExitStack() as stack:
        path = Path(folder, "pixels.npy")
        if shutil.disk_usage(folder).free < (FACTOR + 1) * limit:
            raise SystemExit(
                f"{FACTOR * limit / 1e9:.1f} GB are needed in {folder}: name another place, or a lower limit"
            )
        images = write(path, SHAPES[network], FACTOR * limit)
        children = {}
        for kind in ("memory", "file"):
            children[kind] = Child(kind, network, path, limit)
            stack.callback(children[kind].close)
        first = children["file"].first
        pictures = f"{images:,} pictures of {'x'.join(map(str, SHAPES[network]))}"
        print(f"\n{network}: {pictures}, {path.stat().st_size / 1e9:.2f} GB")
        print(f"limit {limit / 1e9:.2f} GB above what torch takes; all pictures in memory under it: {first['whole']}")
        print(f"  at the start       {_told(first)}")
        done = []
        for number, result in enumerate(rounds(children, count, seconds), 1):
            done.append(result)
            print(f"  after round {number:2}     {_told(result['disk'])}", flush=True)
    for kind, name in zip(KINDS, ("in memory", "from the file", "from the file, never cached"), strict=True):
        speed, work = (statistics.median(result[kind][which] for result in done) for which in ("speed", "work"))
        ratios = [result[kind]["speed"] / result["memory"]["speed"] for result in done]
        per_work = statistics.median(result[kind]["work"] / result["memory"]["work"] for result in done)
        print(
            f"{name:28} {speed:7,.0f} images/s, ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to "
            f"{max(ratios):.2f}); {work:7,.0f} per second of processor time, ratio {per_work:.2f}"
        )


def _told(sizes: dict[str, Any]) -> str:
    return "  ".join(f"{name} {sizes[name]:,}" for name in ("RssAnon", "RssFile", "Pss_Anon", "Pss_File")) + "  MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=list(SHAPES), help="only this one (both)")
    parser.add_argument("--limit", type=int, default=1_500_000_000, help="bytes (1.5 GB)")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each (15)")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a turn (4)")
    parser.add_argument("--child", choices=["memory", "file"], help=argparse.SUPPRESS)
    parser.add_argument("place", type=Path, nargs="?", help="folder for the file (the system's temporary one)")
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.network, arguments.place, arguments.limit)
        return
    for network in [arguments.network] if arguments.network else SHAPES:
        compare(network, arguments.limit, arguments.rounds, arguments.seconds, arguments.place)


if __name__ == "__main__":
    main()
