"""Whole sweeps on digits, in child processes: trained, failed, interrupted, and gone on with."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from latentlab.__main__ import main
from latentlab.runs.folder import create_run, open_run
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
    blocked = create_run(tmp_path, new_record(taken.name, taken.config, digits))
    with blocked.lock():
        assert main(sweep(tmp_path, *words)) == 1
    first = capfd.readouterr()
    assert "s-beta0.5 failed: the run 's-beta0.5' is in use" in first.err
    assert "1 of the 2 runs have a beta other than 1: they are beta-VAEs" in first.err
    assert results(tmp_path, "s")["s-beta0.5"] is None
    done = open_run("s-beta1", tmp_path)
    assert done.record.status == "completed"
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


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_keeps_every_run_and_the_sweep_goes_on_from_there(tmp_path):
    words = (*TINY, "--over", "seed=0,1", "--epochs", "150", "--batch-size", "32", "--processes", "2", "--name", "s")
    command = [sys.executable, "-m", "latentlab", *sweep(tmp_path, *words)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    curves = [tmp_path / f"s-seed{seed}" / "metrics.jsonl" for seed in (0, 1)]
    deadline = time.monotonic() + 60
    while not all(curve.exists() and curve.stat().st_size for curve in curves) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(child.pid, signal.SIGINT)  # as the terminal does: to the children too
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert "Traceback" not in err
    assert "--resume s" in err.splitlines()[-1]
    runs = [open_run(f"s-seed{seed}", tmp_path) for seed in (0, 1)]
    steps = [max(run.checkpoints.steps()) for run in runs]
    assert all(run.record.status == "stopped" for run in runs)
    assert all(0 < step < 150 * 41 for step in steps)

    assert main(sweep(tmp_path, "--resume", "s", "--processes", "1")) == 0
    assert all(results(tmp_path, "s").values())
    for run, stopped_at in zip(runs, steps, strict=True):
        recorded = [record["step"] for record in run.metrics.read() if record["split"] == "train"]
        assert recorded == sorted(set(recorded)), "no step was trained twice"
        assert recorded[0] < stopped_at < recorded[-1] == 150 * 41 // 10 * 10


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


def test_optuna_and_torch_are_not_imported_to_answer_a_question_for_help():
    code = (
        "import sys\nfrom latentlab.__main__ import main\n"
        "try: main(['sweep', '--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('optuna', 'torch', 'sqlalchemy') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--over" in done.stdout
    assert done.stderr.strip() == "[]"
