"""What a pod template says of the nodes that it may go to. Of an object of their own: all pods of a template share it."""

from __future__ import annotations

import msgspec


class Toleration(msgspec.Struct, frozen=True, gc=False):
    """``key`` "" with the operator "Exists" is every taint, ``effect`` "" every effect."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


Requirement = tuple[str, str, tuple[str, ...]]
"""A label (or a field), an operator and its values, as of a selector; nodes have Gt and Lt too."""


class NodeTerm(msgspec.Struct, frozen=True, gc=False):
    """All of it must be so of a node."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[Requirement, ...] = ()


class Placement(msgspec.Struct, frozen=True, gc=False):
    """``required``: one of these terms must be so of a node; None where nothing is required, () where nothing can be.
    ``priority_class`` "" where none is named. ``ends``: it has a deadline. ``near``: it wants to be near or far from pods of other
    namespaces. ``uncounted``: what else bounds where it can go that no list tells, as it is named in sentences."""

    selector: tuple[tuple[str, str], ...] = ()
    required: tuple[NodeTerm, ...] | None = None
    tolerations: tuple[Toleration, ...] = ()
    priority_class: str = ""
    scheduler: str = ""
    ends: bool = False
    near: bool = False
    uncounted: tuple[str, ...] = ()


ANYWHERE = Placement()
