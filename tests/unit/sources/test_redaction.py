"""The values of a Secret leave the source as their sizes, and what shows them tells the same sizes."""

from __future__ import annotations

import base64

import pytest

from tfdash.sources.kubernetes.redaction import cleaned
from tfdash.views.describe import describe, description_lines
from tfdash.views.yaml import yaml_lines


@pytest.mark.parametrize("size", [0, 1, 2, 3, 11, 1234])
def test_a_secret_opened_tells_the_true_size_of_each_value(size: int) -> None:
    value = base64.b64encode(b"s" * size).decode()
    secret = cleaned({"kind": "Secret", "type": "Opaque", "metadata": {"name": "s"}, "data": {"word": value}})
    told = f"word: <hidden, {size:,} bytes>"
    for lines in (yaml_lines(secret), description_lines(describe(secret, now=0.0))):
        assert told in [line.strip() for line in lines]


def test_what_no_base64_is_tells_its_own_size() -> None:
    secret = cleaned({"kind": "Secret", "data": {"odd": "not base64!"}, "stringData": {"plain": "c2VjcmV0"}})
    assert secret["data"] == {"odd": "<hidden, 11 bytes>"}
    assert secret["stringData"] == {"plain": "<hidden, 8 bytes>"}
