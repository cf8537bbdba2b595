"""Events."""

from __future__ import annotations

from tfdash.model.kube import Object, Provisional
from tfdash.model.kubecluster import Event
from tfdash.views.kinds.base import Context, Field, age_field, kind_view, printed, text_field


def involved(event: Event) -> str:
    """``pod/web-1``, or the kind alone where it has no name."""
    kind = event.involved_kind.lower()
    return f"{kind}/{event.involved_name}" if event.involved_name else kind


def _paint_type(obj: Object, context: Context) -> str:
    kind = (
        printed(obj, "Type") if isinstance(obj, Provisional) else obj.type if isinstance(obj, Event) else ""
    )
    return "" if kind == "Normal" else "warn"


EVENTS = kind_view(
    "Event",
    order="last_seen",
    search=lambda e, c: f"{e.namespace} {e.type} {e.reason} {involved(e)} {e.message} {e.source}",
    fields=(
        age_field(
            lambda e: e.last_seen or e.first_seen,
            id="last_seen",
            title="LAST SEEN",
            printer="Last Seen",
            priority=0,
        ),
        text_field("type", "TYPE", 8, lambda e: e.type, printer="Type", priority=1, paint=_paint_type),
        text_field("reason", "REASON", 20, lambda e: e.reason, printer="Reason", priority=0),
        text_field("object", "OBJECT", 36, involved, printer="Object", priority=0, flexible=True),
        Field(
            "count",
            "COUNT",
            5,
            lambda e, c: str(e.count),
            lambda e, c: float(e.count),
            value=lambda e, c: e.count,
            printer="Count",
            right=True,
            priority=2,
        ),
        text_field(
            "message",
            "MESSAGE",
            50,
            lambda e: e.message.strip(),
            printer="Message",
            priority=0,
            flexible=True,
        ),
        text_field("source", "SOURCE", 24, lambda e: e.source, printer="Source", priority=4),
        text_field("subobject", "SUBOBJECT", 30, lambda e: e.involved_field, printer="Subobject", priority=5),
        age_field(
            lambda e: e.first_seen, id="first_seen", title="FIRST SEEN", printer="First Seen", priority=3
        ),
        text_field("name", "NAME", 40, lambda e: e.name, printer="Name", priority=6),
    ),
)

VIEWS = (EVENTS,)
