"""A picture as the bytes of a PNG file, with zlib alone: what trains on a bare server has no Pillow."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPES = {1: 0, 3: 2}  # channels -> PNG's number for grey and for red, green and blue


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """The file of a picture uint8 (H, W, 1), grey, or (H, W, 3), after the PNG specification (ISO/IEC 15948).

    Every row is stored without a filter, which suits magnified pixels: zlib sees the repetition.
    """
    assert picture.dtype == np.uint8, "8 bits per channel"
    height, width, channels = picture.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # a row's first byte names its filter: 0, none
    rows[:, 1:] = picture.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
