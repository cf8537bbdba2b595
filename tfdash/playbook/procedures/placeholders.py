"""``{input}`` in the texts of a procedure: which there are, and values put in their place in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial

EACH = "each"
"""Within a group ``each``: the value whose turn it is."""
NUMBER = "number"
"""Its place among the values of the group, from 1: ``{each.number}``."""
OWN = ("run", "environment", "cluster", "began")
"""What each run knows by itself; ``began`` in whole epoch seconds."""
_PLACE = re.compile(r"\{([A-Za-z_][\w-]{0,60}(?:\.[\w-]{1,60})?)\}")
"""A brace before anything but a name is a brace: JSON in an argument is left as it is."""


def named_in(text: str) -> Iterator[tuple[str, str]]:
    """(input, part) of each, ``part`` "" where the whole value is meant."""
    for found in _PLACE.findall(text):
        name, _, part = found.partition(".")
        yield name, part


def is_one(text: str) -> bool:
    """It is a place and nothing else."""
    return _PLACE.fullmatch(text) is not None


def filled(text: str, values: Mapping[str, str]) -> str:
    """``values`` has the parts too, as "service.name". What is put in is not looked at again; what is not known stays as it is."""
    return _PLACE.sub(partial(_value, values), text) if "{" in text else text


def _value(values: Mapping[str, str], place: re.Match[str]) -> str:
    return values.get(place[1], place[0])
