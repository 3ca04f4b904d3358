"""What came of a sweep: a row per run, as a table for a person, as JSON, as CSV, and as a picture."""

import csv
import io
from dataclasses import dataclass
from typing import Any

from latentlab.runs.files import read_json, write_json, write_whole
from latentlab.sweep.grid import Plan, Point, label
from latentlab.sweep.place import SweepFolder
from latentlab.sweep.queue import Figures

JSON_FILE, CSV_FILE, PICTURE_FILE = "results.json", "results.csv", "rate-distortion.png"
COLUMNS = ("rate", "distortion", "neg_elbo", "active_units", "smoothness", "images_per_second")
"""rate (mean KL), distortion (mean -log p(x|z)) and neg_elbo in nats per image."""

HEADINGS = {
    "rate": "rate (KL)",
    "neg_elbo": "-ELBO",
    "active_units": "active",
    "images_per_second": "images/s",
}
DIGITS = {"smoothness": "{:.5f}", "active_units": "{:.0f}", "images_per_second": "{:,.0f}"}
PROTOCOL = ("split", "n", "samples", "seed")


@dataclass(frozen=True)
class Row:
    """A run of the sweep; figures is empty where it is not done."""

    point: Point
    figures: Figures


def rows(plan: Plan, figures: dict[str, Figures]) -> list[Row]:
    """A row per point, in the plan's order."""
    return [Row(point, figures.get(point.name, {})) for point in plan.points()]


def as_json(plan: Plan, found: list[Row]) -> dict[str, Any]:
    """The sweep as plain JSON values: its axes, and of each run the choices and figures (null where not done)."""
    runs = [
        {
            "run": row.point.name,
            "choices": row.point.choices,
            "model": row.point.config.model.kind,
            "figures": row.figures or None,
        }
        for row in found
    ]
    return {"sweep": plan.name, "over": {axis.name: list(axis.values) for axis in plan.axes}, "runs": runs}


def table(plan: Plan, found: list[Row]) -> str:
    """The figures for a person: a line per run, and below what they are of."""
    names = [axis.name for axis in plan.axes]
    shown = [column for column in COLUMNS if any(row.figures.get(column) is not None for row in found)] or ["rate"]
    lines = [[*names, *(HEADINGS.get(column, column) for column in shown)]]
    for row in found:
        lines.append([label(row.point.choices[name]) for name in names] + [_cell(row.figures, each) for each in shown])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    done = next((row.figures for row in found if row.figures), None)
    if done is not None:
        text.append(
            f"nats per image over {done['n']:,} {done['split']} images, {done['samples']} draws of z each; "
            "-ELBO = rate + distortion"
        )
    return "\n".join(text)


def done(folder: SweepFolder) -> set[str]:
    """The names of the runs that the last table has figures of; none where there is no table yet."""
    try:
        return {run["run"] for run in read_json(folder.path / JSON_FILE)["runs"] if run["figures"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def save(folder: SweepFolder, found: list[Row]) -> list[str]:
    """Writes results.json, results.csv and, of two runs or more, the picture; their names. Raises OSError."""
    write_json(folder.path / JSON_FILE, as_json(folder.plan, found))
    write_whole(folder.path / CSV_FILE, _csv(folder.plan, found).encode())
    written = [JSON_FILE, CSV_FILE]
    if sum(bool(row.figures) for row in found) > 1:
        from latentlab.export.pictures import save_png
        from latentlab.sweep.picture import draw

        save_png(folder.path / PICTURE_FILE, draw(folder.plan, found))
        written.append(PICTURE_FILE)
    return written


def _csv(plan: Plan, found: list[Row]) -> str:
    names = [axis.name for axis in plan.axes]
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["run", *names, *COLUMNS, *(f"measured_{name}" for name in PROTOCOL)])
    for row in found:
        choices = [label(row.point.choices[name]) for name in names]
        lines.writerow([row.point.name, *choices, *(row.figures.get(name, "") for name in (*COLUMNS, *PROTOCOL))])
    return text.getvalue()


def _cell(figures: Figures, column: str) -> str:
    value = figures.get(column)
    return "–" if value is None else DIGITS.get(column, "{:.2f}").format(value)
