"""latentlab train: from nothing to a run that goes on, and what interrupts it."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from latentlab.runs.folder import RunFolder, open_run

SMALL = ("train", "--network", "mlp", "--limit", "200", "--device", "cpu")


def test_a_run_is_made_followed_and_gone_on_with(call: Callable[..., Any], tmp_path: Path) -> None:
    answer = call(*SMALL, "--epochs", "2")
    assert answer.code == 0
    assert answer.out.startswith("digits-vae-1: 2 epochs in ")
    assert "100%" in answer.err
    run = open_run("digits-vae-1", tmp_path / "runs")
    assert run.record.status == "completed"

    assert "--more" in call("train", "--resume", "digits-vae-1").out
    assert call("train", "--resume", "digits-vae-1", "--more", "1").code == 0
    assert call("train", "--resume", str(run.path), "--epochs", "4").out.startswith("digits-vae-1: 4 epochs")
    records = RunFolder(run.path).metrics.read()
    assert [record["split"] for record in records].count("validation") == 4


def test_going_on_may_be_elsewhere(call: Callable[..., Any], tmp_path: Path) -> None:
    first = call(*SMALL, "--epochs", "1")
    assert first.out.startswith("digits-vae-1: 1 epoch in ")
    assert "images (20 held out), 1 epoch\n" in first.err
    assert "has had its 1 epoch already" in call("train", "--resume", "digits-vae-1").out
    assert "tpu" in call("train", "--resume", "digits-vae-1", "--more", "1", "--device", "tpu").refused()
    assert call("train", "--resume", "digits-vae-1", "--more", "1", "--device", "auto").code == 0
    training = open_run("digits-vae-1", tmp_path / "runs").record.config.training
    assert (training.epochs, training.device) == (2, "auto")


def test_a_taken_name_is_refused_before_the_data_are_read(call: Callable[..., Any], trained_run: RunFolder) -> None:
    words = ("train", "--data", "celeba", "--data-dir", trained_run.path, "--name", "small")
    assert "a run 'small'" in call(*words).refused()


def test_names_are_free_or_refused(call: Callable[..., Any]) -> None:
    assert call(*SMALL, "--epochs", "1", "--name", "mine").code == 0
    assert "mine" in call(*SMALL, "--epochs", "1", "--name", "mine").refused()
    assert "name" in call(*SMALL, "--epochs", "1", "--name", "a/b").refused()
    assert call(*SMALL, "--epochs", "1").out.startswith("digits-vae-1")
    assert call(*SMALL, "--epochs", "1").out.startswith("digits-vae-2")


def test_weights_that_do_not_fit_are_refused_before_anything_is_made(
    call: Callable[..., Any], trained_run: RunFolder, tmp_path: Path
) -> None:
    def refused(*words: str) -> str:
        return str(call(*words, "--device", "cpu", "--epochs", "1", "--from", "small").refused())

    assert "their latent dim is 4, this one's 5" in refused("train", "--latent-dim", "5", "--name", "mine")
    assert "images of 1x8x8" in refused("train", "--data", "shapes", "--limit", "20", "--name", "mine")
    assert "they are those of a vae" in refused("sweep", "--model", "cvae", "--over", "seed=0,1", "--name", "many")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["small"]


def test_events_come_as_lines_of_json_and_nothing_else(call: Callable[..., Any]) -> None:
    answer = call(*SMALL, "--epochs", "2", "--model", "cvae", "--json")
    events = [json.loads(line) for line in answer.out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds[0] == "started"
    assert kinds[-2:] == ["saved", "finished"]
    assert kinds.count("epochended") == 2
    validation = next(e for e in events if e["event"] == "measured" and e["split"] == "validation")
    assert validation["neg_elbo"] == pytest.approx(validation["reconstruction"] + validation["kl"])
    assert answer.err == ""


def test_resuming_refuses_what_it_cannot_do(call: Callable[..., Any], trained_run: RunFolder) -> None:
    assert "--beta" in call("train", "--resume", "small", "--beta", "2").refused()
    assert "one of them" in call("train", "--resume", "small", "--epochs", "3", "--more", "1").refused()
    assert "at least 1" in call("train", "--resume", "small", "--more", "0").refused()
    assert "2 epochs" in call("train", "--resume", "small", "--epochs", "1").refused()
    trained_run.update(status="stopped")
    assert "2 epochs" in call("train", "--resume", "small", "--epochs", "1").refused()
    assert "--resume" in call("train", "--more", "1").refused()
    assert "small" in call("train", "--resume", "smal").refused()
    trained_run.update(read_only=True)
    assert "read-only" in call("train", "--resume", "small", "--more", "1").refused()


def test_other_images_are_not_gone_on_with(call: Callable[..., Any], trained_run: RunFolder) -> None:
    record = trained_run.record.dataset.model_dump() | {"fingerprint": "sha256:0"}
    trained_run.update(dataset=record)
    assert "digits" in call("train", "--resume", "small", "--more", "1").refused()


def test_a_second_process_on_the_same_run_is_refused(call: Callable[..., Any], trained_run: RunFolder) -> None:
    with trained_run.lock():
        assert "in use by process" in call("train", "--resume", "small", "--more", "1").refused()


def test_a_torn_line_of_metrics_does_no_harm(call: Callable[..., Any], trained_run: RunFolder) -> None:
    with trained_run.metrics.path.open("a") as file:
        file.write('{"step": 99, "epo')
    assert call("train", "--resume", "small", "--more", "1").code == 0
    records = trained_run.metrics.read()
    assert [record["split"] for record in records].count("validation") == 3
    assert trained_run.metrics.torn == 0


def test_a_flipped_byte_is_named_and_the_checkpoint_before_it_is_used(
    call: Callable[..., Any], trained_run: RunFolder
) -> None:
    assert call("train", "--resume", "small", "--more", "1").code == 0
    first, last = trained_run.checkpoints.steps()
    damage(trained_run, last)
    answer = call("evaluate", "small", "--samples", "2", "--json")
    assert answer.code == 0
    assert "model.safetensors" in answer.err
    assert json.loads(answer.out)["step"] == first
    resumed = call("train", "--resume", "small", "--epochs", "4")
    assert resumed.code == 0
    assert "model.safetensors" in resumed.err
    assert last not in trained_run.checkpoints.steps()
    assert first in trained_run.checkpoints.steps()


def test_where_no_checkpoint_is_sound_nothing_is_trained(call: Callable[..., Any], trained_run: RunFolder) -> None:
    damage(trained_run, trained_run.checkpoints.steps()[0])
    assert "model.safetensors" in call("evaluate", "small").refused()
    answer = call("train", "--resume", "small", "--more", "1")
    assert answer.code == 1
    assert "model.safetensors" in answer.err.splitlines()[-1]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_keeps_what_was_learnt_and_says_how_to_go_on(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    words = [*SMALL, "--epochs", "5000", "--json", "--name", "long", "--checkpoints", str(runs)]
    child = subprocess.Popen(
        [sys.executable, "-m", "latentlab", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert child.stdout is not None
    for line in child.stdout:
        if json.loads(line)["event"] == "measured":
            break
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert f"latentlab train --resume {runs / 'long'}" in err
    assert "Traceback" not in err
    run = open_run("long", runs)
    assert run.record.status == "stopped"
    assert run.checkpoints.steps()


def test_a_disk_that_takes_no_more_is_said_in_a_sentence(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")

    def no_file_above_20_kb() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    words = [*SMALL, "--epochs", "1", "--name", "big", "--checkpoints", str(tmp_path / "runs")]
    done = subprocess.run(
        [sys.executable, "-m", "latentlab", *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        preexec_fn=no_file_above_20_kb,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("latentlab: ")
    assert open_run("big", tmp_path / "runs").record.status == "failed"


def damage(run: RunFolder, step: int) -> None:
    """Flips one byte in the middle of the weights."""
    path = run.checkpoints.path(step) / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
