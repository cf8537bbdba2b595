"""resource.Quantity: reading, and the canonical writing that the API server uses in its answers."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from functools import lru_cache

_SUFFIXES = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10,
    "Mi": Decimal(2) ** 20,
    "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50,
    "Ei": Decimal(2) ** 60,
}
_FORM = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$")


@lru_cache(maxsize=4096)
def parse(text: str | int | float) -> Decimal:
    """The value in base units (cores, bytes, pods). Raises ValueError for what is no quantity."""
    found = _FORM.match(str(text).strip())
    if found is None:
        raise ValueError(f"{text!r} is no quantity")
    number, exponent, unit = found.groups()
    try:
        return Decimal(number + (exponent or "")) * _SUFFIXES[unit or ""]
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no quantity") from error


def cpu(value: Decimal | float) -> str:
    """Cores, written as the server does: whole, or in milli cores rounded up."""
    milli = int((Decimal(str(value)) * 1000).to_integral_value(ROUND_CEILING))
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"


def memory(value: Decimal | float) -> str:
    """Bytes with the largest binary suffix that leaves a whole number."""
    number = int(value)
    if number == 0:
        return "0"
    for unit in ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki"):
        size = int(_SUFFIXES[unit])
        if number % size == 0:
            return f"{number // size}{unit}"
    return str(number)


def write(value: Decimal, like: str) -> str:
    """``value`` in the style of a resource name: cpu in milli cores, memory and storage binary, counts plain."""
    if like.endswith("cpu"):
        return cpu(value)
    if like.endswith(("memory", "storage")):
        return memory(value)
    return str(int(value)) if value == value.to_integral_value() else str(value)
