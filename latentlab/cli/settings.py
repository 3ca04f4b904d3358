"""The flags that set a configuration's fields: one row each, for the parser and for what becomes of it.

Values are only read here; what is allowed, and the defaults, are the configuration's.
"""

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

GROUPS = {
    "data": "what is learnt from",
    "model": "the model",
    "objective": "what is minimised",
    "training": "how it is minimised",
}


@dataclass(frozen=True)
class Flag:
    """A flag without its dashes, the section and field that it sets, and what its value is read as."""

    name: str
    section: str
    field: str
    read: Callable[[str], Any]
    metavar: str
    help: str

    @property
    def dest(self) -> str:
        return self.name.replace("-", "_")


def names(text: str) -> list[str]:
    """'flip,crop' as a list; an empty text is an empty list."""
    return [name.strip() for name in text.split(",") if name.strip()]


def widths(text: str) -> list[int]:
    """'400,400' as a list of whole numbers."""
    try:
        return [int(width) for width in names(text)]
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is not a list of whole numbers such as 400,400") from None


def schedule(text: str) -> dict[str, Any]:
    """'linear' or 'linear:5000' as the shape and the steps of a schedule."""
    shape, colon, steps = text.partition(":")
    if not colon:
        return {"shape": shape}
    if not steps.isdecimal():
        raise ArgumentTypeError(f"'{text}' is not a schedule such as linear or linear:5000 (steps)")
    return {"shape": shape, "steps": int(steps)}


def sigma(text: str) -> str | float:
    """A number, or the word for how it is found."""
    try:
        return float(text)
    except ValueError:
        return text


def assignment(text: str) -> tuple[list[str], Any]:
    """'model.norm=batch' as the way to a field and its value, read as JSON where it is JSON."""
    path, equals, value = text.partition("=")
    if not equals or "." not in path:
        raise ArgumentTypeError(
            f"'{text}' is not SECTION.FIELD=VALUE, such as model.norm=batch; 'latentlab settings' lists them"
        )
    try:
        return path.strip().split("."), json.loads(value)
    except json.JSONDecodeError:
        return path.strip().split("."), value


FLAGS = (
    Flag("limit", "data", "limit", int, "N", "use N training images, balanced over the classes"),
    Flag("val-fraction", "data", "val_fraction", float, "X", "share held out for validation (default: 0.1)"),
    Flag("attributes", "data", "attributes", names, "A,B", "attributes (CelebA's) that are a CVAE's condition"),
    Flag("augment", "data", "augment", names, "KINDS", "chance changes to training images: flip, crop or flip,crop"),
    Flag("model", "model", "kind", str, "KIND", "vae, beta-vae or cvae (default: vae)"),
    Flag("network", "model", "network", str, "KIND", "mlp, conv or residual (default: conv)"),
    Flag("hidden", "model", "hidden", widths, "N,N", "units (mlp) or channels (conv, residual) per layer"),
    Flag("decoder", "model", "decoder", str, "KIND", "of convolutions: transposed or upsample (default: transposed)"),
    Flag("norm", "model", "norm", str, "KIND", "none, batch, group or layer (default: none)"),
    Flag(
        "activation",
        "model",
        "activation",
        str,
        "KIND",
        "leaky-relu, relu, elu, silu, gelu, tanh, softplus or gated (default: leaky-relu)",
    ),
    Flag("latent-dim", "model", "latent_dim", int, "N", "latent dimensions (default: 16)"),
    Flag("prior", "model", "prior", str, "KIND", "standard, or of a cvae conditional: learnt (default: standard)"),
    Flag(
        "likelihood",
        "model",
        "likelihood",
        str,
        "KIND",
        "bernoulli, continuous-bernoulli, gaussian or discretized-logistic (default: bernoulli)",
    ),
    Flag("sigma", "model", "sigma", sigma, "X", "of a Gaussian: learned, optimal or a number (default: learned)"),
    Flag("binarize", "model", "binarize", str, "HOW", "for a Bernoulli: none, fresh or threshold (default: none)"),
    Flag("objective", "objective", "kind", str, "KIND", "beta, capacity or iwae (default: beta)"),
    Flag("beta", "objective", "beta", float, "X", "weight of the KL (default: 1; beta-vae: 2)"),
    Flag(
        "beta-schedule",
        "objective",
        "beta_schedule",
        schedule,
        "SHAPE[:STEPS]",
        "constant, linear, cosine or cyclical (default: constant)",
    ),
    Flag("free-bits", "objective", "free_bits", float, "NATS", "KL per dimension that costs nothing (default: 0.0)"),
    Flag("capacity", "objective", "capacity", float, "NATS", "the KL that the objective capacity holds it at"),
    Flag("iwae-samples", "objective", "samples", int, "K", "draws per image of the objective iwae (default: 1)"),
    Flag("epochs", "training", "epochs", int, "N", "passes over the data, in total (default: 20)"),
    Flag("batch-size", "training", "batch_size", int, "N", "images per step (default: 128)"),
    Flag("lr", "training", "learning_rate", float, "X", "Adam's learning rate (default: 0.001)"),
    Flag(
        "lr-schedule",
        "training",
        "learning_rate_schedule",
        schedule,
        "SHAPE[:STEPS]",
        "constant, linear, cosine, cyclical or one-cycle (default: constant)",
    ),
    Flag("weight-decay", "training", "weight_decay", float, "X", "of AdamW (default: 0.0)"),
    Flag("clip-norm", "training", "clip_norm", float, "X", "longest gradient"),
    Flag("ema", "training", "ema", float, "X", "decay of the running mean of weights that is shown (default: 0.0)"),
    Flag("seed", "training", "seed", int, "N", "of weights, noise, shuffling and splits (default: 0)"),
    Flag("device", "training", "device", str, "KIND", "auto, cpu, cuda or mps (default: auto)"),
    Flag("precision", "training", "precision", str, "KIND", "auto, float32 or bfloat16 (default: auto)"),
    Flag("pictures-every", "training", "pictures_every", int, "N", "epochs between two sets of pictures in the run"),
)
"""--data sets two fields, and --from a run's name: cli/train.py reads them."""


def add_flags(command: ArgumentParser) -> None:
    """The flags in groups, without defaults, and --set for every other field."""
    groups = {section: command.add_argument_group(title) for section, title in GROUPS.items()}
    groups["data"].add_argument(
        "--data",
        metavar="NAME_OR_FOLDER",
        help="digits, shapes, mnist, fashion-mnist, cifar10, "
        "celeba, or a folder of pictures with or without a subfolder per class (default: digits)",
    )
    for flag in FLAGS:
        groups[flag.section].add_argument(
            f"--{flag.name}", type=flag.read, metavar=flag.metavar, help=flag.help, dest=flag.dest
        )
    groups["training"].add_argument(
        "--set",
        type=assignment,
        action="append",
        metavar="SECTION.FIELD=VALUE",
        help="any setting, such as training.recompute=true; may be repeated; 'latentlab settings' lists them all",
    )


def given(request: Namespace) -> list[str]:
    """The flags of the configuration that were set on the command line, with their dashes."""
    found = [f"--{flag.name}" for flag in FLAGS if getattr(request, flag.dest) is not None]
    return found + [f"--{name}" for name in ("data", "set") if getattr(request, name) is not None]


def settings(request: Namespace) -> dict[str, Any]:
    """The fields that FLAGS and --set give, section by section."""
    values: dict[str, Any] = {}
    for flag in FLAGS:
        if (value := getattr(request, flag.dest)) is not None:
            values.setdefault(flag.section, {})[flag.field] = value
    for path, value in request.set or []:
        section = values
        for name in path[:-1]:
            section = section.setdefault(name, {})
            if not isinstance(section, dict):
                raise ValueError(f"--set {'.'.join(path)}: {name} is not a section")
        section[path[-1]] = value
    return values
