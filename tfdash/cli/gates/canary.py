"""``tfdash gate canary``: may a release go on? The windows are rebuilt from the history that Prometheus keeps."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.board.board import Board
from tfdash.cli.headless import no_namespace, settle
from tfdash.cli.parser import FINDINGS, OK, UNKNOWN
from tfdash.model.assessment import Assessment
from tfdash.model.judgement import CanaryJudgement
from tfdash.model.kinds import JUDGED
from tfdash.model.made import MADE_OF
from tfdash.model.observation import Observation, ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.release import ReleaseState
from tfdash.model.release_answer import ReleaseAnswer
from tfdash.model.samples import first_at
from tfdash.model.subject import Subject
from tfdash.namespaces import absent
from tfdash.report.canary import KINDS, unread
from tfdash.report.gates.answer import GateAnswer, GateCase, in_words, question, told_apart
from tfdash.report.gather import readable
from tfdash.sources.base import Scope
from tfdash.spelling import closest
from tfdash.text import safe
from tfdash.views.found import where
from tfdash.views.says import hidden_names
from tfdash.views.times import moment

_LATE = (
    300.0  # seconds: a series may begin so long after what it is of, by a scrape, a lag and a first request
)
_FIRST = 20.0  # seconds for all sources to settle, and for a release to begin where one is waited for
Found = tuple[ReleaseState, CanaryJudgement | None, ReleaseAnswer]  # None: nothing judges it


def ask(args: argparse.Namespace) -> GateAnswer:
    """Exit 0: every trigger passes and the hold is over; 1: one is breached, or it is stuck or aborted; 2: not known (yet),
    or nothing is in flight."""
    from tfdash.cli.compose import board_of, clock_of, scope_of
    from tfdash.cli.recorded import chosen
    from tfdash.config.load import load

    wait = args.wait
    config = chosen(args)
    settings = load(config.path)
    clock = clock_of(config)
    board, sources = board_of(config, settings, clock, probing=True, remembering=True, of=("releases",))
    judged = [kind for kind in JUDGED if kind not in MADE_OF]  # what is used says nothing of a release
    kinds = dict.fromkeys(judged, scope_of(args, config.environment, sources))
    longest = max(_FIRST, wait)

    def enough(settled: bool, took: float) -> bool:
        """Without ``--wait`` what is known once all came; with it a decision, and a release that is to begin."""
        if not settled:
            return False
        found = found_in(board.assessment, args.workload)
        if config.recorded is not None:  # nothing comes any more
            return True
        return took >= wait or _decided(found) or (not found and took >= _FIRST)

    late = settle(board, kinds, longest, enough=enough)
    assessment = board.assessment
    found = found_in(assessment, args.workload)
    names = sorted({f"{r.subject.namespace}/{r.subject.name}" for r, _, _ in found})
    code = UNKNOWN
    reason = ""
    if late:
        reason = f"not settled within {longest:g} s: {', '.join(late)}"
    if len(names) > 1:
        reason = f"several releases are meant: {', '.join(map(safe, names))}; name one of them"
    elif found:
        code = UNKNOWN if late and _code(found) == OK else _code(found)
        if code == UNKNOWN and not reason:
            reason = next((_why_not(r, j) for r, j, answer in found if not answer.go_on), "")
    elif not reason:
        reason = _why_none(assessment, board, args.workload)
    unknown = (
        _unread_store(board)
        or unseen(found, board.picture)
        or unlooked(args.workload, board.picture)
        or unremembered(found, board.picture, ZoneInfo(config.zone))
    )
    if unknown and code != FINDINGS:
        code, reason = UNKNOWN, unknown
    board.stop()
    meant = found if len(names) == 1 else ()
    return _answer(args, meant, code, safe(reason), ZoneInfo(config.zone), clock.now())


def _why_not(release: ReleaseState, judgement: CanaryJudgement | None) -> str:
    if judgement is None:
        return release.message
    back = "what serves came back in place of a version that crossed a limit, and is no release; "
    return f"{back if judgement.came_back else ''}{judgement.sentence}"


def counted(found: Sequence[Found], code: int) -> dict[str, int]:
    """How many releases may go on, may not, and of how many it is not known; what is unknown besides counts as one."""
    said = [answer.go_on for _, _, answer in found]
    counts = {"yes": said.count(True), "no": said.count(False), "unknown": said.count(None)}
    return {**counts, "unknown": counts["unknown"] or int(code == UNKNOWN)}


def _answer(
    args: argparse.Namespace, found: Sequence[Found], code: int, reason: str, zone: ZoneInfo, now: float
) -> GateAnswer:
    from tfdash.views.canarywhy import as_json, why_lines

    counts = counted(found, code)
    document = {
        "schema_version": 1,
        "workload": safe(args.workload),
        "exit_code": code,
        "counts": counts,
        "reason": reason or None,
        "releases": [as_json(*one) for one in found],
    }
    cases: list[GateCase] = []
    for one in found:
        said = why_lines(*one, zone)
        name = where(one[0].subject)
        cases += question(_code([one]), "Releases", name, said[0], said[1:], reason)
    if not cases or (all(c.standing is None for c in cases) and code != OK):
        cases += question(code, "Releases", safe(args.workload), reason, (), reason)
    lines = [line for one in found for line in why_lines(*one, zone)]
    lines += [in_words(cases, code)] if args.explain else []
    title = "; ".join(c.sentence for c in cases)
    return GateAnswer(code, title, lines, document, told_apart(cases), now, reason)


def found_in(assessment: Assessment, wanted: str) -> tuple[Found, ...]:
    """The releases in flight of that name, or NAMESPACE/NAME, of an object or of the workload that it is about."""
    namespace, _, name = wanted.rpartition("/")

    def meant(subject: Subject | None) -> bool:
        return subject is not None and subject.name == name and namespace in ("", subject.namespace)

    found: list[Found] = []
    for subject, release in assessment.releases.items():
        judgement = assessment.canaries.get(subject)
        answer = assessment.answer(release)
        if judgement is None and not answer.listed:
            continue
        if any(map(meant, (subject, release.workload, release.partner))):
            found.append((release, judgement, answer))
    return tuple(sorted(found, key=lambda f: f[0].subject))


def unseen(found: Sequence[Found], picture: Picture) -> str:
    """Clusters where the same may be released and nobody sees it, "" where each was read: it is one question to all of them."""

    def not_served(kind: Observation[Any] | None) -> bool:
        return kind is not None and kind.problem is not None and kind.problem.kind is ProblemKind.NOT_SERVED

    seen = {release.subject.cluster for release, _, _ in found}
    lacking = [
        f"{ref.cluster}/{kind}"
        for ref, cluster in picture.clusters.items()
        for kind in sorted({release.subject.kind for release, _, _ in found})
        if ref not in seen
        and not not_served(cluster.kinds.get(kind))
        and not readable(cluster.kinds.get(kind))
    ]
    return f"whether it is released there too is not known; not read: {', '.join(lacking)}" if lacking else ""


def unlooked(wanted: str, picture: Picture) -> str:
    """Namespaces in which a workload of that name was not looked for, "" where its own is named: what passes elsewhere is no
    yes to that."""
    if "/" in wanted:
        return ""
    clusters = picture.clusters.values()
    if nowhere := absent(clusters):
        return f"there is no namespace {', '.join(map(str, nowhere))}"
    hidden = sorted(
        {name for c in clusters for kind in KINDS if (o := c.kinds.get(kind)) for name in o.hidden}
    )
    if hidden:
        return f"whether {wanted} is released elsewhere too is not known; {hidden_names(hidden)}; name it as NAMESPACE/NAME"
    return ""


def unremembered(found: Sequence[Found], picture: Picture, zone: ZoneInfo) -> str:
    """Releases that pass by samples which do not go back to their beginning, "" where each does: a terminal that watched may have seen a limit
    crossed before, which stays crossed, and a runner has seen nothing."""
    for release, _, answer in found:
        if answer.go_on is not True or release.started is None:
            continue
        seen = next(
            (t for s in (release.workload, release.subject) if s and (t := picture.signals.traffic.get(s))),
            None,
        )
        traffic = seen.value if seen is not None else None
        if traffic is None:
            continue
        before, remedy = traffic.since, "raise [metrics] history"
        held = [first_at(series.points) for series in traffic.requests if series.points]
        if (
            before <= release.started and held and release.stable is not None
        ):  # the version before it served all along
            before, remedy = min(held) - _LATE, "Prometheus keeps none, or was not there"
        if before > release.started:
            return (
                f"whether {release.subject.name} crossed a limit before {moment(before, zone)} is not known: it began "
                f"{moment(release.started, zone)}, and no older samples were read; {remedy}"
            )
    return ""


def _unread_store(board: Board) -> str:
    """Why it is not known whether a person decided to roll back, "" where the store was read."""
    status = board.picture.sources.get("store")
    if status is None or status.problem is None:
        return ""
    return f"whether a person decided to roll back is not known: {status.problem.cause}"


def _why_none(assessment: Assessment, board: Board, wanted: str) -> str:
    """There is none of that name, or it releases nothing, or it could not be read."""
    lacking = tuple(unread(board.picture))
    if lacking:
        return f"whether {safe(wanted)} is released is not known; not read: {', '.join(map(safe, lacking))}"
    namespace, _, name = wanted.rpartition("/")
    if namespace and (nowhere := no_namespace(board, Scope((namespace,)), _FIRST)):
        return nowhere
    there = any(s.name == name and namespace in ("", s.namespace) for s in assessment.releases)
    if not there:
        names = {name for s in assessment.releases for name in (s.name, f"{s.namespace}/{s.name}")}
        meant = closest(wanted, names)
        end = f"; the nearest is {safe(meant)}" if meant else ""
        return f"there is no Deployment, Rollout or Canary {safe(wanted)}{end}"
    return f"no release of {safe(wanted)} is in flight"


def _decided(found: Sequence[Found]) -> bool:
    """One that is breached decides for all; a pass only where all may go on."""
    return bool(found) and _code(found) in (OK, FINDINGS)


def _code(found: Sequence[Found]) -> int:
    if any(answer.go_on is False for _, _, answer in found):
        return FINDINGS
    return OK if all(answer.go_on for _, _, answer in found) else UNKNOWN
