"""The inventory of certificates: what for, where, by whom, when it ends and is renewed, and what the playbook says of it.

A further source of certificates is a function in ``MAKERS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import HeldCertificate, ServedCertificate, ToldCertificate
from tfdash.model.dated_rules import OF_CERTIFICATES
from tfdash.model.kube import Unreadable
from tfdash.model.observation import ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.moments import moment
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import short_age
from tfdash.views.table import Cell, Column, Line

RESTART = "workload.restart"
"""The action that has a program read its Secret again."""
_RESTARTED = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout"})


class CertificateRow(NamedTuple):
    """One certificate in one place. ``called`` is the name that its place gives it, ``names`` what it is for; ``ends`` and ``renews``
    None: not known; ``kept`` False: nothing renews it; ``late``: what is kept of it was to be renewed before. ``seen_at`` is when
    ``source`` showed it, where that is not told of a source as a whole."""

    subject: Subject
    called: str
    uid: str = ""
    names: tuple[str, ...] = ()
    issuer: str = ""
    ends: float | None = None
    renews: float | None = None
    kept: bool = True
    source: str = ""
    seen_at: float | None = None
    late: bool = False
    verdicts: tuple[Verdict, ...] = ()  # the worst first

    @property
    def level(self) -> Level:
        return self.verdicts[0].level if self.verdicts else Level.UNKNOWN

    @property
    def rank(self) -> tuple[int, float, Subject]:
        """The worst first, and of equals what ends first."""
        return (-self.level, self.ends if self.ends is not None else 0.0, self.subject)

    @property
    def finding(self) -> str:
        """What is said of it, without its name; where that is of a source that is not current any more, first that."""
        worst = self.verdicts[0] if self.verdicts else None
        told = worst.sentence if worst is not None else "nobody has judged it yet"
        told = told.removeprefix(f"{self.subject.name}: ").removeprefix(f"{self.called}: ")
        if worst is not None and worst.doubt and told.endswith(f", {worst.doubt}"):
            told = f"{worst.doubt}: {told.removesuffix(f', {worst.doubt}')}"
        return safe(told)

    @property
    def for_text(self) -> str:
        """The first name, and how many more."""
        more = f" +{len(self.names) - 1}" if len(self.names) > 1 else ""
        return safe(f"{self.names[0]}{more}") if self.names else ""


Maker: TypeAlias = Callable[[Picture, Assessment], Iterable[CertificateRow]]


def said(assessment: Assessment, subject: Subject) -> tuple[Verdict, ...]:
    """What the rules about certificates said of it, the worst first."""
    told = (v for v in assessment.verdicts.get(subject, ()) if v.rule in OF_CERTIFICATES)
    return tuple(sorted(told, key=lambda v: -v.level))


def to_restart(picture: Picture, assessment: Assessment, subject: Subject) -> tuple[Subject, ...]:
    """Of an address that serves an earlier one than is kept: the workloads that read it again when they are restarted, with their uids."""
    if subject.kind != ServedCertificate.KIND or subject.cluster not in picture.clusters:
        return ()
    there = picture.clusters[subject.cluster]
    named = (o for v in said(assessment, subject) for o in v.evidence.objects if o.kind in _RESTARTED)
    found = ((at, there.objects(at.kind).get(at.key)) for at in dict.fromkeys(named))
    return tuple(at._replace(uid=obj.uid) for at, obj in found if obj is not None)


def _late(told: Sequence[Verdict]) -> bool:
    """Of one whose time of renewal was: it is not only about to be renewed."""
    return bool(told) and told[0].level >= Level.WARN


def _kept(picture: Picture, assessment: Assessment) -> Iterable[CertificateRow]:
    """Those of cert-manager."""
    for ref, cluster in picture.clusters.items():
        for key, obj in cluster.objects(Certificate.KIND).items():
            subject, called = Subject(ref, Certificate.KIND, *key), safe(f"{key.namespace}/{key.name}")
            if isinstance(obj, Unreadable):  # that it is there is known, and that nothing else is
                yield CertificateRow(
                    subject, called, source="cert-manager", verdicts=said(assessment, subject)
                )
            if not isinstance(obj, Certificate):
                continue
            told = said(assessment, subject)
            yield CertificateRow(
                subject,
                called,
                obj.uid,
                obj.names,
                safe(str(obj.issuer)),
                obj.not_after,
                obj.renewal,
                obj.renews,
                "cert-manager",
                late=_late(told),
                verdicts=told,
            )


def _served(picture: Picture, assessment: Assessment) -> Iterable[CertificateRow]:
    """What addresses serve: when it is renewed is known of what is kept for its names, and is the same by its dates."""
    for ref, cluster in picture.clusters.items():
        kept = {
            (c.not_before, c.not_after, name.lower()): c
            for c in cluster.objects(Certificate.KIND).values()
            if isinstance(c, Certificate)
            for name in c.names
        }
        for key, one in cluster.objects(ServedCertificate.KIND).items():
            if not isinstance(one, ServedCertificate):
                continue
            leaf, subject = one.leaf, Subject(ref, ServedCertificate.KIND, *key)
            told = said(assessment, subject)
            if leaf is None:
                yield CertificateRow(subject, one.name, source="a handshake", verdicts=told)
                continue
            mine = (kept.get((leaf.not_before, leaf.not_after, name)) for name in leaf.names)
            same = next((c for c in mine if c is not None), None)
            yield CertificateRow(
                subject,
                one.name,
                names=leaf.names,
                issuer=leaf.issuer,
                ends=leaf.not_after,
                renews=same.renewal if same is not None else None,
                kept=same is not None and same.renews,
                source="a handshake",
                seen_at=one.seen_at,
                late=same is not None
                and _late(said(assessment, Subject(ref, Certificate.KIND, same.namespace, same.name))),
                verdicts=told,
            )


def _held(picture: Picture, assessment: Assessment) -> Iterable[CertificateRow]:
    """What lies in objects and in our kubeconfig."""
    for ref, cluster in picture.clusters.items():
        for key, one in cluster.objects(HeldCertificate.KIND).items():
            if isinstance(one, HeldCertificate):
                first, subject = one.decisive, Subject(ref, HeldCertificate.KIND, *key)
                yield CertificateRow(
                    subject,
                    one.where,
                    names=(first.called,) if first is not None else (),
                    issuer=first.issuer if first is not None else "",
                    ends=first.not_after if first is not None else None,
                    kept=False,
                    source=f"what {one.where} {one.role.value}",
                    verdicts=said(assessment, subject),
                )


def _told(picture: Picture, assessment: Assessment) -> Iterable[CertificateRow]:
    """What exporters tell of, where no better source shows it: then nothing is said of it."""
    for ref, cluster in picture.clusters.items():
        for key, one in cluster.objects(ToldCertificate.KIND).items():
            subject = Subject(ref, ToldCertificate.KIND, *key)
            verdicts = said(assessment, subject)
            if isinstance(one, ToldCertificate) and verdicts:
                first = one.decisive
                yield CertificateRow(
                    subject,
                    one.where,
                    names=(first.subject,) if first is not None and first.subject else (),
                    issuer=first.issuer if first is not None else "",
                    ends=first.not_after if first is not None else None,
                    renews=one.renews,
                    kept=one.renews is not None,
                    source=f"{one.by}, scraped" if one.at else one.by,
                    seen_at=one.at or None,
                    late=_late(verdicts),
                    verdicts=verdicts,
                )


MAKERS: tuple[Maker, ...] = (_kept, _served, _held, _told)


def certificate_rows(
    picture: Picture, assessment: Assessment, namespaces: Sequence[str] | None = None
) -> Mapping[Subject, CertificateRow]:
    """All that is known, the worst first, of several clusters each with its own; ``namespaces`` None: of all."""
    rows = (row for maker in MAKERS for row in maker(picture, assessment))
    if len(picture.clusters) > 1:
        rows = (r._replace(called=f"{safe(r.subject.cluster.cluster)} {r.called}") for r in rows)
    seen = [r for r in rows if namespaces is None or r.subject.namespace in (*namespaces, "")]
    return {row.subject: row for row in sorted(seen, key=lambda r: r.rank)}


def columns(named: Callable[[Subject], str]) -> tuple[Column, ...]:
    """``named``: what tells two rows apart."""
    return (
        Column("state", "STATE", 10, sort="none"),
        Column("certificate", "CERTIFICATE", min=18, max=44, flex=2, sort="none", names=named),
        Column("for", "FOR", min=16, max=40, flex=1, priority=3, fits=True, sort="none"),
        Column("issuer", "ISSUED BY", min=14, max=32, flex=1, priority=4, fits=True, sort="none"),
        Column("ends", "ENDS IN", 9, align="right", sort="none"),
        Column("renews", "RENEWS IN", 9, align="right", priority=2, sort="none"),
        Column("finding", "FINDING", min=30, flex=4, priority=1, squeezed=14, sort="none"),
    )


def cells(row: CertificateRow, now: float) -> Sequence[Cell]:
    """One for each of ``columns``."""
    state = states.of_level(row.level)
    bright = "breach" if row.level is Level.BREACH else "" if row.level >= Level.UNKNOWN else "dim"
    return (
        (state.text, state.token),
        row.called,
        row.for_text,
        (row.issuer, "dim"),
        ends_in(row, now),
        renews_in(row, now),
        (row.finding, bright),
    )


def ends_in(row: CertificateRow, now: float) -> Cell:
    if row.ends is None:
        return ("?", "unknown")
    return short_age(row.ends - now) if row.ends > now else (f"-{short_age(now - row.ends)}", "breach")


def renews_in(row: CertificateRow, now: float) -> Cell:
    """``-`` where nothing does; how late it is where it should have been."""
    if not row.kept:
        return ("-", "dim")
    if row.renews is None:
        return ("?", "unknown") if row.ends is None else ("-", "dim")
    if row.renews > now:
        return short_age(row.renews - now)
    return (f"-{short_age(now - row.renews)}", "warn") if row.late else ("now", "moving")


def chosen_lines(row: CertificateRow, zone: ZoneInfo) -> list[Line]:
    """What there is no room for in its row."""
    names = ", ".join(safe(n) for n in row.names[:12]) + (
        f" +{len(row.names) - 12}" if len(row.names) > 12 else ""
    )
    told: list[Line] = [[(row.finding, "")]]
    told += [[(safe(v.sentence), "")] for v in row.verdicts[1:]]
    if names:
        told.append([("for ", "dim"), names])
    when = f" at {moment(row.seen_at, zone)}" if row.seen_at is not None else ""
    told.append([("known from ", "dim"), f"{row.source}{when}"])
    return told


def nothing_text(picture: Picture) -> str:
    """Why there is no row: none is said only where all was read, or where there can be none."""
    for cluster in picture.clusters.values():
        seen = cluster.kinds.get(Certificate.KIND)
        if seen is not None and seen.problem is not None:
            if seen.problem.kind is not ProblemKind.NOT_SERVED:
                return f"? {safe(str(seen.problem))}"
        elif seen is None or not seen.complete:
            return "Certificates are read now."
    return "No certificate is kept here."
