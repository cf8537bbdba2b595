"""Kubernetes quantities as exact whole numbers: of cores, bytes, pods and whatever else, in billionths (``NANO``).

No float: a quota that is used to 80 % is used to exactly 80 %. Grammar and rounding as the API server has them (apimachinery,
pkg/api/resource: what is finer than a billionth is rounded away from zero, a binary one ends at 2**63 - 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

NANO = 10**9
Amounts: TypeAlias = tuple[tuple[str, int], ...]
"""Of several resources ("cpu", "memory", "pods", "nvidia.com/gpu"), by name: sorted, each once, in billionths."""
NOTHING: Amounts = ()

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_FORM = re.compile(
    r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:([KMGTPE]i)|[eE]([+-]?[0-9]{1,3})|([numkMGTPE]?))\Z", re.ASCII
)
_MOST = (2**63 - 1) * NANO
_GREATEST = 10**300
"""Billionths. What is more counts as this: sums and shares of it are numbers that can be drawn (a float ends at 1.8e308)."""
_LONGEST = 64  # characters; longer, or with an exponent of four digits, it is no amount of anything


@lru_cache(8192)
def parse(text: str | int | float) -> int:
    """Billionths. Raises ValueError for what is no quantity."""
    if isinstance(text, int) and not isinstance(text, bool):
        return max(-_GREATEST, min(text * NANO, _GREATEST))
    written = str(text)
    found = _FORM.match(written) if len(written) <= _LONGEST else None
    if found is None or not (found[2] or found[3]):
        raise ValueError(f"{written[:_LONGEST]!r} is no quantity: digits and a suffix like m, k, Mi or e3")
    sign, whole, part, binary, exponent, suffix = found.groups()
    part = part or ""
    power = (int(exponent) if exponent else _DECIMAL[suffix or ""]) - len(part) + 9
    digits = int(f"{whole}{part}" or "0")
    if binary:
        digits <<= _BINARY[binary]
    factor: int = 10 ** abs(power)
    value = digits * factor if power >= 0 else -(-digits // factor)
    value = min(value, _MOST if binary else _GREATEST)
    return -value if sign == "-" else value


def amounts(found: Mapping[str, str | int | float] | None) -> Amounts:
    """A ResourceList of the API. Raises ValueError, naming the resource, for one that is none."""
    if not found:
        return NOTHING
    read = []
    for name in sorted(found):
        try:
            read.append((name, parse(found[name])))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return tuple(read)


def amount(several: Amounts, name: str) -> int | None:
    """Of one resource; None where nothing is said of it, which is not 0."""
    for found, value in several:
        if found == name:
            return value
    return None


def total(several: Iterable[Amounts]) -> Amounts:
    """Added up by resource."""
    found: dict[str, int] = {}
    for one in several:
        for name, value in one:
            found[name] = found.get(name, 0) + value
    return tuple(sorted(found.items()))


def most(*several: Amounts) -> Amounts:
    """The largest of each resource; a resource of which only one says something is that."""
    found: dict[str, int] = {}
    for one in several:
        for name, value in one:
            if name not in found or value > found[name]:
                found[name] = value
    return tuple(sorted(found.items()))


def replaced(base: Amounts, by: Amounts) -> Amounts:
    """``base`` with what ``by`` says of each resource in its place."""
    return tuple(sorted({**dict(base), **dict(by)}.items()))


def rounded(nanos: int, unit: int = NANO) -> int:
    """In units of so many billionths (``NANO // 1000`` for thousandths), away from zero as the API server rounds."""
    return -(-nanos // unit) if nanos >= 0 else nanos // unit


def share(part: int, whole: int) -> float:
    """In percent; raises ZeroDivisionError where there is no whole."""
    return 100 * part / whole


def text(nanos: int, *, binary: bool = False) -> str:
    """As the API server writes it: ``250m``, ``12k``, ``1500m``; ``binary`` (of a size): ``256Mi``, where such a unit divides it."""
    whole, part = divmod(nanos, NANO)
    if binary and whole and not part:
        power = max(p for p in (0, *_BINARY.values()) if whole % (1 << p) == 0)
        if power:
            return f"{whole >> power}{next(s for s, p in _BINARY.items() if p == power)}"
    suffix = next(
        (s for s, p in sorted(_DECIMAL.items(), key=lambda f: -f[1]) if nanos and nanos % 10 ** (p + 9) == 0),
        "",
    )
    return f"{nanos // 10 ** (_DECIMAL[suffix] + 9)}{suffix}"


_SIZES = ("memory", "storage")


def shown(name: str, nanos: int) -> str:
    """Of the resource ``name``, also as a quota calls it ("requests.memory", "limits.cpu")."""
    return text(nanos, binary=name.endswith(_SIZES) or "hugepages-" in name)


def reaches(part: int, whole: int, percent: int | float) -> bool:
    """Whether ``part`` is at least so many percent of ``whole``, exactly; ``percent`` as it is written."""
    top, bottom = _ratio(percent)
    return part * 100 * bottom >= whole * top


def exceeds(part: int, whole: int, percent: int | float) -> bool:
    """Whether it is more; likewise."""
    top, bottom = _ratio(percent)
    return part * 100 * bottom > whole * top


@lru_cache(64)
def _ratio(percent: int | float) -> tuple[int, int]:
    return Fraction(str(percent)).as_integer_ratio()
