"""A recipe and its axes become points, each with a name and a configuration that can be trained."""

import json

import pytest

from latentlab.cli.sweep import axis
from latentlab.sweep.grid import Axis, Plan
from latentlab.sweep.place import SweepFolder, create_sweep, default_name

RECIPE = {"model": {"network": "mlp"}, "training": {"epochs": 2}}


def plan(*over: str, recipe: dict = RECIPE) -> Plan:
    return Plan("s", recipe, tuple(axis(text) for text in over))


def test_every_combination_is_a_point_with_its_own_name():
    points = plan("beta=0.5,1", "latent-dim=2,16", "seed=0,1").points()
    assert len(points) == 8
    assert [point.name for point in points[:3]] == [
        "s-beta0.5-latent-dim2-seed0",
        "s-beta0.5-latent-dim2-seed1",
        "s-beta0.5-latent-dim16-seed0",
    ]
    assert len({point.name for point in points}) == 8
    last = points[-1].config
    assert (last.objective.beta, last.model.latent_dim, last.training.seed) == (1.0, 16, 1)
    assert last.training.epochs == 2
    assert points[-1].choices == {"beta": 1.0, "latent-dim": 16, "seed": 1}


def test_a_beta_other_than_one_makes_a_vae_a_beta_vae_and_no_other_model():
    found = plan("beta=0.5,1,4")
    assert [point.config.model.kind for point in found.points()] == ["beta-vae", "vae", "beta-vae"]
    assert [point.choices["beta"] for point in found.turned()] == [0.5, 4.0]
    conditional = plan("beta=0.5,1", recipe={"model": {"kind": "cvae"}})
    assert {point.config.model.kind for point in conditional.points()} == {"cvae"}
    assert conditional.turned() == []
    with pytest.raises(ValueError, match="beta 4"):
        plan("seed=0,1", recipe={"objective": {"beta": 4.0}}).points()


def test_a_sweeps_runs_keep_no_past_epochs_unless_they_are_asked_for():
    assert not any(point.config.training.history for point in plan("beta=0.5,1").points())
    asked = plan("beta=0.5,1", recipe={"training": {"history": True}})
    assert all(point.config.training.history for point in asked.points())
    assert [each.config.training.history for each in plan("training.history=true,false").points()] == [True, False]


def test_fields_have_short_names_full_names_and_lists():
    assert axis("lr=1e-3,0.01") == Axis("lr", ("training", "learning_rate"), (0.001, 0.01))
    assert axis("latent_dim=4") == Axis("latent-dim", ("model", "latent_dim"), (4,))
    assert axis("model.norm=none,batch") == Axis("norm", ("model", "norm"), ("none", "batch"))
    assert axis("training.recompute=true,false").values == (True, False)
    assert axis("hidden=[32,64],[64]").values == ([32, 64], [64])
    named = plan("hidden=[32,64],[64]", "beta-schedule=linear:50,constant").points()
    assert named[0].name == "s-hidden32-64-beta-schedule-linear-50"
    assert named[0].config.model.hidden == (32, 64)
    assert named[0].config.objective.beta_schedule.steps == 50
    nested = plan("objective.beta_schedule.shape=linear,cosine").points()
    assert [point.config.objective.beta_schedule.shape for point in nested] == ["linear", "cosine"]


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ((), "--over FIELD"),
        (("beta",), "beta=0.5,1,2"),
        (("beta=",), "beta=0.5,1,2"),
        (("betta=1,2",), "no such field; there are: .*beta"),
        (("model.nrom=1",), "there is no setting 'model.nrom'; the nearest are model.norm"),
        (("latent-dim=4,many",), "'many' cannot be"),
        (("beta=-1,1",), "the point beta -1 cannot be trained: beta"),
        (("seed=1,1",), "the value 1 twice"),
        (("beta=1,1.0",), "the value 1 twice"),
        (("seed=1,2", "training.seed=3"), "given twice"),
        (("seed=" + ",".join(map(str, range(1001))),), "1,001 runs"),
    ],
)
def test_what_cannot_be_swept_is_refused_with_a_sentence(over, reason):
    with pytest.raises(ValueError, match=reason):
        plan(*over).points()


def test_a_sweep_is_read_back_as_it_is_and_its_name_is_its_own(tmp_path):
    wanted = plan("beta=0.5,1", "hidden=[32,64],[64]", "beta-schedule=linear:50")
    assert create_sweep(tmp_path, wanted).plan == wanted
    assert SweepFolder(tmp_path, "s").plan.points() == wanted.points()
    create_sweep(tmp_path, wanted)  # said again
    with pytest.raises(ValueError, match="other values or of another recipe"):
        create_sweep(tmp_path, plan("beta=0.5,2"))
    (tmp_path / "taken").mkdir()
    with pytest.raises(ValueError, match="already"):
        create_sweep(tmp_path, Plan("taken", RECIPE, wanted.axes))
    with pytest.raises(ValueError, match=r"no sweep 'other' .*; there are: s"):
        SweepFolder(tmp_path, "other")


def test_a_command_without_a_name_goes_on_with_its_own_sweep(tmp_path):
    first, second = plan("beta=0.5,1"), plan("beta=0.5,2")
    assert default_name(tmp_path, "digits-sweep", first) == "digits-sweep-1"
    create_sweep(tmp_path, Plan("digits-sweep-1", first.recipe, first.axes))
    assert default_name(tmp_path, "digits-sweep", first) == "digits-sweep-1"
    assert default_name(tmp_path, "digits-sweep", second) == "digits-sweep-2"


def test_a_torn_plan_is_said(tmp_path):
    create_sweep(tmp_path, plan("beta=0.5,1"))
    file = tmp_path / "s" / "sweep.json"
    file.write_text('{"schema_version": 1}')
    with pytest.raises(ValueError, match="damaged"):
        SweepFolder(tmp_path, "s")
    file.write_text('{"schema_version": 99}')
    with pytest.raises(ValueError, match="newer"):
        SweepFolder(tmp_path, "s")


def test_words_stand_apart_in_names_but_for_sweeps_that_had_them_otherwise(tmp_path):
    made = plan("network=mlp,conv", "model.norm=none,batch", "beta=0.5")
    assert made.points()[0].name == "s-network-mlp-norm-none-beta0.5"
    folder = create_sweep(tmp_path, made)
    assert folder.plan.points() == made.points()

    first = {key: value for key, value in made.to_dict().items() if key != "words_apart"}
    (folder.path / "sweep.json").write_text(json.dumps({"schema_version": 1, **first}))
    again = create_sweep(tmp_path, made)
    assert again.plan.points()[0].name == "s-networkmlp-normnone-beta0.5"
    assert default_name(tmp_path, "t", made) == "t-1"
