"""The list of a kind whose columns are data: each shows one attribute of the object (``tfdash.model.kinds.Column``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tfdash.model.kind_spec import KindSpec, PrinterColumn
from tfdash.model.kube import Provisional
from tfdash.views.kinds.base import Context, Field, KindView, age_field, count_field, printed, text_field

_NAME = PrinterColumn("NAME", "name", 36, printer="Name", priority=0, flexible=True)
_AGE = PrinterColumn("AGE", "created", shows="age", printer="Age", priority=1)


def plain_view(spec: KindSpec) -> KindView:
    """The list of ``spec`` by its ``columns``; what it has none of is its name, first, and its age, last."""
    shown = {column.title for column in spec.columns}
    columns = (
        *(() if _NAME.title in shown else (_NAME,)),
        *spec.columns,
        *(() if _AGE.title in shown else (_AGE,)),
    )
    searched = [_text(column) for column in columns if column.searched and column.shows != "age"]

    def search(obj: Any, context: Context) -> str:
        return " ".join((obj.namespace, *(text(obj) for text in searched)))

    fields = tuple(_field(column) for column in columns)
    return KindView(spec.id, (spec.kind,), spec.noun, fields, search, spec.namespaced)


def _field(column: PrinterColumn) -> Field:
    id = column.title.lower().replace(" ", "_")
    if column.shows == "age":
        return age_field(
            lambda obj: getattr(obj, column.attribute),
            id=id,
            title=column.title,
            printer=column.printer,
            priority=column.priority,
        )
    tones = dict(column.tones)

    def paint(obj: Any, context: Context) -> str:
        if not tones:
            return ""
        value = printed(obj, column.printer) if isinstance(obj, Provisional) else _text(column)(obj)
        return tones.get(value, tones.get("", ""))

    if column.shows == "count":
        return count_field(
            id,
            column.title,
            lambda obj: getattr(obj, column.attribute),
            printer=column.printer,
            priority=column.priority,
            paint=paint,
        )
    return text_field(
        id,
        column.title,
        column.width,
        _text(column),
        printer=column.printer,
        priority=column.priority,
        flexible=column.flexible,
        paint=paint,
    )


def _text(column: PrinterColumn) -> Callable[[Any], str]:
    def text(obj: Any) -> str:
        value = getattr(obj, column.attribute)
        if isinstance(value, Mapping):
            return ",".join(f"{k}={v}" for k, v in sorted(value.items()))
        return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)

    return text
