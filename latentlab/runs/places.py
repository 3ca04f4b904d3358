"""Where things lie: run folders, data, the packaged demo run and resources."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
DEMO = "digits-demo"
RECORD_FILE = "run.json"  # what makes a folder a run


def is_run(folder: Path) -> bool:
    """Whether this folder holds a LatentLab run (which may still turn out to be damaged)."""
    return os.path.isfile(folder / RECORD_FILE)  # not Path.is_file, which raises for a name that is too long


def demo_run() -> Path | None:
    """The small trained run that comes with LatentLab, or None where it is missing."""
    return next((folder for folder in _packaged("checkpoints", DEMO) if is_run(folder)), None)


def default_checkpoints() -> Path:
    """./checkpoints where it holds a LatentLab run, else a folder among the platform's user data."""
    here = Path("checkpoints")
    if here.is_dir() and any(is_run(folder) for folder in here.iterdir()):
        return here
    return _user_data() / "checkpoints"


def default_data_dir() -> Path:
    """Where data sets are downloaded to and looked for: a folder among the platform's user data."""
    return _user_data() / "data"


def session_file() -> Path:
    """What the window remembers of the last time: a file among the platform's user state."""
    import platformdirs

    return platformdirs.user_state_path("latentlab", appauthor=False) / "session.json"


def resources() -> Path:
    """The folder of icons and styles, in the installed package or beside it in the source tree."""
    inside, beside = _packaged("resources")
    return inside if inside.is_dir() else beside


def _packaged(*parts: str) -> tuple[Path, Path]:
    """What a wheel keeps inside the package and the source tree beside it."""
    return PACKAGE.joinpath(*parts), PACKAGE.parent.joinpath(*parts)


def _user_data() -> Path:
    import platformdirs

    return platformdirs.user_data_path("latentlab", appauthor=False)
