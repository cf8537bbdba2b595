"""For each kind: its columns, and how a row of it is written, sorted and searched.

``VIEWS`` holds every view by its id; ``view_of(kind)`` finds the one of a kind. A kind whose columns need more than an
attribute each has a view in a module here; the others are made of the columns in ``tfdash.model.kinds``.
"""

from __future__ import annotations

from typing import NamedTuple

from tfdash.model.kinds import KINDS, LISTED
from tfdash.nouns import plural
from tfdash.views.kinds import (
    capacity,
    delivery,
    events,
    gitops,
    jobs,
    network,
    nodes,
    pods,
    scaling,
    usage,
    workloads,
)
from tfdash.views.kinds.base import Context, Field, KindView, NodeUse
from tfdash.views.kinds.plain import plain_view

__all__ = ["LISTS", "VIEWS", "Context", "Field", "KindView", "NodeUse", "noun_of", "view_named", "view_of"]

_OWN = {
    view.kinds: view
    for module in (capacity, delivery, events, gitops, jobs, network, nodes, pods, scaling, usage, workloads)
    for view in module.VIEWS
}
_BY_KIND: dict[str, KindView] = {kind: _OWN.get((kind,)) or plain_view(spec) for kind, spec in LISTED.items()}
VIEWS: dict[str, KindView] = {view.id: view for view in (workloads.WORKLOADS, *_BY_KIND.values())}


class ListCommand(NamedTuple):
    """How the palette knows a list; the first alias is the usual one."""

    view: str
    title: str
    aliases: tuple[str, ...]


def _command(view: KindView) -> ListCommand:
    spec = KINDS[view.kinds[0]]
    return ListCommand(view.id, spec.title or f"{view.noun}: list", spec.aliases)


LISTS: tuple[ListCommand, ...] = (
    # who asks for Deployments gets all that serves, and finds the others under their own names
    _command(_BY_KIND["Deployment"])._replace(
        view="workloads", aliases=(*KINDS["Deployment"].aliases, "wl", "workloads")
    ),
    *(_command(view) for kind, view in _BY_KIND.items() if kind != "Deployment"),
)


def view_of(kind: str) -> KindView:
    """The view of one kind of the model. Raises KeyError for any other."""
    return _BY_KIND[kind]


def noun_of(kind: str) -> str:
    """What a picture's objects of a kind are called, whether our table has it or not."""
    return _BY_KIND[kind].noun if kind in _BY_KIND else kind


def view_named(name: str) -> KindView | None:
    """The view that a person means by ``name``: its id, its kind, or kubectl's plural, singular or short name."""
    wanted = name.strip().lower()
    if wanted == "wl" or wanted in VIEWS:
        return VIEWS["workloads" if wanted == "wl" else wanted]
    for kind, view in _BY_KIND.items():
        if wanted in (kind.lower(), plural(kind.lower()), *KINDS[kind].aliases):
            return view
    return None
