"""What is said of a strip: how long and how smooth it is, how near the data, and of which class."""

import numpy as np

from latentlab.explore.neighbours import EDGE
from latentlab.gui.records import OpenRun, Strip
from latentlab.gui.widgets import theme

LEGEND = (
    "The border of a frame says how near the data its place is, and so does the bar below it: the longer, the farther. "
    "Under it is the nearest picture of the data: press it to select it on the map. Left and Right go from frame to "
    "frame; each becomes the place in hand, which A and B set as an end."
)
SMOOTHNESS = "Smoothness: mean squared difference of neighbouring frames, pixels from 0 to 1; less is smoother."
LENGTH = (
    "Length: how far the picture goes from the first frame to the last, summed in small steps; a step is the root of "
    "the summed squares of what the pixels change by."
)


def in_words(strip: Strip, run: OpenRun | None = None) -> str:
    """One line: what is to be noted, the length, the smoothness, whether one step stands out, what is off the data."""
    parts = [strip.note] if strip.note else []
    if strip.waypoints > 2:
        parts.append(f"{strip.waypoints} waypoints")
    if strip.length is not None:
        parts.append(length_in_words(strip))
    parts.append(f"smoothness {strip.smoothness:.4f}")
    parts += [words for words in (_steps(strip), _off(strip), class_in_words(strip, run)) if words]
    return " · ".join(parts)


def in_short(strip: Strip, run: OpenRun | None = None) -> str:
    """The same in fewer words."""
    off = int((strip.usual > EDGE).sum())
    near = f"{off} off the data" if off else "near the data"
    parts = (strip.note.split(":")[0], figures_of(strip), near, class_in_words(strip, run))
    return " · ".join(part for part in parts if part)


def figures_of(strip: Strip) -> str:
    """'length 2.12 (−4%) · smoothness 0.0041'."""
    length = "" if strip.length is None else f"length {strip.length:.2f}{_compared(strip)} · "
    return f"{length}smoothness {strip.smoothness:.4f}"


def length_in_words(strip: Strip) -> str:
    """'length 2.12, straight 2.20 (−4 %)'; of the straight way its length alone."""
    assert strip.length is not None, "asked of those that were measured"
    if strip.method == "linear" or strip.straight is None:
        return f"length {strip.length:.2f}"
    return f"length {strip.length:.2f}, straight {strip.straight:.2f}{_compared(strip)}"


def class_in_words(strip: Strip, run: OpenRun | None) -> str:
    """'class 3 throughout', or 'class 3 to 7'; nothing for a model without classes."""
    if strip.classes is None or run is None:
        return ""
    if isinstance(strip.classes, tuple):
        first, last = (_name(run, each) for each in strip.classes)
        return f"class {first} to {last}, mixed between"
    return f"class {_name(run, strip.classes)} throughout"


def legend() -> str:
    """Rich text: the three colours of a border."""
    colours = theme.current()
    kinds = ((colours.usual, "near"), (colours.unusual, "edge"), (colours.bad, "far"))
    return " &nbsp;".join(f'<span style="color:{colour}">■</span>&nbsp;{words}' for colour, words in kinds)


def _compared(strip: Strip) -> str:
    if strip.method == "linear" or not strip.straight or strip.length is None:
        return ""
    share = strip.length / strip.straight - 1
    return " (as long)" if abs(share) < 5e-3 else f" ({'+' if share > 0 else '−'}{abs(share):.0%})"


def _steps(strip: Strip) -> str:
    if len(strip.pixels) <= 2:
        return ""
    steps = np.square(np.diff(strip.pixels.astype(np.float32), axis=0)).mean(axis=(1, 2, 3))
    largest, mean = int(steps.argmax()), float(steps.mean())
    if mean == 0.0:
        return ""
    ratio = float(steps[largest]) / mean
    return "even steps" if ratio < 2 else f"frames {largest + 1} to {largest + 2}: {ratio:.1f} × the mean step"


def _off(strip: Strip) -> str:
    off = int((strip.usual > EDGE).sum())
    return f"{off} of {len(strip.pixels)} frames off the data" if off else "all near the data"


def _name(run: OpenRun, label: int) -> str:
    return run.class_names[label] if 0 <= label < len(run.class_names) else str(label)
