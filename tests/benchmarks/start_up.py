"""How long a person waits: for --help, for the window, for torch. Medians of several starts, in seconds.

    uv run python tests/benchmarks/start_up.py [--starts 5]

Times run from the start of the process. The window opens with the demo run, on a display where there is one, else on
Qt's offscreen platform. It says itself when it was first painted and when torch was imported (LATENTLAB_TIMINGS=1).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

LATENTLAB = [sys.executable, "-m", "latentlab"]
TARGETS = {"help": 0.5, "window": 1.0, "torch": 4.0}


def time_help() -> float:
    began = time.perf_counter()
    subprocess.run([*LATENTLAB, "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def time_window() -> dict[str, float]:
    """Seconds until the window was painted and until torch was there; asserts that the first was without torch."""
    environment = {**os.environ, "LATENTLAB_TIMINGS": "1"}
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        environment["QT_QPA_PLATFORM"] = "offscreen"
    took: dict[str, float] = {}
    began = time.perf_counter()
    with subprocess.Popen(LATENTLAB, stderr=subprocess.PIPE, text=True, env=environment) as window:
        assert window.stderr is not None
        for line in window.stderr:
            if line.startswith("{"):
                said = json.loads(line)
                took[said["what"]] = time.perf_counter() - began
                assert said["what"] != "window" or not said["torch_loaded"], "the window waited for torch"
            if "torch" in took:
                break
        window.terminate()
    assert set(took) == {"window", "torch"}, f"the window only said {took}"
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    starts = parser.parse_args().starts
    time_help(), time_window()  # the first start reads files from the disk and is not counted
    times: dict[str, list[float]] = {"help": [time_help() for _ in range(starts)]}
    for _ in range(starts):
        for what, seconds in time_window().items():
            times.setdefault(what, []).append(seconds)
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for what, seconds in times.items():
        each = " ".join(f"{one:.2f}" for one in sorted(seconds))
        print(f"{what:<8} median {statistics.median(seconds):5.2f} s   (target {TARGETS[what]} s)   {each}")


if __name__ == "__main__":
    main()
