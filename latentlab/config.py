"""What a run is made of: data, model, objective and training; validated, to and from JSON and YAML.

Every section is frozen and refuses unknown fields, so that a misspelt option is an error and not a silent default.
`RunConfig.parse` and `RunConfig.read` turn pydantic's report into one sentence that a person can act on.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

ModelKind = Literal["vae", "beta-vae", "cvae"]
NetworkKind = Literal["mlp", "conv"]
LikelihoodKind = Literal["bernoulli", "gaussian"]
DeviceKind = Literal["auto", "cpu", "cuda", "mps"]

DEFAULT_BETA: dict[str, float] = {"vae": 1.0, "beta-vae": 2.0, "cvae": 1.0}
FOLDER = "folder"  # the source that reads a person's own pictures from `DataConfig.path`


class Section(BaseModel):
    """One part of a configuration: immutable, and closed to fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataConfig(Section):
    """Which images are learnt from."""

    source: str = Field("digits", description="A named data set, or 'folder' for your own pictures")
    path: str | None = Field(None, description="The folder of pictures, when the source is 'folder'")
    image_size: Annotated[int, Field(ge=8, le=128)] | None = Field(
        None, description="Side in pixels that pictures are resized and cropped to; empty keeps the source's own"
    )
    channels: Literal[1, 3] | None = Field(None, description="1 for grey, 3 for colour; empty keeps the source's own")
    limit: Annotated[int, Field(ge=2)] | None = Field(
        None, description="Use only so many training images, chosen by the seed and balanced over the classes"
    )
    val_fraction: float = Field(0.1, ge=0.0, lt=1.0, description="Share of the training part that is held out")

    @model_validator(mode="after")
    def _path_belongs_to_folder(self) -> Self:
        if (self.source == FOLDER) != (self.path is not None):
            raise ValueError("a path is needed for the source 'folder', and only for it")
        return self


class ModelConfig(Section):
    """The networks, the latent space and the likelihood."""

    kind: ModelKind = Field("vae", description="VAE, beta-VAE, or CVAE (the class is a condition)")
    network: NetworkKind = Field("conv", description="Fully connected layers, or stride-2 convolutions")
    hidden: tuple[Annotated[int, Field(ge=1, le=8192)], ...] | None = Field(
        None, description="Units per layer (mlp) or channels per layer (conv); empty takes the network's default"
    )
    norm: Literal["none", "batch"] = Field("none", description="Normalisation after each hidden layer")
    latent_dim: int = Field(16, ge=1, le=1024, description="Number of latent dimensions")
    likelihood: LikelihoodKind = Field("bernoulli", description="What a pixel is given the decoder's output")
    binarize: Literal["none", "fresh", "threshold"] = Field(
        "none",
        description="What a Bernoulli likelihood sees: grey values, a fresh coin flip each time, or a cut at 1/2",
    )

    @model_validator(mode="after")
    def _binarize_belongs_to_bernoulli(self) -> Self:
        if self.binarize != "none" and self.likelihood != "bernoulli":
            raise ValueError("binarize is for the Bernoulli likelihood; a Gaussian sees grey values")
        return self


class ObjectiveConfig(Section):
    """What is minimised: reconstruction + beta * KL, in nats per image."""

    beta: float = Field(1.0, ge=0.0, le=1000.0, description="Weight of the KL term")
    warmup_steps: int = Field(0, ge=0, description="Steps over which the weight of the KL rises from 0 to beta")


class TrainingConfig(Section):
    """How it is minimised."""

    epochs: int = Field(20, ge=1, le=100_000, description="Passes over the training images, in total")
    batch_size: int = Field(128, ge=1, le=65_536, description="Images per step")
    learning_rate: float = Field(1e-3, gt=0.0, le=10.0, description="Adam's step size")
    seed: int = Field(0, ge=0, lt=2**31, description="Of weights, shuffling, noise and the validation split")
    device: DeviceKind = Field("auto", description="Where it runs; auto takes CUDA or MPS where there is one")
    log_every: int = Field(10, ge=1, description="Steps between two records of the curves")
    checkpoint_every: int = Field(10, ge=1, description="Epochs between two checkpoints")


class RunConfig(Section):
    """Everything that makes a run: enough, with the data, to train it again."""

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="before")
    @classmethod
    def _beta_follows_kind(cls, values: Any) -> Any:
        """Where no beta is given, the model's kind decides it (`DEFAULT_BETA`)."""
        if not isinstance(values, dict):
            return values
        model, objective = values.get("model", {}), values.get("objective", {})
        model = model.model_dump() if isinstance(model, ModelConfig) else model
        if isinstance(model, dict) and isinstance(objective, dict) and "beta" not in objective:
            beta = DEFAULT_BETA.get(str(model.get("kind", "vae")), 1.0)
            values = {**values, "objective": {**objective, "beta": beta}}
        return values

    @model_validator(mode="after")
    def _vae_has_beta_one(self) -> Self:
        if self.model.kind == "vae" and self.objective.beta != 1.0:
            raise ValueError(f"a VAE has beta 1; for beta {self.objective.beta:g} choose the model beta-vae")
        return self

    @classmethod
    def parse(cls, values: Any) -> Self:
        """The configuration in `values` (a dict as `to_dict` writes it). Raises ValueError with one sentence."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ValueError(explain(error)) from None

    @classmethod
    def read(cls, path: Path) -> Self:
        """The configuration in a .json, .yaml or .yml file. Raises ValueError with one sentence."""
        return cls.parse(read_values(path))

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return self.model_dump(mode="json")


def read_values(path: Path) -> dict[str, Any]:
    """The mapping in a JSON or YAML file, unvalidated. Raises ValueError with one sentence."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"cannot read the configuration {path}: {reason}") from None
    try:
        values = json.loads(text) if path.suffix == ".json" else _yaml(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid {'JSON' if path.suffix == '.json' else 'YAML'}: {error}") from None
    if not isinstance(values, dict):
        raise ValueError(f"{path} should hold the sections data, model, objective and training")
    return values


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with the fields of `over` put over it, section by section."""
    merged = dict(base)
    for key, value in over.items():
        known = merged.get(key)
        merged[key] = merge(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def explain(error: ValidationError) -> str:
    """The first fault of a pydantic report as one sentence, naming the field as flags and forms do."""
    fault = error.errors()[0]
    where = " ".join(str(part).replace("_", " ") for part in fault["loc"][1:] or fault["loc"])
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        return f"unknown option {'.'.join(str(part) for part in fault['loc'])!r}"
    if not where or fault["type"] == "value_error":
        return message
    return f"{where}: {message[0].lower()}{message[1:]} (got {_short(fault['input'])})"


def _short(value: Any) -> str:
    """The value as Python writes it; of a long one the beginning, for a sentence that is still read."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _yaml(text: str) -> Any:
    import yaml  # only for configurations written by hand: not worth its import at every start

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


PRESETS: dict[str, dict[str, Any]] = {
    "digits": {
        "data": {"source": "digits"},
        "model": {"network": "conv", "hidden": [16, 32], "latent_dim": 10},
        "training": {"epochs": 60, "batch_size": 64},
    },
    "fashion": {
        "data": {"source": "fashion-mnist"},
        "model": {"network": "conv", "hidden": [32, 64, 128], "latent_dim": 64},
        "training": {"epochs": 60, "batch_size": 128, "learning_rate": 1e-3, "checkpoint_every": 10},
    },
    "digits-20": {
        "data": {"source": "mnist"},
        "model": {"network": "mlp", "hidden": [400, 256], "latent_dim": 20},
        "training": {"epochs": 20},
    },
    "faces-64": {
        "data": {"source": "celeba", "image_size": 64, "channels": 3},
        "model": {
            "network": "conv",
            "hidden": [32, 64, 128, 256],
            "norm": "batch",
            "latent_dim": 128,
            "likelihood": "gaussian",
        },
        "objective": {"warmup_steps": 5_000},
        "training": {"epochs": 20},
    },
    "disentangled": {
        "data": {"source": "shapes", "limit": 50_000},
        "model": {"kind": "beta-vae", "network": "conv", "hidden": [32, 32, 64, 64], "latent_dim": 10},
        "objective": {"beta": 4.0},
        "training": {"epochs": 30},
    },
    "conditional": {
        "data": {"source": "mnist"},
        "model": {"kind": "cvae", "network": "conv", "latent_dim": 8},
        "training": {"epochs": 15, "learning_rate": 2e-3},
    },
    "picture": {
        "data": {"source": "mnist"},
        "model": {"network": "mlp", "latent_dim": 2},
        "training": {"epochs": 30},
    },
}
"""Recipes by name, as dicts to put over the defaults. 'disentangled' follows Higgins et al. 2017 (beta 4)."""


def preset(name: str) -> dict[str, Any]:
    """The preset's values, to be merged under flags. Raises ValueError naming the presets there are."""
    if name not in PRESETS:
        raise ValueError(f"unknown preset '{name}'; there are: {', '.join(PRESETS)}")
    return PRESETS[name]
