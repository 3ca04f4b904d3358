"""What the window imports before its first paint brings in nothing heavy."""

import subprocess
import sys

import pytest

LIGHT = [
    "paths",
    "traverse",
    "pca",
    "neighbours",
    "map_cache",
    "projection",
    "projection_process",
    "projection_settings",
    "tsne",
    "trust",
    "overlays.gaussians",
    "overlays.holes",
    "overlays.kinds",
    "overlays.lattice",
    "overlays.neighbours",
]
HEAVY = ["torch", "torchvision", "sklearn", "umap", "numba", "scipy", "PIL", "PySide6"]


@pytest.mark.parametrize("modules", [LIGHT], ids=["all of them"])
def test_light_modules_import_nothing_heavy(modules):
    names = ", ".join(f"latentlab.explore.{module}" for module in modules)
    code = f"import sys, latentlab, {names}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
