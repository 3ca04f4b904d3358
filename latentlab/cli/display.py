"""Whether a window can be opened here, found out without Qt: it aborts the program where something is missing.

Linux only; elsewhere Qt brings what it needs. Qt's libraries are probed with the dynamic loader's own `ldd` (7 ms).
"""

import ctypes
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

PACKAGES = "debian-packages.txt"


def needed_platform(screenshot: bool) -> str | None:
    """Qt's platform to ask for: None for Qt's own choice, or "offscreen".

    screenshot: a picture is all that is wanted, for which no display is needed.
    Raises ValueError with a sentence where there is no display, or where Qt's system libraries are missing.
    """
    if not sys.platform.startswith("linux"):
        return None
    chosen = os.environ.get("QT_QPA_PLATFORM")
    platform = chosen.split(":")[0].split(";")[0] if chosen else find_platform()
    if platform is None and not screenshot:
        raise ValueError(
            "there is no display here (neither DISPLAY nor WAYLAND_DISPLAY leads to one): start it from a desktop, "
            "or on a virtual screen with 'xvfb-run latentlab'; --screenshot and the other commands need none"
        )
    missing = missing_libraries(platform or "offscreen")
    if missing:
        raise ValueError(f"Qt needs system libraries that are not here ({', '.join(missing)}): {remedy()}")
    return None if platform else "offscreen"


def find_platform() -> str | None:
    """The name of the windowing system that answers here: "wayland", "xcb", or None."""
    wayland = os.environ.get("WAYLAND_DISPLAY")
    if wayland and (Path(os.environ.get("XDG_RUNTIME_DIR", "/run")) / wayland).exists():
        return "wayland"
    return "xcb" if os.environ.get("DISPLAY") and _x_server_answers() else None


def missing_libraries(platform: str) -> list[str]:
    """Names of the shared libraries that Qt's plugin for `platform` needs and the loader does not find."""
    plugin = plugins() / "platforms" / f"libq{platform}.so"
    if not plugin.exists():  # a distribution's own PySide6: its packages depend on what it needs
        return []
    try:
        listing = subprocess.run(["ldd", str(plugin)], capture_output=True, text=True, check=False, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    return sorted(set(re.findall(r"^\s*(\S+) => not found", listing, re.MULTILINE)))


def plugins() -> Path:
    """The folder of Qt's plugins inside the PySide6 that is installed. Raises ValueError where there is none."""
    spec = importlib.util.find_spec("PySide6")
    if spec is None or spec.origin is None:
        raise ValueError("PySide6 is not installed: install LatentLab with its dependencies, by 'uv sync'")
    return Path(spec.origin).parent / "Qt" / "plugins"


def remedy() -> str:
    """How to get Qt's system libraries, as the end of a sentence."""
    return f"on Debian or Ubuntu, 'apt-get install {' '.join(debian_packages())}' as root brings them"


def debian_packages() -> list[str]:
    """The Debian packages with the libraries Qt needs: packaging/debian-packages.txt, which the wheel carries too."""
    from latentlab.runs.places import resources

    inside = resources() / PACKAGES
    path = inside if inside.exists() else resources().parent / "packaging" / PACKAGES
    return path.read_text(encoding="utf-8").split()


def _x_server_answers() -> bool:
    """Whether a connection to $DISPLAY can be made. True where libxcb is missing: then that is what to complain of."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not failed
