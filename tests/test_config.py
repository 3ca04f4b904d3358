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
from latentlab.models.schedules import unfinished
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
        ({"model": {"likelihood": "discretized-logistic", "sigma": 0.1}}, "sigma is for the Gaussian likelihood"),
        ({"model": {"likelihood": "gaussian", "sigma": "best"}}, "sigma"),
        ({"model": {"likelihood": "gaussian", "sigma": 0}}, "sigma"),
        ({"model": {"prior": "conditional"}}, "needs the class as a condition: choose the model cvae"),
        ({"model": {"network": "mlp", "decoder": "upsample"}}, "is for convolutions, and an mlp has none"),
        ({"data": {"attributes": ["Smiling"]}}, "attributes are CelebA's, and these are the images of digits"),
        ({"data": {"source": "celeba", "attributes": ["Male", "Male"]}}, "attributes: each is named once"),
        ({"data": {"augment": ["flip", "flip"]}}, "augment: each is named once"),
        ({"model": {"kind": "cvae"}, "objective": {"kind": "capacity"}}, "needs a capacity in nats"),
        ({"model": {"kind": "cvae"}, "objective": {"capacity": 3}}, "needs a capacity in nats, and only it takes one"),
        ({"objective": {"kind": "capacity", "capacity": 3}}, "for the objective capacity choose the model beta-vae"),
        (
            {"model": {"kind": "beta-vae"}, "objective": {"kind": "capacity", "capacity": 3, "beta": 4}},
            "beta and its schedule are for the objective beta; capacity has a balance of its own",
        ),
        (
            {"objective": {"kind": "iwae", "beta_schedule": {"shape": "linear"}}},
            "beta and its schedule are for the objective beta; iwae has a balance of its own",
        ),
        ({"objective": {"kind": "iwae", "free_bits": 1}}, "free bits are for the objective beta, and this one is iwae"),
        ({"objective": {"samples": 5}}, "several samples per image are for the objective iwae"),
        ({"objective": {"capacity_weight": 10}}, "weight is for the objective capacity, and this one is beta"),
        (
            {"objective": {"beta_schedule": {"shape": "linear", "end": 4}}},
            "a VAE's beta ends at 1; for one that ends at 4 choose the model beta-vae",
        ),
        ({"objective": {"beta_schedule": {"shape": "one-cycle"}}}, "beta schedule shape: input should be 'constant'"),
        ({"objective": {"beta_schedule": {"ratio": 0}}}, "beta schedule ratio: .* greater than 0"),
        ({"training": {"learning_rate_schedule": {"start": 0}}}, "learning rate schedule start: .* greater than 0"),
        (
            {"objective": {"beta_schedule": {"start": 0.5}}},
            "beta schedule start is for another shape; one that is constant has no use for it",
        ),
        ({"objective": {"beta_schedule": {"shape": "linear", "ratio": 0.7}}}, "beta schedule ratio .* is linear has"),
        ({"objective": {"beta_schedule": {"shape": "cosine", "cycles": 2}}}, "beta schedule cycles .* is cosine has"),
        ({"objective": {"capacity_schedule": {"steps": 5}}}, "a capacity's schedule is for the objective capacity"),
        (
            {
                "model": {"kind": "beta-vae"},
                "objective": {"kind": "capacity", "capacity": 3, "capacity_schedule": {"shape": "linear", "cycles": 2}},
            },
            "capacity schedule cycles is for another shape",
        ),
        ({"training": {"learning_rate_schedule": {"end": 0.1}}}, "learning rate schedule end .* is constant has"),
        (
            {"training": {"learning_rate_schedule": {"shape": "cyclical", "peak": 0.1}}},
            "learning rate schedule peak .* is cyclical has no use for it",
        ),
        (
            {"training": {"learning_rate_schedule": {"shape": "one-cycle", "cycles": 2}}},
            "learning rate schedule cycles .* is one-cycle has no use for it",
        ),
        (
            {"model": {"kind": "beta-vae"}, "objective": {"beta": 0, "free_bits": 0.5}},
            "beta 0 leaves the KL out, so free bits spare nothing",
        ),
        ({"training": {"weight_decay": 10, "learning_rate": 0.1}}, "takes off all of a weight at each step"),
        ({"training": {"ema": 1}}, "ema: .* less than 1"),
        ({"training": {"clip_norm": 0}}, "clip norm: .* greater than 0"),
        ({"training": {"start_from": ""}}, "start from: "),
        ([], "valid dictionary"),
    ],
)
def test_a_fault_is_named_as_flags_and_forms_name_it(values: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        RunConfig.parse(values)


@pytest.mark.parametrize(
    "values",
    [
        {"objective": {"beta_schedule": {"steps": 500}}},
        {"objective": {"beta_schedule": {"shape": "cyclical", "start": 0.1, "cycles": 2, "ratio": 0.7}}},
        {"training": {"learning_rate_schedule": {"shape": "constant", "steps": 5}}},
        {"training": {"learning_rate_schedule": {"shape": "one-cycle", "start": 0.1, "end": 0.0, "peak": 0.2}}},
        {"training": {"learning_rate_schedule": {"shape": "cyclical", "cycles": 2}}},
        {"training": {"learning_rate_schedule": {"shape": "cosine", "start": 0.5, "end": 0.1}}},
        {"objective": {"kind": "iwae", "free_bits_per": "sample"}},
    ],
)
def test_what_has_a_use_is_taken_and_so_is_all_that_was_written_out(values: Any) -> None:
    """The steps of a constant schedule wait for a shape: a form sets one field after the other."""
    config = RunConfig.parse(values)
    assert RunConfig.parse(config.to_dict()) == config


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


def test_two_presets_differ_in_beta_alone() -> None:
    without, strong = (RunConfig.parse(preset(f"contrast-{beta}")).to_dict() for beta in (0, 10))
    assert (without["objective"].pop("beta"), strong["objective"].pop("beta")) == (0, 10)
    assert without == strong


def test_the_cyclical_preset_is_the_published_recipe() -> None:
    config = RunConfig.parse(preset("cyclical"))
    schedule, rate = config.objective.beta_schedule, config.training.learning_rate_schedule
    assert (schedule.cycles, schedule.ratio, config.objective.free_bits) == (4, 0.5, 0.25)
    assert config.training.learning_rate * rate.end == pytest.approx(1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_no_preset_has_a_schedule_that_its_own_training_does_not_finish(name: str) -> None:
    config = RunConfig.parse(preset(name))
    images = {"digits": 1_797, "celeba": 162_770}.get(config.data.source, config.data.limit or 60_000)
    steps = int(images * (1 - config.data.val_fraction)) // config.training.batch_size * config.training.epochs
    assert unfinished(config, steps) == []


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


@pytest.mark.parametrize("sigma", [-1, 0, 1e-9, 11, "wide"])
def test_a_sigma_that_cannot_be_is_told_what_can(sigma: object) -> None:
    with pytest.raises(ValueError, match=r"sigma is learned, optimal, or a number from 0\.001 to 10 \(got"):
        RunConfig.parse({"model": {"likelihood": "gaussian", "sigma": sigma}})
