"""The named sources of images, and the one door through which all of them are loaded.

The modules of sources that need Pillow or the network are imported when they are read: the window opens its first run
without them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latentlab.config import FOLDER, DataConfig
from latentlab.data import digits, shapes
from latentlab.data.request import Progress, Request
from latentlab.images import Dataset


@dataclass(frozen=True)
class Source:
    """A named source: one line for the person, and the function that reads it.

    draws: of a limit it reads only what the seed chooses, so that another limit or seed is another data set.
    """

    description: str
    read: Callable[[Request], Dataset]
    draws: bool = False


def _mnist(request: Request) -> Dataset:
    from latentlab.data.mnist import MNIST

    return MNIST.read(request)


def _fashion_mnist(request: Request) -> Dataset:
    from latentlab.data.mnist import FASHION

    return FASHION.read(request)


def _cifar10(request: Request) -> Dataset:
    from latentlab.data import cifar10

    return cifar10.read(request)


def _celeba(request: Request) -> Dataset:
    from latentlab.data import celeba

    return celeba.read(request)


def _folder(request: Request) -> Dataset:
    from latentlab.data import folder

    return folder.read(request)


SOURCES: dict[str, Source] = {
    "digits": Source("1,797 handwritten digits, 8x8, grey, 10 classes; comes with LatentLab", digits.read),
    "shapes": Source(
        "737,280 drawn shapes, 64x64, grey, with every factor known; comes with LatentLab", shapes.read, True
    ),
    "mnist": Source("70,000 handwritten digits, 28x28, grey, 10 classes; 12 MB to download", _mnist),
    "fashion-mnist": Source("70,000 garments, 28x28, grey, 10 classes; 31 MB to download", _fashion_mnist),
    "cifar10": Source("60,000 photographs, 32x32, colour, 10 classes; 170 MB to download", _cifar10),
    "celeba": Source("202,599 faces, 64x64, colour, 40 attributes; from files that you have", _celeba, True),
    FOLDER: Source("your own pictures: one subfolder per class, or none", _folder, True),
}


def load(
    config: DataConfig,
    *,
    data_dir: Path,
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Dataset:
    """The data set that `config` names, at its size and channels; files lie in or are downloaded into `data_dir`.

    Raises ValueError with one sentence where the request cannot be met, OSError where reading or writing fails,
    and `Cancelled` once `cancelled()` is true.
    """
    return _source(config.source).read(Request(config, data_dir.expanduser(), seed, progress, cancelled))


def names() -> tuple[str, ...]:
    """The sources by name, in the order in which they are offered."""
    return tuple(SOURCES)


def describe(name: str) -> str:
    """One line on what the source holds. Raises ValueError for an unknown name."""
    return _source(name).description


def depends_on(config: DataConfig, seed: int) -> tuple[object, ...]:
    """All that decides what `load` reads, but for files that change: the same again means the same data set."""
    drawn = (config.limit, seed) if _source(config.source).draws and config.limit is not None else None
    return config.source, config.path, config.image_size, config.channels, config.attributes, drawn


def from_argument(text: str) -> dict[str, str]:
    """The fields of DataConfig that a person means by a source's name or the path of a folder.

    Raises ValueError naming the sources where it is neither.
    """
    if text in SOURCES and text != FOLDER:
        return {"source": text}
    path = Path(text).expanduser()
    if text.strip() and path.is_dir():
        return {"source": FOLDER, "path": str(path.resolve())}
    if text.strip() and path.exists():
        raise ValueError(f"{text} is not a folder: name the folder that holds the pictures")
    raise ValueError(_unknown(text))


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise ValueError(_unknown(name))
    return SOURCES[name]


def _unknown(name: str) -> str:
    offered = ", ".join(known for known in SOURCES if known != FOLDER)
    return f"there is no data set or folder '{name}'; choose {offered}, or a folder of pictures"
