"""Whole sweeps on digits, in child processes: trained, failed, interrupted, and gone on with."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from latentlab.__main__ import main
from latentlab.cli import sweep as commands
from latentlab.cli.opening import data_of
from latentlab.config import RunConfig, merge
from latentlab.runs.folder import create_run, open_run
from latentlab.runs.history import History
from latentlab.runs.record import new_record
from latentlab.sweep.grid import Axis, Plan

TINY = ("--network", "mlp", "--hidden", "16", "--latent-dim", "2", "--device", "cpu")


def sweep(root: Path, *words: str) -> list[str]:
    return ["sweep", *words, "--checkpoints", str(root)]


def results(root: Path, name: str) -> dict[str, dict | None]:
    return {run["run"]: run["figures"] for run in json.loads((root / name / "results.json").read_text())["runs"]}


def test_a_failed_run_is_said_and_the_rest_goes_on_and_is_not_trained_again(tmp_path, digits, capfd):
    words = (*TINY, "--epochs", "1", "--over", "beta=0.5,1", "--processes", "1", "--name", "s")
    recipe = {"model": {"network": "mlp", "hidden": [16], "latent_dim": 2}, "training": {"device": "cpu", "epochs": 1}}
    taken = Plan("s", recipe, (Axis("beta", ("objective", "beta"), (0.5, 1.0)),)).points()[0]
    of_old = RunConfig.parse(merge(taken.config.to_dict(), {"training": {"history": True}}))  # as the first sweeps
    blocked = create_run(tmp_path, new_record(taken.name, of_old, digits))
    with blocked.lock():
        assert main(sweep(tmp_path, *words)) == 1
    first = capfd.readouterr()
    assert "s-beta0.5 failed: the run 's-beta0.5' is in use" in first.err
    assert "1 of the 2 runs have a beta other than 1: they are beta-VAEs" in first.err
    assert results(tmp_path, "s")["s-beta0.5"] is None
    done = open_run("s-beta1", tmp_path)
    assert done.record.status == "completed"
    assert History(done.path).epochs() == [], "nobody goes back through a sweep's epochs"
    saved = max(done.checkpoints.steps())
    when = (done.checkpoints.path(saved) / "model.safetensors").stat().st_mtime_ns

    assert main(sweep(tmp_path, "--resume", "s", "--json")) == 0
    found = {run["run"]: run for run in json.loads(capfd.readouterr().out)["runs"]}
    assert found["s-beta0.5"]["model"] == "beta-vae"
    assert open_run("s-beta0.5", tmp_path).record.status == "completed"
    assert (done.checkpoints.path(saved) / "model.safetensors").stat().st_mtime_ns == when
    for run in found.values():
        figures = run["figures"]
        assert figures["neg_elbo"] == pytest.approx(figures["rate"] + figures["distortion"])
        assert (figures["split"], figures["n"]) == ("test", 360)
        assert figures["images_per_second"] > 0
    assert (tmp_path / "s" / "rate-distortion.png").exists()

    assert main(sweep(tmp_path, *words)) == 0  # the same words again: all is done
    assert capfd.readouterr().out.splitlines()[1].split()[0] == "0.5"


class CtrlC(threading.Thread):
    """As the terminal does it, to this process and its children, once all these runs are in their first steps.

    Whoever is there first is halted until then, so that short runs are enough for all to be in the middle.
    """

    def __init__(self, runs: list[Path]) -> None:
        super().__init__()
        self._missing, self.halted = list(runs), list[int]()

    def run(self) -> None:
        deadline = time.monotonic() + 60
        try:
            while self._missing and time.monotonic() < deadline:
                for run in [run for run in self._missing if is_under_way(run)]:
                    self._halt(run)
                time.sleep(0.005)
        finally:
            for pid in (os.getpid(), *self.halted):
                os.kill(pid, signal.SIGINT)
            time.sleep(0.5)  # until the parent has asked them to stop
            for pid in self.halted:
                os.kill(pid, signal.SIGCONT)

    def _halt(self, run: Path) -> None:
        pid, _ = open_run(run).lock().holder() or (0, "")
        assert pid not in (0, os.getpid()), "a child trains it, and is not done"
        os.kill(pid, signal.SIGSTOP)
        self.halted.append(pid)
        self._missing.remove(run)


def is_under_way(run: Path) -> bool:
    curve = run / "metrics.jsonl"
    return curve.exists() and curve.stat().st_size > 0


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_keeps_every_run_and_the_sweep_goes_on_from_there(tmp_path, capfd):
    epochs = 25
    words = (*TINY, "--over", "seed=0,1", "--epochs", str(epochs), "--batch-size", "32", "--processes", "2")
    presser = CtrlC([tmp_path / f"s-seed{seed}" for seed in (0, 1)])
    presser.start()
    try:
        assert main(sweep(tmp_path, *words, "--name", "s")) == 130
    finally:
        presser.join()
    assert len(presser.halted) == 2
    said = capfd.readouterr()
    err = said.err
    assert "Traceback" not in err
    assert "--resume s" in err.splitlines()[-1]
    assert said.out == ""
    assert "no run was finished, so there is nothing to compare yet" in err
    runs = [open_run(f"s-seed{seed}", tmp_path) for seed in (0, 1)]
    steps = [max(run.checkpoints.steps()) for run in runs]
    assert all(run.record.status == "stopped" for run in runs)
    assert all(0 < step < epochs * 41 for step in steps)

    assert main(sweep(tmp_path, "--resume", "s", "--processes", "1")) == 0
    assert all(results(tmp_path, "s").values())
    for run, stopped_at in zip(runs, steps, strict=True):
        recorded = [record["step"] for record in run.metrics.read() if record["split"] == "train"]
        assert recorded == sorted(set(recorded)), "no step was trained twice"
        assert recorded[0] < stopped_at < recorded[-1] == epochs * 41 // 10 * 10


def test_a_sweep_from_before_names_were_set_apart_goes_on_under_its_names(tmp_path, capfd):
    words = (*TINY, "--epochs", "1", "--over", "network=mlp", "--processes", "1", "--name", "s", "--limit", "60")
    words = tuple(word for word in words if word not in ("--network", "mlp"))
    assert main(sweep(tmp_path, *words)) == 0
    assert list(results(tmp_path, "s")) == ["s-network-mlp"]
    capfd.readouterr()
    for name in ("journal.jsonl", "results.json"):
        (tmp_path / "s" / name).unlink()
    file = tmp_path / "s" / "sweep.json"
    values = json.loads(file.read_text())
    del values["words_apart"]
    file.write_text(json.dumps({**values, "schema_version": 1}))
    (tmp_path / "s-network-mlp").rename(tmp_path / "s-networkmlp")
    for again in (words, ("--resume", "s")):
        assert main(sweep(tmp_path, *again)) == 0
        assert list(results(tmp_path, "s")) == ["s-networkmlp"]
    assert not (tmp_path / "s-network-mlp").exists()


def test_wrong_requests_are_refused_before_anything_is_made(tmp_path, capfd):
    for words, reason in (
        ((), "--over FIELD"),
        (("--over", "latent-dim=0,2"), "the point latent-dim 0 cannot be trained"),
        (("--resume", "nothing"), "no sweep 'nothing'"),
        (("--resume", "nothing", "--over", "seed=1"), "--over is for a new one"),
        (("--over", "seed=1", "--name", "a/b"), "plain folder name"),
    ):
        assert main(sweep(tmp_path / "runs", *words)) == 2
        assert reason in capfd.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "times"),
    [(("--over", "seed=0,1"), 1), (("--over", "seed=0,1", "--limit", "50"), 2), (("--over", "limit=50,60"), 2)],
)
def test_the_data_are_looked_at_once_unless_the_points_draw_others(tmp_path, monkeypatch, words, times):
    looked = []
    monkeypatch.setattr(commands, "data_of", lambda config, where: looked.append(config) or data_of(config, where))
    monkeypatch.setattr(commands, "create_sweep", lambda *_: (_ for _ in ()).throw(ValueError("enough")))
    assert main(sweep(tmp_path, *TINY, "--data", "shapes", *words)) == 2
    assert len(looked) == times


def test_optuna_and_torch_are_not_imported_to_answer_a_question_for_help():
    code = (
        "import sys\nfrom latentlab.__main__ import main\n"
        "try: main(['sweep', '--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('optuna', 'torch', 'sqlalchemy') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--over" in done.stdout
    assert done.stderr.strip() == "[]"
