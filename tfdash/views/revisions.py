"""The revisions of a workload, newest first, and what changed from one to the other.

A Deployment and a Rollout keep them as ReplicaSets, a StatefulSet and a DaemonSet as ControllerRevisions; all are read whole, as
decoded JSON, when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tfdash.text import counter, safe
from tfdash.views.age import short_age
from tfdash.views.describe_parts import Json, epoch, mapping, mappings
from tfdash.views.diff import TemplateChange, summary, template_changes, unified
from tfdash.views.image import short_images

REVISION = "deployment.kubernetes.io/revision"
_ROLLOUT_REVISION = "rollout.argoproj.io/revision"
_HISTORIES = ("deployment.kubernetes.io/revision-history", "rollout.argoproj.io/revision-history")
CHANGE_CAUSE = "kubernetes.io/change-cause"


class Revision(NamedTuple):
    """``number`` 0 where none is told. ``template`` is the raw pod template: compare it, do not show it.

    ``replicas`` is None for a ControllerRevision, which does not count pods; ``current`` marks what is rolled out.
    """

    number: int
    name: str
    created: float
    template: Json
    images: tuple[str, ...]
    cause: str = ""
    replicas: int | None = None
    current: bool = False
    earlier: tuple[int, ...] = ()  # the numbers that it had before it was returned to, oldest first

    @property
    def first(self) -> int:
        """The number that it was made with."""
        return self.earlier[0] if self.earlier else self.number

    def headline(self, now: float) -> str:
        """``revision 88  checkout:2.14.0  12m ago``, and the change cause where one was recorded."""
        parts = [f"revision {self.number}" if self.number else safe(self.name), short_images(self.images)]
        if self.created:
            parts.append(f"{short_age(now - self.created)} ago")
        if self.cause:
            parts.append(safe(self.cause))
        return "  ".join(part for part in parts if part)


class RevisionDiff(NamedTuple):
    """What changed from ``old`` to ``new``: in words, and as a unified diff of YAML lines."""

    old: Revision
    new: Revision
    changes: tuple[TemplateChange, ...]
    summary: str
    lines: tuple[str, ...]


def revisions(workload: Mapping[str, Any], children: Iterable[Mapping[str, Any]]) -> tuple[Revision, ...]:
    """The revisions among ``children`` (ReplicaSets or ControllerRevisions of ``workload``), newest first."""
    found = [_of_replica_set(c) if "spec" in c else _of_controller_revision(c) for c in children]
    found.sort(key=lambda r: (r.number, r.created), reverse=True)
    current = _current(workload, found)
    return tuple(r._replace(current=r.name == current) for r in found)


def before(one: Revision, found: Iterable[Revision]) -> Revision | None:
    """What was wanted when ``one`` was made: a revision that was returned to since has another number by now."""
    older = [(number, r) for r in found for number in (*r.earlier, r.number) if number < one.first]
    return max(older, key=lambda had: had[0])[1] if older else None


def compare(old: Revision, new: Revision) -> RevisionDiff:
    """What changed from ``old`` to ``new``."""
    changes = template_changes(old.template, new.template)
    many = max(len(old.images), len(new.images))
    names = (named(r) for r in (old, new))
    lines = unified(_bare(old.template), _bare(new.template), *names)
    return RevisionDiff(old, new, changes, summary(changes, many), tuple(lines))


def named(one: Revision) -> str:
    """By its number, and the one that it was made with."""
    if not one.number:
        return one.name
    return f"revision {one.first}" + (f" (now {one.number})" if one.earlier else "")


def latest_change(found: Sequence[Revision]) -> RevisionDiff | None:
    """The current revision against the one before it; None where there is nothing to compare."""
    for index, one in enumerate(found):
        if one.current and index + 1 < len(found):
            return compare(found[index + 1], one)
    return None


def _current(workload: Json, found: Sequence[Revision]) -> str:
    status = mapping(workload.get("status"))
    if status.get("updateRevision"):
        return str(status["updateRevision"])
    number = _number(mapping(mapping(workload.get("metadata")).get("annotations")))
    for one in found:
        if number and str(one.number) == number:
            return one.name
    return found[0].name if found else ""


def _number(annotations: Json) -> str:
    return str(annotations.get(REVISION) or annotations.get(_ROLLOUT_REVISION) or "")


def _of_replica_set(document: Json) -> Revision:
    metadata, spec = mapping(document.get("metadata")), mapping(document.get("spec"))
    annotations = mapping(metadata.get("annotations"))
    replicas = mapping(document.get("status")).get("replicas")
    return _revision(
        metadata,
        _number(annotations),
        mapping(spec.get("template")),
        replicas if isinstance(replicas, int) else 0,
        _earlier(annotations),
    )


def _earlier(annotations: Json) -> tuple[int, ...]:
    told = ",".join(str(annotations.get(name, "")) for name in _HISTORIES).split(",")
    return tuple(sorted({number for one in told if (number := counter(one.strip()))}))


def _of_controller_revision(document: Json) -> Revision:
    metadata = mapping(document.get("metadata"))
    template = mapping(mapping(mapping(document.get("data")).get("spec")).get("template"))
    return _revision(metadata, str(document.get("revision", "")), template, None)


def _revision(
    metadata: Json, number: str, template: Json, replicas: int | None, earlier: tuple[int, ...] = ()
) -> Revision:
    spec = mapping(template.get("spec"))
    return Revision(
        number=counter(number) or 0,
        name=str(metadata.get("name", "")),
        created=epoch(metadata.get("creationTimestamp")) or 0.0,
        template=template,
        images=tuple(str(c.get("image", "")) for c in mappings(spec.get("containers"))),
        cause=str(mapping(metadata.get("annotations")).get(CHANGE_CAUSE, "")),
        replicas=replicas,
        earlier=earlier,
    )


def _bare(template: Json) -> dict[str, Any]:
    """Without what the controllers themselves put in: the hash labels and the patch directive."""
    bare = {k: v for k, v in template.items() if k != "$patch"}
    metadata = mapping(template.get("metadata"))
    labels = {k: v for k, v in mapping(metadata.get("labels")).items() if not k.endswith("-hash")}
    kept = {k: v for k, v in metadata.items() if k not in ("labels", "creationTimestamp")}
    bare["metadata"] = {**kept, **({"labels": labels} if labels else {})}
    return bare
