"""Words become a request, quickly, and bad ones one sentence."""

import re
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import get_args

import pytest

from latentlab.cli.parser import COMMANDS, EXPORTS, parse, similar_command
from latentlab.cli.train import FLAGS, configuration
from latentlab.config import DeviceKind, LikelihoodKind, ModelKind, NetworkKind, RunConfig
from latentlab.presets import PRESETS

HEAVY = ("torch", "numpy", "PySide6", "pydantic", "sklearn", "umap", "PIL", "tqdm")


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom latentlab.__main__ import main\n"
        "try: main(['train', '--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    took = []
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        took.append(time.perf_counter() - began)
    assert "examples:" in done.stdout
    assert done.stderr.strip() == "[]"
    assert min(took) < 0.5


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_help_has_examples_that_parse(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse([command, "--help"] if command else ["--help"])
    assert end.value.code == 0
    examples = capsys.readouterr().out.partition("examples:\n")[2].splitlines()
    assert len(examples) >= 2
    for line in examples:
        words = re.split(r"\s{2,}|>", line.strip())[0].split()
        assert words[0] == "latentlab"
        if "COMMAND" not in words:
            assert parse(words[1:]).command == (command or parse(words[1:]).command)


def test_words_that_begin_with_no_command_are_the_windows() -> None:
    assert parse([]).command == "gui"
    assert parse(["gui"]).run is None
    request = parse(["some-run", "--size", "1280x800", "--theme", "light", "--screenshot", "a.png"])
    assert (request.command, request.run, request.size) == ("gui", "some-run", (1280, 800))
    assert parse(["--theme", "dark"]).theme == "dark"


def test_a_misspelt_command_is_recognised() -> None:
    assert similar_command("trian") == "train"
    assert similar_command("my-first-run") is None


@pytest.mark.parametrize(
    "words",
    [
        ["--size", "800"],
        ["--screenshot", "window.jpg"],
        ["--theme", "blue"],
        ["train", "--epochs", "many"],
        ["train", "--unknown"],
        ["train", "--epoch", "3"],
        ["evaluate"],
        ["evaluate", "run", "--split", "all"],
        ["evaluate", "run", "--samples", "0"],
        ["export", "run", "samples"],
        ["export", "run", "everything", "--out", "a.png"],
    ],
    ids=" ".join,
)
def test_bad_words_get_one_sentence_and_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse(words)
    assert end.value.code == 2
    sentence = capsys.readouterr().err
    assert sentence.count("\n") == 1
    assert "--help" in sentence


def test_the_help_names_what_the_configuration_knows(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["train", "--help"])
    words = set(re.findall(r"[\w-]+", capsys.readouterr().out))
    for kinds in (ModelKind, NetworkKind, LikelihoodKind, DeviceKind):
        assert words.issuperset(get_args(kinds))
    assert words.issuperset(PRESETS)


def test_the_help_names_the_exports_there_are() -> None:
    from latentlab.export.exports import FORMATS

    assert set(FORMATS) == set(EXPORTS)


def test_the_help_states_the_true_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["train", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    defaults = RunConfig().to_dict()
    for flag, (section, field) in FLAGS.items():
        if flag not in ("limit", "beta"):
            stated = re.search(rf"--{flag.replace('_', '-')} [A-Z]+ [^(]*\(default: ([^)]*)\)", text)
            assert stated, flag
            assert stated[1] == str(defaults[section][field])


def test_every_flag_reaches_the_configuration() -> None:
    words = """train --data shapes --model beta-vae --network mlp --likelihood gaussian --latent-dim 3 --beta 2.5
        --epochs 4 --batch-size 5 --lr 0.25 --seed 6 --device cpu --limit 70 --val-fraction 0.5"""
    request = parse(words.split())
    config = configuration(request)
    assert config.data.source == "shapes"
    assert {flag: config.to_dict()[section][field] for flag, (section, field) in FLAGS.items()} == {
        "model": "beta-vae",
        "network": "mlp",
        "likelihood": "gaussian",
        "latent_dim": 3,
        "beta": 2.5,
        "epochs": 4,
        "batch_size": 5,
        "lr": 0.25,
        "seed": 6,
        "device": "cpu",
        "limit": 70,
        "val_fraction": 0.5,
    }


def test_flags_go_over_the_file_which_goes_over_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("model:\n  latent_dim: 7\n  hidden: [16]\ntraining:\n  epochs: 3\n")

    def configured(*words: str) -> RunConfig:
        request: Namespace = parse(["train", *words])
        return configuration(request)

    config = configured("--preset", "fashion", "--config", str(file), "--epochs", "5")
    assert config.data.source == "fashion-mnist"
    assert (config.model.latent_dim, config.model.hidden) == (7, (16,))
    assert config.training.epochs == 5
    assert configured("--model", "beta-vae").objective.beta == 2.0
    assert configured().objective.beta == 1.0


def test_another_data_set_over_a_preset_of_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('{"data": {"source": "folder", "path": "/somewhere", "val_fraction": 0.3}}')
    config = configuration(parse(["train", "--config", str(file), "--data", "digits"]))
    assert (config.data.source, config.data.path, config.data.val_fraction) == ("digits", None, 0.3)
