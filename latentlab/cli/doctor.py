"""latentlab doctor: versions, devices, Qt, display, folders and the demo run, each looked at and said in one line."""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from latentlab.cli import display
from latentlab.cli.exits import DONE, FAILED
from latentlab.cli.opening import runs_root
from latentlab.runs.folder import RunFolder
from latentlab.runs.places import default_data_dir, demo_run

if TYPE_CHECKING:
    import torch

PACKAGES = ("numpy", "torch", "torchvision", "PySide6-Essentials", "pyqtgraph", "scikit-learn", "umap-learn",
            "pydantic", "safetensors", "pillow")  # fmt: skip
QT = """
import PySide6.QtCore, PySide6.QtWidgets
app = PySide6.QtWidgets.QApplication([])
print(PySide6.QtCore.qVersion())
"""


@dataclass(frozen=True)
class Finding:
    """What was found: "good", "note" (works, with a limit that is said) or "bad" (LatentLab will not work)."""

    what: str
    state: Literal["good", "note", "bad"]
    text: str


def doctor(request: Namespace) -> int:
    """Prints what was found; 1 where something is bad, else 0."""
    findings = []
    for finding in _examine(request):
        findings.append(finding)
        if not request.json:
            print(f"{finding.state:<5} {finding.what:<12} {finding.text}", flush=True)
    well = all(finding.state != "bad" for finding in findings)
    if request.json:
        print(json.dumps({"well": well, "findings": [asdict(finding) for finding in findings]}))
    return DONE if well else FAILED


def _examine(request: Namespace) -> Iterator[Finding]:
    """All findings, the quick ones first."""
    yield Finding(
        "LatentLab", "good", f"{_version('latentlab')}, Python {platform.python_version()}, {platform.platform()}"
    )
    yield _packages()
    data = default_data_dir() if request.data_dir is None else request.data_dir
    yield _guarded("runs", lambda: _folder("runs", runs_root(request.checkpoints)))
    yield _guarded("data", lambda: _folder("data", data))
    yield _guarded("demo run", _demo)
    yield _guarded("display", _display)
    yield _guarded("Qt", _qt)
    yield _guarded("torch", _torch)


def _guarded(what: str, look: Callable[[], Finding]) -> Finding:
    """What `look` finds; an error is what it found."""
    try:
        return look()
    except (ValueError, OSError, ImportError, RuntimeError, subprocess.TimeoutExpired) as error:
        return Finding(what, "bad", " ".join(str(error).split()))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _packages() -> Finding:
    found = {package: _version(package) for package in PACKAGES}
    missing = [package for package, version in found.items() if version is None]
    if missing:
        return Finding("packages", "bad", f"{', '.join(missing)} missing: install LatentLab with its dependencies")
    return Finding("packages", "good", ", ".join(f"{package} {version}" for package, version in found.items()))


def _folder(what: str, folder: Path) -> Finding:
    """Whether the folder, or the one that it would be made in, can be written to, by writing."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        return Finding(what, "bad", f"cannot write to {there}: {error.strerror}; choose another folder")
    free = shutil.disk_usage(there).free / 1e9
    text = f"{folder} {'is writable' if there == folder.absolute() else 'can be made'}, {free:.1f} GB free"
    return Finding(what, "note" if free < 1 else "good", text)


def _demo() -> Finding:
    path = demo_run()
    if path is None:
        return Finding("demo run", "note", "not here: the window opens empty")
    checkpoint, faults = RunFolder(path).checkpoints.newest_good()
    if checkpoint is None or faults:
        return Finding("demo run", "note", "; ".join(faults) or "it has no checkpoint")
    return Finding("demo run", "good", f"sound, {checkpoint.name}")


def _display() -> Finding:
    """Whether a window could be opened; without, the command line and --screenshot still work."""
    try:
        display.needed_platform(screenshot=False)
    except ValueError as error:
        return Finding("display", "note", str(error))
    return Finding("display", "good", os.environ.get("QT_QPA_PLATFORM") or display.find_platform() or sys.platform)


def _qt() -> Finding:
    """Qt in a process of its own, because it aborts where something is missing; no display is needed."""
    if sys.platform.startswith("linux") and (missing := display.missing_libraries("offscreen")):
        return Finding("Qt", "bad", f"{', '.join(missing)} missing: {display.remedy()}")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"} if sys.platform.startswith("linux") else None
    asked = [sys.executable, "-c", QT]
    child = subprocess.run(asked, capture_output=True, text=True, env=environment, timeout=60, check=False)
    if child.returncode:
        last = (child.stderr.strip().splitlines() or ["no reason given"])[-1]
        return Finding("Qt", "bad", f"it ended with {child.returncode}: {last}")
    return Finding("Qt", "good", f"{child.stdout.strip()} starts")


def _torch() -> Finding:
    """One step of learning on the device that training would take, against the same on the processor."""
    import torch

    from latentlab.training.devices import choose_device, describe

    device = choose_device("auto")
    here, reference = (_descend(torch.device(kind)) for kind in (device.type, "cpu"))
    if abs(here - reference) > 1e-3:
        return Finding(
            "torch", "bad", f"{describe(device)} computes {here:.4f} where the processor has {reference:.4f}"
        )
    return Finding("torch", "good", f"learns on {describe(device)}")


def _descend(device: "torch.device") -> float:
    """The loss after ten steps down a small convex hill."""
    import torch

    target = torch.linspace(-1, 1, 64, device=device).reshape(8, 8)
    weights = torch.zeros(8, 8, device=device, requires_grad=True)
    for _ in range(10):
        loss = (weights @ torch.eye(8, device=device) - target).square().mean()
        (gradient,) = torch.autograd.grad(loss, weights)
        weights = (weights - 8 * gradient).detach().requires_grad_()
    return float(loss.detach())
