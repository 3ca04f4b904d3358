"""metrics.jsonl: the curves of a run, one JSON object per line, appended while training.

Each is an `events.Measured`: terms in nats per image; validation records are of beta 1, whatever was minimised.
"""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentlab.runs.files import write_whole

VALIDATION = b'"split": "validation"'
NEG_ELBO = re.compile(rb'"neg_elbo": (-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)[,}]')


@dataclass(frozen=True)
class Progress:
    """How far the curves go, in steps and complete epochs (an epoch without a validation counts once the next began).

    best_neg_elbo: the lowest of validation, of training where nothing was held out.
    """

    step: int = 0
    epoch: int = 0
    best_neg_elbo: float | None = None


class MetricsFile:
    """The file at `path`, which need not exist yet. `torn` is how many broken lines the last read passed over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = 0

    def append(self, record: dict[str, Any]) -> None:
        """Add one line, handed to the operating system before this returns.

        Raises OSError (full disk; the file is then what it was) and ValueError where a value is not finite.
        """
        try:
            line = json.dumps(record, allow_nan=False).encode() + b"\n"
        except ValueError:
            raise ValueError(f"the record of step {record.get('step')} holds a value that is not finite") from None
        with self.path.open("ab+", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            if end and _last_byte(file.fileno(), end) != b"\n":
                line = b"\n" + line  # what a killed process left must not swallow this record
            try:
                if file.write(line) != len(line):
                    raise OSError(28, "No space left on device", str(self.path))
            except OSError:
                file.truncate(end)
                raise

    def read(self) -> list[dict[str, Any]]:
        """All whole records in order. A torn last line is ignored; broken lines before it are counted in `torn`."""
        return [record for record, _ in self._lines()]

    def keep(self, wanted: Callable[[dict[str, Any]], bool]) -> None:
        """Keep the records that are wanted; the file is written once, whole, or not at all. Raises OSError."""
        if not self.path.exists():
            return
        kept = b"".join(line + b"\n" for record, line in self._lines() if wanted(record))
        if kept != self.path.read_bytes():
            write_whole(self.path, kept)

    def progress(self) -> Progress:
        """Where the curves stand, without parsing all of them: a list of 50 runs is shown in a fraction of a second."""
        data = self._bytes()
        last = next((record for line in _backwards(data) if (record := _parsed(line))), None)
        if last is None:
            return Progress()
        best = min(_validation(data), default=None)
        if best is None:
            best = min(map(float, NEG_ELBO.findall(data)), default=None)
        completed = last.get("epoch", 0) + (last.get("split") == "validation")  # which is what completes an epoch
        return Progress(last.get("step", 0), completed, best)

    def _bytes(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""

    def _lines(self) -> list[tuple[dict[str, Any], bytes]]:
        *complete, rest = self._bytes().split(b"\n")
        pairs = [(_parsed(line), line) for line in complete if line.strip()]
        self.torn = sum(record is None for record, _ in pairs)
        pairs.append((_parsed(rest), rest))
        return [(record, line) for record, line in pairs if record is not None]


def _last_byte(descriptor: int, end: int) -> bytes:
    os.lseek(descriptor, end - 1, os.SEEK_SET)
    return os.read(descriptor, 1)


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The record of a line. No shorter part of an object is JSON, so what is torn never passes for whole."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _backwards(data: bytes) -> list[bytes]:
    """The last lines, the last one first; the first of a long file may be cut, which makes it a torn one."""
    return [line for line in reversed(data[-65_536:].split(b"\n")) if line]


def _validation(data: bytes) -> list[float]:
    """neg_elbo of every validation record."""
    found, place = [], data.find(VALIDATION)
    while place >= 0:
        end = data.find(b"\n", place)
        record = _parsed(data[data.rfind(b"\n", 0, place) + 1 : end if end >= 0 else len(data)])
        if record is not None and isinstance(record.get("neg_elbo"), float | int):
            found.append(float(record["neg_elbo"]))
        place = data.find(VALIDATION, place + 1)
    return found
