"""What is wrong in a table that a person wrote, in one sentence: where, and what to write there."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any

import msgspec

from tfdash.spelling import nearest

_WRITTEN: dict[Any, str] = {
    str: 'a text, "..."',
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: 'a list of texts, ["..."]',
    dict: "a table, { name = value }",
}


def amiss(kind: type[msgspec.Struct], table: Mapping[str, Any], where: str = "") -> str:
    """The first thing in ``table`` that is none of ``kind``; "" where all is."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, value in table.items():
        if key not in fields:
            return f"there is no key {where}{key}; {nearest(key, fields)}"
        if found := _value(fields[key].type, value, f"{where}{key}"):
            return found
    lacks = next((name for name, field in fields.items() if field.required and name not in table), "")
    return f"{where}{lacks} is missing; write {lacks} = {_written(fields[lacks].type)}" if lacks else ""


def _value(kind: Any, value: Any, where: str) -> str:
    kind = (
        next(iter(set(typing.get_args(kind)) - {type(None), str, int, float}), kind)
        if _is_union(kind)
        else kind
    )
    inner = typing.get_args(kind)
    if typing.get_origin(kind) is list and _is_struct(inner[0]):
        if not isinstance(value, list):
            return f"{where} is one table; write [[{where}]]"
        return next(
            filter(None, (_value(inner[0], one, f"{where}[{at}]") for at, one in enumerate(value, 1))), ""
        )
    if _is_struct(kind):
        if not isinstance(value, dict):
            return f"{where} = {_shown(value)}: write a table, [{where}]"
        return amiss(kind, value, f"{where}.")
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return f"{where} = {_shown(value)}: write {_written(kind)}"
    return ""


def _is_union(kind: Any) -> bool:
    return typing.get_origin(kind) in (types.UnionType, typing.Union)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _written(kind: Any) -> str:
    if _is_union(kind):  # a text or a number of seconds
        given = set(typing.get_args(kind)) - {type(None)}
        return 'a duration, "90s" or 90' if str in given else _written(next(iter(given)))
    return _WRITTEN[typing.get_origin(kind) or kind]


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= 40 else f"{text[:39]}…"
