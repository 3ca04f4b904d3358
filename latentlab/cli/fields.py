"""Every setting of a configuration by its name, as --set and --config take it; `latentlab settings` lists them."""

import difflib
import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from latentlab.cli.exits import DONE
from latentlab.cli.settings import FLAGS
from latentlab.config import DEFAULT_BETA, RunConfig

Schema = dict[str, Any]
OTHER_FLAGS = {"data.source": "--data", "data.path": "--data", "training.start_from": "--from"}
ENDS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
KINDS = {"integer": "a whole number", "number": "a number", "string": "text", "boolean": "true or false"}


@dataclass(frozen=True)
class Setting:
    """One setting: its name (section.field), what it may be and what it is where nothing is said, in words."""

    name: str
    values: str
    default: str
    description: str


def settings(request: Namespace) -> int:
    """Prints all settings, or those in whose name a word is, and returns the exit code. Raises ValueError for none."""
    wanted = request.word or ""
    found = [setting for setting in every_setting() if wanted.replace("-", "_") in setting.name]
    if not found:
        raise ValueError(f"no setting is called anything like '{wanted}'{_nearest(wanted)}")
    for setting in found:
        flag = _flag(setting.name)
        print(f"{setting.name}{flag and f' ({flag})'}: {setting.values}; default {setting.default}")
        print(f"    {setting.description}")
    return DONE


def every_setting() -> list[Setting]:
    """All of them in the configuration's order; a schedule's fields are settings too."""
    schema = RunConfig.model_json_schema()
    return list(_settings(schema, RunConfig().to_dict(), schema["$defs"], ""))


def check_known(values: dict[str, Any]) -> None:
    """Raises ValueError for a setting that there is not, naming the nearest; what others may be, parsing knows."""
    names = {setting.name for setting in every_setting()}
    groups = {name.rpartition(".")[0] for name in names}
    groups |= {group.partition(".")[0] for group in groups}
    for name in _leaves(values, ""):
        if name not in names | groups:
            raise ValueError(f"there is no setting '{name}'{_nearest(name)}")


def _nearest(name: str) -> str:
    """What may have been meant, and where all are listed: the end of a sentence."""
    names, wanted = [setting.name for setting in every_setting()], name.replace("-", "_")
    same = [each for each in names if each.rpartition(".")[2] == wanted.rpartition(".")[2]]
    alike = (same or difflib.get_close_matches(wanted, names, 3, 0.7))[:3]
    said = f"; the nearest {'is' if len(alike) == 1 else 'are'} {', '.join(alike)}" if alike else ""
    return f"{said}; 'latentlab settings' lists them all"


def _flag(name: str) -> str:
    """The flag that sets it too, or nothing."""
    flags = {f"{flag.section}.{flag.field}": f"--{flag.name}" for flag in FLAGS} | OTHER_FLAGS
    group, _, last = name.rpartition(".")
    return flags.get(name) or (flags.get(group, "") if last in ("shape", "steps") else "")


def _leaves(values: dict[str, Any], prefix: str) -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _settings(schema: Schema, defaults: dict[str, Any], known: dict[str, Schema], prefix: str) -> Iterator[Setting]:
    for key, field in schema["properties"].items():
        name, default = f"{prefix}{key}", defaults[key]
        if (inner := field.get("$ref")) is not None:
            yield from _settings(known[inner.rpartition("/")[2]], default, known, f"{name}.")
        else:
            told = "empty" if default in (None, []) else default if isinstance(default, str) else json.dumps(default)
            if name == "objective.beta":
                told = ", ".join(f"{kind} {beta:g}" for kind, beta in DEFAULT_BETA.items())
            yield Setting(name, _values(field), told, field["description"])


def _values(field: Schema) -> str:
    """What a setting may be, in words."""
    if "anyOf" in field:
        return " or ".join("empty (null)" if one.get("type") == "null" else _values(one) for one in field["anyOf"])
    if "enum" in field:
        return ", ".join(map(str, field["enum"]))
    if field["type"] == "array":
        return f"a list, each {_values(field['items'])}"
    ends = [f"{word} {field[end]:,.10g}" for end, word in ENDS.items() if end in field]
    return f"{KINDS[field['type']]} {' and '.join(ends)}".rstrip()
