"""Probes of what the playbook says: any rule's verdict on an object, and a whole section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from tfdash.model import resource_rules
from tfdash.model.dated_rules import OF_VERSIONS
from tfdash.model.kinds import JUDGED
from tfdash.model.kube import Object
from tfdash.model.kubecluster import Node
from tfdash.model.run import Probed
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.lines import of_object, remark
from tfdash.playbook.procedures.probes.look import CLUSTER, ProbeLook
from tfdash.playbook.registry import RULES, SECTIONS

_WORST = {"ok": Level.OK, "warn": Level.WARN}
WORST = ProbeArgument(id="worst", title="the worst that passes", choices=tuple(_WORST), needed=False)


def _rule(case: ProbeCase) -> Probed:
    """What a rule says of one object, or of all of which it speaks in the cluster: then the worst counts."""
    sight, id = ProbeLook(case), case.arguments.get("rule", "")
    about: Subject | None = None
    if case.arguments.get("subject"):
        about = sight.subject("subject")
        if about is None:
            return sight.misnamed("subject")
    if (away := sight.away()) is not None:
        return sight.unknown(away)
    if (why := sight.why(*_looked_at(id, about))) is not None:
        return sight.unknown(why)
    told = _told(case, sight, id, about)
    if not told:
        whom = str(about) if about is not None else sight.ref.cluster
        return sight.unclear(UnknownKind.NO_DATA, f"rule {id} says nothing of {whom}")
    limit = _WORST[sight.argument("worst", "ok")]
    bad = [v for v in told if _passes(v, limit) is False]
    unclear = [v for v in told if _passes(v, limit) is None]
    if bad:
        worst = max(bad, key=lambda v: v.level)
        return sight.said(False, f"{_many(bad, told)}{worst.sentence}", (v.subject for v in bad))
    if unclear:
        first = unclear[0]
        kind = first.unknown or UnknownKind.NOT_WATCHED
        return sight.unclear(kind, f"{_many(unclear, told)}{first.sentence}")
    return sight.said(True, f"{_many(told, told)}{told[0].sentence}")


def _looked_at(id: str, about: Subject | None) -> Iterator[type[Object]]:
    """The kinds on which what a rule says of somebody rests."""
    if id in OF_VERSIONS:
        yield Node
    for rule in RULES:
        if rule.speaks(id):
            yield from (k for k in rule.judges if about is None or about.kind == k.KIND)
            yield from rule.needs


def _told(case: ProbeCase, sight: ProbeLook, id: str, about: Subject | None) -> list[Verdict]:
    found = case.assessment.verdicts
    several = (
        [found.get(about, ())]
        if about is not None
        else [found[subject] for subject in sorted(found) if subject.cluster == sight.ref]
    )
    if case.assessment.versions is not None:
        of_versions = case.assessment.versions.verdicts
        mine = (v for v in of_versions if v.subject.cluster == sight.ref and about in (None, v.subject))
        several.append(tuple(mine))
    return [v for verdicts in several for v in verdicts if v.rule == id or v.rule.startswith(f"{id}.")]


def _passes(verdict: Verdict, limit: Level) -> bool | None:
    """None of what is not known, not judged, or answered for by somebody: none of these is well."""
    if verdict.waived or verdict.level is Level.UNKNOWN or verdict.unknown is not None:
        return None
    if verdict.level is Level.IDLE:
        return None
    return verdict.level is Level.OK or verdict.level is limit


def _many(some: list[Verdict], told: list[Verdict]) -> str:
    return "" if len(told) == 1 else f"{len(some)} of {len(told)}: "


def _section(case: ProbeCase) -> Probed:
    sight, id = ProbeLook(case), case.arguments.get("section", "")
    state = next((s for s in case.assessment.sections if s.id == id), None)
    if state is None:
        return sight.unclear(UnknownKind.LOADING, f"section {id} was not judged yet")
    section = next((s for s in SECTIONS if s.id == id), None)
    for ref in case.picture.clusters if section is not None else ():
        each = ProbeLook(_in_cluster(case, ref.cluster))
        if section is not None and (why := each.why(*section.needs)) is not None:
            return sight.unknown(why)
    told = "; ".join(filter(None, (state.sentence, state.detail)))
    sentence = f"{state.title}: {told}"
    limit = _WORST[sight.argument("worst", "ok")]
    if (
        state.level is Level.UNKNOWN
        or state.level is Level.IDLE
        or (state.unknown and state.level < Level.WARN)
    ):
        return sight.unclear(UnknownKind.LOADING if state.loading else UnknownKind.NO_DATA, sentence)
    if state.unknown and state.level <= limit:  # the worst that is known would pass, and not all is known
        return sight.unclear(UnknownKind.NO_DATA, sentence)
    return sight.said(state.level <= limit and state.level in (Level.OK, limit), sentence)


def _in_cluster(case: ProbeCase, cluster: str) -> ProbeCase:
    return msgspec.structs.replace(case, arguments={"cluster": cluster})


def _line(arguments: Mapping[str, str]) -> str:
    return of_object(arguments, "subject", "-o", "yaml") if arguments.get("subject") else ""


IDS = tuple(
    sorted(
        {
            *(rule.id for rule in RULES),
            *OF_VERSIONS,
            resource_rules.CPU_BAND,
            resource_rules.MEMORY_BAND,
        }
    )
)
"""Of all that speaks verdicts of objects."""
PROBES = (
    Probe(
        id="rule",
        title="rule {rule} is well: {subject}",
        judge=_rule,
        line=_line,
        arguments=(
            ProbeArgument(id="rule", title="the rule", choices=IDS),
            ProbeArgument(id="subject", title="Kind namespace/name", needed=False),
            WORST,
            CLUSTER,
        ),
        needs=frozenset(JUDGED),
    ),
    Probe(
        id="section",
        title="section {section} is well",
        judge=_section,
        line=lambda a: remark(
            "",
            f"all rules of {a.get('section', '')} at once, which tfdash alone holds: each finding has a line of its own",
        ),
        arguments=(
            ProbeArgument(
                id="section", title="the section", choices=tuple(section.id for section in SECTIONS)
            ),
            WORST,
        ),
        needs=frozenset(JUDGED),
    ),
)
