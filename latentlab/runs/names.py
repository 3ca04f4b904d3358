"""What a run may be called: a folder's name that Linux, macOS and Windows all accept."""

import re

LONGEST = 200  # bytes in UTF-8; file systems stop at 255
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')  # by one of the three systems that a run may be copied to
EDGES = re.compile(r"^[.\s]+|[.\s]+$")
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)  # Windows' devices


def check_name(name: str) -> None:
    """Raises ValueError with one sentence where `name` cannot be a folder's name on every system."""
    if not name.strip():
        raise ValueError("a run needs a name")
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise ValueError(f"a run's name is text in Unicode, unlike {name!a}") from None
    if length > LONGEST:
        raise ValueError(f"a run's name has at most {LONGEST} bytes, this one has {length}: choose a shorter one")
    if bad := FORBIDDEN.search(name):
        raise ValueError(f"a run's name is a plain folder name: {bad[0]!r} in {name!r} cannot be used")
    if name.startswith(".") or name.endswith(".") or name != name.strip():
        raise ValueError(f"a run's name begins and ends with neither dot nor space, unlike {name!r}")
    if RESERVED.fullmatch(name):
        raise ValueError(f"a run cannot be called {name!r}: Windows keeps that name for a device")


def cleaned(stem: str) -> str:
    """`stem` with a dash for each character that a name cannot hold, short enough for a number behind it."""
    legal = EDGES.sub("", FORBIDDEN.sub("-", stem.encode("utf-8", "replace").decode()))
    return legal.encode()[: LONGEST - 8].decode("utf-8", "ignore") or "run"
