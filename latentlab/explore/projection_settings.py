"""How a map is laid out, as chosen; nothing is imported that computes it."""

from dataclasses import dataclass, fields
from importlib.util import find_spec
from typing import Any, Literal, Self

Kind = Literal["umap", "tsne", "pca", "axes"]
NAMES: dict[Kind, str] = {"umap": "UMAP", "tsne": "t-SNE", "pca": "PCA", "axes": "two latent dimensions"}
TSNE_MISSING = 't-SNE needs openTSNE: install it with  pip install "latentlab[tsne]"  and start again'


@dataclass(frozen=True)
class ProjectionSettings:
    """dims: of 'axes', None: the two with the most KL. exact: seeded and on one core, the same each time; else on all
    cores and not repeatable. n_neighbors and min_dist are UMAP's, perplexity t-SNE's.
    """

    kind: Kind = "umap"
    dims: tuple[int, int] | None = None
    n_neighbors: int = 15
    min_dist: float = 0.1
    perplexity: float = 30.0
    exact: bool = True

    @classmethod
    def parse(cls, values: Any) -> Self:
        """From a file. Raises ValueError for what no map can be laid out by."""
        if not isinstance(values, dict):
            raise ValueError(f"a map cannot be laid out by {values}")
        known = {field.name: values[field.name] for field in fields(cls) if values.get(field.name) is not None}
        dims = known.pop("dims", None)
        made = cls(dims=None if dims is None else (int(dims[0]), int(dims[1])), **known)
        numbers = type(made.n_neighbors) is int and all(
            isinstance(value, int | float) for value in (made.min_dist, made.perplexity)
        )
        if made.kind not in NAMES or not numbers or type(made.exact) is not bool:
            raise ValueError(f"a map cannot be laid out by {values}")
        return made

    @property
    def fitted(self) -> bool:
        """It takes a process of its own, and is worth keeping; the others are there at once."""
        return self.kind in ("umap", "tsne")

    @property
    def key(self) -> str:
        """A name of all that the layout depends on, fit for a file's: settings of other kinds leave it as it is."""
        if self.kind == "axes":
            return "axes" if self.dims is None else f"axes-{self.dims[0]}-{self.dims[1]}"
        if self.kind == "umap":
            return f"umap-n{self.n_neighbors}-d{self.min_dist:g}{self._speed}"
        return f"tsne-p{self.perplexity:g}{self._speed}" if self.kind == "tsne" else "pca"

    @property
    def words(self) -> str:
        """What makes the layout, with its parameters."""
        how = "the same each time" if self.exact else "fast, and each time another"
        if self.kind == "umap":
            return f"UMAP, {self.n_neighbors} neighbours, min. distance {self.min_dist:g}; {how}"
        if self.kind == "tsne":
            return f"t-SNE, perplexity {self.perplexity:g}; {how}"
        return "PCA, the plane of largest variance" if self.kind == "pca" else "Two latent dimensions as they are"

    @property
    def _speed(self) -> str:
        return "" if self.exact else "-fast"


def tsne_is_there() -> bool:
    """openTSNE, which is optional, can be imported."""
    return find_spec("openTSNE") is not None
