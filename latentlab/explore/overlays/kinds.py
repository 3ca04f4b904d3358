"""The overlays there are, what each shows in one sentence, and where it means nothing."""

from dataclasses import dataclass

PLANES = ("pca", "axes")  # maps whose every place is exactly one place of a plane in latent space
LAYOUTS = {"umap": "UMAP", "tsne": "t-SNE"}  # maps that have no axes


@dataclass(frozen=True)
class Kind:
    """An overlay: its name in the code, what a person reads, one sentence on it, and whether it needs a plane."""

    name: str
    words: str
    tip: str
    needs_plane: bool = True


KINDS = (
    Kind("prior", "Prior", "Rings at 1, 2 and 3 sigma of the prior, which is where new samples are drawn from"),
    Kind(
        "holes",
        "Prior without data",
        "Where the prior promises pictures but no image was encoded, and where there are more images than it promises",
    ),
    Kind(
        "posteriors",
        "Posteriors of the selection",
        "An ellipse for each selected sample: how sure the encoder is of its place, at 1 sigma (few: at 2 as well)",
    ),
    Kind(
        "neighbours",
        "True neighbours",
        "Lines from the selected sample to its 10 nearest in latent space: a long one shows where the map misleads",
        needs_plane=False,
    ),
    Kind(
        "sensitivity",
        "Sensitivity of the decoder",
        "How fast the decoded picture changes when you move by one unit of z: strong colour, great change",
        needs_plane=False,
    ),
    Kind(
        "manifold", "Decoded pictures", "A sheet of decoded pictures: each shows what its place on the map looks like"
    ),
)
NAMES = tuple(kind.name for kind in KINDS)


@dataclass(frozen=True)
class Nothing:
    """In place of what an overlay shows: there is nothing, and why, in words."""

    why: str


def why_not(name: str, layout: str | None, latent_dim: int) -> str:
    """Why this overlay means nothing on a map laid out as `layout` ('umap', 'pca', 'axes', …); '' where it does."""
    kind = KINDS[NAMES.index(name)]
    if latent_dim < 1:
        return "No run is open"
    if latent_dim == 1 and name != "neighbours":
        return "This model has one latent dimension: there is no plane to draw on"
    if kind.needs_plane and layout in LAYOUTS:
        return f"{LAYOUTS[layout]} has no axes for it: show the map as PCA or as two latent dimensions"
    return ""
