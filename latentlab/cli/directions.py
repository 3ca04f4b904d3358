"""latentlab directions: what is kept of them with a run, new ones, and files of them."""

import json
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentlab.cli.exits import DONE
from latentlab.cli.opening import Steps, data_of, opened, runs_root
from latentlab.images import Dataset
from latentlab.runs.directions import (
    Direction,
    Directions,
    load_directions,
    read_directions,
    save_directions,
    to_dict,
    write_directions,
)
from latentlab.runs.folder import RunFolder, open_run
from latentlab.runs.groups import REST, Group, read_group

MOST_OF_A_GROUP = 5000  # images that are encoded: their mean then lies within 1.5 % of a standard deviation
HEADINGS = ("direction", "method", "told apart", "images", "step")


def directions(request: Namespace) -> int:
    """Does what was asked for and returns the exit code. Raises ValueError and OSError for `exits.guarded`."""
    run = open_run(request.run, runs_root(request.checkpoints))
    _check(request)
    kept = _kept(run)
    match request.action:
        case "make":
            _make(request, run, kept)
        case "export":
            write_directions(request.file, kept)
            print(request.file)
        case "import":
            if not request.file.is_file():
                raise ValueError(f"there is no file {request.file}")
            came = read_directions(request.file)
            merged = kept.merged(came)
            _keep(run, merged)
            print(f"{len(came.directions)} came in; {run.name} has {len(merged.directions)}")
        case _:
            print(json.dumps(to_dict(kept)) if request.json else _table(run, kept))
    return DONE


def _check(request: Namespace) -> None:
    """Raises ValueError for words that do not belong together."""
    if (request.file is None) == (request.action in ("export", "import")):
        wanted = "a file is needed" if request.file is None else "a file is for export and import"
        raise ValueError(f"{wanted}: latentlab directions {request.run} export FILE")
    if request.action != "make" and any((request.start, request.end, request.name, request.out)):
        raise ValueError(f"--from, --to, --name and --out are for make: latentlab directions {request.run} make")


def _kept(run: RunFolder) -> Directions:
    fingerprint, dims = run.record.dataset.fingerprint, run.record.config.model.latent_dim
    return replace(load_directions(run.path, run.name, dims, fingerprint), dataset=fingerprint)


def _keep(run: RunFolder, kept: Directions) -> None:
    if run.record.read_only:
        raise ValueError(f"the run '{run.name}' is read-only: nothing can be kept with it")
    save_directions(run.path, kept)


def _make(request: Namespace, run: RunFolder, kept: Directions) -> None:
    if request.start is None and request.end is None:
        raise ValueError("say from which group to which: --from GROUP --to GROUP")
    if run.record.read_only and request.out is None:
        raise ValueError(f"the run '{run.name}' is read-only: name a file for the direction with --out FILE")
    start, end = (_group(each, kept, run.record.dataset.class_names) for each in (request.start, request.end))
    from latentlab.explore.directions import make
    from latentlab.explore.encode import encode

    run, loaded = opened(request.run, request.checkpoints)
    dataset = data_of(loaded.config, request.data_dir)
    images = dataset.at(_chosen(dataset, start, end))
    with Steps() as steps:
        encoded = encode(
            loaded.model, images, errors=False, progress=lambda done, total: steps("encoding", done, total)
        )
    assert encoded is not None, "nobody cancels"
    name = kept.free_name((request.name or f"{start.name} → {end.name}").strip())
    made = make(name, start, end, request.method, encoded.mu, images.index, images.labels, loaded.step, run.name)
    if request.out is not None:
        write_directions(request.out, replace(kept, groups=(), directions=(made,)))
    else:
        _keep(run, kept.put(made))
    print(f"{made.name}: {_worth(made)}")


def _group(text: str | None, kept: Directions, class_names: tuple[str, ...]) -> Group:
    """A class, a group kept with the run, or one in a file. Raises ValueError where it is none of them."""
    if text is None:
        return Group(REST)
    plain = [name.lower() for name in class_names]
    if text.lower() in plain:
        label = plain.index(text.lower())
        return Group(class_names[label], label=label)
    group = kept.group(text)
    if group is not None:
        return group
    if Path(text).is_file():
        return read_group(Path(text))
    names = ", ".join([*class_names[:20], *(each.name for each in kept.groups)])
    raise ValueError(
        f"'{text}' is no class, no group of this run and no file{f'; there are: {names}' if names else ''}"
    )


def _chosen(dataset: Dataset, start: Group, end: Group) -> NDArray[np.int64]:
    """Dataset indices of the images that the direction is made of, so many of each group evenly spread."""
    from latentlab.explore.directions import rows_of

    parts = [part for part in (dataset.train, dataset.test) if len(part)]
    index = np.concatenate([part.index for part in parts])
    known = [part.labels for part in parts if part.labels is not None]
    labels = np.concatenate(known) if len(known) == len(parts) else None
    chosen = []
    for rows in rows_of(start, end, index, labels):
        mine = np.sort(index[rows])
        places = np.linspace(0, max(len(mine) - 1, 0), min(len(mine), MOST_OF_A_GROUP)).astype(np.int64)
        chosen.append(mine[places])
    return np.unique(np.concatenate(chosen))


def _table(run: RunFolder, kept: Directions) -> str:
    if not kept.directions:
        return f"{run.name} has no directions; make one: latentlab directions {run.name} make --from GROUP --to GROUP"
    steps = run.checkpoints.steps()
    lines = [HEADINGS, *(_cells(each, run.name, steps[-1] if steps else 0) for each in kept.directions)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _cells(each: Direction, run: str, step: int) -> tuple[str, ...]:
    told = "" if each.accuracy is None else f"{each.accuracy:.1%}"
    when = f"{each.step:,}" if each.run == run else f"{each.step:,} of {each.run}"
    old = ", old" if each.run == run and each.step != step else ""
    return each.name, each.method, told, f"{each.counts[0]:,} and {each.counts[1]:,}", when + old


def _worth(made: Direction) -> str:
    if made.accuracy is None:
        print("too few images to say how well the groups are told apart along it", file=sys.stderr)
        return f"{made.counts[0]:,} and {made.counts[1]:,} images"
    told = f"tells apart {made.accuracy:.1%} of held-out images (50 % is chance)"
    return f"{told}, {made.counts[0]:,} and {made.counts[1]:,} images"
