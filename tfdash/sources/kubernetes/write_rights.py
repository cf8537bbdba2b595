"""What a login may do beyond reading, out of the rules that the server lists for it (SelfSubjectRulesReview, a namespace at a time).

The server's list is of RBAC; ``incomplete`` says that another authorizer has a word too, which lists nothing (Kubernetes
authorization.k8s.io/v1, SubjectRulesReviewStatus). Those rights that matter most are asked for one by one, then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

_READS = frozenset({"get", "list", "watch"})
_PATH_READS = frozenset({"get", "head", "options"})
_ABOUT_ONESELF = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"})
_ACTS_BY_GET = frozenset({"pods/exec", "pods/attach", "pods/portforward", "nodes/proxy", "*/exec", "*/proxy"})
"""Whose GET opens a connection into a container, or to a kubelet, which runs commands. That of a service's proxy is a GET of the service:
so a Prometheus may be read."""
EVERYTHING = "*"

WRITES: tuple[tuple[str, str, str], ...] = (
    ("patch", "apps", "deployments"),
    ("delete", "", "pods"),
    ("create", "", "pods/exec"),
    ("create", "", "pods/eviction"),
    ("update", "", "configmaps"),
    ("update", "", "secrets"),
    ("patch", "", "nodes"),
    ("patch", "argoproj.io", "rollouts"),
    ("create", "rbac.authorization.k8s.io", "rolebindings"),
    ("impersonate", "", "users"),
)
"""(verb, group, resource): asked one by one where no rule tells of any. Whoever may write at all may mostly do one of these."""


class _Rule(msgspec.Struct, rename="camel"):
    verbs: list[str] = []
    api_groups: list[str] | None = None
    resources: list[str] | None = None
    resource_names: list[str] | None = None
    non_resource_urls: list[str] | None = msgspec.field(default=None, name="nonResourceURLs")


class _Status(msgspec.Struct, rename="camel"):
    resource_rules: list[_Rule] | None = None
    non_resource_rules: list[_Rule] | None = None
    incomplete: bool = False


class WriteRight(NamedTuple):
    """``resource`` as kubectl writes it (``deployments.apps``; ``*``: all), or a path; ``names``: only of these objects."""

    verb: str
    resource: str
    names: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        if self.verb == self.resource == EVERYTHING:
            return "do anything"
        of = f" ({', '.join(self.names)})" if self.names else ""
        if self.verb == "get" and self.resource.partition(".")[0] == EVERYTHING:
            of = ", exec and proxy among it"
        return f"{'do anything to' if self.verb == EVERYTHING else self.verb} {self.resource}{of}"


def listed(status: Mapping[str, Any]) -> tuple[frozenset[WriteRight], bool]:
    """What the rules of one namespace allow beyond reading, and whether they are all. Raises ``msgspec.ValidationError``."""
    told = msgspec.convert(status, _Status)
    found: set[WriteRight] = set()
    for rule in told.resource_rules or ():
        names = tuple(rule.resource_names or ())
        groups = [EVERYTHING] if EVERYTHING in (rule.api_groups or ()) else rule.api_groups or ()
        resources = [EVERYTHING] if EVERYTHING in (rule.resources or ()) else rule.resources or ()
        verbs = [EVERYTHING] if EVERYTHING in rule.verbs else rule.verbs
        found |= {
            WriteRight(verb, _shown(resource, group), names)
            for group in groups
            for resource in resources
            for verb in verbs
            if _acts(verb, group, resource)
        }
    for rule in told.non_resource_rules or ():
        found |= {
            WriteRight(verb, url)
            for url in rule.non_resource_urls or ()
            for verb in rule.verbs
            if verb not in _PATH_READS
        }
    return frozenset(found), not told.incomplete


def _acts(verb: str, group: str, resource: str) -> bool:
    if resource in _ABOUT_ONESELF and group in ("authorization.k8s.io", "authentication.k8s.io"):
        return verb not in {"create", *_READS}
    if verb not in _READS:
        return True
    return verb == "get" and group in ("", EVERYTHING) and resource in {EVERYTHING, *_ACTS_BY_GET}


def _shown(resource: str, group: str) -> str:
    if group == resource == EVERYTHING:
        return EVERYTHING
    return f"{resource}.{group}" if group else resource


def told(by_namespace: Mapping[str, Iterable[WriteRight]]) -> tuple[str, ...]:
    """``patch deployments.apps in tf-one``, gravest first. What every namespace's rules hold, of several, is a right everywhere."""
    of = {namespace: frozenset(rights) for namespace, rights in by_namespace.items()}
    everywhere = frozenset.intersection(*of.values()) if len(of) > 1 else frozenset()
    found = [("", right) for right in everywhere]
    found += [(namespace, right) for namespace, rights in of.items() for right in rights - everywhere]
    found.sort(key=lambda one: (_weight(one[1]), one[1], one[0]))
    return tuple(right.text + (f" in {namespace}" if namespace else "") for namespace, right in found)


_ORDER: Sequence[tuple[str, str]] = tuple((verb, _shown(resource, group)) for verb, group, resource in WRITES)


def _weight(right: WriteRight) -> int:
    if EVERYTHING in (right.verb, right.resource):
        return 0
    at = (right.verb, right.resource)
    return 1 + _ORDER.index(at) if at in _ORDER else 1 + len(_ORDER)
