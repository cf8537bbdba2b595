"""What pods and nodes use now, rounded as ``kubectl top`` rounds: thousandths of a core up, Mi down."""

from __future__ import annotations

from tfdash.model.usage import NodeMetrics, PodMetrics
from tfdash.quantities import NANO, amount, rounded
from tfdash.views.age import since
from tfdash.views.kinds.base import Context, Field, kind_view, name_field

_MILLI, _MI = NANO // 1000, 2**20


def top_cpu(used: int | None) -> str:
    """``153m``; "-" where nothing was measured, which is not 0."""
    return "-" if used is None else f"{rounded(used, _MILLI)}m"


def top_memory(used: int | None) -> str:
    """``64Mi``."""
    return "-" if used is None else f"{rounded(used) // _MI}Mi"


def _used(found: PodMetrics | NodeMetrics, name: str) -> int | None:
    return amount(found.usage, name)


_FIELDS = (
    name_field(width=40),
    Field(
        "cpu",
        "CPU",
        8,
        lambda u, c: top_cpu(_used(u, "cpu")),
        lambda u, c: float(_used(u, "cpu") or 0),
        value=lambda u, c: _cores(u),
        printer="cpu",
        right=True,
        priority=0,
    ),
    Field(
        "memory",
        "MEMORY",
        9,
        lambda u, c: top_memory(_used(u, "memory")),
        lambda u, c: float(_used(u, "memory") or 0),
        value=lambda u, c: _bytes(u),
        printer="memory",
        right=True,
        priority=0,
    ),
    Field(
        "measured",
        "MEASURED",
        9,
        lambda u, c: since(u.at, c.now),
        lambda u, c: -u.at,
        value=lambda u, c: u.at,
        right=True,
        priority=1,
        clock=True,
    ),
    Field(
        "window",
        "OVER",
        6,
        lambda u, c: f"{u.window:.0f}s",
        lambda u, c: u.window,
        value=lambda u, c: u.window,
        printer="Window",
        right=True,
        priority=2,
    ),
)


def _cores(found: PodMetrics | NodeMetrics) -> float | None:
    used = _used(found, "cpu")
    return None if used is None else used / NANO


def _bytes(found: PodMetrics | NodeMetrics) -> int | None:
    used = _used(found, "memory")
    return None if used is None else rounded(used)


def _search(found: PodMetrics | NodeMetrics, context: Context) -> str:
    return f"{found.namespace} {found.name}"


VIEWS = tuple(
    kind_view(kind, search=_search, fields=_FIELDS, order="cpu", descending=True)
    for kind in ("PodMetrics", "NodeMetrics")
)
