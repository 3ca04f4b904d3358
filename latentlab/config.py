"""What a run is made of: data, model, objective and training; validated, to and from JSON and YAML.

Every section is frozen and refuses unknown fields, so that a misspelt option is an error and not a silent default.
`RunConfig.parse` and `RunConfig.read` turn pydantic's report into one sentence that a person can act on.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

ModelKind = Literal["vae", "beta-vae", "cvae"]
NetworkKind = Literal["mlp", "conv", "residual"]
DecoderKind = Literal["transposed", "upsample"]
NormKind = Literal["none", "batch", "group", "layer"]
ActivationKind = Literal["leaky-relu", "relu", "elu", "silu", "gelu", "tanh", "softplus", "gated"]
LikelihoodKind = Literal["bernoulli", "continuous-bernoulli", "gaussian", "discretized-logistic"]
PriorKind = Literal["standard", "conditional"]
ObjectiveKind = Literal["beta", "capacity", "iwae"]
FreeBits = Literal["dimension", "sample", "layer"]
Augmentation = Literal["flip", "crop"]
DeviceKind = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "float32", "bfloat16"]

DEFAULT_BETA: dict[str, float] = {"vae": 1.0, "beta-vae": 2.0, "cvae": 1.0}
CELEBA = "celeba"  # the source whose images have attributes
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
    attributes: Annotated[tuple[str, ...], Field(max_length=6)] = Field(
        (), description="Attributes (CelebA's) whose combinations are the classes, and so the condition of a CVAE"
    )
    augment: tuple[Augmentation, ...] = Field(
        (), description="Chance changes to training images: mirrored left to right, moved by a few pixels"
    )

    @model_validator(mode="after")
    def _path_belongs_to_folder(self) -> Self:
        if (self.source == FOLDER) != (self.path is not None):
            raise ValueError("a path is needed for the source 'folder', and only for it")
        return self

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        for field, names in (("attributes", self.attributes), ("augment", self.augment)):
            if len(set(names)) < len(names):
                raise ValueError(f"{field}: each is named once, and these are {', '.join(names)}")
        if self.attributes and self.source != CELEBA:
            raise ValueError(f"attributes are CelebA's, and these are the images of {self.source}")
        return self


class ModelConfig(Section):
    """The networks, the latent space and the likelihood."""

    kind: ModelKind = Field("vae", description="VAE, beta-VAE, or CVAE (the class is a condition)")
    network: NetworkKind = Field(
        "conv", description="Fully connected layers, stride-2 convolutions, or these with residual blocks"
    )
    hidden: tuple[Annotated[int, Field(ge=1, le=8192)], ...] | None = Field(
        None, description="Units per layer (mlp) or channels per layer (conv, residual); empty: the network's default"
    )
    decoder: DecoderKind = Field(
        "transposed", description="How convolutions grow back: transposed, or enlarged first and then convolved"
    )
    norm: NormKind = Field("none", description="Normalisation after each hidden layer")
    activation: ActivationKind = Field("leaky-relu", description="What makes a hidden layer more than a matrix")
    latent_dim: int = Field(16, ge=1, le=1024, description="Number of latent dimensions")
    prior: PriorKind = Field("standard", description="N(0, I), or for a CVAE a Gaussian that is learnt for each class")
    likelihood: LikelihoodKind = Field("bernoulli", description="What a pixel is given the decoder's output")
    sigma: Literal["learned", "optimal"] | Annotated[float, Field(ge=0.001, le=10.0)] = Field(
        "learned",
        description="Of a Gaussian, in pixels from 0 to 1, one for all: learnt, the optimum of each batch, or a number",
    )
    binarize: Literal["none", "fresh", "threshold"] = Field(
        "none",
        description="What a Bernoulli likelihood sees: grey values, a fresh coin flip each time, or a cut at 1/2",
    )

    @model_validator(mode="after")
    def _options_belong(self) -> Self:
        if self.binarize != "none" and self.likelihood != "bernoulli":
            raise ValueError(f"binarize is for the Bernoulli likelihood; a {self.likelihood} one sees grey values")
        if self.sigma != "learned" and self.likelihood != "gaussian":
            raise ValueError(f"sigma is for the Gaussian likelihood, and this one is {self.likelihood}")
        if self.network == "mlp" and self.decoder != "transposed":
            raise ValueError(
                f"decoder {self.decoder} is for convolutions, and an mlp has none: choose conv or residual"
            )
        if self.prior == "conditional" and self.kind != "cvae":
            raise ValueError("a prior for each class needs the class as a condition: choose the model cvae")
        return self


class WeightSchedule(Section):
    """How beta or the capacity gets to its value: as fractions of it, from `start` to `end`, over `steps`."""

    shape: Literal["constant", "linear", "cosine", "cyclical"] = Field("constant", description="The way it changes")
    steps: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Steps until it is there, and held; empty: those of the whole training; constant: unused"
    )
    start: float = Field(0.0, ge=0.0, le=1000.0, description="Fraction of the value at the first step")
    end: float = Field(1.0, ge=0.0, le=1000.0, description="Fraction of the value at the end, held from there on")
    cycles: int = Field(4, ge=1, le=10_000, description="Of a cyclical schedule: how often it rises")
    ratio: float = Field(0.5, gt=0.0, le=1.0, description="Of a cyclical schedule: share of a cycle spent rising")


class RateSchedule(Section):
    """How the learning rate changes: as fractions of it, from `start` to `end`, over `steps`."""

    shape: Literal["constant", "linear", "cosine", "cyclical", "one-cycle"] = Field(
        "constant", description="The way it changes; one-cycle rises to the full rate and falls, cyclical starts anew"
    )
    steps: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Steps until it is there, and held; empty: those of the whole training; constant: unused"
    )
    start: Annotated[float, Field(gt=0.0, le=1.0)] | None = Field(
        None, description="Fraction of the rate at the first step; empty: 1, or 0.04 for one-cycle"
    )
    end: float = Field(0.01, ge=0.0, le=1.0, description="Fraction of the rate at the end, held from there on")
    cycles: int = Field(4, ge=1, le=10_000, description="Of a cyclical schedule: how often it falls")
    peak: float = Field(0.3, gt=0.0, lt=1.0, description="Of one-cycle: share of the steps until the full rate")


ONLY_OF = {"cycles": "cyclical", "ratio": "cyclical", "peak": "one-cycle"}


def _check_schedule(name: str, schedule: WeightSchedule | RateSchedule) -> None:
    """Raises ValueError where a field is set that its shape ignores; not for steps, which a form may set first."""
    shape = schedule.shape
    for field, kind in type(schedule).model_fields.items():
        ignored = field not in ("shape", "steps") and (shape == "constant" or shape != ONLY_OF.get(field, shape))
        if ignored and getattr(schedule, field) != kind.default:
            raise ValueError(f"the {name} schedule {field} is for another shape; one that is {shape} has no use for it")


class ObjectiveConfig(Section):
    """What is minimised, in nats per image: reconstruction + beta * KL, or another bound or balance of the two."""

    kind: ObjectiveKind = Field(
        "beta", description="Reconstruction + beta * KL; KL drawn to a capacity; or the bound of several samples (IWAE)"
    )
    beta: float = Field(1.0, ge=0.0, le=1000.0, description="Weight of the KL term; 0 makes it a plain autoencoder")
    beta_schedule: WeightSchedule = Field(WeightSchedule(), description="How beta gets to its value")
    free_bits: float = Field(0.0, ge=0.0, le=1000.0, description="Nats of KL that cost nothing; 0: none")
    free_bits_per: FreeBits = Field(
        "dimension",
        description="What the free nats are given to: each dimension's mean over the batch, each dimension "
        "of each sample, or the whole latent layer of each sample",
    )
    capacity: float | None = Field(None, ge=0.0, le=10_000.0, description="Nats of KL that the objective holds it at")
    capacity_schedule: WeightSchedule = Field(
        WeightSchedule(shape="linear"), description="How the capacity gets to its value"
    )
    capacity_weight: float = Field(1000.0, gt=0.0, le=1e6, description="Cost of a nat away from the capacity (gamma)")
    samples: int = Field(1, ge=1, le=1000, description="Draws of z per image in training, for IWAE (k)")

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if (self.kind == "capacity") != (self.capacity is not None):
            raise ValueError("the objective capacity needs a capacity in nats, and only it takes one")
        if self.kind != "beta" and (self.beta != 1.0 or self.beta_schedule.shape != "constant"):
            raise ValueError(f"beta and its schedule are for the objective beta; {self.kind} has a balance of its own")
        if self.kind != "beta" and self.free_bits:
            raise ValueError(f"free bits are for the objective beta, and this one is {self.kind}")
        if self.kind != "capacity" and self.capacity_weight != 1000.0:
            raise ValueError(f"a capacity's weight is for the objective capacity, and this one is {self.kind}")
        if self.kind != "capacity" and self.capacity_schedule != type(self).model_fields["capacity_schedule"].default:
            raise ValueError(f"a capacity's schedule is for the objective capacity, and this one is {self.kind}")
        if self.kind != "iwae" and self.samples != 1:
            raise ValueError("several samples per image are for the objective iwae")
        if self.beta == 0 and self.free_bits:
            raise ValueError(
                "beta 0 leaves the KL out, so free bits spare nothing: choose another beta, or no free bits"
            )
        _check_schedule("beta", self.beta_schedule)
        _check_schedule("capacity", self.capacity_schedule)
        return self


class TrainingConfig(Section):
    """How it is minimised."""

    epochs: int = Field(20, ge=1, le=100_000, description="Passes over the training images, in total")
    batch_size: int = Field(128, ge=1, le=65_536, description="Images per step")
    learning_rate: float = Field(1e-3, gt=0.0, le=10.0, description="Adam's step size")
    learning_rate_schedule: RateSchedule = Field(RateSchedule(), description="How the learning rate changes")
    weight_decay: float = Field(
        0.0, ge=0.0, le=10.0, description="Share of a weight taken off by a step of rate 1 (AdamW)"
    )
    clip_norm: Annotated[float, Field(gt=0.0)] | None = Field(
        None, description="Longest gradient (its norm over all weights); empty: any"
    )
    ema: float = Field(
        0.0, ge=0.0, lt=1.0, description="Decay per step of the running mean of the weights that is shown; 0: none"
    )
    seed: int = Field(0, ge=0, lt=2**31, description="Of weights, shuffling, noise and the validation split")
    device: DeviceKind = Field("auto", description="Where it runs; auto takes CUDA or MPS where there is one")
    precision: Precision = Field(
        "auto", description="Numbers of the networks; auto takes bfloat16 where it is fast and agrees with float32"
    )
    recompute: bool = Field(False, description="Gradient checkpointing: less memory, about a third more time")
    log_every: int = Field(10, ge=1, description="Steps between two records of the curves")
    checkpoint_every: int = Field(10, ge=1, description="Epochs between two checkpoints")
    pictures_every: int = Field(0, ge=0, description="Epochs between two sets of pictures in the run folder; 0: none")
    history: bool = Field(True, description="Keep each epoch's weights, for the window to go back to; sweeps do not")
    start_from: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="The run whose weights this one began with"
    )

    @model_validator(mode="after")
    def _rates_fit(self) -> Self:
        _check_schedule("learning rate", self.learning_rate_schedule)
        if self.weight_decay * self.learning_rate >= 1:
            what = f"weight decay {self.weight_decay:g} at learning rate {self.learning_rate:g}"
            raise ValueError(f"{what} takes off all of a weight at each step: choose less of one of them")
        return self


class RunConfig(Section):
    """Everything that makes a run: enough, with the data, to train it again."""

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="before")
    @classmethod
    def _beta_follows_kind(cls, values: Any) -> Any:
        """Where no beta is given, the model's kind decides it (`DEFAULT_BETA`); other objectives have none."""
        if not isinstance(values, dict):
            return values
        model, objective = values.get("model", {}), values.get("objective", {})
        model = model.model_dump() if isinstance(model, ModelConfig) else model
        if isinstance(model, dict) and isinstance(objective, dict) and "beta" not in objective:
            beta = DEFAULT_BETA.get(str(model.get("kind", "vae")), 1.0)
            beta = beta if objective.get("kind", "beta") == "beta" else 1.0
            values = {**values, "objective": {**objective, "beta": beta}}
        return values

    @model_validator(mode="after")
    def _vae_has_beta_one(self) -> Self:
        if self.model.kind == "vae" and self.objective.beta != 1.0:
            raise ValueError(f"a VAE has beta 1; for beta {self.objective.beta:g} choose the model beta-vae")
        schedule = self.objective.beta_schedule
        if self.model.kind == "vae" and schedule.shape != "constant" and schedule.end != 1.0:
            raise ValueError(f"a VAE's beta ends at 1; for one that ends at {schedule.end:g} choose the model beta-vae")
        if self.model.kind == "vae" and self.objective.kind == "capacity":
            raise ValueError("a VAE has beta 1; for the objective capacity choose the model beta-vae")
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


def without_warmup_steps(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration of the first schema, where a warm-up of beta was a number of steps, in today's words."""
    objective = dict(config.get("objective", {}))
    if steps := objective.pop("warmup_steps", 0):
        objective["beta_schedule"] = {"shape": "linear", "steps": steps}
    return {**config, "objective": objective}


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
    if fault["loc"][1:2] == ("sigma",):  # pydantic reports the first of its kinds alone
        return f"sigma is learned, optimal, or a number from 0.001 to 10 (got {_short(fault['input'])})"
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
