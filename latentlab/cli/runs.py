"""latentlab runs: which runs there are, and taking one away."""

import json
from argparse import Namespace
from dataclasses import asdict
from datetime import datetime

from latentlab.cli.exits import DONE
from latentlab.cli.opening import runs_root
from latentlab.runs.folder import RunSummary, list_runs

HEADINGS = ("run", "status", "data", "model", "epochs", "-ELBO", "created")
LONGEST_NOTE = 100  # letters of why a run failed


def runs(request: Namespace) -> int:
    """Does what was asked for and returns the exit code. Raises ValueError and OSError for `exits.guarded`."""
    if request.action == "delete":
        return _delete(request)
    if request.runs or request.for_good:
        raise ValueError("names and --for-good are for deleting: latentlab runs delete RUN")
    root = runs_root(request.checkpoints)
    found = list_runs(root)
    if request.json:
        print(json.dumps([{**asdict(row), "path": str(row.path)} for row in found]))
    else:
        print(_table(found) if found else f"there are no runs in {root}; train one: latentlab train --data digits")
    return DONE


def _delete(request: Namespace) -> int:
    from latentlab.runs.removal import NoTrash, for_good, to_trash

    if not request.runs:
        raise ValueError("say which runs are to be deleted: latentlab runs delete RUN")
    root = runs_root(request.checkpoints)
    for run in request.runs:
        try:
            place = (for_good if request.for_good else to_trash)(run, root)
        except NoTrash as error:
            raise OSError(f"{error}; with --for-good it is deleted at once, and cannot be had back") from None
        print(f"{place} is {'deleted' if request.for_good else 'in the trash'}")
    return DONE


def _table(found: list[RunSummary]) -> str:
    """A line per run, the newest first, and under a failed one why."""
    lines = [HEADINGS, *(_cells(row) for row in found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    text = []
    for cells, row in zip(lines, [None, *found], strict=True):
        text.append("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
        if row is not None and row.note and row.status in ("failed", "unreadable"):
            note = row.note if len(row.note) <= LONGEST_NOTE else row.note[:LONGEST_NOTE].rpartition(" ")[0] + " ..."
            text.append(f"  {note}")
    return "\n".join(text)


def _cells(row: RunSummary) -> tuple[str, ...]:
    epochs = f"{row.epochs_done} of {row.epochs_total}" if row.epochs_total else ""
    best = "" if row.best_neg_elbo is None else f"{row.best_neg_elbo:.2f}"
    created = f"{datetime.fromisoformat(row.created).astimezone():%Y-%m-%d %H:%M}" if row.created else ""
    return row.name, row.status, row.data, row.kind, epochs, best, created
