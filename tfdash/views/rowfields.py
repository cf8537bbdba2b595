"""The columns of a list: its view's, with cluster, namespace and kind where rows differ in them."""

from __future__ import annotations

from tfdash.model.kube import Object
from tfdash.text import safe
from tfdash.views.kinds.base import Context, Field, KindView, SortValue
from tfdash.views.scope import Restriction


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
