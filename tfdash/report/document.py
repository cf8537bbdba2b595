"""A document as indented JSON."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def written(document: Any) -> str:
    """As ``json.dumps`` indents it by two, which it does in Python: 150 ms for 5,000 rows instead of 30."""
    try:
        return msgspec.json.format(json.dumps(document, ensure_ascii=False), indent=2)
    except (
        UnicodeEncodeError,
        msgspec.DecodeError,
    ):  # half a surrogate pair; a number that JSON does not have
        return json.dumps(document, indent=2, ensure_ascii=False)
