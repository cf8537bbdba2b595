"""The rules of what runs in one cluster: how long it is supported, how far apart its parts are, which patch it lacks.

How far apart they may be is the version skew policy: https://kubernetes.io/releases/version-skew-policy/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tfdash.model.dated_rules import PATCH, REMOVED, SKEW, SUPPORT
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.model.versions import DeprecatedApis
from tfdash.nouns import counted
from tfdash.playbook.moment import Moment
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.playbook.staleness import Unread
from tfdash.playbook.versions.end_of_life import Support, SupportTable
from tfdash.playbook.versions.policy import VersionsPolicy
from tfdash.playbook.versions.stored import Stored, stored_verdicts
from tfdash.playbook.versions.version import ReadVersion, Version, read
from tfdash.playbook.versions.wording import day, lasting, named

KUBELET_BEHIND, OLD_KUBELET_BEHIND, OLD_KUBELET = 3, 2, (1, 25)
"""Minors that a kubelet may be behind the API server; two for those before 1.25."""
SERVERS_APART = 1
_APIS = 3  # API versions that are named one by one
_EVIDENCE = 20  # nodes that a verdict names as its evidence


class Running(NamedTuple):
    """What runs in one cluster. ``control``: what its API servers answered lately, each once, the last answer first; ``nodes``: names by
    the version of their kubelet. ``unseen``: why what they are is not known, or not lately, of either. ``deprecated``: what its API server
    says of API versions that were asked for, None where it is not asked; ``stored``: the releases that Helm stores, None where nobody may
    look."""

    cluster: ClusterRef
    control: tuple[str, ...]
    nodes: Mapping[str, tuple[str, ...]]
    unseen: Unread | None = None
    deprecated: DeprecatedApis | None = None
    stored: Stored | None = None


def judged(running: Running, policy: VersionsPolicy, moment: Moment) -> list[Verdict]:
    """What is said of one cluster. Of what is not known lately nothing is called well."""
    told = [*_support(running, policy, moment), *_skew(running, policy), *_removed(running, policy, moment)]
    servers = [t.version for text in running.control if (t := read(text, policy.endings)) is not None]
    if running.stored is not None and servers:
        told += stored_verdicts(running.cluster, running.stored, max(servers)[:2], policy, moment)
    if running.unseen is not None:  # which the section says of the nodes, or of the cluster
        return [v for v in told if v.level > Level.UNKNOWN]
    if not running.control:
        sentence = f"the API server of {running.cluster.cluster} does not say its version"
        told.append(_verdict(running, SUPPORT, Level.UNKNOWN, sentence, unknown=UnknownKind.NO_DATA))
    return told


def _verdict(
    running: Running,
    rule: str,
    level: Level,
    sentence: str,
    nodes: tuple[str, ...] = (),
    unknown: UnknownKind | None = None,
) -> Verdict:
    """Of the node where it is one's, else of the cluster."""
    of_nodes = [Subject(running.cluster, "Node", "", name) for name in nodes[:_EVIDENCE]]
    subject = of_nodes[0] if len(nodes) == 1 else Subject(running.cluster, "Cluster", "", "")
    evidence = Evidence(sample=len(nodes), objects=tuple(of_nodes)) if nodes else Evidence()
    return Verdict(
        level=level, rule=rule, subject=subject, sentence=sentence, unknown=unknown, evidence=evidence
    )


# -- support ------------------------------------------------------------------------------------------------------------


class _Group(NamedTuple):
    """All that is of one minor and one table. ``lowest``: the oldest patch among it."""

    table: str
    lowest: ReadVersion
    control: bool
    nodes: tuple[str, ...]

    @property
    def who(self) -> str:
        parts = ["the control plane"] * self.control
        parts += [counted(len(self.nodes), "node") if self.control else named(self.nodes)] * bool(self.nodes)
        return " and ".join(parts)


def _groups(running: Running, policy: VersionsPolicy) -> Iterator[_Group | str]:
    """And in their place versions that are none."""
    found: dict[tuple[str, str], list[tuple[ReadVersion, bool, tuple[str, ...]]]] = {}
    for text, control, nodes in (
        *((text, True, ()) for text in running.control),
        *((text, False, nodes) for text, nodes in running.nodes.items()),
    ):
        told = read(text, policy.endings)
        if told is None:
            yield text
        else:
            key = (told.table or told.text, told.version.cycle)
            found.setdefault(key, []).append((told, control, nodes))
    for parts in found.values():
        lowest = min((told for told, _, _ in parts), key=lambda t: t.version)
        nodes = tuple(sorted(name for _, _, names in parts for name in names))
        yield _Group(lowest.table, lowest, any(control for _, control, _ in parts), nodes)


def _support(running: Running, policy: VersionsPolicy, moment: Moment) -> Iterator[Verdict]:
    for group in _groups(running, policy):
        if isinstance(group, str):
            nodes = running.nodes.get(group, ())
            who = named(nodes) if nodes else f"the API server of {running.cluster.cluster}"
            sentence = f"{who}: {shorten(group, 40)!r} is no version of Kubernetes"
            if not group:
                sentence = f"{who}: the kubelet does not say its version"
            why = UnknownKind.NOT_COMPARABLE if group else UnknownKind.NO_DATA
            yield _verdict(running, SUPPORT, Level.UNKNOWN, sentence, nodes, why)
            continue
        table = policy.tables.tables.get(group.table)
        level, sentence, unknown = _supported(group, table, policy, moment)
        yield _verdict(running, SUPPORT, level, sentence, group.nodes if not group.control else (), unknown)
        support = table.minors.get(group.lowest.version.cycle) if table is not None else None
        if support is not None and support.patch and not moment.now >= support.end:
            yield from _patch(running, group, support, policy, moment)


def _supported(
    group: _Group, table: SupportTable | None, policy: VersionsPolicy, moment: Moment
) -> tuple[Level, str, UnknownKind | None]:
    cycle, who = group.lowest.version.cycle, group.who
    if policy.tables.problem:
        return Level.UNKNOWN, f"{cycle} of {who}: {policy.tables.problem}", UnknownKind.QUERY_ERROR
    if table is None:
        what = shorten(group.lowest.text, 40)
        why = (
            f"has the table {group.table!r}, which is not there"
            if group.table
            else "follows no table that is known"
        )
        sentence = f"{what} of {who} {why}: [versions] endings says which"
        return Level.UNKNOWN, sentence, UnknownKind.NOT_COMPARABLE
    old = moment.reached(table.at + policy.rules.table_age)
    by = f" (by a table of {day(table.at)}, {lasting(moment.now - table.at)} old)" if old else ""
    support = table.minors.get(cycle)
    if support is None:
        known = [tuple(map(int, minor.split("."))) for minor in table.minors]
        if known and group.lowest.version[:2] < min(known):
            sentence = f"{cycle} of {who} is older than all that is supported{by}"
            return Level.BREACH, sentence, None
        sentence = f"how long {cycle} of {who} is supported is not known: {table.name} of {day(table.at)} does not have it"
        return Level.UNKNOWN, sentence, UnknownKind.NO_DATA
    if moment.reached(support.end):
        if support.extended is None or moment.reached(support.extended):
            ended = support.extended if support.extended is not None else support.end
            sentence = f"{cycle} of {who} is no longer supported since {day(ended)}{by}"
            return Level.BREACH, sentence, None
        sentence = f"{cycle} of {who}: standard support ended on {day(support.end)}; what is paid for further ends on {day(support.extended)}{by}"
        return Level.WARN, sentence, None
    left = f"{cycle} of {who} is supported until {day(support.end)}"
    if moment.reached(support.end - policy.rules.near_end):
        return Level.WARN, f"{left}, for {lasting(support.end - moment.now)} more{by}", None
    if old:
        sentence = f"{left}{by}: [versions] end_of_life names a newer one"
        return Level.UNKNOWN, sentence, UnknownKind.STALE
    return Level.OK, left, None


def _patch(
    running: Running, group: _Group, support: Support, policy: VersionsPolicy, moment: Moment
) -> Iterator[Verdict]:
    newest = read(support.patch, {})
    if newest is None or group.lowest.version >= newest.version:
        return
    late = moment.reached(support.patched + policy.rules.patch_within)
    sentence = (
        f"{group.lowest.version.short} of {group.who} lacks {newest.version.short}, which is out since "
        f"{day(support.patched)}: {lasting(moment.now - support.patched)} of {lasting(policy.rules.patch_within)}"
    )
    yield _verdict(running, PATCH, Level.WARN if late else Level.OK, sentence, group.nodes)


# -- what an update takes away ----------------------------------------------------------------------------------------


def _removed(running: Running, policy: VersionsPolicy, moment: Moment) -> Iterator[Verdict]:
    """By what one API server counts since it began: what it did not count since may be used all the same."""
    found = running.deprecated
    servers = [t.version for text in running.control if (t := read(text, policy.endings)) is not None]
    if found is None or not servers:
        return
    if found.problem:
        sentence = f"which API versions that an update takes away are used is not known: {found.problem}"
        unknown = UnknownKind.NO_PRIVILEGE if found.refused else UnknownKind.QUERY_ERROR
        yield _verdict(running, REMOVED, Level.UNKNOWN, sentence, unknown=unknown)
        return
    since = f"since an API server of {running.cluster.cluster} began, {lasting(moment.now - found.since)} ago"
    ahead = max(servers)[:2]
    soon = [
        api
        for api in found.asked
        if (at := _release(api.removed)) is not None and at <= (ahead[0], ahead[1] + 1)
    ]
    if soon:
        names = ", ".join(f"{api} (removed in {api.removed})" for api in soon[:_APIS])
        more = f" and {len(soon) - _APIS} more" if len(soon) > _APIS else ""
        sentence = f"the next minor does not serve what was asked for {since}: {shorten(names, 300)}{more}"
        yield _verdict(running, REMOVED, Level.WARN, sentence)
        return
    later = (
        f"; {counted(len(found.asked), 'API version')} that a later one does not serve" if found.asked else ""
    )
    yield _verdict(
        running,
        REMOVED,
        Level.OK,
        f"nothing was asked for {since}, that the next minor does not serve{later}",
    )


def _release(text: str) -> tuple[int, int] | None:
    """``1.25``."""
    major, _, minor = text.partition(".")
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() and len(text) < 12 else None


# -- skew ---------------------------------------------------------------------------------------------------------------


def _minors(above: Version, below: Version) -> int:
    """How many minors lie between; of another major all of them."""
    return above.minor - below.minor if above.major == below.major else 1000 * (above.major - below.major)


def _skew(running: Running, policy: VersionsPolicy) -> Iterator[Verdict]:
    servers = [t for text in running.control if (t := read(text, policy.endings)) is not None]
    if not servers:
        return
    versions = [t.version for t in servers]
    lowest, highest = min(versions), max(versions)
    apart = _minors(highest, lowest)
    if apart > SERVERS_APART:
        sentence = f"API servers answer {lowest.short} and {highest.short}, {apart} minors apart: at most {SERVERS_APART}"
        yield _verdict(running, SKEW, Level.BREACH, sentence)
    well = 0
    for text, nodes in sorted(running.nodes.items()):
        told = read(text, policy.endings)
        if told is None:
            continue  # said with its support
        kubelet = told.version
        most = OLD_KUBELET_BEHIND if kubelet[:2] < OLD_KUBELET else KUBELET_BEHIND
        ahead, behind = _minors(kubelet, lowest), _minors(highest, kubelet)
        if ahead > 0:
            sentence = f"{named(nodes)}: kubelet {kubelet.short} is newer than the API server, {lowest.short}"
            yield _verdict(running, SKEW, Level.BREACH, sentence, nodes)
        elif behind > most:
            far = f"{behind} minors behind" if kubelet.major == highest.major else "a major behind"
            sentence = f"{named(nodes)}: kubelet {kubelet.short} is {far} the API server, {highest.short}: at most {most} minors"
            yield _verdict(running, SKEW, Level.BREACH, sentence, nodes)
        else:
            well += len(nodes)
    if apart <= SERVERS_APART and well == sum(map(len, running.nodes.values())):
        sentence = f"{counted(well, 'node')} within {KUBELET_BEHIND} minors of {highest.short}"
        if len(set(versions)) > 1:
            sentence = f"API servers answer {lowest.short} and {highest.short}: an update goes on"
        yield _verdict(running, SKEW, Level.MOVING if len(set(versions)) > 1 else Level.OK, sentence)
