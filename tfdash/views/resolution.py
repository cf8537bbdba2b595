"""Which of what a server serves a word means: the order in which kubectl looks.

k8s.io/cli-runtime ``Builder.mappingFor``, k8s.io/client-go ``shortcutExpander`` and ``PriorityRESTMapper``: RESOURCE.VERSION.GROUP,
then RESOURCE.GROUP or RESOURCE (plural or singular; a full name goes before a short name, a group may be written by its
beginning), then the Kind in the same three forms. Of several the first of discovery: the preferred version of the first group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tfdash.model.resources import ApiResource, Catalogue
from tfdash.spelling import alike


def resolve(catalogue: Catalogue, word: str) -> ApiResource | None:
    """What ``word`` means; None for nothing. Upper and lower case are the same."""
    text = word.strip().lower()
    if not text:
        return None
    every = catalogue.resources
    name, version, group = _three(text)
    first = _by_name(every, name, group, version) if version else None
    name, _, group_only = text.partition(".")
    found = first or _by_name(every, name, group_only, "")
    if found is not None:
        return found
    name, version, group = _three(text)
    exact = _first(
        r for r in every if version and (r.kind.lower(), r.version, r.group) == (name, version, group)
    )
    name, _, group_only = text.partition(".")
    return exact or _first(_in_group((r for r in every if r.kind.lower() == name), group_only))


def others(catalogue: Catalogue, word: str, chosen: ApiResource) -> list[str]:
    """The full names of what else ``word`` could mean: other groups' resources of that name, short name or kind."""
    text = word.strip().lower()
    if "." in text:
        return []
    return [
        id
        for id, r in catalogue.by_id.items()
        if (r.group, r.resource) != (chosen.group, chosen.resource)
        and text in (r.resource, _singular(r), r.kind.lower(), *r.short)
        and id.count(".")
        == (r.group.count(".") + 1 if r.group else 0)  # one entry a resource: not each version
    ]


def nearest(catalogue: Catalogue, word: str, most: int = 3) -> list[str]:
    """Names that may have been meant."""
    names = {
        name: id for id, r in catalogue.by_id.items() for name in (r.resource, r.kind.lower(), *r.short, id)
    }
    close = alike(word.strip().lower(), names, most * 2, 0.7)
    return list(dict.fromkeys(names[name] for name in close))[:most]


def _three(text: str) -> tuple[str, str, str]:
    """RESOURCE.VERSION.GROUP; without a version where it has fewer than three parts. The core group is an empty one."""
    parts = text.split(".", 2)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else (parts[0], "", "")


def _by_name(every: Iterable[ApiResource], name: str, group: str, version: str) -> ApiResource | None:
    """By plural or singular, else by a short name that stands for one."""
    every = list(every)
    candidates = [r for r in every if not version or (r.version, r.group) == (version, group)]
    named = [r for r in candidates if name in (r.resource, _singular(r))]
    found = _first(_in_group(named, group))
    if found is not None:
        return found
    short = _first(_in_group((r for r in candidates if name in r.short), group))
    if short is None or not version:
        return short
    # kubectl forgets the version behind a short name (seen: hpa.v1.autoscaling lists v2)
    return _first(r for r in every if (r.group, r.resource) == (short.group, short.resource))


def _in_group(found: Iterable[ApiResource], group: str) -> Iterator[ApiResource]:
    """Those of exactly that group, else those whose group begins so; all where none is asked for."""
    listed = list(found)
    if not group:
        return iter(listed)
    exact = [r for r in listed if r.group == group]
    return iter(exact or [r for r in listed if r.group.startswith(group)])


def _first(found: Iterable[ApiResource]) -> ApiResource | None:
    return next(iter(found), None)


def _singular(r: ApiResource) -> str:
    return r.singular or r.kind.lower()
