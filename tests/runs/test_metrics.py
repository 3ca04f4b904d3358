import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.runs import files
from latentlab.runs.metrics import MetricsFile, Progress

values = st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5))
records = st.lists(values, max_size=6).map(lambda some: [{**record, "step": n} for n, record in enumerate(some)])


def fresh(folder: Path) -> MetricsFile:
    metrics = MetricsFile(folder / "metrics.jsonl")
    metrics.path.unlink(missing_ok=True)
    return metrics


@given(records, st.data())
@settings(deadline=None)
def test_cut_anywhere_the_whole_records_are_read(
    tmp_path_factory: pytest.TempPathFactory, written: list[dict[str, Any]], data: st.DataObject
) -> None:
    metrics = fresh(tmp_path_factory.getbasetemp())
    lengths = [0]
    for record in written:
        metrics.append(record)
        lengths.append(metrics.path.stat().st_size)
    assert metrics.read() == written
    assert metrics.torn == 0
    if written:
        cut = data.draw(st.integers(0, lengths[-1]))
        os.truncate(metrics.path, cut)
        whole = [record for record, end in zip(written, lengths[1:], strict=True) if end - 1 <= cut]  # newline or not
        assert metrics.read() == whole
        assert metrics.torn == 0
        metrics.append({"step": 99})
        assert metrics.read() == [*whole, {"step": 99}]
        assert metrics.torn == (cut not in lengths and cut + 1 not in lengths)


@given(records, st.integers(-1, 7))
@settings(deadline=None)
def test_cutting_keeps_what_came_before_and_mends(
    tmp_path_factory: pytest.TempPathFactory, written: list[dict[str, Any]], step: int
) -> None:
    metrics = fresh(tmp_path_factory.getbasetemp())
    for record in written:
        metrics.append(record)
    with metrics.path.open("ab") as file:
        file.write(b'{"step": 3, "neg_el')
    metrics.keep(lambda record: record["step"] <= step)
    assert metrics.read() == [record for record in written if record["step"] <= step]
    assert all(json.loads(line) for line in metrics.path.read_text().splitlines())


def test_what_is_kept_is_written_once_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = MetricsFile(tmp_path / "metrics.jsonl")
    for step in (1, 2):
        for split in ("train", "validation"):
            metrics.append({"step": step, "split": split})
    written = []
    monkeypatch.setattr("latentlab.runs.metrics.write_whole", lambda path, data: written.append((path, data)))
    metrics.keep(lambda record: record != {"step": 2, "split": "validation"})
    ((path, data),) = written
    assert (path, data) == (metrics.path, b"".join(metrics.path.read_bytes().splitlines(keepends=True)[:3]))
    metrics.keep(lambda record: True)
    assert len(written) == 1, "nothing to drop, nothing to write"


def test_garbage_in_the_middle_is_counted_and_passed_over(tmp_path: Path) -> None:
    metrics = MetricsFile(tmp_path / "metrics.jsonl")
    metrics.path.write_bytes(b'{"step": 1}\n\x00\xff\x00\n[1, 2]\n\n' + b"[" * 100_000 + b'\n{"step": 2}\n{"st')
    assert metrics.read() == [{"step": 1}, {"step": 2}]
    assert metrics.torn == 3


def test_no_file_is_no_records(tmp_path: Path) -> None:
    metrics = MetricsFile(tmp_path / "metrics.jsonl")
    metrics.keep(lambda record: record["step"] <= 3)
    assert metrics.read() == []
    assert metrics.progress() == Progress()


def test_a_value_that_is_not_finite_is_refused_with_its_step(tmp_path: Path) -> None:
    metrics = MetricsFile(tmp_path / "metrics.jsonl")
    with pytest.raises(ValueError, match="the record of step 7 holds a value that is not finite"):
        metrics.append({"step": 7, "neg_elbo": float("inf")})
    assert not metrics.path.exists()


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from latentlab.runs.metrics import MetricsFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
metrics = MetricsFile(Path(sys.argv[1]))
try:
    for step in range(1000):
        metrics.append({"step": step, "split": "train"})
except OSError:
    print(step)
"""


@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
def test_a_full_disk_leaves_whole_lines(tmp_path: Path, run_python: Any) -> None:
    metrics = MetricsFile(tmp_path / "metrics.jsonl")
    written = int(run_python(FULL_DISK, metrics.path).stdout)
    assert 10 < written < 1000
    assert [record["step"] for record in metrics.read()] == list(range(written))
    assert metrics.path.read_bytes().endswith(b"\n")


def test_progress_is_what_reading_everything_would_say(tmp_path: Path) -> None:
    metrics = MetricsFile(tmp_path / "metrics.jsonl")
    for step, (split, value) in enumerate([("train", 90.5), ("train", 1e-7), ("validation", 80.25), ("train", 3.0)]):
        metrics.append({"step": step, "epoch": step // 2, "split": split, "neg_elbo": value})
    with metrics.path.open("ab") as file:
        file.write(b'{"step": 9, "epoch": 9, "split": "validation", "neg_elbo": 7')
    assert metrics.progress() == Progress(step=3, epoch=1, best_neg_elbo=80.25)


def test_a_validation_completes_its_epoch(tmp_path: Path) -> None:
    metrics = MetricsFile(tmp_path / "metrics.jsonl")
    for split in ("train", "validation"):
        metrics.append({"step": 40, "epoch": 3, "split": split, "neg_elbo": 1.0})
    assert metrics.progress().epoch == 4


def test_progress_without_validation_takes_training(tmp_path: Path) -> None:
    metrics = MetricsFile(tmp_path / "metrics.jsonl")
    for step, value in enumerate([90.5, -1.25e2, 3]):
        metrics.append({"step": step, "split": "train", "neg_elbo": value, "kl": 1.0})
    assert metrics.progress().best_neg_elbo == -125.0


@pytest.mark.parametrize("times", [3, 1000])
def test_curves_that_someone_reads_are_waited_for_and_never_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    metrics, replaced, tried = fresh(tmp_path), os.replace, list[int]()
    for step in range(4):
        metrics.append({"step": step})

    def in_use(source: Path, target: Path) -> None:
        """As Windows, for the first so many times."""
        tried.append(1)
        if len(tried) <= times:
            error = PermissionError(13, "Access is denied", str(source))
            error.winerror = 5
            raise error
        replaced(source, target)

    monkeypatch.setattr(files, "BETWEEN", 0.0)
    monkeypatch.setattr(os, "replace", in_use)
    if times == 1000:
        with pytest.raises(OSError, match=r"denied.*metrics.jsonl"):
            metrics.keep(lambda record: record["step"] < 2)
    else:
        metrics.keep(lambda record: record["step"] < 2)
    assert len(metrics.read()) == (4 if times == 1000 else 2)
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]
