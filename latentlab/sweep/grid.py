"""What a sweep trains: a recipe, and axes over fields of its configuration; every combination is a point."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from latentlab.config import DEFAULT_BETA, RunConfig, merge
from latentlab.runs.names import check_name, cleaned

MOST_POINTS = 1000
BETA, KIND = ("objective", "beta"), ("model", "kind")
UNLESS_ASKED = {"training": {"history": False}}  # a sweep's runs are compared, and hardly gone back through


@dataclass(frozen=True)
class Axis:
    """One field and the values it takes. name: what it is called in a run's name and in tables."""

    name: str
    path: tuple[str, ...]
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Point:
    """One run of the sweep: its name, the value of each axis by the axis's name, and its configuration."""

    name: str
    choices: dict[str, Any]
    config: RunConfig


@dataclass(frozen=True)
class Plan:
    """A sweep: its name, the recipe as values to put over a configuration's defaults, and the axes.

    Points come in the order of the values, the last axis changing fastest, so that a sweep that is cut short has
    whole settings of the first axes.

    words_apart: a run is called NAME-network-mlp; in the first sweeps it was NAME-networkmlp.
    """

    name: str
    recipe: dict[str, Any]
    axes: tuple[Axis, ...]
    words_apart: bool = field(default=True, compare=False)

    def points(self) -> list[Point]:
        """All points. Raises ValueError with one sentence for what cannot be trained, or not be told apart."""
        _check_axes(self.axes)
        found = [self._point(values) for values in itertools.product(*(axis.values for axis in self.axes))]
        for point in found:
            check_name(point.name)
        return found

    def _point(self, values: tuple[Any, ...]) -> Point:
        choices = {axis.name: value for axis, value in zip(self.axes, values, strict=True)}
        words = [self._word(name, label(value)) for name, value in choices.items()]
        over: dict[str, Any] = {}
        for axis, value in zip(self.axes, values, strict=True):
            over = merge(over, _nested(axis.path, value))
        wanted = merge(merge(UNLESS_ASKED, self.recipe), over)
        try:
            config = RunConfig.parse(as_beta_vae(wanted) if BETA in self.paths and KIND not in self.paths else wanted)
        except ValueError as error:
            told = ", ".join(f"{name} {label(value)}" for name, value in choices.items())
            raise ValueError(f"the point {told} cannot be trained: {error}") from None
        return Point("-".join([self.name, *words]), choices, config)

    def _word(self, name: str, value: str) -> str:
        return f"{name}-{value}" if self.words_apart and value[0].isalpha() else f"{name}{value}"

    @property
    def paths(self) -> set[tuple[str, ...]]:
        return {axis.path for axis in self.axes}

    def turned(self) -> list[Point]:
        """The points that were asked for as a VAE and are beta-VAEs, for their beta is another than 1."""
        asked = self.recipe.get("model", {}).get("kind", "vae")
        return (
            [point for point in self.points() if asked == "vae" and point.config.model.kind == "beta-vae"]
            if (BETA in self.paths and KIND not in self.paths)
            else []
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        axes = [{"name": axis.name, "path": list(axis.path), "values": list(axis.values)} for axis in self.axes]
        return {"name": self.name, "recipe": self.recipe, "axes": axes, "words_apart": self.words_apart}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Plan":
        """What `to_dict` gave. Raises KeyError and TypeError for anything else."""
        axes = tuple(Axis(axis["name"], tuple(axis["path"]), tuple(axis["values"])) for axis in values["axes"])
        return cls(values["name"], values["recipe"], axes, bool(values.get("words_apart", False)))


def as_beta_vae(values: dict[str, Any]) -> dict[str, Any]:
    """The same values with the model beta-vae where they ask for a VAE with a beta other than 1."""
    beta = values.get("objective", {}).get("beta", DEFAULT_BETA["vae"])
    if values.get("model", {}).get("kind", "vae") != "vae" or beta == 1:
        return values
    return merge(values, {"model": {"kind": "beta-vae"}})


def label(value: Any) -> str:
    """A value as part of a name: 0.1, 16, bernoulli, 32-64."""
    return cleaned("-".join(_words(value))) if value not in ("", [], ()) else "none"


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _words(part)
    elif isinstance(value, bool) or value is None:
        yield str(value).lower()
    else:
        yield f"{value:g}" if isinstance(value, float) else str(value)


def _nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    assert isinstance(value, dict), "a path has at least one name"
    return value


def _check_axes(axes: tuple[Axis, ...]) -> None:
    if not axes:
        raise ValueError("a sweep goes over something: say --over FIELD=VALUE,VALUE at least once")
    count = 1
    for axis in axes:
        labels = [label(value) for value in axis.values]
        if len(labels) < 1:
            raise ValueError(f"--over {axis.name} needs at least one value")
        twice = next((each for each in labels if labels.count(each) > 1), None)
        if twice is not None:
            raise ValueError(f"--over {axis.name} has the value {twice} twice")
        if sum(other.path == axis.path or other.name == axis.name for other in axes) > 1:
            raise ValueError(f"--over {axis.name} is given twice: put its values into one list")
        count *= len(labels)
    if count > MOST_POINTS:
        raise ValueError(f"these values make {count:,} runs, and a sweep has at most {MOST_POINTS:,}: take fewer")
