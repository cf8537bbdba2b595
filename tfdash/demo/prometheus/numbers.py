"""Numbers as Prometheus writes them."""

from __future__ import annotations

import math
from decimal import Decimal


def number(value: float) -> str:
    """The shortest text that reads back as ``value``; exponents only below 1e-6 and from 1e21."""
    if 1e-4 <= abs(value) < 1e16 or not value:  # nearly all of them: Python writes these alike
        return repr(value).removesuffix(".0")
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if value != 0 and not 1e-6 <= abs(value) < 1e21:
        if "e" not in text:
            text = f"{Decimal(text):e}"
        return text
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def seconds(milliseconds: int) -> float | int:
    """A time stamp of the API."""
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000
