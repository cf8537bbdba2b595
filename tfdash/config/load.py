"""The whole configuration, validated. Slow to import (pydantic): the first frame uses ``quick`` instead."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tfdash.config.problems import ConfigError, ConfigProblem, line_of, nearest, read_text
from tfdash.config.settings import Settings

_TYPES = {
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "list_type": 'must be a list such as ["a", "b"]',
    "dict_type": "must be a table",
    "model_type": "must be a table",
}


def load(path: Path | None) -> Settings:
    """Settings of a file, or the defaults when there is none. Raises ``ConfigError`` with every fault."""
    if path is None:
        return Settings()
    text = read_text(path)
    return parse(text, str(path))


def parse(text: str, file: str) -> Settings:
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = getattr(error, "lineno", 0) or _line_in(str(error))
        raise ConfigError([ConfigProblem(file, at, "", f"not valid TOML: {error}")]) from None
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise ConfigError([_problem(detail, text, file) for detail in error.errors()]) from None


def _line_in(message: str) -> int:
    _, _, tail = message.partition("(at line ")
    return int(tail.split(",")[0]) if tail and tail.split(",")[0].isdigit() else 0


def _problem(detail: ErrorDetails, text: str, file: str) -> ConfigProblem:
    path = tuple(str(part) for part in detail["loc"])
    key, kind = ".".join(path), detail["type"]
    line = line_of(text, path)
    if kind == "extra_forbidden":
        return ConfigProblem(file, line, key, "unknown key", nearest(path[-1], _valid_keys(path[:-1])))
    if kind in _TYPES:
        return ConfigProblem(file, line, key, f"{_TYPES[kind]}, not {type(detail['input']).__name__}")
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return ConfigProblem(file, line, key, message)


def _valid_keys(path: tuple[str, ...]) -> list[str]:
    """The keys that the table at ``path`` may have."""
    model: type[BaseModel] = Settings
    for part in path:
        if part.isdigit():
            continue
        if part in model.model_fields:
            inner = _model_in(model.model_fields[part].annotation)
            model = inner or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
