"""What was changed in the last hours, by which manager, as a diff, and whether our own audit log knows of it.

Three witnesses, none of them complete: a workload's revisions (what its template said before and after), managedFields
(who wrote last, when, and which fields are his; not what they said before), and what the board itself saw change while it
ran. A manager is a program's name as the server has it, not a person.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from tfdash.model.delivery import Rollout
from tfdash.model.kube import DaemonSet, Deployment, HorizontalPodAutoscaler, Object, StatefulSet
from tfdash.model.requests import Managed
from tfdash.model.store_state import Entry, EntryKind
from tfdash.model.subject import Subject
from tfdash.text import safe
from tfdash.views.age import short_age
from tfdash.views.image import short_images
from tfdash.views.mask import hidden_marked, masked_value
from tfdash.views.revisions import Revision, RevisionDiff, before, compare, named
from tfdash.views.times import moment
from tfdash.views.yaml import yaml_lines

CHANGING = ("Deployment", "StatefulSet", "DaemonSet", "Rollout", "ConfigMap", "HorizontalPodAutoscaler")
"""The kinds whose managers are read."""
SEEN = ("Deployment", "StatefulSet", "DaemonSet", "Rollout", "HorizontalPodAutoscaler")
"""The kinds whose changes the board sees by itself."""
CONTROLLERS = frozenset(
    {"kube-controller-manager", "kube-scheduler", "kubelet", "rollouts-controller", "kwok", "metrics-server"}
)
OURS = "tfdash"  # the manager's name under which we write
_SHOWN = 14  # lines of a diff on the page
ManagedWrite: TypeAlias = tuple[str, str, str, float, tuple[str, ...]]
"""As ``Managed`` has them: manager, operation, subresource, time, fields."""
_KNOWING = (EntryKind.INTENT, EntryKind.OUTCOME, EntryKind.VERIFICATION)


class SeenChange(NamedTuple):
    """A change that the board saw while it ran: the slim object before (None: it came) and after (None: it went)."""

    at: float
    subject: Subject
    before: Object | None
    after: Object | None


class Altered(NamedTuple):
    """One change. ``manager`` "" where none is known; ``known`` what the audit log says of it. Texts are safe."""

    at: float
    subject: Subject
    manager: str
    what: str
    lines: tuple[str, ...] = ()
    witness: str = ""  # "revision", "managed fields", "seen"
    known: str = ""
    images: str = ""  # of a revision
    seen: bool = False  # by the board too
    newest: bool = False  # of a workload's revisions
    fields: tuple[str, ...] = ()  # that the write's manager owns; "scale" for the subresource
    set: tuple[
        str, ...
    ] = ()  # of a revision: the ends of the fields that alone differ, where each has one owner


def altered(
    managed: Iterable[Managed],
    revisions: Mapping[Subject, Sequence[Revision]],
    seen_changes: Iterable[SeenChange],
    since: float,
    entries: Sequence[Entry] | None = None,
    diffs: Mapping[Subject, tuple[str, ...]] | None = None,
) -> tuple[Altered, ...]:
    """All changes since then (epoch seconds), newest first. ``entries`` None: the audit log was not looked at.

    ``diffs``: what is known of the contents of objects that have no revisions (ConfigMaps), by subject without uid.
    """
    found: list[Altered] = []
    written = list(managed)
    for subject, known in revisions.items():
        found += _by_revisions(subject, known, since)
    for one in written:
        writes = _writes(one, since)
        for write in _without_makers(found, one, writes):
            found.append(_written(one, *write))
    for seen in sorted(seen_changes, key=lambda s: -s.at):  # an owner is of the newest change
        if seen.at >= since:
            _join_seen(found, seen)
    found = [change for change in found if change.at]
    for index, change in enumerate(found):
        lines = (diffs or {}).get(change.subject._replace(uid=""))
        if lines and not change.lines:
            found[index] = change._replace(lines=lines)
    told = [c._replace(known=_known(c, entries)) for c in found] if entries is not None else found
    return tuple(sorted(told, key=lambda c: (-c.at, str(c.subject))))


def touched(managed: Iterable[Managed], since: float) -> tuple[Subject, ...]:
    """The workloads of which the revisions are worth reading: somebody wrote to them since."""
    return tuple(
        m.subject
        for m in managed
        if m.subject.kind not in ("ConfigMap", "HorizontalPodAutoscaler") and _writes(m, since)
    )


def _writes(one: Managed, since: float) -> list[ManagedWrite]:
    """Those of people and tools: no status, no controller's own bookkeeping."""
    return [w for w in one.writes if w[3] >= since and w[2] in ("", "scale") and w[0] not in CONTROLLERS]


def _by_revisions(subject: Subject, known: Sequence[Revision], since: float) -> Iterable[Altered]:
    ordered = sorted(known, key=lambda r: r.number, reverse=True)
    if len(ordered) > 1 and ordered[0].earlier:
        yield _returned(subject, *ordered[:2])
    for index, one in enumerate(ordered):
        if one.created < since:
            continue
        images, made_last = ", ".join(one.images), not index and not one.earlier
        where = named(one) if one.number else safe(one.name)
        older = before(one, ordered) if one.number else next(iter(ordered[index + 1 :]), None)
        if older is None:
            first = f"{where}, the first that is kept: {short_images(one.images)}"
            yield Altered(
                one.created, subject, "", first, witness="revision", images=images, newest=made_last
            )
            continue
        change: RevisionDiff = compare(older, one)
        cause = f" ({safe(one.cause)})" if one.cause else ""
        yield Altered(
            one.created,
            subject,
            "",
            f"{where}: {change.summary}{cause}",
            tuple(change.lines),
            "revision",
            images=images,
            newest=made_last,
            set=_images_alone(change),
        )


def _returned(subject: Subject, back: Revision, left: Revision) -> Altered:
    """That an earlier revision was taken up again. No object says when: it is at 0 until a write is found that did it."""
    change = compare(left, back)
    what = f"revision {back.number}: back to revision {back.earlier[-1]}: {change.summary}"
    images = ", ".join(back.images)
    return Altered(0.0, subject, "", what, tuple(change.lines), "revision", images=images, newest=True)


def _images_alone(change: RevisionDiff) -> tuple[str, ...]:
    """``[main].image`` of each container, where nothing but images differ: who owns these wrote what they are now."""
    if any(c.what != "image" or not c.container for c in change.changes):
        return ()
    return tuple(f"[{c.container}].image" for c in change.changes)


def _without_makers(found: list[Altered], one: Managed, writes: list[ManagedWrite]) -> list[ManagedWrite]:
    """Give the newest revision its maker, where one manager alone owns the images that it differs in, or what makes revisions
    at all; what is left over are changes of their own. Of older revisions, or where several own parts, nobody is known."""
    makers = [w for w in writes if not w[2] and _makes_revisions(w[4])]
    at = next((i for i, c in enumerate(found) if _same(c.subject, one.subject) and c.newest), None)
    if at is not None and found[at].set:
        makers = [w for w in makers if all(any(f.endswith(e) for f in w[4]) for e in found[at].set)]
    if at is None or len(makers) != 1:
        return writes
    made = found[at]
    found[at] = made._replace(manager=safe(makers[0][0]) or "unnamed", at=made.at or makers[0][3])
    return [w for w in writes if w is not makers[0]]


def _makes_revisions(fields: tuple[str, ...]) -> bool:
    """Whether a manager owns something of the pod template."""
    return not fields or any(f.startswith("spec.template") for f in fields)


def _written(
    one: Managed, manager: str, operation: str, sub: str, at: float, fields: tuple[str, ...]
) -> Altered:
    verb = "created" if abs(one.created - at) <= 1.0 else "applied" if operation == "Apply" else "wrote"
    what = f"{verb} {_areas(fields)}" if not sub else f"scaled it (subresource {safe(sub)})"
    owned = (sub,) if sub else fields
    return Altered(at, one.subject, safe(manager) or "unnamed", what, witness="managed fields", fields=owned)


def _areas(fields: tuple[str, ...]) -> str:
    """The fields that are a manager's, short; he last wrote one of them, the server does not say which."""
    plain = [f for f in fields if not f.startswith("metadata.annotations.kubectl.kubernetes.io")]
    shown = [safe(f.removeprefix("spec.template.spec.").removeprefix("spec.")) for f in plain[:4]]
    more = f" and {len(plain) - 4} more" if len(plain) > 4 else ""
    return (
        f"one of its fields: {', '.join(shown)}{more}"
        if len(plain) > 1
        else ", ".join(shown) or "its metadata"
    )


def drifted(live: Mapping[str, Any], applied: str) -> tuple[str, ...]:
    """A ConfigMap's data as it is against what kubectl applied last: what was edited past that, as a unified diff."""
    try:
        wanted = json.loads(applied)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(wanted, dict):
        return ()
    return data_diff(_data(wanted), _data(live), "as applied", "as it is")


def data_diff(
    before: Mapping[str, Any], after: Mapping[str, Any], old: str = "before", new: str = "after"
) -> tuple[str, ...]:
    """Two ConfigMaps' data as a unified diff; what looks like a secret is a mark that differs where it differs."""
    first, second = (
        yaml_lines({k: masked_value(k, str(v), hidden_marked) for k, v in d.items()}) for d in (before, after)
    )
    return tuple(difflib.unified_diff(first, second, safe(old), safe(new), lineterm=""))


def _data(document: Mapping[str, Any]) -> dict[str, Any]:
    data = document.get("data")
    return dict(data) if isinstance(data, Mapping) else {}


# -- what the board saw -----------------------------------------------------------------------------------------------


_IMAGES = "images"


class Difference(NamedTuple):
    """``text`` for people. ``by_revision``: a new revision says it better, where one is known."""

    text: str
    by_revision: bool = False
    wish: str = ""  # which of ``wish``


def differences(before: Object | None, after: Object | None) -> tuple[Difference, ...]:
    """What the slim objects tell of a change of the wish, not of the state; () where that did not change."""
    if before is None or after is None:
        return (Difference("came" if before is None else "went"),)
    if before.uid != after.uid:
        return (Difference("was deleted and created anew"),)
    told = [
        Difference(f"{name} {safe(str(old))} → {safe(str(new))}", name == _IMAGES, name)
        for (name, old), (_, new) in zip(wish(before), wish(after), strict=False)
        if old != new
    ]
    if not told and after.generation > before.generation > 0:
        spec = f"something else of its spec (generation {before.generation} → {after.generation})"
        told = [Difference(spec, True)]
    return tuple(told)


def wish(obj: Object) -> list[tuple[str, Any]]:
    """What is asked for, as far as slim objects keep it."""
    found: list[tuple[str, Any]] = []
    match obj:
        case HorizontalPodAutoscaler():
            found += [("min", obj.min_replicas), ("max", obj.max_replicas)]
            found.append(("targets", ", ".join(f"{m.name} {m.target}" for m in obj.metrics)))
        case Deployment() | Rollout():
            found += [("replicas", obj.desired), ("paused", obj.paused), (_IMAGES, _images(obj))]
        case StatefulSet():
            found += [("replicas", obj.desired), ("partition", obj.partition), (_IMAGES, _images(obj))]
        case DaemonSet():
            found.append((_IMAGES, _images(obj)))
    return found


def _images(obj: Deployment | StatefulSet | DaemonSet | Rollout) -> str:
    return ", ".join(c.image for c in obj.template.containers)


_FIELD_OF = {
    "replicas": ("scale", "spec.replicas"),
    "paused": ("spec.paused",),
    "partition": ("spec.updateStrategy",),
}
_FIELD_OF |= {"min": ("spec.minReplicas",), "max": ("spec.maxReplicas",), "targets": ("spec.metrics",)}


def _join_seen(found: list[Altered], seen: SeenChange) -> None:
    """What was seen adds its words to the write whose manager alone owns what changed, and stands alone where none does."""
    told = list(differences(seen.before, seen.after))
    whose = seen.after or seen.before
    subject = seen.subject._replace(uid=whose.uid if whose is not None else "")
    same = [(i, c) for i, c in enumerate(found) if _same(c.subject, subject)]
    images = dict(wish(seen.after)).get(_IMAGES) if seen.after is not None else None
    if images is not None and any(c.witness == "revision" and c.images == images for _, c in same):
        told = [d for d in told if not d.by_revision]  # the revision says it better
    if not told:
        return
    words = ", ".join(d.text for d in told)
    wanted = _FIELD_OF.get(told[0].wish, ()) if len(told) == 1 else ()
    owners = [(i, c) for i, c in same if wanted and any(f.startswith(wanted) for f in c.fields)]
    if len(owners) == 1 and not owners[0][1].seen:
        index, change = owners[0]
        found[index] = change._replace(what=f"{words}  ({change.what})", seen=True)
    else:
        found.append(Altered(seen.at, subject, "", words, witness="seen"))


def _same(one: Subject, other: Subject) -> bool:
    """Whether they are one object: by uid where both have one, for the next of that name is another."""
    named = one._replace(uid="") == other._replace(uid="")
    return named and (not one.uid or not other.uid or one.uid == other.uid)


# -- the audit log ----------------------------------------------------------------------------------------------------


def _known(change: Altered, entries: Sequence[Entry]) -> str:
    """What our own audit log says of it, by identity: the object, and the manager's name under which we write.

    managedFields keep a manager's last write alone: it is what the newest entry is about. That two things happened at
    about the same time says nothing.
    """
    about = [
        e
        for e in entries
        if e.kind in _KNOWING
        and e.target == str(change.subject)
        and e.cluster in ("", change.subject.cluster.cluster)
        and e.environment in ("", change.subject.cluster.environment)
    ]
    uids = {(e.terminal, e.intent): uid for e in about if (uid := _uid(e))}
    whose = [(e, _uid(e) or uids.get((e.terminal, e.intent), "")) for e in about]
    if change.subject.uid:  # what was done to an earlier one of that name says nothing of this one
        whose = [(e, uid) for e, uid in whose if uid in ("", change.subject.uid)]
    if not whose:
        return "not by tfdash"
    ours = [e for e, uid in whose if uid and uid == change.subject.uid]
    if change.manager != OURS or not ours:
        return "whether by tfdash is not known"
    newest = max(ours, key=lambda e: e.at)
    return safe(f"tfdash: {newest.actor}, {newest.action or newest.sentence}")


def _uid(entry: Entry) -> str:
    """The uid of what the plan of an intent was about; "" of any other entry."""
    if entry.kind is not EntryKind.INTENT:
        return ""
    try:
        return str(json.loads(entry.data)["plan"]["subject"][-1])
    except (ValueError, LookupError, TypeError):  # written by another version, or cut off
        return ""


# -- the page ---------------------------------------------------------------------------------------------------------


def change_lines(
    changes: Sequence[Altered],
    now: float,
    zone: Any,
    *,
    several_clusters: bool = False,
    diff_lines: int = _SHOWN,
) -> list[str]:
    """The page: a line for each change, its diff below it."""
    lines: list[str] = []
    for c in changes:
        cluster = f"{safe(c.subject.cluster.cluster)} " if several_clusters else ""
        by = c.manager or ("seen to change" if c.witness == "seen" else "by whom is not known")
        known = f"  [{c.known}]" if c.known else ""
        lines.append(
            f"{moment(c.at, zone)}  {short_age(max(0.0, now - c.at))} ago  {cluster}{safe(str(c.subject))}  {by}{known}"
        )
        lines.append(f"    {c.what}")
        lines += [f"      {line}" for line in c.lines[:diff_lines]]
        if len(c.lines) > diff_lines:
            lines.append(f"      … {len(c.lines) - diff_lines} more lines of the difference")
        lines.append("")
    return lines


def change_rows(changes: Sequence[Altered]) -> list[dict[str, Any]]:
    """For reports."""
    return [
        {
            "at": c.at,
            "cluster": c.subject.cluster.cluster,
            "kind": c.subject.kind,
            "namespace": safe(c.subject.namespace) or None,
            "name": safe(c.subject.name),
            "manager": c.manager or None,
            "what": c.what,
            "witness": c.witness,
            "audit": c.known or None,
            "diff": list(c.lines),
        }
        for c in changes
    ]
