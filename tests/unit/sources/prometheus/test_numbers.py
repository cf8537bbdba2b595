"""A sample is what another program sent: whoever reads one says which series it was of, where it is no number."""

from __future__ import annotations

import ast
from pathlib import Path

import msgspec
import pytest

from tfdash.sources import prometheus
from tfdash.sources.prometheus.answer import AnotherShape, Row, number

HOME = Path(prometheus.__file__).parent
BY_THEMSELVES = {"answer.py", "series.py", "probes.py"}
"""They read millions, and say it of the series as a whole (``no_number``)."""


@pytest.mark.parametrize("text", ["0x1p3", "", "null", "1,5"])
def test_no_number_is_told_with_its_series(text: str) -> None:
    with pytest.raises(AnotherShape, match=r"a sample is '.*' and no number, of .*web"):
        number(Row(msgspec.Raw(b'{"pod":"web"}')), text)


def test_nobody_else_makes_numbers_of_samples() -> None:
    """``float`` of a sample was a fault of tfdash itself in four places."""
    found = [
        f"{path.relative_to(HOME)}:{node.lineno}"
        for path in sorted(HOME.rglob("*.py"))
        if path.name not in BY_THEMSELVES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "float"
        and any(isinstance(one, ast.Name) and one.id in ("text", "row", "rows") for one in ast.walk(node))
    ]
    assert not found
