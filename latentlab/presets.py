"""Recipes by name, as values to put over a configuration's defaults."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "digits": {
        "data": {"source": "digits"},
        "model": {"network": "conv", "hidden": [16, 32], "latent_dim": 10},
        "training": {"epochs": 60, "batch_size": 64},
    },
    "fashion": {
        "data": {"source": "fashion-mnist"},
        "model": {"network": "conv", "hidden": [32, 64, 128], "latent_dim": 64},
        "objective": {"beta_schedule": {"shape": "constant"}},
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
        "objective": {"beta_schedule": {"shape": "linear", "steps": 5_000}},
        "training": {"epochs": 20},
    },
    "disentangled": {
        "data": {"source": "shapes", "limit": 50_000},
        "model": {"kind": "beta-vae", "network": "conv", "hidden": [32, 32, 64, 64], "latent_dim": 10},
        "objective": {"beta": 4.0},
        "training": {"epochs": 30},
    },
    "disentangled-capacity": {
        "data": {"source": "shapes", "limit": 50_000},
        "model": {"kind": "beta-vae", "network": "conv", "hidden": [32, 32, 64, 64], "latent_dim": 10},
        "objective": {
            "kind": "capacity",
            "capacity": 25.0,
            "capacity_weight": 1000.0,
            "capacity_schedule": {"shape": "linear", "steps": 9_000},
        },
        "training": {"epochs": 30, "learning_rate": 5e-4},
    },
    "cyclical": {
        "data": {"source": "fashion-mnist"},
        "model": {"network": "conv", "hidden": [32, 64, 128], "latent_dim": 64},
        "objective": {"beta_schedule": {"shape": "cyclical", "cycles": 4, "ratio": 0.5}, "free_bits": 0.25},
        "training": {
            "epochs": 60,
            "learning_rate": 1e-3,
            "learning_rate_schedule": {"shape": "cosine", "end": 0.01},
            "weight_decay": 1e-5,
        },
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
    "likelihood": {
        "data": {"source": "mnist", "val_fraction": 0.0},
        "model": {
            "network": "mlp",
            "hidden": [500, 500],
            "activation": "silu",
            "norm": "layer",
            "latent_dim": 40,
            "binarize": "fresh",
        },
        "objective": {"beta_schedule": {"shape": "linear", "steps": 10_000}},
        "training": {
            "epochs": 50,
            "batch_size": 64,
            "learning_rate": 2e-3,
            "learning_rate_schedule": {"shape": "one-cycle", "peak": 0.1, "end": 0.001},
            "weight_decay": 0.03,
            "ema": 0.999,
            "log_every": 100,
        },
    },
    "contrast-0": {
        "data": {"source": "mnist"},
        "model": {"kind": "beta-vae", "network": "mlp", "latent_dim": 10},
        "objective": {"beta": 0.0},
        "training": {"epochs": 10},
    },
    "contrast-10": {
        "data": {"source": "mnist"},
        "model": {"kind": "beta-vae", "network": "mlp", "latent_dim": 10},
        "objective": {"beta": 10.0},
        "training": {"epochs": 10},
    },
}
"""Recipes by name, as dicts to put over the defaults.

'disentangled' follows Higgins et al. 2017 (beta 4), 'disentangled-capacity' Burgess et al. 2018 (25 nats), 'cyclical'
Fu et al. 2019, with a learning rate that falls to 1e-5. 'likelihood' is for figures beside those of Burda et al. 2016
(binarised afresh, all training images). The two 'contrast' ones differ in beta alone.
"""


def preset(name: str) -> dict[str, Any]:
    """The preset's values, to be merged under flags. Raises ValueError naming the presets there are."""
    if name not in PRESETS:
        raise ValueError(f"unknown preset '{name}'; there are: {', '.join(PRESETS)}")
    return PRESETS[name]
