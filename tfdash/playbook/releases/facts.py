"""The values of an object that an action is decided upon, as canonical JSON by JSON pointer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tfdash.model.release import Fact

_ABSENT = object()


def facts_of(document: Any, pointers: Sequence[str]) -> tuple[Fact, ...]:
    """For each JSON pointer (RFC 6901) its value in the decoded object ``document``, in the order given.

    Canonical: keys sorted, no white space, as UTF-8 text; "" where the object has no such member (which differs from
    null). Raises ValueError for what is no JSON pointer.
    """
    return tuple(Fact(pointer=p, value=canonical_at(document, p)) for p in pointers)


def canonical_at(document: Any, pointer: str) -> str:
    found = resolve(document, pointer)
    return "" if found is _ABSENT else canonical(found)


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def resolve(document: Any, pointer: str) -> Any:
    if pointer and not pointer.startswith("/"):
        raise ValueError(f"{pointer!r} is no JSON pointer: it must be empty or begin with /")
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and name in document:
            document = document[name]
        elif isinstance(document, list) and name.isdecimal() and int(name) < len(document):
            document = document[int(name)]
        else:
            return _ABSENT
    return document


def pointer_of(*names: str) -> str:
    """The pointer to a member by its names: ``pointer_of("metadata", "labels", "a/b")``."""
    return "".join("/" + n.replace("~", "~0").replace("/", "~1") for n in names)
