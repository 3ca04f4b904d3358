import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.config import (
    DEFAULT_BETA,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    RunConfig,
    TrainingConfig,
    merge,
)
from latentlab.presets import PRESETS, preset

FIELDS = [
    (section, field)
    for section, kind in RunConfig.model_fields.items()
    for field in kind.annotation.model_fields  # type: ignore[union-attr]
]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
sections = st.fixed_dictionaries(
    {},
    optional={
        section: st.dictionaries(st.sampled_from([f for s, f in FIELDS if s == section] + ["?"]), anything, max_size=3)
        for section in RunConfig.model_fields
    },
)


def parsed(values: Any) -> tuple[RunConfig | None, str]:
    try:
        return RunConfig.parse(values), ""
    except ValueError as error:
        return None, str(error)


@given(anything | sections | st.just({"a\nb": 1}))
@settings(deadline=None)
def test_whatever_comes_in_a_configuration_or_one_sentence_comes_out(values: Any) -> None:
    config, fault = parsed(values)
    if config is None:
        assert len(fault.splitlines()) == 1
        assert len(fault) < 200
    else:
        assert RunConfig.parse(json.loads(json.dumps(config.to_dict(), allow_nan=False))) == config


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_configurations_that_survive_json(name: str) -> None:
    config = RunConfig.parse(preset(name))
    assert RunConfig.parse(json.loads(json.dumps(config.to_dict()))) == config


def test_an_unknown_preset_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="unknown preset 'fashoin'; there are: digits, fashion"):
        preset("fashoin")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"model": {"latent_dim": 0}}, r"latent dim: input should be greater than or equal to 1 \(got 0\)"),
        ({"model": {"kind": "gan"}}, "kind: input should be 'vae', 'beta-vae' or 'cvae'"),
        ({"model": {"latent_dims": 3}}, r"unknown option 'model\.latent_dims'"),
        ({"modle": {}}, "unknown option 'modle'"),
        (
            {"model": {"kind": "vae"}, "objective": {"beta": 4}},
            "a VAE has beta 1; for beta 4 choose the model beta-vae",
        ),
        ({"data": {"source": "folder"}}, "a path is needed for the source 'folder'"),
        ({"data": {"source": "digits", "path": "x"}}, "a path is needed for the source 'folder', and only for it"),
        ({"data": {"val_fraction": 1.0}}, "val fraction: .* less than 1"),
        ({"training": {"learning_rate": float("nan")}}, "learning rate: "),
        ({"training": {"epochs": "many"}}, "epochs: input should be a valid integer"),
        ({"model": {"likelihood": "gaussian", "binarize": "fresh"}}, "binarize is for the Bernoulli likelihood"),
        ({"model": {"kind": ["vae"]}}, "kind: "),
        ([], "valid dictionary"),
    ],
)
def test_a_fault_is_named_as_flags_and_forms_name_it(values: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        RunConfig.parse(values)


def test_beta_follows_the_kind_unless_it_is_given() -> None:
    for kind, beta in DEFAULT_BETA.items():
        assert RunConfig.parse({"model": {"kind": kind}}).objective.beta == beta
        assert RunConfig(model=ModelConfig(kind=kind)).objective.beta == beta  # type: ignore[arg-type]
    assert RunConfig.parse({"model": {"kind": "beta-vae"}, "objective": {"beta": 10}}).objective.beta == 10
    assert (
        RunConfig.parse(
            {"model": {"kind": "beta-vae"}, "objective": {"beta_schedule": {"shape": "linear", "steps": 5}}}
        ).objective.beta
        == 2
    )


def test_sections_are_frozen() -> None:
    for section in (RunConfig(), DataConfig(), ModelConfig(), ObjectiveConfig(), TrainingConfig()):
        with pytest.raises(ValueError, match="frozen"):
            section.__setattr__(next(iter(type(section).model_fields)), None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("run.yaml", "model: {kind: beta-vae, hidden: [64, 32]}\ntraining: {learning_rate: 1e-3}\n"),
        ("run.yml", "model:\n  kind: beta-vae\n  hidden: [64, 32]\n"),
        ("run.json", '{"model": {"kind": "beta-vae", "hidden": [64, 32]}}'),
    ],
)
def test_a_file_is_read_by_its_suffix(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    config = RunConfig.read(path)
    assert config.model.hidden == (64, 32)
    assert config.objective.beta == 2
    assert config.training.learning_rate == 1e-3


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("run.json", b"{", "is not valid JSON"),
        ("run.json", b"[" * 100_000, "is not valid JSON"),
        ("run.yaml", b"model: [", "is not valid YAML"),
        ("run.yaml", b"!!python/object/apply:os.system ['false']", "is not valid YAML"),
        ("run.yaml", b"", "should hold the sections"),
        ("run.yaml", b"just words", "should hold the sections"),
        ("run.yaml", b"1: 2", "unknown option|keys should be strings"),
        ("run.yaml", b"\xff\xfe\x00", "cannot read the configuration"),
        ("missing/run.yaml", None, "cannot read the configuration"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path: Path, name: str, content: bytes | None, says: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=says) as refused:
        RunConfig.read(path)
    assert "\n" not in str(refused.value)


def test_merging_goes_section_by_section() -> None:
    base = {"model": {"kind": "vae", "hidden": [1, 2]}, "data": {"source": "digits"}}
    merged = merge(base, {"model": {"hidden": [3]}, "training": {"epochs": 2}})
    assert merged == {
        "model": {"kind": "vae", "hidden": [3]},
        "data": {"source": "digits"},
        "training": {"epochs": 2},
    }
    assert base["model"]["hidden"] == [1, 2]
