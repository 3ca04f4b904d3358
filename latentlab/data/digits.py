"""scikit-learn's 1,797 handwritten digits of 8x8 pixels: the embedded default, nothing to download.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
The training part is the first 1,437 images and the test part the last 360. scikit-learn keeps them in the order in
which they were collected, so that writers of the test part are mostly not in the training part.
"""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from latentlab.data.fit import fit
from latentlab.data.request import Request
from latentlab.images import Dataset, Images, Pixels

TRAIN = 1437
SHADES = 16  # a pixel counts the dark ones among 4x4 pixels of the scan: 0 to 16


def read(request: Request) -> Dataset:
    """The digits as uint8 (N, 1, 8, 8), shades 0 to 16 spread over 0 to 255, labels 0 to 9."""
    table = _table()
    pixels = np.rint(table[:, :-1] * (255.0 / SHADES)).astype(np.uint8).reshape(-1, 1, 8, 8)
    return split("digits", fit(pixels, request), table[:, -1].astype(np.int64), tuple("0123456789"), TRAIN)


def split(name: str, pixels: Pixels, labels: np.ndarray, class_names: tuple[str, ...], train: int) -> Dataset:
    """The data set whose training part is the first `train` images and whose test part is the rest."""
    index = np.arange(len(pixels), dtype=np.int64)
    first, rest = slice(train), slice(train, None)
    return Dataset(
        name,
        Images(pixels[first], index[first], labels[first], class_names),
        Images(pixels[rest], index[rest], labels[rest], class_names),
    )


def _table() -> np.ndarray:
    """int64 (1797, 65): 64 pixels and the label. Read beside scikit-learn's code: its own import takes 2 s."""
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise ValueError("the digits come with scikit-learn, which is not installed: pip install scikit-learn")
    path = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
    try:
        text = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise ValueError(f"the digits of scikit-learn cannot be read ({error}): install scikit-learn again") from None
    values = np.array(text.replace(b"\n", b",").rstrip(b",").split(b","), dtype=np.float64)
    return values.reshape(-1, 65).astype(np.int64)
