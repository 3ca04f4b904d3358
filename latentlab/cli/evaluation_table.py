"""An evaluation for a person: figures in groups, each with what it means."""

from typing import Any

from latentlab.cli.report import counted

NATS = "nats per image"
SHOWN_DIMENSIONS = 6
SHOWN_IMAGES = 5
NAMES = {"neg_elbo": "by negative ELBO", "reconstruction": "by reconstruction"}

Row = tuple[str, str, str]  # name, figure, note


def table(found: dict[str, Any]) -> str:
    """The figures of `evaluate --json` as text."""
    groups = {
        "Bounds": _bounds(found),
        "Parts": _parts(found),
        "Latents": _latents(found),
        "Reconstruction": _reconstruction(found),
        "Classes": _classes(found),
        "Unusual images": _unusual(found),
    }
    lines = [_title(found)]
    for name, rows in groups.items():
        if rows:
            lines += ["", name, *(f"  {what:<22}{figure:>10}  {note}".rstrip() for what, figure, note in rows)]
    return "\n".join(lines)


def _title(found: dict[str, Any]) -> str:
    limit = " (a balanced choice)" if found["protocol"].get("limit") else ""
    images = counted(found["n"], f"{found['split']} image")
    return (
        f"{found['run']}, step {found['step']:,}: {images} of {found['data']}{limit}, "
        f"{counted(found['nll_samples'], 'draw')} each, seed {found['seed']}"
    )


def _bounds(found: dict[str, Any]) -> list[Row]:
    given = " given the class" if found["protocol"]["given_the_class"] else ""
    if found["protocol"]["grey"]:
        given += ", of values between 0 and 1: a cross-entropy, not a likelihood"
    bits = found["bits_per_dim"] or {}
    notes = {name: f"; {value:.3f} bits per dimension" for name, value in bits.items()}
    return [
        ("negative ELBO", f"{found['neg_elbo']:.3f}", f"{NATS}{given}{notes.get('neg_elbo', '')}"),
        ("NLL, at most", f"{found['nll']:.3f}", f"{NATS}{given}{notes.get('nll', '')}"),
    ]


def _parts(found: dict[str, Any]) -> list[Row]:
    parts = found["information"]
    (low, high), (least, most) = parts["mutual_information_bounds"], parts["aggregate_kl_bounds"]
    saturated = f"; saturated: {parts['n']:,} images tell at most {parts['ceiling']:.1f}" if parts["saturated"] else ""
    prior, both = ("p(z|c)", "I(x; z | c)") if parts["within_classes"] else ("p(z)", "I(x; z)")
    aggregate = "KL(q(z|c) || p(z|c))" if parts["within_classes"] else "KL(q(z) || p(z))"
    return [
        ("distortion", f"{found['distortion']:.3f}", f"reconstruction, -log p(x|z), {NATS}"),
        ("rate", f"{found['rate']:.3f}", f"KL(q(z|x) || {prior}), which is the sum of"),
        (
            f"  {both}",
            f"{parts['mutual_information']:.3f}",
            f"{low:.2f} to {high:.2f}, by {parts['estimator']}{saturated}",
        ),
        (
            f"  {aggregate}",
            f"{parts['aggregate_kl']:.3f}",
            f"{least:.2f} to {most:.2f}: holes and crowds of the prior",
        ),
    ]


def _latents(found: dict[str, Any]) -> list[Row]:
    kls = found["kl_per_dim"]
    order = sorted(range(len(kls)), key=lambda dim: -kls[dim])
    shown, others = order[:SHOWN_DIMENSIONS], order[SHOWN_DIMENSIONS:]
    largest = ", ".join(f"z{dim} {kls[dim]:.2f}" for dim in shown)
    rest = f"; {len(others)} others {sum(kls[dim] for dim in others):.2f} together" if others else ""
    rows = [
        (
            "active units",
            str(found["active_units"]),
            f"of {len(kls)}; Var E[z|x] above {found['active_units_threshold']:g}",
        ),
        ("KL per dimension", "", f"{largest}{rest}"),
    ]
    way = found["interpolation"]
    if way["energy"] is not None:
        rows += [
            (
                "smoothness",
                f"{way['energy']:.3f}",
                f"energy of the way between {way['pairs']} pairs; 1 is a cross-fade",
            ),
            ("largest step", f"{way['largest_step']:.3f}", f"of {way['steps']} on the way, against their mean"),
        ]
    return rows


def _reconstruction(found: dict[str, Any]) -> list[Row]:
    error = found["error"]
    rows = [("MSE", f"{error['mse']:.5f}", "per pixel from 0 to 1, decoded from the mean code")]
    if error["cross_entropy"] is not None:
        rows.append(("cross-entropy", f"{error['cross_entropy']:.5f}", "nats per pixel, decoded from the mean code"))
    return rows


def _classes(found: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    if (near := found["neighbours"]) is not None:
        note = f"whose {near['k']} nearest others are mostly of their class, {near['n']:,} images"
        rows.append(("neighbours agree", f"{near['knn_accuracy']:.1%}", note))
    if (condition := found.get("condition")) is not None:
        each, right = condition["per_label"], condition["classifier_accuracy"]
        kept = f"of {each} samples drawn for each class"
        rows.append(("condition kept", f"{condition['condition_accuracy']:.1%}", kept))
        rows += [(f"  {name}", f"{share:.1%}", "") for name, share in condition["condition_accuracy_per_class"].items()]
        rows.append(("classifier", f"{right:.1%}", f"right on {condition['n']:,} real images it had not seen"))
    return rows


def _unusual(found: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    for score, images in found["unusual"].items():
        listed = "  ".join(f"{image['index']} ({image['score']:.1f})" for image in images[:SHOWN_IMAGES])
        rows.append((NAMES[score], "", f"images {listed}"))
    if (against := found["against"]) is not None:
        name = found["protocol"]["against"]
        for score, share in against["auroc"].items():
            rows.append((f"AUROC {NAMES[score]}", f"{share:.3f}", f"against {against['n']:,} images of {name}"))
    return rows
