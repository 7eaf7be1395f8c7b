"""Where settings come from: the command line, then the environment, then `DIR/settings.toml`, then the default.

In: what the command line said. Out: Settings. Rule: a wrong value or an unknown name stops the start, with its place.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateway.settings.settings import Settings, all_settings

FILE_NAME = "settings.toml"


class SettingWrong(ValueError):
    """A setting that cannot be read. `str()` says where it stands, which it is, and what is wanted."""


def load_settings(given: Mapping[str, object], environment: Mapping[str, str] | None = None) -> Settings:
    """`given`: from the command line, None = not said. Raises SettingWrong."""
    environment = os.environ if environment is None else environment
    said = {name: value for name, value in given.items() if value is not None}
    values = _read(said, "the command line", shown=lambda name: f"--{name.replace('_', '-')}")
    from_environment = {
        one.name: environment[one.environment] for one in all_settings() if one.environment in environment
    }
    values = _read(from_environment, "the environment", shown=lambda name: f"ESL_{name.upper()}") | values
    data = values.get("data", Settings().data)
    values = _read(_file(Path(data) / FILE_NAME), str(Path(data) / FILE_NAME)) | values
    return Settings(**values)


def _file(path: Path) -> dict[str, object]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):  # what is wrong with the folder itself is said when it is opened
        return {}
    except (OSError, ValueError) as error:
        raise SettingWrong(f"{path} cannot be read: {error}") from error
    if "data" in found:
        raise SettingWrong(f"{path}: data is the folder this file stands in: give it by --data or ESL_DATA")
    return found


def _read(
    found: Mapping[str, object], place: str, *, shown: Callable[[str], str] = lambda name: name
) -> dict[str, Any]:
    known = {one.name: one for one in all_settings()}
    values: dict[str, Any] = {}
    for name, value in found.items():
        if name not in known:
            raise SettingWrong(f"{place}: there is no setting {name}; docs/operating.md lists them")
        try:
            values[name] = known[name].read(value)
        except ValueError as error:
            raise SettingWrong(f"{place}: {shown(name)}: {error}") from error
    return values
