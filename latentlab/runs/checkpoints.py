"""Checkpoints that survive: kill -9, a full disk and a flipped byte each cost at most the newest one.

A checkpoint is a folder step-000004690 with its files and a manifest of their sizes and SHA-256. It is written under
a temporary name, every file fsynced, the manifest last, then renamed, then read back; only then is an older one
removed. Names that begin with a dot are work in progress: readers pass over them, the next writer clears them away.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from latentlab.runs.files import blaming, json_bytes, sync_folder, temporary_beside, write_synced

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1
KEPT = 2  # the last ones, beside those that the caller asks to keep
STEP = re.compile(r"step-(\d{9,})")
REPLACED = ".replaced-"  # the old checkpoint of a step while the new one of the same step takes its place


class CheckpointDamaged(ValueError):
    """A checkpoint that is not what was written; the sentence names the file and the reason."""


class CheckpointStore:
    """The checkpoints of one run, in `folder`. Who writes holds the run's lock; anyone may read meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._damaged: set[int] = set()  # steps that `newest_good` passed over

    def write(self, step: int, files: Mapping[str, bytes], keep: Collection[int] | None = None) -> Path:
        """Put a checkpoint of this step in place and verify it; with `keep`, prune afterwards. Returns its folder.

        Raises OSError (full disk: all earlier checkpoints are still there), CheckpointDamaged where the disk lies.
        """
        assert all(Path(name).name == name and name != MANIFEST for name in files), "plain file names"
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True)
            sync_folder(self.folder.parent)
        self._clear()
        place = self._place(step)
        manifest = manifest_bytes(step, files)
        if not self._is_same(place, manifest):
            with blaming(place):
                self._put(place, {**files, MANIFEST: manifest})
        self.verify(place)
        self._damaged.discard(step)
        if keep is not None:
            self.prune(keep)
        return place

    def verify(self, path: Path) -> None:
        """Read a checkpoint through. Raises CheckpointDamaged naming the first bad file and what is wrong with it."""
        for name in read_manifest(path):
            self.read(path, name)

    def read(self, path: Path, file: str) -> bytes:
        """The bytes of one file, verified. Raises CheckpointDamaged."""
        files = read_manifest(path)
        if file not in files:
            raise CheckpointDamaged(f"the checkpoint {path.name} has no {file}")
        expected = files[file]
        data = _read_bytes(path, file)
        if len(data) != expected["size"]:
            raise _damaged(path, file, f"it has {len(data):,} bytes instead of {expected['size']:,}")
        if hashlib.sha256(data).hexdigest() != expected["sha256"]:
            raise _damaged(path, file, "its content has changed since it was written")
        return data

    def steps(self) -> list[int]:
        """The steps of which there is a checkpoint, good or damaged, ascending."""
        if not self.folder.is_dir():
            return []
        names = (entry.name.removeprefix(REPLACED) for entry in self.folder.iterdir())
        return sorted({int(match[1]) for name in names if (match := STEP.fullmatch(name))})

    def path(self, step: int) -> Path:
        """The folder of this step's checkpoint, whether or not there is one."""
        place = self._place(step)
        replaced = _replaced(place)
        return replaced if not place.exists() and replaced.exists() else place

    def newest_good(self) -> tuple[Path | None, list[str]]:
        """The newest checkpoint that verifies (None where none does), and a sentence on each damaged newer one."""
        sentences: list[str] = []
        for step in reversed(self.steps()):
            path = self.path(step)
            try:
                self.verify(path)
            except CheckpointDamaged as error:
                sentences.append(str(error))
                self._damaged.add(step)
            else:
                return path, sentences
        return None, sentences

    def prune(self, keep: Collection[int]) -> None:
        """Remove all checkpoints but the last two and those of the steps in `keep` (the best one's). Raises OSError.

        What `newest_good` has found damaged is not one of the two: it must not push out a sound one.
        """
        steps = self.steps()
        last = [step for step in steps if step not in self._damaged][-KEPT:]
        for step in set(steps) - set(last) - set(keep):
            self._remove(self.path(step))

    def _place(self, step: int) -> Path:
        return self.folder / f"step-{step:09d}"

    def _is_same(self, place: Path, manifest: bytes) -> bool:
        """Whether this very content is there already: stopping right after an epoch saves the same step twice."""
        try:
            self.verify(place)
            return _read_bytes(place, MANIFEST) == manifest
        except CheckpointDamaged:
            return False

    def _put(self, place: Path, files: Mapping[str, bytes]) -> None:
        """Write the files in this order (the manifest is last) beside `place`, and rename."""
        temporary = temporary_beside(place)
        try:
            temporary.mkdir()
            for name, data in files.items():
                write_synced(temporary / name, data)
            sync_folder(temporary)
            if place.exists():
                place.rename(_replaced(place))  # `path` finds it there should the next line never be reached
            temporary.rename(place)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        sync_folder(self.folder)
        if _replaced(place).exists():
            shutil.rmtree(_replaced(place))

    def _remove(self, path: Path) -> None:
        """Out of sight first, so that a half-removed checkpoint is never taken for a damaged one."""
        hidden = temporary_beside(path)
        path.rename(hidden)
        shutil.rmtree(hidden)

    def _clear(self) -> None:
        """What killed writers left: drop unfinished folders, put back a checkpoint whose successor never came."""
        for entry in list(self.folder.glob(".*")):
            place = self.folder / entry.name.removeprefix(REPLACED)
            if entry.name.startswith(REPLACED) and not place.exists():
                entry.rename(place)
            elif entry.is_dir():
                shutil.rmtree(entry)


def manifest_bytes(step: int, files: Mapping[str, bytes]) -> bytes:
    """The manifest of these files: per name the size in bytes and the SHA-256, and its own SHA-256 at the end."""
    described = {
        name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in sorted(files.items())
    }
    return _sealed({"schema_version": SCHEMA_VERSION, "step": step, "files": described})


def read_manifest(path: Path) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 by file name. Raises CheckpointDamaged: a single changed byte of it is noticed too."""
    data = _read_bytes(path, MANIFEST)
    try:
        values = json.loads(data)
        whole = _sealed({key: value for key, value in values.items() if key != "sha256"}) == data
    except (ValueError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise _damaged(path, MANIFEST, "its content has changed since it was written")
    if values["schema_version"] > SCHEMA_VERSION:
        raise CheckpointDamaged(f"the checkpoint {path.name} was written by a newer LatentLab: update this one")
    files: dict[str, dict[str, Any]] = values["files"]
    return files


def _sealed(values: dict[str, Any]) -> bytes:
    return json_bytes({**values, "sha256": hashlib.sha256(json_bytes(values)).hexdigest()})


def _read_bytes(path: Path, file: str) -> bytes:
    try:
        return (path / file).read_bytes()
    except FileNotFoundError:
        raise _damaged(path, file, "it is missing") from None
    except OSError as error:
        raise _damaged(path, file, f"it cannot be read ({error.strerror or error})") from None


def _damaged(path: Path, file: str, reason: str) -> CheckpointDamaged:
    return CheckpointDamaged(f"the checkpoint {path.name} is damaged: {file}: {reason}")


def _replaced(place: Path) -> Path:
    return place.with_name(REPLACED + place.name)
