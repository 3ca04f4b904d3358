"""What a run may be called: a folder's name that Linux, macOS and Windows all accept."""

import re

LONGEST = 100  # characters
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')  # by one of the three systems that a run may be copied to
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)  # Windows' devices


def check_name(name: str) -> None:
    """Raises ValueError with one sentence where `name` cannot be a folder's name on every system."""
    if not name.strip():
        raise ValueError("a run needs a name")
    if len(name) > LONGEST:
        raise ValueError(f"a run's name has at most {LONGEST} characters, this one has {len(name)}")
    if bad := FORBIDDEN.search(name):
        raise ValueError(f"a run's name is a plain folder name: {bad[0]!r} in {name!r} cannot be used")
    if name.startswith(".") or name.endswith(".") or name != name.strip():
        raise ValueError(f"a run's name begins and ends with neither dot nor space, unlike {name!r}")
    if RESERVED.fullmatch(name):
        raise ValueError(f"a run cannot be called {name!r}: Windows keeps that name for a device")


def cleaned(stem: str) -> str:
    """`stem` with a dash for each character that a name cannot hold, short enough for a number behind it."""
    return FORBIDDEN.sub("-", stem).strip(". ")[: LONGEST - 8] or "run"
