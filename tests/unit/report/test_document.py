"""A document is written as Python's own encoder indents it, to the byte, whatever stands in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tfdash.report.document import written


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"a": [], "b": {}, "c": [[{}], [[], None]], "d": {"e": [{"f": []}]}},
        [1, -0.0, 2.50, 1e22, 5e-324, 10**30, True, None],
        {"é": '\u2028 \x00 \x7f " \\ / 日本 😀 {"a": [1, 2]}', 3: None},
        [float("nan"), float("inf"), -float("inf")],
        ["half of a pair: \ud800", {"\udfff": 1}],
        "alone",
    ],
)
def test_it_is_what_json_writes(document: Any) -> None:
    assert written(document) == json.dumps(document, indent=2, ensure_ascii=False)
