"""What an update takes away from the releases that Helm stores: an upgrade, or a rollback, reads the manifest of the revision before it first, and fails
where that has an API version that is no longer served (https://helm.sh/docs/topics/kubernetes_apis/). What runs does not notice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tfdash.model.dated_rules import HELM
from tfdash.model.helm import StoredKind, StoredRelease
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.nouns import counted
from tfdash.playbook.moment import Moment
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.playbook.staleness import Unread
from tfdash.playbook.versions.policy import VersionsPolicy
from tfdash.playbook.versions.removed_apis import Removal
from tfdash.playbook.versions.wording import day, lasting

_NAMED = 3  # kinds of a release that are named one by one


class Stored(NamedTuple):
    """The releases that are known, by whatever; ``why`` they are not known, or not all, or not lately."""

    releases: tuple[StoredRelease, ...]
    why: Unread | None = None


class _Hit(NamedTuple):
    of: StoredKind
    removal: Removal


def stored_verdicts(
    cluster: ClusterRef, stored: Stored, ahead: tuple[int, int], policy: VersionsPolicy, moment: Moment
) -> Iterator[Verdict]:
    """``ahead``: the newest minor that its API servers answer."""
    table, whole = policy.removals, Subject(cluster, "Cluster", "", "")
    coming = (ahead[0], ahead[1] + 1)
    named = f"{coming[0]}.{coming[1]}"
    if table.problem:
        sentence = f"what {named} takes away from stored Helm releases is not known: {table.problem}"
        yield _said(whole, Level.UNKNOWN, sentence, UnknownKind.QUERY_ERROR)
        return
    old = moment.reached(table.at + policy.rules.table_age)
    by = f" (by a table of {day(table.at)}, {lasting(moment.now - table.at)} old)" if old else ""
    broken = later = odd = 0
    for release in stored.releases:
        hits = [_Hit(kind, found) for kind in release.kinds if (found := table.removals.get(kind[:2]))]
        now = [hit for hit in hits if hit.removal.at <= ahead]
        soon = [hit for hit in hits if ahead < hit.removal.at <= coming]
        subject = Subject(cluster, StoredRelease.KIND, release.namespace, release.called)
        if now or soon:
            broken += 1
            yield _said(subject, Level.BREACH if now else Level.WARN, _broken(release, now, soon, named) + by)
        elif release.odd:
            odd += 1
            sentence = f"whether Helm can upgrade {_name(release)} on {named} is not known: {release.odd}"
            yield _said(subject, Level.UNKNOWN, sentence, UnknownKind.QUERY_ERROR)
        else:
            later += bool(hits)
    if stored.why is not None:
        sentence = f"which stored Helm releases {named} breaks is not known: {stored.why.cause}"
        yield _said(whole, Level.UNKNOWN, sentence, stored.why.unknown)
        return
    many = counted(len(stored.releases), "stored Helm release")
    well = len(stored.releases) - broken - odd
    if not well and stored.releases:
        return
    sentence = f"{well} of {many} {'has' if well == 1 else 'have'} nothing that {named} does not serve"
    if not stored.releases:
        sentence = f"no Helm release is stored in {cluster.cluster}"
    if later:
        sentence += f"; {later} what a later one does not"
    if old:
        sentence += f"{by}: [versions] removals names a newer one"
        yield _said(whole, Level.UNKNOWN, sentence, UnknownKind.STALE)
        return
    yield _said(whole, Level.OK, sentence)


def _broken(release: StoredRelease, now: list[_Hit], soon: list[_Hit], coming: str) -> str:
    hits = now or soon
    told = [_one(hit) for hit in sorted(hits, key=lambda hit: hit.removal.at)[:_NAMED]]
    more = f", and {len(hits) - _NAMED} more" if len(hits) > _NAMED else ""
    name = _name(release)
    whose = f"its revision {release.revision} has" if release.revision else "it has"
    if now:
        also = f"; {coming} takes {len(soon)} more" if soon else ""
        return f"Helm cannot upgrade {name}: {whose} {', '.join(told)}{more}{also}"
    return f"{coming} breaks upgrades of Helm release {name}: {whose} {', '.join(told)}{more}"


def _one(hit: _Hit) -> str:
    first = f" {shorten(hit.of.first, 60)}" if hit.of.first else ""
    many = f" and {hit.of.many - 1} more" if hit.of.many > 1 else ""
    instead = f"use {hit.removal.use}" if hit.removal.use else "nothing takes its place"
    kind = shorten(hit.of.kind, 60)
    return f"{kind}{first}{many} of {shorten(hit.of.api_version, 60)} (removed in {hit.removal.minor}; {instead})"


def _name(release: StoredRelease) -> str:
    return shorten(f"{release.namespace}/{release.called}", 80)


def _said(subject: Subject, level: Level, sentence: str, unknown: UnknownKind | None = None) -> Verdict:
    return Verdict(
        level=level, rule=HELM, subject=subject, sentence=sentence, unknown=unknown, evidence=Evidence()
    )
