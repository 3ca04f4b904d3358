import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from latentlab.runs import places, record
from latentlab.runs.folder import RunFolder, create_numbered, create_run, free_name, list_runs, open_run, run_names
from latentlab.runs.lock import RunLocked
from latentlab.runs.names import check_name


def test_a_run_is_created_opened_and_updated(runs: Any) -> None:
    made = runs.create("digits-vae-1", training={"epochs": 7})
    assert made.path == runs.root / "digits-vae-1"
    made.update(status="failed", message="the disk is full", changes=[{"step": 3, "beta": 1.0, "learning_rate": 1e-4}])
    again = open_run("digits-vae-1", runs.root)
    assert again.record == made.record
    assert again.record.changes[0].step == 3
    assert again.record.config.training.epochs == 7
    assert (again.record.dataset.train, again.record.dataset.validation, again.record.dataset.test) == (18, 2, 20)
    assert {"python", "torch", "numpy"} <= again.record.versions.keys()
    assert sorted(entry.name for entry in made.path.iterdir()) == ["run.json"]


def test_an_existing_name_is_refused_and_what_is_there_is_left(runs: Any) -> None:
    runs.create("one").metrics.append({"step": 1})
    with pytest.raises(ValueError, match=r"there is a run 'one' in .* already: choose another name"):
        runs.create("one")
    assert open_run("one", runs.root).metrics.read() == [{"step": 1}]
    (runs.root / "file").write_text("not a folder")
    with pytest.raises(ValueError, match="already"):
        runs.create("file")
    (runs.root / "empty").mkdir()
    with pytest.raises(ValueError, match="already"):
        runs.create("empty")
    assert sorted(entry.name for entry in runs.root.iterdir()) == ["empty", "file", "one"]


def test_a_disk_that_fails_leaves_no_half_run(runs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match=r"No space left on device: '.*one'"):
        runs.create("one")
    assert list(runs.root.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "needs a name"),
        ("  ", "needs a name"),
        (".", "begins and ends"),
        ("..", "begins and ends"),
        (".hidden", "begins and ends"),
        ("dot.", "begins and ends"),
        ("a/b", "plain folder name"),
        ("a\\b", "plain folder name"),
        ("a\0b", "plain folder name"),
        ("what?", "plain folder name"),
        ("x" * 201, "at most 200 bytes"),
        ("\N{GRINNING FACE}" * 51, "at most 200 bytes"),
        ("NUL", "Windows"),
        ("\udcff", "Unicode"),
    ],
)
def test_a_bad_name_is_refused_in_one_sentence(runs: Any, name: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        runs.create(name)
    assert "\n" not in str(refused.value)
    assert not runs.root.exists()


@given(st.text())
@example("con")
@example("..")
@example("x" * 500)
@example("é" * 300)
@example("\udcff/\n")
@settings(deadline=None)
def test_a_free_name_is_a_good_name(tmp_path_factory: pytest.TempPathFactory, stem: str) -> None:
    root = tmp_path_factory.getbasetemp() / "none"
    check_name(free_name(root, stem))


def test_a_free_name_is_one_more_than_the_highest(runs: Any) -> None:
    assert free_name(runs.root, "digits-vae") == "digits-vae-1"
    for number in (1, 2, 10):
        runs.create(f"digits-vae-{number}")
    runs.create("digits-vae-x")
    assert free_name(runs.root, "digits-vae") == "digits-vae-11"
    assert free_name(runs.root, "digits-beta-vae") == "digits-beta-vae-1"


def test_a_run_is_found_by_name_and_by_path(runs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = runs.create("one").path
    monkeypatch.chdir(tmp_path)
    for run in ("one", path, str(path), Path("checkpoints/one"), "checkpoints/one", "checkpoints/one/"):
        assert open_run(run, runs.root).path == path
    assert open_run("one").path == path, "./checkpoints holds a run: it is the default place"
    monkeypatch.chdir(path)
    assert open_run(".").name == "one"


def test_what_is_not_there_is_answered_with_what_is(runs: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no run 'digits-vea-1', nor any other in"):
        open_run("digits-vea-1", runs.root)
    runs.create("digits-vae-1")
    runs.create("fashion")
    with pytest.raises(ValueError, match=r"no run 'digits-vea-1' in .*; the nearest names are: digits-vae-1"):
        open_run("digits-vea-1", runs.root)
    with pytest.raises(ValueError, match=r"is not a run folder: it has no run\.json"):
        open_run(tmp_path, runs.root)
    for nonsense in (tmp_path / "nowhere", "x" * 5000, "a\0b", "", "~nobody-of-this-name/run"):
        with pytest.raises(ValueError, match=r"there is no run|name a run") as refused:
            open_run(nonsense, runs.root)
        assert "\n" not in str(refused.value)


def test_the_demo_answers_to_its_name(runs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = tmp_path / "package"
    monkeypatch.setattr(places, "PACKAGE", packaged)
    assert places.demo_run() is None
    demo = create_run(packaged / "checkpoints", runs.record("digits-demo"))
    demo.update(read_only=True)
    assert places.demo_run() == demo.path
    assert open_run("digits-demo", runs.root).path == demo.path


def test_the_default_place_is_here_only_where_runs_are(
    runs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints" / "somebody-elses").mkdir(parents=True)
    assert places.default_checkpoints().is_absolute()
    runs.create("one")
    assert places.default_checkpoints() == Path("checkpoints")
    assert places.default_data_dir().is_absolute()


def test_a_read_only_run_is_neither_locked_nor_changed(runs: Any) -> None:
    run = runs.create("demo")
    run.update(read_only=True)
    before = run.path.stat().st_mtime_ns
    for attempt in (run.lock, lambda: run.update(status="training")):
        with pytest.raises(ValueError, match="'demo' is read-only: train a new run"):
            attempt()
    assert run.path.stat().st_mtime_ns == before


def test_a_field_that_cannot_be_is_refused_and_nothing_written(runs: Any) -> None:
    run = runs.create("one")
    before = (run.path / "run.json").read_bytes()
    for fields in ({"status": "asleep"}, {"colour": "red"}):
        with pytest.raises(ValueError, match=r"run\.json of 'one'"):
            run.update(**fields)
    assert (run.path / "run.json").read_bytes() == before


def change(run: RunFolder, **values: Any) -> None:
    path = run.path / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_damaged_or_newer_record_is_one_sentence(runs: Any) -> None:
    run = runs.create("one")
    for values, says in (
        ({"schema_version": record.SCHEMA_VERSION + 1}, "written by a newer LatentLab"),
        ({"schema_version": 0}, "never was a schema version 0"),
        ({"schema_version": "1"}, "no schema version"),
        ({"status": "asleep"}, "status: input should be"),
        ({"config": {"model": {"latent_dim": 0}}}, "model latent dim"),
    ):
        before = (run.path / "run.json").read_bytes()
        change(run, **values)
        with pytest.raises(ValueError, match=says) as refused:
            open_run("one", runs.root)
        assert "\n" not in str(refused.value)
        (run.path / "run.json").write_bytes(before)


def test_an_older_record_goes_through_its_migrations(runs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.create("one")
    change(run, schema_version=-1, note=None, remark="from long ago")

    def from_minus_1(values: dict[str, Any]) -> dict[str, Any]:
        return {"note": values.pop("remark"), **{key: value for key, value in values.items() if key != "note"}}

    steps = {-1: from_minus_1, 0: lambda values: values, 1: lambda values: values}
    monkeypatch.setattr(record, "MIGRATIONS", steps)
    assert open_run("one", runs.root).record.note == "from long ago"


def test_a_warm_up_in_steps_becomes_a_schedule(runs: Any) -> None:
    run = runs.create("one", model={"kind": "beta-vae"}, objective={"beta": 4})
    first_schema = json.loads((run.path / "run.json").read_text())["config"]
    for warmup, shape, steps in ((25, "linear", 25), (0, "constant", None)):
        objective = {"beta": 4.0, "warmup_steps": warmup}  # all that the first schema knew
        change(run, schema_version=1, config={**first_schema, "objective": objective})
        schedule = open_run("one", runs.root).record.config.objective.beta_schedule
        assert (schedule.shape, schedule.steps) == (shape, steps)


def test_the_list_says_how_each_run_stands(runs: Any) -> None:
    runs.create("new", model={"kind": "beta-vae", "latent_dim": 3})
    trained = runs.create("trained", training={"epochs": 5})
    trained.metrics.append({"step": 10, "epoch": 2, "split": "validation", "neg_elbo": 12.5})
    trained.update(status="training")
    broken = runs.create("broken")
    (broken.path / "run.json").write_text("{")
    (runs.root / "not-a-run").mkdir()
    with trained.lock():
        rows = {row.name: row for row in list_runs(runs.root)}
    assert rows.keys() == {"new", "trained", "broken"}
    assert (rows["new"].status, rows["new"].kind, rows["new"].latent_dim, rows["new"].beta) == (
        "created",
        "beta-vae",
        3,
        2,
    )
    assert (rows["trained"].status, rows["trained"].best_neg_elbo) == ("training", 12.5)
    assert (rows["trained"].step, rows["trained"].epochs_done, rows["trained"].epochs_total) == (10, 3, 5)
    assert rows["broken"].status == "unreadable"
    assert "not complete JSON" in rows["broken"].note
    after = {row.name: row.status for row in list_runs(runs.root)}
    assert after["trained"] == "interrupted", "nobody holds its lock any more"
    assert list_runs(runs.root / "nowhere") == []


def test_a_beta_that_was_changed_in_mid_run_is_listed(runs: Any) -> None:
    run = runs.create(model={"kind": "beta-vae"})
    run.update(changes=[{"step": 10, "beta": 2.5, "learning_rate": 0.001}])
    assert list_runs(runs.root)[0].beta == 2.5


def test_the_newest_run_is_first(runs: Any) -> None:
    for number in (1, 2, 3):
        change(runs.create(f"run-{number}"), created=f"2026-0{4 - number}-01T00:00:00+00:00")
    assert [row.name for row in list_runs(runs.root)] == ["run-1", "run-2", "run-3"]


def test_fifty_runs_are_listed_in_a_blink(runs: Any) -> None:
    line = {"epoch": 1, "time_s": 1.0, "neg_elbo": 100.0, "kl_per_dim": [0.123456789] * 32, "objective": 100.0}
    lines = "".join(json.dumps({"step": n, "split": "train", **line}) + "\n" for n in range(500))
    lines += json.dumps({"step": 500, "split": "validation", **line}) + "\n"
    for number in range(50):
        (runs.create(f"run-{number}").path / "metrics.jsonl").write_text(lines)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        rows = list_runs(runs.root)
        seconds.append(time.perf_counter() - start)
    assert len(rows) == 50
    assert all(row.best_neg_elbo == 100.0 for row in rows)
    assert min(seconds) <= 0.3, f"{min(seconds):.2f} s"


def test_a_run_in_use_says_by_whom(runs: Any) -> None:
    run = runs.create("one")
    with run.lock():
        assert run.holder() is not None
        with pytest.raises(RunLocked, match="the run 'one' is in use by process"):
            RunFolder(run.path).lock().acquire()
    assert run.holder() is None


def test_runs_that_begin_at_once_get_numbers_of_their_own(runs: Any) -> None:
    """Of 8 threads that all look for a free name before any takes one."""
    together = threading.Barrier(8)
    record = runs.record("run")

    def create(_: int) -> str:
        together.wait()
        return str(create_numbered(runs.root, "run", record).record.name)

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(create, range(8)))
    assert sorted(names) == [f"run-{number}" for number in range(1, 9)]
    assert run_names(runs.root) == sorted(names)
    assert [path.name for path in runs.root.iterdir() if path.name.startswith(".")] == []


def test_a_name_that_was_taken_meanwhile_is_not_taken_twice(runs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process is quicker between the look for a free name and the making of the folder."""
    looked: list[str] = []

    def free(root: Path, stem: str) -> str:
        looked.append(free_name(root, stem))
        if len(looked) == 1:
            runs.create(looked[0])
        return looked[-1]

    monkeypatch.setattr("latentlab.runs.folder.free_name", free)
    assert create_numbered(runs.root, "run", runs.record("run")).name == "run-2"
    assert run_names(runs.root) == ["run-1", "run-2"]
