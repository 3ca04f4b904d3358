"""One file fetched from the first host that has it: with progress, cancellable, checked, whole or absent."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request as Query
from urllib.request import urlopen

from latentlab.data.request import Request

TIMEOUT = 20.0  # seconds without a byte after which a host is given up
BLOCK = 1 << 18
LIMIT = 1 << 30  # no file that we fetch is nearly so large


class DownloadFailed(OSError):
    """No host had the file; the sentence says why, and where to put it by hand."""


class _Useless(Exception):
    """This host does not answer, or not with the file that was meant."""


def fetch(what: str, urls: Sequence[str], path: Path, checksum: str, request: Request) -> None:
    """Write the file at one of `urls` to `path`. `checksum` is like "md5:..." or "sha256:...".

    Raises DownloadFailed where no host has it, Cancelled where it is no longer wanted, OSError where `path` cannot be
    written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    reasons = []
    try:
        for url in urls:
            try:
                _write(part, url, checksum, what, request)
            except _Useless as reason:
                reasons.append(f"{urlsplit(url).netloc}: {reason}")
            else:
                os.replace(part, path)
                return
    finally:
        part.unlink(missing_ok=True)
    raise DownloadFailed(
        f"{what} could not be downloaded ({'; '.join(reasons)}); check the connection and try again, "
        f"or put the file {path.name} into {path.parent} yourself"
    )


def _write(part: Path, url: str, checksum: str, what: str, request: Request) -> None:
    algorithm, _, expected = checksum.partition(":")
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with part.open("wb") as file:
        for block in _blocks(url, what, request):
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != expected:
        raise _Useless("the file there is not the one that was expected")


def _blocks(url: str, what: str, request: Request) -> Iterator[bytes]:
    """The body of the answer. Only what the network does becomes _Useless: a full disk is not the host's fault."""
    request.report(f"downloading {what}", 0, 0)
    try:
        with urlopen(Query(url, headers={"User-Agent": "latentlab"}), timeout=TIMEOUT) as answer:
            total, done = int(answer.headers.get("Content-Length") or 0), 0
            while block := answer.read(BLOCK):
                done += len(block)
                if max(done, total) > LIMIT:
                    raise _Useless("the file there is far too large")
                yield block
                request.report(f"downloading {what}", done, total)
            if done < total:
                raise _Useless("the connection broke off")
    except HTTPError as error:
        raise _Useless(f"answered {error.code}") from None
    except URLError as error:
        raise _Useless(str(error.reason)) from None
    except (TimeoutError, ConnectionError, HTTPException, ValueError) as error:
        raise _Useless(str(error) or type(error).__name__) from None
