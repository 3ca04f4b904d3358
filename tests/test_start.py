"""What stands between `latentlab` and its window: displays, Qt's libraries, the run asked for. Linux."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import latentlab.gui
from latentlab.__main__ import main
from latentlab.cli import display
from latentlab.runs.folder import RunFolder

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere Qt brings what it needs")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The windows that were opened: what `app.run` was called with, and the platform Qt was to take."""
    calls: list[dict[str, Any]] = []
    app = ModuleType("latentlab.gui.app")

    def run(**options: Any) -> int:
        calls.append({**options, "platform": os.environ.get("QT_QPA_PLATFORM")})
        return 0

    app.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "latentlab.gui.app", app)
    monkeypatch.setattr(latentlab.gui, "app", app, raising=False)
    return calls


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without a display."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_no_arguments_open_the_window(opened: list[dict[str, Any]]) -> None:
    assert main([]) == 0
    assert main(["gui", "--theme", "dark", "--size", "1600x1000"]) == 0
    assert opened[0]["run"] is None
    assert (opened[1]["theme"], opened[1]["size"]) == ("dark", (1600, 1000))


def test_a_lone_run_opens_the_window_with_it(opened: list[dict[str, Any]], trained_run: RunFolder) -> None:
    assert main(["small", "--checkpoints", str(trained_run.path.parent)]) == 0
    assert main([str(trained_run.path)]) == 0
    assert [call["run"] for call in opened] == ["small", str(trained_run.path)]


def test_without_a_display_there_is_one_sentence(
    opened: list[dict[str, Any]], bare: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "xvfb-run" in said
    assert opened == []


def test_a_display_that_does_not_answer_is_none(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("DISPLAY", ":4711")
    bare.setenv("WAYLAND_DISPLAY", "wayland-4711")
    assert display.find_platform() is None


def test_a_screenshot_needs_no_display(opened: list[dict[str, Any]], bare: pytest.MonkeyPatch) -> None:
    bare.setenv("QT_QPA_PLATFORM", "to be restored")
    bare.delenv("QT_QPA_PLATFORM")
    assert main(["--screenshot", "window.png"]) == 0
    assert opened[0]["platform"] == "offscreen"
    assert opened[0]["screenshot"] == Path("window.png")


def test_a_screenshot_needs_a_folder(opened: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--screenshot", "nowhere/window.png"]) == 2
    assert "nowhere/window.png" in capsys.readouterr().err
    assert opened == []


def test_missing_libraries_are_named_with_what_brings_them(
    opened: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loader = tmp_path / "ldd"
    loader.write_text(
        "#!/bin/sh\necho '\tlibxcb-cursor.so.0 => not found'\necho '\tlibm.so.6 => /lib/libm.so.6 (0x1)'\n"
    )
    loader.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert main([]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "(libxcb-cursor.so.0)" in said
    assert "apt-get install" in said
    assert "libxcb-cursor0" in said
    assert opened == []


def test_here_nothing_is_missing_for_a_picture() -> None:
    assert display.missing_libraries("offscreen") == []


def test_the_packages_are_those_of_the_readme() -> None:
    packages = display.debian_packages()
    assert {"libegl1", "libxcb-cursor0", "libxkbcommon-x11-0"} <= set(packages)
    assert packages == sorted(set(packages))
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert "$(cat packaging/debian-packages.txt) && pipx run uv run latentlab" in readme


def test_python_m_is_the_same_door() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "latentlab", "--version"], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.startswith("latentlab 0.")
