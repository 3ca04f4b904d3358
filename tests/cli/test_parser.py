"""Words become a request, quickly, and bad ones one sentence."""

import re
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import get_args

import pytest

from latentlab.cli.parser import COMMANDS, EXPORT_FORMATS, EXPORTS, parse, similar_command
from latentlab.cli.settings import FLAGS
from latentlab.cli.train import configuration
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
        ["export", "run", "samples", "--format", "bmp"],
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

    assert {*FORMATS, "curves"} == set(EXPORTS)
    assert {f".{each}" for each in EXPORT_FORMATS} - {".folder"} == {s for f in FORMATS.values() for s in f} - {""} | {
        ".svg"
    }


def test_the_help_states_the_true_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["train", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    defaults = RunConfig().to_dict()
    for flag in FLAGS:
        default = defaults[flag.section][flag.field]
        default = default["shape"] if isinstance(default, dict) else default
        if default in (None, []) or flag.name in ("beta", "pictures-every", "iwae-samples"):
            continue
        stated = re.search(rf"--{flag.name} [^ ]+ (?:(?! --).)*?\(default: ([^)]*)\)", text)
        assert stated, flag.name
        assert stated[1] == str(default)


def test_every_flag_reaches_the_configuration() -> None:
    words = """train --data celeba --model cvae --network residual --likelihood gaussian --latent-dim 3 --beta 2.5
        --epochs 4 --batch-size 5 --lr 0.25 --seed 6 --device cpu --limit 70 --val-fraction 0.5 --sigma 0.1
        --attributes Smiling,Male --augment flip,crop --hidden 8,16 --decoder upsample --norm group --activation silu
        --prior conditional --beta-schedule cyclical:400 --free-bits 0.25 --lr-schedule one-cycle --weight-decay 0.01
        --clip-norm 5 --ema 0.999 --precision float32 --pictures-every 2
        --set objective.beta_schedule.cycles=3 --set training.recompute=true"""
    request = parse(words.split())
    config = configuration(request)
    assert config.data.source == "celeba"
    assert config.objective.beta_schedule.cycles == 3
    assert config.training.recompute
    found = {flag.name: getattr(getattr(config, flag.section), flag.field) for flag in FLAGS}
    assert found.pop("beta-schedule").steps == 400
    assert found.pop("lr-schedule").shape == "one-cycle"
    assert found == {
        "limit": 70,
        "val-fraction": 0.5,
        "attributes": ("Smiling", "Male"),
        "augment": ("flip", "crop"),
        "model": "cvae",
        "network": "residual",
        "hidden": (8, 16),
        "decoder": "upsample",
        "norm": "group",
        "activation": "silu",
        "latent-dim": 3,
        "prior": "conditional",
        "likelihood": "gaussian",
        "sigma": 0.1,
        "binarize": "none",
        "objective": "beta",
        "beta": 2.5,
        "free-bits": 0.25,
        "capacity": None,
        "iwae-samples": 1,
        "epochs": 4,
        "batch-size": 5,
        "lr": 0.25,
        "weight-decay": 0.01,
        "clip-norm": 5,
        "ema": 0.999,
        "seed": 6,
        "device": "cpu",
        "precision": "float32",
        "pictures-every": 2,
    }


def test_the_other_objectives_are_reached_by_flags_too() -> None:
    iwae = configuration(parse(["train", "--objective", "iwae", "--iwae-samples", "5", "--binarize", "fresh"]))
    assert (iwae.objective.kind, iwae.objective.samples, iwae.model.binarize) == ("iwae", 5, "fresh")
    held = configuration(parse(["train", "--model", "beta-vae", "--objective", "capacity", "--capacity", "25"]))
    assert (held.objective.capacity, held.objective.beta) == (25, 1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--set model.nrom=batch", "there is no setting 'model.nrom'; the nearest are model.norm"),
        ("--set model=mlp", "'model=mlp' is not SECTION.FIELD=VALUE"),
        ("--set model.norm.kind=batch --norm batch", "norm is not a section"),
        ("--hidden 400,many", "'400,many' is not a list of whole numbers"),
        ("--beta-schedule linear:soon", "'linear:soon' is not a schedule"),
        ("--iwae-samples 5", "several samples per image are for the objective iwae"),
    ],
)
def test_a_value_that_cannot_be_is_answered_with_a_sentence(
    words: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        configuration(parse(["train", *words.split()]))
    except ValueError as error:
        said = str(error)
    except SystemExit:
        said = capsys.readouterr().err
    else:
        said = ""
    assert sentence in said


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
