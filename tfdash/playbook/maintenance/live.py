"""Live evidence: what a source shows of a promise by itself. Pure; one line of ``READERS`` each.

A reading is of an environment or of a cluster whose clusters this terminal shows. It says when it was done last, that it is being
done, or why nothing is known: never that it was not done, where it was not looked at whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tfdash.model.cert_manager import Certificate, ClusterIssuer, Issuer
from tfdash.model.maintenance import LiveReading
from tfdash.model.observation import ProblemKind
from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.subject import Subject
from tfdash.model.versions import VersionSighting
from tfdash.playbook.maintenance.facts import UNSEEN
from tfdash.playbook.versions.policy import VersionsPolicy
from tfdash.playbook.versions.version import Version, read
from tfdash.playbook.versions.wording import day

Part = Callable[[Version], tuple[int, ...]]


class Unseen(Exception):
    """Nothing is known of it; the text says why."""


class Live(NamedTuple):
    """``told``: what it goes by, for the settings; ``kinds``: of objects that it reads; ``store``: fields of the store's state."""

    told: str
    read: Callable[[ClusterPicture, Picture, VersionsPolicy], LiveReading]
    kinds: tuple[str, ...] = ()
    store: tuple[str, ...] = ()


def reading(name: str, picture: Picture, subject: Subject, policy: VersionsPolicy) -> LiveReading:
    """Of all clusters of ``subject``: it counts as done when the last of them had it done, as seen when the one that was read longest
    ago was."""
    at = subject.cluster
    clusters = [
        cluster
        for ref, cluster in picture.clusters.items()
        if ref.environment == at.environment and at.cluster in ("", ref.cluster)
    ]
    if not clusters:
        return LiveReading(problem=f"{at.environment or 'the platform'} is not shown by this terminal")
    shown = {cluster.ref.cluster for cluster in clusters}
    unseen = [c for c in policy.clusters.get(at.environment, ()) if at.cluster in ("", c) and c not in shown]
    if unseen:  # what the others show is not of all of them
        return LiveReading(problem=f"not shown by this terminal: {', '.join(unseen)}")
    found = []
    for cluster in clusters:
        try:
            found.append(READERS[name].read(cluster, picture, policy))
        except Unseen as why:
            return LiveReading(problem=f"{cluster.ref.cluster}: {why}")
    busy = [one.since for one in found if one.since is not None]
    done = [one.done_at for one in found]
    return LiveReading(
        done_at=None if None in done else min(at for at in done if at is not None),
        seen=min(one.seen for one in found),
        by=found[0].by,
        note="; ".join(one.note for one in found),
        since=min(busy, default=None),
    )


# -- authorities that cert-manager keeps ------------------------------------------------------------------------------


def _authorities(root: bool) -> Callable[[ClusterPicture, Picture, VersionsPolicy], LiveReading]:
    def read_them(cluster: ClusterPicture, picture: Picture, policy: VersionsPolicy) -> LiveReading:
        seen = _proven(cluster, (Certificate.KIND, Issuer.KIND, ClusterIssuer.KIND))
        kept = [
            c for c in cluster.objects(Certificate.KIND).values() if isinstance(c, Certificate) and c.is_ca
        ]
        found = [c for c in kept if _is_root(c, cluster) is root]
        if not found:
            raise Unseen(f"cert-manager keeps no {'root' if root else 'intermediate'} authority there")
        begun = [c.not_before for c in found]
        if None in begun:
            raise Unseen("an authority was not issued yet")
        oldest = min(at for at in begun if at is not None)
        names = ", ".join(sorted(f"{c.namespace}/{c.name}" for c in found))
        return LiveReading(done_at=oldest, seen=seen, by="cert-manager", note=f"issued anew: {names}")

    return read_them


def _is_root(one: Certificate, cluster: ClusterPicture) -> bool:
    """Whether it is signed by itself."""
    space = one.namespace if one.issuer.kind == Issuer.KIND else ""
    return any(
        isinstance(issuer, Issuer | ClusterIssuer)
        and issuer.by == "selfSigned"
        and (issuer.namespace, issuer.name) == (space, one.issuer.name)
        for issuer in cluster.objects(one.issuer.kind).values()
    )


def _proven(cluster: ClusterPicture, kinds: Iterable[str]) -> float:
    """When all of them were last proven current. Raises ``Unseen`` where one was not read whole."""
    times = []
    for kind in kinds:
        seen = cluster.kinds.get(kind)
        problem = seen.problem if seen is not None else None
        if problem is not None:
            absent = problem.kind is ProblemKind.NOT_SERVED
            raise Unseen("there is no cert-manager" if absent else f"{kind} is not read: {problem.cause}")
        if seen is None or not seen.complete or seen.provisional or seen.observed_at is None:
            raise Unseen(f"{kind} is not read yet")
        times.append(seen.observed_at)
    return min(times)


# -- versions of Kubernetes -------------------------------------------------------------------------------------------


def _update(part: Part, what: str) -> Callable[[ClusterPicture, Picture, VersionsPolicy], LiveReading]:
    def read_it(cluster: ClusterPicture, picture: Picture, policy: VersionsPolicy) -> LiveReading:
        watched = sorted(
            (s for s in picture.store_state.versions.sightings if s.cluster == cluster.ref),
            key=lambda s: (s.since, s.until),
        )
        if not watched:
            raise Unseen("nobody has recorded which versions run there")
        done = _risen([_spread(s, part, policy)[0] for s in watched], watched, what)
        low, high = _spread(watched[-1], part, policy)
        seen, said = watched[-1].until, ", ".join(watched[-1].versions)
        if low != high:
            mixed = _mixed(watched, part, policy)
            return LiveReading(seen=seen, by="Kubernetes", note=f"runs {said}", since=mixed, done_at=done)
        if done is None:
            raise Unseen(f"no {what} was watched there; it has run {said} since it is watched")
        return LiveReading(done_at=done, seen=seen, by="Kubernetes", note=f"runs {said}")

    return read_it


def _risen(lows: Sequence[tuple[int, ...]], watched: Sequence[VersionSighting], what: str) -> float | None:
    """When the oldest version there was last newer than it ever was before; None where it never was: an older node that comes and goes
    is no update. Raises ``Unseen`` where nobody watched while it came."""
    highest, place = lows[0], 0
    for number, low in enumerate(lows):
        if low > highest:
            highest, place = low, number
    if not place:
        return None
    since, before = watched[place].since, max(s.until for s in watched[:place])
    if since - before > UNSEEN:
        raise Unseen(f"a {what} was made between {day(before)} and {day(since)}, when nobody watched")
    return since


def _mixed(watched: Sequence[VersionSighting], part: Part, policy: VersionsPolicy) -> float:
    """Since when several run there."""
    since = watched[-1].since
    for sighting in reversed(watched):
        low, high = _spread(sighting, part, policy)
        if low == high:
            break
        since = sighting.since
    return since


def _spread(
    sighting: VersionSighting, part: Part, policy: VersionsPolicy
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The oldest and the newest there. Raises ``Unseen`` for one that cannot be read."""
    found = []
    for text in sighting.versions:
        version = read(text, policy.endings)
        if version is None:
            raise Unseen(f"version {text} cannot be read")
        found.append(part(version.version))
    return min(found), max(found)


def _minor(version: Version) -> tuple[int, ...]:
    return version.major, version.minor


def _patch(version: Version) -> tuple[int, ...]:
    return version.major, version.minor, version.patch


_CERTIFICATES = (Certificate.KIND, Issuer.KIND, ClusterIssuer.KIND)
READERS: dict[str, Live] = {
    "root-ca": Live(
        "the oldest root that cert-manager keeps was issued then", _authorities(True), _CERTIFICATES
    ),
    "intermediate-ca": Live(
        "the oldest intermediate that cert-manager keeps was issued then", _authorities(False), _CERTIFICATES
    ),
    "kubernetes-patch": Live(
        "the last node that ran an older patch was gone then",
        _update(_patch, "patch update"),
        store=("versions",),
    ),
    "kubernetes-minor": Live(
        "the last node that ran an older minor version was gone then",
        _update(_minor, "minor update"),
        store=("versions",),
    ),
}
