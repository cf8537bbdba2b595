"""The columns of a list: its view's, with cluster, namespace and kind where rows differ in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from tfdash.model.kube import Object
from tfdash.model.picture import Objects, Picture
from tfdash.model.subject import ClusterRef
from tfdash.text import safe
from tfdash.views.kinds.base import Context, Field, KindView, SortValue
from tfdash.views.scope import Restriction

_SHARES = ("request", "used")  # that ``cpu%`` is: of a pod's request, of what a node can give


def named(fields: Sequence[Field], column: str) -> Field | None:
    """The field of that id or title, in lower case; with a "%" behind it the first share of it."""
    found = next((f for f in fields if column in (f.id, f.title.lower())), None)
    if found is None and column.endswith("%"):
        shares = [f"{column.removesuffix('%').strip()}_{share}" for share in _SHARES]
        found = next((f for f in fields if f.id in shares), None)
    return found


def fields_of(view: KindView, restriction: Restriction, *, several_clusters: bool) -> tuple[Field, ...]:
    """The view's fields, with cluster, namespace and kind after the name where rows differ in them."""
    name, *rest = view.fields
    several_namespaces = restriction.owner is None and (
        restriction.namespaces is None or len(restriction.namespaces) != 1
    )
    return (
        name,
        *([CLUSTER] if several_clusters else []),
        *([NAMESPACE] if view.namespaced and several_namespaces else []),
        *([KIND] if len(view.kinds) > 1 else []),
        *rest,
    )


class RowShape:
    """A view with the columns that its objects bring, where they do; made anew when they change."""

    def __init__(self, view: KindView) -> None:
        self._view = self._grown = view
        self._there: list[Objects] = []

    def view(self, picture: Picture, shown: Sequence[ClusterRef]) -> KindView:
        columns_of = self._view.columns_of
        if columns_of is None:
            return self._view
        there = [picture.clusters[ref].objects(kind) for ref in shown for kind in self._view.kinds]
        if any(a is not b for a, b in zip_longest(there, self._there)):
            self._there = there
            every = (obj for objects in there for obj in objects.values())
            self._grown = replace(self._view, fields=columns_of(every))
        return self._grown


class _KnownField(Field):
    """Read from the row itself, which server-printed rows have too."""

    __slots__ = ()

    def text(self, obj: Object, context: Context) -> str:
        return self.write(obj, context)

    def sort_value(self, obj: Object, context: Context) -> SortValue:
        return self.write(obj, context)


CLUSTER = _KnownField("cluster", "CLUSTER", 12, lambda o, c: safe(c.cluster.cluster), priority=1)
NAMESPACE = _KnownField("namespace", "NAMESPACE", 16, lambda o, c: safe(o.namespace), priority=1)
KIND = _KnownField("kind", "KIND", 11, lambda o, c: c.kind, priority=4)
