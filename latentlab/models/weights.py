"""A model as two files that safetensors and json alone can read: model.safetensors and config.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from latentlab.config import RunConfig, without_warmup_steps
from latentlab.models.build import build
from latentlab.models.latent_model import LatentModel
from latentlab.models.layers import Shape

WEIGHTS_FILE, DESCRIPTION_FILE = "model.safetensors", "config.json"
SCHEMA_VERSION = 2


@dataclass(frozen=True)
class LoadedWeights:
    """A model in evaluation mode with what it was made from; image_shape is (C, H, W)."""

    model: LatentModel
    config: RunConfig
    image_shape: Shape
    class_names: tuple[str, ...]


def model_description(config: RunConfig, image_shape: Shape, class_names: tuple[str, ...]) -> dict[str, Any]:
    """What config.json holds: enough, with the weights, to build the model again."""
    return {
        "schema_version": SCHEMA_VERSION,
        "config": config.to_dict(),
        "image_shape": list(image_shape),
        "class_names": list(class_names),
    }


def load_model(folder: Path, device: str | torch.device = "cpu") -> LoadedWeights:
    """The model in a checkpoint's folder. Raises ValueError with one sentence; OSError where a file is missing."""
    config, shape, class_names = _read_description(folder / DESCRIPTION_FILE)
    model = build(config.model, shape, len(class_names), seed=0, attributes=len(config.data.attributes))
    state = from_bytes((folder / WEIGHTS_FILE).read_bytes())
    try:
        model.load_state_dict(state)
    except RuntimeError:
        raise ValueError(f"the weights in {folder} are not those of the model in its {DESCRIPTION_FILE}") from None
    return LoadedWeights(model.to(device).eval(), config, shape, class_names)


def state_bytes(state: Mapping[str, Tensor]) -> bytes:
    """The tensors as a .safetensors file, each contiguous and from the CPU."""
    return safetensors.torch.save({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()})


def from_bytes(data: bytes) -> dict[str, Tensor]:
    """The tensors of a .safetensors file, on the CPU. Raises ValueError where it is damaged."""
    try:
        return safetensors.torch.load(data)
    except SafetensorError as error:
        raise ValueError(f"the weights are damaged: {error}") from None


def _read_description(path: Path) -> tuple[RunConfig, Shape, tuple[str, ...]]:
    try:
        values = json.loads(path.read_bytes())
        version = values["schema_version"]
        if version > SCHEMA_VERSION:
            raise ValueError(f"{path} was written by a newer LatentLab")
        config = RunConfig.parse(without_warmup_steps(values["config"]) if version < 2 else values["config"])
        channels, height, width = (int(side) for side in values["image_shape"])
        return config, (channels, height, width), tuple(str(name) for name in values["class_names"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        raise ValueError(f"{path} is damaged: it does not describe a model") from None
