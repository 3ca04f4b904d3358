"""latentlab export: one picture, animation or table of a run, written to a file."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.cli.exits import DONE
from latentlab.cli.opening import Steps, data_of, opened, runs_root
from latentlab.images import held_out, limited
from latentlab.runs.folder import RunFolder, open_run

if TYPE_CHECKING:
    from latentlab.explore.loaded import Loaded
    from latentlab.explore.mixture import Mixture
    from latentlab.explore.path_file import PathFile

CHOICES = (
    *("start", "end", "frames", "fps", "method", "count", "label", "scale", "ping_pong", "loop", "overshoot", "dim"),
    *("projection", "seed"),
)


def export(request: Namespace) -> int:
    """Writes the file, names it on stdout and returns the exit code. Raises ValueError for a wrong request."""
    found = open_run(request.run, runs_root(request.checkpoints))  # before torch is imported, which takes seconds
    request.out = _out(request, found.name)
    if request.what == "curves":
        return _curves(request, found)
    from latentlab.export import exports

    exports.check(request.what, request.out)
    _check_kind(request)
    _check_prior(request)
    path = _path(request)
    run, loaded = opened(request.run, request.checkpoints)
    dataset = (
        None if request.what in exports.WITHOUT_DATA or path is not None else data_of(loaded.config, request.data_dir)
    )
    chosen: dict[str, Any] = {name: getattr(request, name) for name in CHOICES if getattr(request, name) is not None}
    if request.prior == "mixture":
        chosen["mixture"] = _mixture(request, run, loaded)
    if path is not None:
        path.check_fits(loaded.model.latent_dim, run.name)
        chosen = {"method": path.method, **chosen, "path": path}
    with Steps() as steps:
        exports.export(
            loaded,
            dataset,
            request.what,
            request.out,
            exports.Options(**chosen),
            progress=lambda done, total: steps(f"exporting {request.what}", done, total),
        )
    _tell_rate(request.out.suffix.lower(), exports.Options(**chosen).fps)
    print(request.out)
    return DONE


def _tell_rate(suffix: str, fps: float) -> None:
    """On stderr, where a GIF's frames cannot all last equally long: they are shown for whole hundredths of a second."""
    from latentlab.export.moving_formats import MOVING, durations

    if suffix == ".gif":
        lasting = sorted(set(durations(200, fps, MOVING[suffix].tick_ms)))
        if len(lasting) > 1:
            told = " or ".join(str(each) for each in lasting)
            print(f"a GIF counts in 10 ms: its frames last {told} ms, {fps:g} per second on the whole", file=sys.stderr)


def _out(request: Namespace, run: str) -> Path:
    """The file: --out, or one named after the run and what it is of. Raises ValueError where both formats differ."""
    out: Path | None = request.out
    if out is None and request.format is None:
        raise ValueError("name a file with --out, or a format with --format")
    if request.format is None:
        assert out is not None, "one of both is there"
        return out
    suffix = "" if request.format == "folder" else f".{request.format}"
    if out is None:
        return Path(f"{run}-{request.what}{suffix}")
    if not out.suffix:
        return out.with_name(out.name + suffix)
    if out.suffix.lower() != suffix:
        raise ValueError(f"--out {out} is no {request.format}: leave out its suffix, or --format")
    return out


def _curves(request: Namespace, run: RunFolder) -> int:
    """The records of the training, which need no model."""
    from latentlab.export.curves_drawing import save_curves
    from latentlab.export.tables import save_records

    suffix = request.out.suffix.lower()
    if suffix not in (".csv", ".svg"):
        raise ValueError(f"curves can be written as .csv or .svg, and {request.out.name} is neither")
    if suffix == ".csv":
        save_records(request.out, run.metrics.read())
    else:
        save_curves(request.out, run.metrics.read(), run.name)
    print(request.out)
    return DONE


def _check_kind(request: Namespace) -> None:
    """Raises ValueError for a choice that this kind knows nothing of."""
    if request.dim is not None and request.what != "traversal":
        raise ValueError(f"--dim is for traversal; {request.what} goes along no dimension")
    if request.overshoot is not None and request.what not in ("interpolation", "traversal"):
        raise ValueError(f"--overshoot is for interpolation and traversal; {request.what} has no ends")


def _check_prior(request: Namespace) -> None:
    """Raises ValueError where a mixture is asked for that nothing would be drawn from."""
    if request.prior == "mixture" and request.what != "samples":
        raise ValueError(f"--prior mixture is for samples; {request.what} draws nothing from a prior")
    if request.components is not None and request.prior != "mixture":
        raise ValueError("--components is of a mixture: say --prior mixture too")


def _path(request: Namespace) -> "PathFile | None":
    """The path that is named. Raises ValueError where there is none in the file, or nothing would follow it."""
    from latentlab.explore.path_file import load_path

    if request.path is None:
        return None
    if request.what != "interpolation":
        raise ValueError(f"--path is for interpolation; {request.what} follows none")
    if request.start is not None or request.end is not None:
        raise ValueError("--path has ends of its own: leave out --from and --to")
    if not request.path.is_file():
        raise ValueError(f"there is no file {request.path}: name one that was saved in the window")
    return load_path(request.path)


def _mixture(request: Namespace, run: RunFolder, loaded: "Loaded") -> "Mixture":
    """The mixture kept with the run where it is of these weights, else a new one, which is then kept."""
    from latentlab.explore.mixture import load_mixture, save_mixture
    from latentlab.explore.mixture_prior import fit_mixture

    kept = load_mixture(run.path)
    if kept is not None and kept.step != loaded.step:
        told = f"the mixture kept with {run.name} is of step {kept.step:,} and its weights are of step {loaded.step:,}"
        print(f"{told}: another one is fitted", file=sys.stderr)
        kept = None
    if kept is not None and request.components in (None, kept.components):
        return kept
    dataset, config = data_of(loaded.config, request.data_dir), loaded.config
    seen = limited(dataset.train, config.data.limit, config.training.seed)
    train = seen.take(held_out(seen, config.data.val_fraction, config.training.seed)[0])
    with Steps() as steps:
        mixture = fit_mixture(loaded.model, train, loaded.step, request.components, progress=steps)
    assert mixture is not None, "nobody cancels"
    parts = "one Gaussian" if mixture.components == 1 else f"a mixture of {mixture.components} Gaussians"
    told = f"{abs(mixture.gain):.2f} nats {'more' if mixture.gain > 0 else 'less'} likely than by the prior"
    print(f"{parts}, by which held-out encodings are {told}", file=sys.stderr)
    if run.record.read_only:
        print(f"not kept with {run.name}, which is read-only", file=sys.stderr)
    else:
        with run.lock():
            save_mixture(run.path, mixture)
    return mixture
