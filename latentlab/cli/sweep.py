"""latentlab sweep: a grid over fields of the configuration, several runs at a time, compared in one table."""

import json
import signal
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from types import FrameType
from typing import Any

from tqdm import tqdm

from latentlab.cli.exits import DONE, FAILED, INTERRUPTED, say
from latentlab.cli.fields import check_known
from latentlab.cli.opening import data_of, folder, runs_root
from latentlab.cli.settings import FLAGS, given
from latentlab.cli.train import values_of
from latentlab.runs.places import default_data_dir
from latentlab.sweep.crew import Crew, Told
from latentlab.sweep.grid import Axis, Plan, Point
from latentlab.sweep.place import PLAN_FILE, SweepFolder, create_sweep, default_name
from latentlab.sweep.results import as_json, done, rows, save, table


def sweep(request: Namespace) -> int:
    """Trains what is missing, prints the table and returns the exit code. Raises ValueError for a wrong request."""
    root = runs_root(request.checkpoints)
    plan = _resumed(request, root) if request.resume is not None else _planned(request, root)
    turned = plan.turned()
    if turned:
        say(f"{len(turned)} of the {len(plan.points())} runs have a beta other than 1: they are beta-VAEs", DONE)
    if not (root / plan.name / PLAN_FILE).exists() or len(done(SweepFolder(root, plan.name))) < len(plan.points()):
        _look_at_data(plan.points(), root, request.data_dir)
    place = create_sweep(root, plan)
    data_dir = default_data_dir() if request.data_dir is None else folder(request.data_dir, "--data-dir")
    with place.lock():
        crew = Crew(place, data_dir.absolute())
        failed = _follow(crew, place, request.processes)
        found = rows(plan, crew.figures())
        written = save(place, found)
    if request.json:
        print(json.dumps(as_json(plan, found)))
    elif any(row.figures for row in found):
        print(table(plan, found))
    else:
        print("no run was finished, so there is nothing to compare yet", file=sys.stderr)
    print(f"{place.path}: {', '.join(written)}", file=sys.stderr)
    missing = sum(not row.figures for row in found)
    if crew.stopped and missing:
        where = "" if request.checkpoints is None else f" --checkpoints {request.checkpoints}"
        return say(f"stopped and kept; go on with: latentlab sweep --resume {plan.name}{where}", INTERRUPTED)
    if failed:
        return say(
            f"{missing} of {len(found)} runs could not be done; try them again with --resume {plan.name}", FAILED
        )
    return DONE


def axis(text: str) -> Axis:
    """'beta=0.1,1' as an axis: the name of a flag of train, or section.field. Raises ValueError."""
    name, equals, rest = text.partition("=")
    name = name.strip().lstrip("-").replace("_", "-")
    words = _split(rest)
    if not equals or not words:
        raise ValueError(f"--over takes FIELD=VALUE,VALUE, such as beta=0.5,1,2, not '{text}'")
    flag = next((flag for flag in FLAGS if flag.name == name), None)
    if flag is not None:
        return Axis(name, (flag.section, flag.field), tuple(_read(flag.read, word, name) for word in words))
    path = tuple(name.replace("-", "_").split("."))
    if len(path) < 2:
        known = ", ".join(flag.name for flag in FLAGS)
        raise ValueError(f"--over {name}: there is no such field; there are: {known}, or any as SECTION.FIELD")
    check_known(reduce(lambda inner, part: {part: inner}, reversed(path), {}))
    same = next((flag for flag in FLAGS if (flag.section, flag.field) == path), None)
    if same is not None:
        return Axis(path[-1], path, tuple(_read(same.read, word, name) for word in words))
    return Axis(path[-1].replace("_", "-"), path, tuple(_read(_json, word, name) for word in words))


def _planned(request: Namespace, root: Path) -> Plan:
    """The sweep that the flags describe. Raises ValueError."""
    recipe = values_of(request)
    plan = Plan("sweep", recipe, tuple(axis(text) for text in request.over or []))
    points = plan.points()
    name = request.name
    if name is None:
        data = points[0].config.data
        source = Path(data.path).name if data.path is not None else data.source
        name = default_name(root, f"{source}-sweep", plan)
    plan = Plan(name, plan.recipe, plan.axes)
    if (root / name / PLAN_FILE).is_file() and (there := SweepFolder(root, name).plan) == plan:
        return there  # whose runs may be called as they were in earlier versions
    return plan


def _resumed(request: Namespace, root: Path) -> Plan:
    others = {"--preset": request.preset, "--config": request.config, "--name": request.name, "--over": request.over}
    others["--from"] = request.start_from
    extra = [*given(request), *(flag for flag, value in others.items() if value is not None)]
    if extra:
        raise ValueError(f"--resume goes on with the sweep as it is; {extra[0]} is for a new one")
    return SweepFolder(root, request.resume).plan


def _look_at_data(points: list[Point], root: Path, data_dir: Path | None) -> None:
    """Loads, and so downloads, each data set once, and looks whether every point can be trained. Raises ValueError."""
    from latentlab.data.sources import depends_on
    from latentlab.sweep.point import found
    from latentlab.training.preparation import check

    seen: dict[Any, Any] = {}
    for point in points:
        found(root, point.name, point.config)
        key = depends_on(point.config.data, point.config.training.seed)
        if key not in seen:
            seen.clear()
            seen[key] = data_of(point.config, data_dir)
        check(point.config, seen[key], root=root)


def _shares(processes: int | None, points: int) -> tuple[int, int]:
    """How many processes, and how many of torch's threads for each."""
    import torch

    cores = torch.get_num_threads()
    count = min(processes or max(1, cores // 2), points)
    return count, max(1, cores // count)


def _follow(crew: Crew, place: SweepFolder, processes: int | None) -> int:
    """Tells on stderr how it goes; how many runs failed."""
    epochs = {point.name: point.config.training.epochs for point in place.plan.points()}
    under_way: dict[str, float] = dict.fromkeys(crew.figures(), 1.0)
    failed, missing = 0, len(epochs) - len(under_way)
    if not missing:
        return 0
    with _ctrl_c(crew.stop), tqdm(total=sum(epochs.values()), unit="epoch", file=sys.stderr, delay=0.5) as bar:
        for told in crew.work(*_shares(processes, missing)):
            under_way[told.name] = _share(told, under_way.get(told.name, 0.0))
            failed += told.kind == "failed"
            if line := _line(told):
                tqdm.write(line, file=sys.stderr)
            bar.set_postfix_str(f"{len(crew.figures())} of {len(epochs)} runs", refresh=False)
            bar.update(int(sum(epochs[name] * share for name, share in under_way.items())) - bar.n)
    return failed


def _share(told: Told, before: float) -> float:
    """How much of a run is done."""
    if told.kind == "step":
        return told.step / max(told.total, 1)
    return 1.0 if told.kind in ("done", "failed") else before


def _line(told: Told) -> str:
    match told.kind:
        case "done":
            figures = told.figures
            return (
                f"{told.name}: rate {figures['rate']:.2f}, distortion {figures['distortion']:.2f}, "
                f"-ELBO {figures['neg_elbo']:.2f}"
            )
        case "failed":
            return f"{told.name} failed: {told.message}"
        case "warned":
            return f"{told.name}: {told.message}"
        case "stopped":
            return f"{told.name}: stopped and kept"
    return ""


@contextmanager
def _ctrl_c(stop: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C stops all runs, each with a checkpoint; a second one interrupts at once."""

    def handle(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("stopping, and keeping what was learnt (Ctrl-C again to end at once) ...", file=sys.stderr)
        stop()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _split(text: str) -> list[str]:
    """'a,b' at its commas, but not within brackets: '[32,64],[64,128]' has two parts."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _read(read: Callable[[str], Any], word: str, name: str) -> Any:
    try:
        return read(word.removeprefix("[").removesuffix("]") if word.startswith("[") and read is not _json else word)
    except (ValueError, ArgumentTypeError):
        raise ValueError(f"--over {name}: '{word}' cannot be one of its values") from None


def _json(word: str) -> Any:
    try:
        return json.loads(word)
    except json.JSONDecodeError:
        return word
